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

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::inflect::inflections;
use super::pattern::Pattern;
use crate::normalise::{fold_phrase, is_han};

/// The widest gap a phrase may leave open.
const MAX_GAP: usize = 12;
/// How many patterns one phrase may unfold into.
const MAX_PATTERNS: usize = 256;
/// How many members one phrase's families may have in all: families of families multiply.
const MAX_MEMBERS: usize = 20_000;
/// The number of bytes an atom should have: two Han characters, or a short English word.
const GOOD_ATOM: usize = 6;

/// A part of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Literal(Arc<str>),
    /// Any of many literals, shared by all patterns that name them.
    Words(Arc<Words>),
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
    pub all: Arc<[Arc<str>]>,
    /// The fewest Han characters any of them has.
    pub han: usize,
    /// Bytes of the shortest.
    shortest: usize,
    /// First and last characters with the numbers of their words, ascending.
    by_first: Vec<(char, u32)>,
    by_last: Vec<(char, u32)>,
}

impl Words {
    fn new(all: Vec<Arc<str>>) -> Words {
        let index = |end: fn(&str) -> Option<char>| {
            let ends = all.iter().map(|word| end(word).unwrap_or_default());
            let mut by: Vec<(char, u32)> = ends.zip(0..).collect();
            by.sort_unstable();
            by
        };
        let (by_first, by_last) = (index(|word| word.chars().next()), index(|word| word.chars().next_back()));
        let han = all.iter().map(|word| word.chars().filter(|c| is_han(*c)).count()).min().unwrap_or(0);
        let shortest = all.iter().map(|word| word.len()).min().unwrap_or(0);
        Words { all: all.into(), han, shortest, by_first, by_last }
    }

    /// Those that begin with a character, in order.
    pub fn from(&self, first: char) -> impl Iterator<Item = &str> {
        self.at(&self.by_first, first)
    }

    /// Those that end with a character, in order.
    pub fn to(&self, last: char) -> impl Iterator<Item = &str> {
        self.at(&self.by_last, last)
    }

    fn at<'w>(&'w self, by: &'w [(char, u32)], letter: char) -> impl Iterator<Item = &'w str> {
        let from = by.partition_point(|(c, _)| *c < letter);
        by[from..].iter().take_while(move |(c, _)| *c == letter).map(|(_, number)| &*self.all[*number as usize])
    }
}

/// Alternatives, as [`Words`] when they are bare literals.
fn alternatives(branches: Vec<Vec<Node>>) -> Node {
    let literal = |branch: &Vec<Node>| match branch.as_slice() {
        [Node::Literal(text)] => Some(Arc::clone(text)),
        _ => None,
    };
    if branches.len() > 2
        && let Some(all) = branches.iter().map(literal).collect()
    {
        return Node::Words(Arc::new(Words::new(all)));
    }
    Node::Either(branches)
}

/// Without groups of one alternative: such a group is that alternative.
fn flattened(nodes: Vec<Node>) -> Vec<Node> {
    let mut flat = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Either(mut branches) if branches.len() == 1 => flat.extend(flattened(branches.remove(0))),
            Node::Either(branches) => flat.push(Node::Either(branches.into_iter().map(flattened).collect())),
            Node::Maybe(inner) => flat.push(Node::Maybe(flattened(inner))),
            other => flat.push(other),
        }
    }
    flat
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

/// Reads phrases. A family is read once, however many phrases name it.
pub struct Reader<'f> {
    families: &'f Families,
    /// Families that were read.
    known: RefCell<HashMap<&'f str, Read>>,
}

/// A family, how deep it nests and how many members it has in all.
#[derive(Clone)]
struct Read {
    node: Node,
    height: usize,
    members: usize,
}

