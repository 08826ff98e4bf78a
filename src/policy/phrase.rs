//! Phrases: the small language in which lexicons say how people talk.
//!
//! Comes in: one line of a lexicon. Goes out: [`Pattern`]s, each with the literals one of which must be there. Only this
//! file knows the syntax; how a pattern is held against words is `pattern.rs`.
//!
//! | written | means |
//! |---|---|
//! | `打爆你的电话` | these words, in the folded view |
//! | `(去\|到)你(家\|单位)` | alternatives |
//! | `(你)?就是个废物`, `没有?说` | optional part; after a Han character `?` makes that character optional |
//! | `打~4为止` | a gap of at most 4 characters (Mandarin) or words (English), within a sentence |
//! | `@relatives` | a word family of the pack |
//! | `threaten+` | an English word in all its regular forms |
//! | `<number>` | a number in digits or words |
//! | `<amount>` | a number of a hundred or more |
//! | `{creditor}` | a value from the call's metadata, when there is one |
//! | `A & B` | both, in any order, within one sentence and 18 characters or words |
//! | `^ $` | the start or end of a turn or sentence |

use std::collections::BTreeMap;

use super::pattern::Pattern;
use crate::normalise::{fold_phrase, is_han};

/// The widest gap a phrase may leave open.
const MAX_GAP: usize = 12;
/// How many patterns one phrase may unfold into.
const MAX_PATTERNS: usize = 256;
/// The number of bytes an atom should have: two Han characters, or a short English word.
const GOOD_ATOM: usize = 6;

/// A part of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Literal(String),
    /// Any of many literals.
    Words(Words),
    Either(Vec<Vec<Node>>),
    Maybe(Vec<Node>),
    Gap(usize),
    Number,
    Amount,
    Field(String),
    Start,
    End,
}

/// Many literals, found by their first or last character: a family of fifty words costs what one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// As written, in the author's order.
    pub all: Vec<String>,
    by_first: BTreeMap<char, Vec<u32>>,
    by_last: BTreeMap<char, Vec<u32>>,
}

impl Words {
    fn new(all: Vec<String>) -> Words {
        let index = |end: fn(&str) -> Option<char>| {
            let mut by: BTreeMap<char, Vec<u32>> = BTreeMap::new();
            for (number, word) in (0..).zip(&all) {
                by.entry(end(word).unwrap_or_default()).or_default().push(number);
            }
            by
        };
        let (by_first, by_last) = (index(|word| word.chars().next()), index(|word| word.chars().next_back()));
        Words { all, by_first, by_last }
    }

    /// Those that begin with a character, in order.
    pub fn from(&self, first: char) -> impl Iterator<Item = &str> {
        self.by_first.get(&first).into_iter().flatten().map(|number| self.all[*number as usize].as_str())
    }

    /// Those that end with a character, in order.
    pub fn to(&self, last: char) -> impl Iterator<Item = &str> {
        self.by_last.get(&last).into_iter().flatten().map(|number| self.all[*number as usize].as_str())
    }
}

/// Alternatives of bare literals as [`Words`], wherever they stand.
fn indexed(nodes: Vec<Node>) -> Vec<Node> {
    let each = nodes.into_iter().map(|node| match node {
        Node::Either(branches) => {
            let literal = |branch: &Vec<Node>| match branch.as_slice() {
                [Node::Literal(text)] => Some(text.clone()),
                _ => None,
            };
            match branches.iter().map(literal).collect::<Option<Vec<String>>>() {
                Some(all) if all.len() > 2 => Node::Words(Words::new(all)),
                _ => Node::Either(branches.into_iter().map(indexed).collect()),
            }
        }
        Node::Maybe(inner) => Node::Maybe(indexed(inner)),
        other => other,
    });
    // A group of one alternative is that alternative.
    each.flat_map(|node| match node {
        Node::Either(mut branches) if branches.len() == 1 => branches.remove(0),
        other => vec![other],
    })
    .collect()
}

