//! Patterns: phrases held against words, from an atom outwards.
//!
//! Comes in: a stream and the place of an atom. Goes out: the matched range, or nothing. Only this file knows what a gap
//! may span, what a whole word is, and which match is preferred: optional parts taken, gaps as narrow as can be.

use std::collections::BTreeMap;

use smallvec::{SmallVec, smallvec};

use super::phrase::{Node, Words};
use crate::normalise::{Break, Stream, is_han, is_word_char, sound_alike, units};

/// The values behind `{…}` for one call, folded; several spellings each.
pub type Fields = BTreeMap<String, Vec<String>>;

/// A phrase unfolded as far as needed to have a literal that must be there.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) nodes: Vec<Node>,
    /// The node whose literals are the atoms; `None` for a pattern without any.
    pub(super) anchor: Option<usize>,
    pub(super) atoms: Vec<String>,
    /// Whether the widest match counts, not the preferred one: exceptions should cover all they can.
    pub(super) widest: bool,
    /// Further parts that must stand in the same sentence, before or after: those behind `&`.
    pub(super) also: Vec<Vec<Node>>,
}

/// Fewer Han characters than this are never matched by their sound: too many words sound like two of them.
const SHORTEST_BY_SOUND: usize = 3;

/// How letters are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// As written, folded.
    Plain,
    /// Han characters by their sound; most must be as written all the same.
    Pinyin,
    /// No phrase: all words of the turn weighed together.
    Weighed,
}

impl View {
    /// The word used in records.
    pub fn as_str(self) -> &'static str {
        match self {
            View::Plain => "plain",
            View::Pinyin => "pinyin",
            View::Weighed => "weighed",
        }
    }
}

/// How far the parts of `A & B` may reach, first to last, in characters (Mandarin) or words (English).
const TOGETHER: usize = 18;

/// Places in a text: few, as a rule.
type Places = SmallVec<[usize; 8]>;

/// Which way a part is held against the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Forward,
    Backward,
}

impl Pattern {
    /// The literals one of which is in every match; empty when the pattern must be tried at each turn's start.
    pub fn atoms(&self) -> &[String] {
        &self.atoms
    }

    /// Whether the pattern has a `{field}`.
    pub fn has_field(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node, Node::Field(_)))
    }

    /// Whether the pattern is long enough to be matched by sound.
    pub fn by_sound(&self) -> bool {
        han_characters(&self.nodes) + self.also.iter().map(|part| han_characters(part)).sum::<usize>()
            >= SHORTEST_BY_SOUND
    }

    /// Verifies the pattern around an atom found at `start..end` of the stream's text.
    ///
    /// Gives the matched range: optional parts are taken where they fit, gaps are as narrow as can be.
    pub fn verify(
        &self,
        stream: &Stream,
        (start, end): (usize, usize),
        fields: &Fields,
        view: View,
    ) -> Option<(usize, usize)> {
        let anchor = self.anchor?;
        let text = &stream.text;
        if !stands_alone(text, start, end) {
            return None;
        }
        let context = Context { stream, fields, view };
        let ends = context.run(&self.nodes[anchor + 1..], smallvec![end], Way::Forward);
        if ends.is_empty() {
            return None;
        }
        let starts = context.run(&self.nodes[..anchor], smallvec![start], Way::Backward);
        let (start, end) = if self.widest {
            (starts.into_iter().min()?, ends.into_iter().max()?)
        } else {
            (*starts.first()?, *ends.first()?)
        };
        if view == View::Pinyin && !context.close_enough(&self.nodes, start, end) {
            return None;
        }
        context.with_others(&self.also, start, end)
    }

    /// The gaps of a match, as ranges: what stands there is not part of the phrase. Empty when it can't be retraced.
    pub fn gaps(&self, stream: &Stream, start: usize, end: usize, fields: &Fields) -> Vec<(usize, usize)> {
        let context = Context { stream, fields, view: View::Pinyin };
        if !self.also.is_empty() {
            return Vec::new();
        }
        context.trace(&self.nodes, start, end).map(|path| path.gaps).unwrap_or_default()
    }

    /// Tries the pattern from a place on, without an atom.
    pub fn try_at(&self, stream: &Stream, start: usize, fields: &Fields) -> Option<(usize, usize)> {
        let context = Context { stream, fields, view: View::Plain };
        let to = *context.run(&self.nodes, smallvec![start], Way::Forward).first()?;
        if to > start { context.with_others(&self.also, start, to) } else { None }
    }

    /// The folded spellings a pattern without atoms may be found by: those of its first field.
    pub fn field_atoms<'f>(&self, fields: &'f Fields) -> impl Iterator<Item = &'f str> {
        let name = self.nodes.iter().find_map(|node| match node {
            Node::Field(name) => Some(name.as_str()),
            _ => None,
        });
        name.and_then(|name| fields.get(name)).into_iter().flatten().map(String::as_str)
    }

    /// Verifies the pattern around its first field found at `start..end`.
    pub fn verify_field(&self, stream: &Stream, start: usize, end: usize, fields: &Fields) -> Option<(usize, usize)> {
        let anchor = self.nodes.iter().position(|node| matches!(node, Node::Field(_)))?;
        let around = Pattern { anchor: Some(anchor), atoms: Vec::new(), ..self.clone() };
        around.verify(stream, (start, end), fields, View::Plain)
    }
}