impl<'f> Reader<'f> {
    /// For the phrases of a pack with these families.
    pub fn new(families: &'f Families) -> Reader<'f> {
        Reader { families, known: RefCell::default() }
    }

    /// Reads a phrase.
    ///
    /// # Errors
    /// When it is not well formed, names a family or field that does not exist, or has no literal to find it by.
    pub fn parse(&self, text: &str) -> Result<Vec<Pattern>, PhraseError> {
        let mut parser = Parser { text, at: 0, reader: self, depth: 0, deepest: 0, members: 0 };
        let mut parts = Vec::new();
        loop {
            let from = parser.at;
            let nodes = parser.sequence(false)?;
            if nodes.is_empty() {
                return Err(PhraseError { message: "the phrase is empty once folded: write words".into(), at: from });
            }
            parts.push(flattened(nodes));
            if parser.peek().is_none() {
                break;
            }
            parser.at += 1; // the &
        }
        found_by_the_rarest(&parts).map_err(|message| PhraseError { message, at: 0 })
    }
}

/// The patterns of the part with the longest literals; the other parts are looked for around its matches.
fn found_by_the_rarest(parts: &[Vec<Node>]) -> Result<Vec<Pattern>, String> {
    let weakest =
        |patterns: &[Pattern]| patterns.iter().map(|p| p.atoms.iter().map(|atom| atom.len()).min().unwrap_or(0)).min();
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

/// How many groups and families may stand inside each other.
const DEEPEST: usize = 8;

struct Parser<'a, 'f> {
    text: &'a str,
    at: usize,
    reader: &'a Reader<'f>,
    depth: usize,
    /// The largest depth so far.
    deepest: usize,
    /// Members of families so far.
    members: usize,
}

impl Parser<'_, '_> {
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
                    Node::Maybe(vec![Node::Literal(fold_phrase(&optional).into())])
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
                        let forms = inflections(&stem).into_iter();
                        alternatives(forms.map(|form| vec![Node::Literal(form.into())]).collect())
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
        self.deepest = self.deepest.max(self.depth);
        if self.depth > DEEPEST {
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
        let either = if branches.len() == 1 { branches.remove(0) } else { vec![alternatives(branches)] };
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
        let Some((name, members)) = self.reader.families.get_key_value(&name) else {
            let known = self.reader.families.keys().cloned().collect::<Vec<_>>().join(", ");
            return self.fail(start, format!("there is no family @{name} in this pack; known: {known}"));
        };
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail(start, format!("the family @{name} contains itself"));
        }
        let known = self.reader.known.borrow().get(name.as_str()).cloned();
        let Read { node, height, members } = match known {
            // Where it would nest too deep, it is read again to say so.
            Some(read) if self.depth + read.height <= DEEPEST => read,
            _ => {
                let read = self.members(start, name, members)?;
                self.reader.known.borrow_mut().insert(name, read.clone());
                read
            }
        };
        self.members += members;
        if self.members > MAX_MEMBERS {
            return self.fail(start, format!("the family @{name} brings in more than {MAX_MEMBERS} words"));
        }
        self.deepest = self.deepest.max(self.depth + height);
        self.depth -= 1;
        let optional = self.peek() == Some('?');
        if optional {
            self.at += 1;
            return Ok(Node::Maybe(vec![node]));
        }
        Ok(node)
    }

    /// The members of a family as alternatives.
    fn members(&self, start: usize, name: &str, members: &[String]) -> Result<Read, PhraseError> {
        let mut branches = Vec::new();
        let mut deepest = self.depth;
        let mut count = members.len();
        for member in members {
            let (depth, reader) = (self.depth, self.reader);
            let mut inner = Parser { text: member, at: 0, reader, depth, deepest: depth, members: 0 };
            let nodes = inner.sequence(false).map_err(|error| PhraseError {
                // Told once, at the innermost family.
                message: if error.message.contains("the family @") {
                    error.message
                } else {
                    format!("in the family @{name}, '{member}': {}", error.message)
                },
                at: start,
            })?;
            count += inner.members;
            if nodes.is_empty() {
                return self.fail(start, format!("the family @{name} has an empty member"));
            }
            deepest = deepest.max(inner.deepest);
            branches.push(nodes);
        }
        if branches.is_empty() {
            return self.fail(start, format!("the family @{name} is empty"));
        }
        Ok(Read { node: alternatives(branches), height: deepest - self.depth, members: count })
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
        nodes.push(Node::Literal(folded.into()));
    }
}

/// The literals one of which must be there if this node is to match; `None` when it has none.
fn literals(node: &Node) -> Option<Arc<[Arc<str>]>> {
    match node {
        Node::Literal(text) => Some([Arc::clone(text)].into()),
        Node::Words(words) => Some(Arc::clone(&words.all)),
        Node::Either(branches) => {
            let mut found = Vec::new();
            for branch in branches {
                match branch.as_slice() {
                    [only] => found.extend(literals(only)?.iter().cloned()),
                    _ => return None,
                }
            }
            Some(found.into())
        }
        _ => None,
    }
}

/// Bytes of the shortest of a node's [`literals`]; `None` when it has none.
fn weight(node: &Node) -> Option<usize> {
    match node {
        Node::Literal(text) => Some(text.len()),
        Node::Words(words) => Some(words.shortest),
        Node::Either(branches) => {
            let each = branches.iter().map(|branch| match branch.as_slice() {
                [only] => weight(only),
                _ => None,
            });
            each.collect::<Option<Vec<usize>>>().map(|all| all.into_iter().min().unwrap_or(0))
        }
        _ => None,
    }
}

fn unfold(nodes: Vec<Node>, patterns: &mut Vec<Pattern>) -> Result<(), String> {
    let best = (0..nodes.len())
        .filter_map(|index| weight(&nodes[index]).map(|weight| (weight, index)))
        .max_by_key(|(weight, index)| (*weight, usize::MAX - index));
    // A short anchor is improved by unfolding an alternative that hides a longer one.
    let complex = nodes.iter().position(|node| matches!(node, Node::Either(_)) && weight(node).is_none());
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
    patterns.push(Pattern { anchor: best.map(|(_, index)| index), atoms, nodes, widest: false, also: Vec::new() });
    Ok(())
}