/// What is wrong with a phrase, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PhraseError {
    /// What is wrong and what to write instead.
    pub message: String,
    /// Byte offset in the phrase.
    pub at: usize,
}

/// The fields a phrase may name.
pub const FIELD_NAMES: &[&str] = &["agency", "creditor", "agent_name", "agent_id", "debtor_name", "account"];

/// Word families of a pack: name to members, each a phrase.
pub type Families = BTreeMap<String, Vec<String>>;

/// Reads a phrase.
///
/// # Errors
/// When it is not well formed, names a family or field that does not exist, or has no literal to find it by.
pub fn parse(text: &str, families: &Families) -> Result<Vec<Pattern>, PhraseError> {
    let mut parser = Parser { text, at: 0, families, depth: 0 };
    let mut parts = Vec::new();
    loop {
        let from = parser.at;
        let nodes = parser.sequence(false)?;
        if nodes.is_empty() {
            return Err(PhraseError { message: "the phrase is empty once folded: write words".into(), at: from });
        }
        parts.push(indexed(nodes));
        if parser.peek().is_none() {
            break;
        }
        parser.at += 1; // the &
    }
    found_by_the_rarest(&parts).map_err(|message| PhraseError { message, at: 0 })
}

/// The patterns of the part with the longest literals; the other parts are looked for around its matches.
fn found_by_the_rarest(parts: &[Vec<Node>]) -> Result<Vec<Pattern>, String> {
    let weakest = |patterns: &[Pattern]| {
        patterns.iter().map(|p| weight(&p.atoms.iter().map(String::as_str).collect::<Vec<_>>())).min()
    };
    let mut best: Result<Vec<Pattern>, String> = Err(String::new());
    for at in 0..parts.len() {
        let mut patterns = Vec::new();
        match unfold(parts[at].clone(), &mut patterns) {
            Ok(()) if best.as_ref().map_or(true, |known| weakest(known) < weakest(&patterns)) => {
                for pattern in &mut patterns {
                    pattern.also = [&parts[..at], &parts[at + 1..]].concat();
                }
                best = Ok(patterns);
            }
            Ok(()) => {}
            Err(message) if best.is_err() => best = Err(message),
            Err(_) => {}
        }
    }
    best
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    families: &'a Families,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn fail<T>(&self, at: usize, message: impl Into<String>) -> Result<T, PhraseError> {
        Err(PhraseError { message: message.into(), at })
    }

    fn sequence(&mut self, inside: bool) -> Result<Vec<Node>, PhraseError> {
        let mut nodes = Vec::new();
        let mut literal = String::new();
        while let Some(c) = self.peek() {
            let start = self.at;
            if inside && matches!(c, '|' | ')') || !inside && c == '&' {
                break;
            }
            self.at += c.len_utf8();
            let node = match c {
                '\\' => match self.peek() {
                    Some(escaped) => {
                        self.at += escaped.len_utf8();
                        literal.push(escaped);
                        continue;
                    }
                    None => return self.fail(start, "a \\ at the end escapes nothing"),
                },
                '(' => self.group(start)?,
                ')' => return self.fail(start, "this ) closes nothing"),
                '|' => return self.fail(start, "a | stands between ( and )"),
                '&' => return self.fail(start, "a & joins whole phrases: it can't stand inside ( )"),
                '?' if literal.chars().next_back().is_some_and(is_han) => {
                    let optional = literal.pop().map(String::from).unwrap_or_default();
                    Node::Maybe(vec![Node::Literal(fold_phrase(&optional))])
                }
                '?' | '+' => {
                    return self.fail(start, format!("{c} stands right after a ( ) or, for +, an English word"));
                }
                '~' => self.gap(start)?,
                '@' => self.family(start)?,
                '{' => self.field(start)?,
                '<' => self.class(start)?,
                '^' => Node::Start,
                '$' => Node::End,
                _ => {
                    literal.push(c);
                    if self.peek() == Some('+') {
                        self.at += 1;
                        let stem_from =
                            literal.len() - literal.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
                        let stem = literal.split_off(stem_from).to_ascii_lowercase();
                        if stem.len() < 2 {
                            return self.fail(start, "+ inflects an English word of two letters or more");
                        }
                        Node::Either(inflections(&stem).into_iter().map(|form| vec![Node::Literal(form)]).collect())
                    } else {
                        continue;
                    }
                }
            };
            flush(&mut literal, &mut nodes);
            nodes.push(node);
        }
        flush(&mut literal, &mut nodes);
        Ok(nodes)
    }

    fn group(&mut self, start: usize) -> Result<Node, PhraseError> {
        self.depth += 1;
        if self.depth > 8 {
            return self.fail(start, "more than 8 ( ) inside each other");
        }
        let mut branches = Vec::new();
        loop {
            let branch_at = self.at;
            let branch = self.sequence(true)?;
            if branch.is_empty() {
                return self.fail(branch_at, "an empty alternative: for an optional part write (…)?");
            }
            branches.push(branch);
            match self.peek() {
                Some('|') => self.at += 1,
                Some(')') => break,
                _ => return self.fail(start, "this ( is never closed"),
            }
        }
        self.at += 1;
        self.depth -= 1;
        let either = if branches.len() == 1 { branches.remove(0) } else { vec![Node::Either(branches)] };
        if self.peek() == Some('?') {
            self.at += 1;
            return Ok(Node::Maybe(either));
        }
        Ok(Node::Either(vec![either]))
    }

    fn gap(&mut self, start: usize) -> Result<Node, PhraseError> {
        let digits: String = self.text[self.at..].chars().take_while(char::is_ascii_digit).collect();
        self.at += digits.len();
        match digits.parse() {
            Ok(width) if (1..=MAX_GAP).contains(&width) => Ok(Node::Gap(width)),
            _ => self.fail(start, format!("a gap is ~1 to ~{MAX_GAP}: at most so many characters or words between")),
        }
    }

    fn name(&mut self, extra: char) -> String {
        let rest = &self.text[self.at..];
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == extra).collect();
        self.at += name.len();
        name
    }

    fn family(&mut self, start: usize) -> Result<Node, PhraseError> {
        let name = self.name('-');
        let Some(members) = self.families.get(&name) else {
            let known = self.families.keys().cloned().collect::<Vec<_>>().join(", ");
            return self.fail(start, format!("there is no family @{name} in this pack; known: {known}"));
        };
        self.depth += 1;
        if self.depth > 8 {
            return self.fail(start, format!("the family @{name} contains itself"));
        }
        let mut branches = Vec::new();
        for member in members {
            let mut inner = Parser { text: member, at: 0, families: self.families, depth: self.depth };
            let nodes = inner.sequence(false).map_err(|error| PhraseError {
                // Told once, at the innermost family.
                message: if error.message.contains("the family @") {
                    error.message
                } else {
                    format!("in the family @{name}, '{member}': {}", error.message)
                },
                at: start,
            })?;
            if nodes.is_empty() {
                return self.fail(start, format!("the family @{name} has an empty member"));
            }
            branches.push(nodes);
        }
        self.depth -= 1;
        if branches.is_empty() {
            return self.fail(start, format!("the family @{name} is empty"));
        }
        let optional = self.peek() == Some('?');
        if optional {
            self.at += 1;
            return Ok(Node::Maybe(vec![Node::Either(branches)]));
        }
        Ok(Node::Either(branches))
    }

    fn field(&mut self, start: usize) -> Result<Node, PhraseError> {
        let name = self.name('_');
        if self.peek() != Some('}') || !FIELD_NAMES.contains(&name.as_str()) {
            return self.fail(start, format!("a field is one of {{{}}}", FIELD_NAMES.join("} {")));
        }
        self.at += 1;
        Ok(Node::Field(name))
    }

    fn class(&mut self, start: usize) -> Result<Node, PhraseError> {
        let name = self.name('-');
        let class = match name.as_str() {
            "number" => Node::Number,
            "amount" => Node::Amount,
            _ => return self.fail(start, "a class is <number> or <amount>"),
        };
        if self.peek() != Some('>') {
            return self.fail(start, "a class ends with >");
        }
        self.at += 1;
        Ok(class)
    }
}