/// Whether a found literal is whole words where it begins and ends in Latin script.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let parts = |a: Option<char>, b: Option<char>| !(a.is_some_and(is_word_char) && b.is_some_and(is_word_char));
    parts(text[..start].chars().next_back(), text[start..].chars().next())
        && parts(text[..end].chars().next_back(), text[end..].chars().next())
}

/// Whether a text sounds like a literal, at least half of its characters being the same.
pub(super) fn alike(text: &str, literal: &str) -> bool {
    let (mut all, mut other) = (0, 0);
    for (a, b) in text.chars().zip(literal.chars()) {
        all += 1;
        other += usize::from(a != b);
        if a.len_utf8() != b.len_utf8() || !sound_alike(a, b) {
            return false;
        }
    }
    other * 2 <= all
}

/// How many Han characters a match has at least.
fn han_characters(nodes: &[Node]) -> usize {
    let han = |text: &str| text.chars().filter(|c| is_han(*c)).count();
    let of = |node: &Node| match node {
        Node::Literal(text) => han(text),
        Node::Words(words) => words.all.iter().map(|word| han(word)).min().unwrap_or(0),
        Node::Either(branches) => branches.iter().map(|branch| han_characters(branch)).min().unwrap_or(0),
        _ => 0,
    };
    nodes.iter().map(of).sum()
}

/// One way through a pattern.
#[derive(Clone, Debug, Default)]
struct Path {
    /// Where gaps were taken.
    gaps: Vec<(usize, usize)>,
    /// Han characters of its literals.
    letters: usize,
    /// Those that are written otherwise.
    other: usize,
}

struct Context<'a> {
    stream: &'a Stream,
    fields: &'a Fields,
    view: View,
}