fn flush(literal: &mut String, nodes: &mut Vec<Node>) {
    let folded = fold_phrase(literal);
    literal.clear();
    if !folded.is_empty() {
        nodes.push(Node::Literal(folded));
    }
}

/// The regular forms of an English word: threaten, threatens, threatened, threatening; sue, sues, sued, suing.
fn inflections(stem: &str) -> Vec<String> {
    let mut forms = vec![stem.to_string()];
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    let letters: Vec<char> = stem.chars().collect();
    let last = letters[letters.len() - 1];
    let before = letters[letters.len() - 2];
    if last == 'e' {
        let root = &stem[..stem.len() - 1];
        forms.extend([format!("{stem}s"), format!("{stem}d"), format!("{root}ing"), format!("{stem}ing")]);
    } else if last == 'y' && !vowel(before) {
        let root = &stem[..stem.len() - 1];
        forms.extend([format!("{root}ies"), format!("{root}ied"), format!("{stem}ing")]);
    } else {
        let hisses = matches!(last, 's' | 'x' | 'z') || stem.ends_with("ch") || stem.ends_with("sh");
        forms.push(if hisses { format!("{stem}es") } else { format!("{stem}s") });
        forms.extend([format!("{stem}ed"), format!("{stem}ing")]);
        if !vowel(last) && vowel(before) && !matches!(last, 'w' | 'x' | 'y') {
            forms.extend([format!("{stem}{last}ed"), format!("{stem}{last}ing")]);
        }
    }
    forms
}