impl Context<'_> {
    /// The smallest stretch that holds `start..end` and every other part, all in one sentence.
    fn with_others(&self, others: &[Vec<Node>], start: usize, end: usize) -> Option<(usize, usize)> {
        if others.is_empty() {
            return Some((start, end));
        }
        let written = Context { view: View::Plain, ..*self };
        let text = &self.stream.text;
        let (from, to, _) = self.stream.scope(start, end, Break::Sentence { question: false });
        let (mut first, mut last) = (start, end);
        for other in others {
            let places = text[from..to].char_indices().map(|(at, _)| from + at);
            let found = places.filter_map(|at| {
                let reached = *written.run(other, smallvec![at], Way::Forward).first()?;
                (reached > at && reached <= to && (reached <= start || at >= end)).then_some((at, reached))
            });
            let (a, b) = found.min_by_key(|(a, b)| last.max(*b) - first.min(*a))?;
            (first, last) = (first.min(a), last.max(b));
        }
        (units(&text[first..last]) <= TOGETHER).then_some((first, last))
    }

    /// Whether a match by sound is near enough to what is written: one other character among four, or among three
    /// that stand together. Two of three characters sound like too much else.
    fn close_enough(&self, nodes: &[Node], start: usize, end: usize) -> bool {
        self.trace(nodes, start, end).is_some_and(|path| {
            path.other * 4 <= path.letters || (path.other == 1 && path.letters == 3 && path.gaps.is_empty())
        })
    }

    /// How the nodes lead from `start` exactly to `end`; `None` when they don't, or when it takes too long to find out.
    fn trace(&self, nodes: &[Node], start: usize, end: usize) -> Option<Path> {
        let nodes: Vec<&Node> = nodes.iter().collect();
        let (mut path, mut steps) = (Path::default(), 2_000);
        self.follow(&nodes, start, end, &mut path, &mut steps).then_some(path)
    }

    fn follow(&self, nodes: &[&Node], place: usize, end: usize, path: &mut Path, steps: &mut usize) -> bool {
        *steps = steps.saturating_sub(1);
        if *steps == 0 || place > end {
            return false;
        }
        let Some((node, rest)) = nodes.split_first() else { return place == end };
        let mut inner = |branch: &[Node], path: &mut Path| {
            let nodes: Vec<&Node> = branch.iter().chain(rest.iter().copied()).collect();
            self.follow(&nodes, place, end, path, steps)
        };
        match node {
            Node::Either(branches) => branches.iter().any(|branch| inner(branch, path)),
            Node::Words(words) => words.all.iter().any(|word| inner(&[Node::Literal(word.clone())], path)),
            Node::Maybe(part) => inner(part, path) || self.follow(rest, place, end, path, steps),
            _ => self.step(node, place, Way::Forward).into_iter().any(|reached| {
                let before = path.clone();
                match node {
                    Node::Gap(_) if reached > place => path.gaps.push((place, reached)),
                    Node::Literal(literal) => {
                        let there = &self.stream.text[reached.saturating_sub(literal.len())..reached];
                        path.letters += literal.chars().filter(|c| is_han(*c)).count();
                        path.other += there.chars().zip(literal.chars()).filter(|(a, b)| a != b).count();
                    }
                    _ => {}
                }
                let leads = self.follow(rest, reached, end, path, steps);
                if !leads {
                    *path = before;
                }
                leads
            }),
        }
    }

    /// All places a run of nodes can lead to from the given places, the preferred first.
    fn run(&self, nodes: &[Node], from: Places, way: Way) -> Places {
        let mut places = from;
        for step in 0..nodes.len() {
            let node = if way == Way::Forward { &nodes[step] } else { &nodes[nodes.len() - 1 - step] };
            let mut next = Places::new();
            for place in places {
                for reached in self.step(node, place, way) {
                    if !next.contains(&reached) {
                        next.push(reached);
                    }
                }
            }
            places = next;
            if places.is_empty() {
                break;
            }
        }
        places
    }

    fn step(&self, node: &Node, place: usize, way: Way) -> Places {
        match node {
            Node::Literal(literal) => self.literal(literal, place, way).into_iter().collect(),
            Node::Words(words) => self.words(words, place, way),
            Node::Field(name) => {
                let spellings = self.fields.get(name).map(Vec::as_slice).unwrap_or_default();
                spellings.iter().filter_map(|spelling| self.literal(spelling, place, way)).collect()
            }
            Node::Either(branches) => {
                branches.iter().flat_map(|branch| self.run(branch, smallvec![place], way)).collect()
            }
            Node::Maybe(inner) => {
                let mut places = self.run(inner, smallvec![place], way);
                places.push(place);
                places
            }
            Node::Gap(width) => self.gap(*width, place, way),
            Node::Number => self.number(place, way),
            Node::Start | Node::End => {
                let strong = |kind: Break| kind >= Break::Breath;
                let here = self.stream.break_at(place).is_some_and(strong);
                if here { smallvec![place] } else { Places::new() }
            }
        }
    }

    /// Over the one space that may part two Latin words.
    fn over_space(&self, place: usize, way: Way) -> usize {
        let bytes = self.stream.text.as_bytes();
        match way {
            Way::Forward if bytes.get(place) == Some(&b' ') => place + 1,
            Way::Backward if place > 0 && bytes[place - 1] == b' ' => place - 1,
            _ => place,
        }
    }

    fn words(&self, words: &Words, place: usize, way: Way) -> Places {
        let text = &self.stream.text;
        let from = self.over_space(place, way);
        let mut places = Places::new();
        let mut put = |word: &str| {
            if let Some(reached) = self.literal(word, place, way).filter(|reached| !places.contains(reached)) {
                places.push(reached);
            }
        };
        match way {
            Way::Forward => {
                let mut letters = text[from..].chars();
                letters.next().into_iter().flat_map(|c| words.from(c)).for_each(&mut put);
                if self.view == View::Pinyin {
                    // One character may be written otherwise: when it is the first, the last is right.
                    letters.take(3).flat_map(|c| words.to(c)).for_each(put);
                }
            }
            Way::Backward => {
                let mut letters = text[..from].chars().rev();
                letters.next().into_iter().flat_map(|c| words.to(c)).for_each(&mut put);
                if self.view == View::Pinyin {
                    letters.take(3).flat_map(|c| words.from(c)).for_each(put);
                }
            }
        }
        // The longest first: 废物, not 废.
        places.sort_unstable_by_key(|reached| usize::MAX - reached.abs_diff(place));
        places
    }

    fn literal(&self, literal: &str, place: usize, way: Way) -> Option<usize> {
        let text = &self.stream.text;
        let place = self.over_space(place, way);
        let (start, end) = match way {
            Way::Forward => (place, place + literal.len()),
            Way::Backward => (place.checked_sub(literal.len())?, place),
        };
        let there = text.get(start..end)?;
        if there != literal && !(self.view == View::Pinyin && alike(there, literal)) {
            return None;
        }
        stands_alone(text, start, end).then_some(if way == Way::Forward { end } else { start })
    }

    /// The places a gap of up to `width` units reaches, nearest first; never over the end of a sentence.
    fn gap(&self, width: usize, place: usize, way: Way) -> Places {
        let mut places: Places = smallvec![place];
        let mut here = place;
        for _ in 0..width {
            let ends =
                |at: usize| self.stream.break_at(at).is_some_and(|kind| kind >= Break::Sentence { question: false });
            // Where a turn begins nothing ends.
            let opens = way == Way::Forward && matches!(self.stream.text.as_bytes()[..here].last(), None | Some(b'\n'));
            if ends(here) && !opens {
                break;
            }
            match self.unit(here, way) {
                Some(next) => {
                    places.push(next);
                    here = next;
                }
                None => break,
            }
        }
        places
    }

    /// One Han character or one Latin word onward.
    fn unit(&self, place: usize, way: Way) -> Option<usize> {
        let text = &self.stream.text;
        let place = self.over_space(place, way);
        let moved = match way {
            Way::Forward => {
                let rest = &text[place..];
                match rest.chars().next() {
                    Some(c) if is_word_char(c) => rest.find(|c| !is_word_char(c)).unwrap_or(rest.len()),
                    Some(c) if !c.is_whitespace() => c.len_utf8(),
                    _ => 0,
                }
            }
            Way::Backward => {
                let rest = &text[..place];
                match rest.chars().next_back() {
                    Some(c) if is_word_char(c) => {
                        let from = rest.char_indices().rev().find(|(_, c)| !is_word_char(*c));
                        place - from.map_or(0, |(at, c)| at + c.len_utf8())
                    }
                    Some(c) if !c.is_whitespace() => c.len_utf8(),
                    _ => 0,
                }
            }
        };
        if moved == 0 {
            return None;
        }
        Some(if way == Way::Forward { place + moved } else { place - moved })
    }

    /// A run of number characters or words, the longest first and then each shorter one.
    fn number(&self, place: usize, way: Way) -> Places {
        let text = &self.stream.text;
        let mut places = Places::new();
        let mut here = place;
        while let Some(next) = self.unit(here, way) {
            let unit = if way == Way::Forward { &text[here..next] } else { &text[next..here] };
            if !is_number(unit.trim()) {
                break;
            }
            here = next;
            places.push(here);
            if places.len() >= 24 {
                break;
            }
        }
        places.reverse();
        places
    }
}

fn is_number(unit: &str) -> bool {
    const WORDS: &[&str] = &[
        "zero",
        "oh",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
        "hundred",
        "thousand",
        "grand",
        "double",
    ];
    let mut characters = unit.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) if is_han(c) => "零〇一二两三四五六七八九十百千万亿幺几多半".contains(c),
        (Some(c), _) if c.is_ascii_digit() => {
            let digits = unit.trim_end_matches("th").trim_end_matches(['k', 'w']);
            digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => WORDS.contains(&unit),
    }
}