/// The literals one of which must be there if this node is to match; `None` when it has none.
fn literals(node: &Node) -> Option<Vec<&str>> {
    match node {
        Node::Literal(text) => Some(vec![text]),
        Node::Words(words) => Some(words.all.iter().map(String::as_str).collect()),
        Node::Either(branches) => {
            let mut found = Vec::new();
            for branch in branches {
                match branch.as_slice() {
                    [only] => found.extend(literals(only)?),
                    _ => return None,
                }
            }
            Some(found)
        }
        _ => None,
    }
}

fn weight(atoms: &[&str]) -> usize {
    atoms.iter().map(|atom| atom.len()).min().unwrap_or(0)
}

fn unfold(nodes: Vec<Node>, patterns: &mut Vec<Pattern>) -> Result<(), String> {
    let best = (0..nodes.len())
        .filter_map(|index| literals(&nodes[index]).map(|atoms| (weight(&atoms), index)))
        .max_by_key(|(weight, index)| (*weight, usize::MAX - index));
    // A short anchor is improved by unfolding an alternative that hides a longer one.
    let complex = nodes.iter().position(|node| matches!(node, Node::Either(_)) && literals(node).is_none());
    if best.is_none_or(|(weight, _)| weight < GOOD_ATOM)
        && let Some(index) = complex
        && let Node::Either(branches) = &nodes[index]
    {
        for branch in branches {
            let mut unfolded = nodes[..index].to_vec();
            unfolded.extend(branch.iter().cloned());
            unfolded.extend_from_slice(&nodes[index + 1..]);
            unfold(unfolded, patterns)?;
        }
        return Ok(());
    }
    let named = nodes.iter().any(|node| matches!(node, Node::Field(_)));
    let replied = matches!(nodes.first(), Some(Node::Start));
    if best.is_none() && !named && !replied {
        return Err(
            "no words to find it by: a phrase needs at least one literal, a {field}, or a ^ before <number>".into()
        );
    }
    if patterns.len() >= MAX_PATTERNS {
        return Err(format!("it unfolds into more than {MAX_PATTERNS} variants: split it into several phrases"));
    }
    let atoms = best.and_then(|(_, index)| literals(&nodes[index])).unwrap_or_default();
    let atoms = atoms.into_iter().map(String::from).collect();
    patterns.push(Pattern { anchor: best.map(|(_, index)| index), atoms, nodes, widest: false, also: Vec::new() });
    Ok(())
}
