//! Needs: the words that must stand in a turn beside the atom if a pattern is to match there.
//!
//! Comes in: patterns, then the turns of a stream. Goes out: whether a turn has at least one literal of every part a
//! pattern can't do without. Only this file knows how a literal is told to be missing without looking for it: by a
//! signature of its first word or first two Han characters. It may say yes where it should be no, never the other way;
//! what it lets through is verified by `pattern.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::pattern::{Pattern, View};
use super::phrase::Node;
use crate::normalise::{Stream, is_han, is_word_char, sounds};

/// The bits of a turn's signatures: a turn sets a hundred or two of them.
const BITS: usize = 4096;

/// Signatures, one of which must be in the turn.
struct Set {
    written: Vec<u16>,
    by_sound: Vec<u16>,
}

/// What a pattern needs: the number of a set.
#[derive(Clone, Copy)]
struct Need {
    set: u32,
    /// Whether it must be there as written, however the atom was found.
    written: bool,
}

/// The needs of all patterns.
pub(super) struct Needs {
    sets: Vec<Set>,
    needs: Vec<Need>,
    /// For each pattern the end of its needs in `needs`; they begin where the former's end.
    ends: Vec<usize>,
}

impl Needs {
    pub fn of<'p>(patterns: impl Iterator<Item = &'p Pattern>) -> Needs {
        let mut sets = Sets::default();
        let (mut needs, mut ends) = (Vec::new(), Vec::new());
        for pattern in patterns {
            // A field's value may be anything, the end of a turn among it: such a pattern needs nothing.
            if !names_a_field(&pattern.nodes) {
                let nodes = pattern.nodes.iter().enumerate().filter(|(at, _)| Some(*at) != pattern.anchor);
                let own = nodes.map(|(_, node)| (node, false));
                let also = pattern.also.iter().flatten().map(|node| (node, true));
                for (node, written) in own.chain(also) {
                    needs.extend(sets.number(node).map(|set| Need { set, written }));
                }
            }
            ends.push(needs.len());
        }
        Needs { sets: sets.sets, needs, ends }
    }

    /// Whether a pattern may match in the turn looked at.
    pub fn met(&self, pattern: usize, turn: &mut Turn) -> bool {
        let from = if pattern == 0 { 0 } else { self.ends[pattern - 1] };
        self.needs[from..self.ends[pattern]].iter().all(|need| {
            let set = need.set as usize;
            let (signatures, side) = if need.written || turn.view == View::Plain {
                (&self.sets[set].written, &mut turn.written)
            } else {
                (&self.sets[set].by_sound, &mut turn.by_sound)
            };
            side.has(set, signatures, turn.number)
        })
    }

    /// Nothing looked at yet.
    pub fn turn(&self, view: View) -> Turn {
        let side = || Side { bits: [0; BITS / 64], known: vec![0; self.sets.len()] };
        Turn { view, number: 0, from: 0, to: 0, written: side(), by_sound: side() }
    }
}

/// The words of one turn.
pub(super) struct Turn {
    view: View,
    /// How many were looked at.
    number: u32,
    from: usize,
    to: usize,
    written: Side,
    by_sound: Side,
}

struct Side {
    bits: [u64; BITS / 64],
    /// For each set twice the number of the turn for which it was last looked for, one more when it was there.
    known: Vec<u32>,
}

impl Side {
    fn has(&mut self, set: usize, signatures: &[u16], turn: u32) -> bool {
        if self.known[set] >> 1 != turn {
            let there = signatures.iter().any(|at| self.bits[*at as usize / 64] >> (at % 64) & 1 == 1);
            self.known[set] = turn << 1 | u32::from(there);
        }
        self.known[set] & 1 == 1
    }
}

impl Turn {
    /// How atoms were found.
    pub fn view(&self) -> View {
        self.view
    }

    /// Looks at the turn that holds a place: no match runs over the end of one.
    pub fn look(&mut self, stream: &Stream, at: usize) {
        if self.number > 0 && (self.from..self.to).contains(&at) {
            return;
        }
        let text = &stream.text;
        self.from = text[..at].rfind('\n').map_or(0, |before| before + 1);
        self.to = text[at..].find('\n').map_or(text.len(), |after| at + after);
        self.number += 1;
        for (view, side) in [(View::Plain, &mut self.written), (View::Pinyin, &mut self.by_sound)] {
            if view == View::Plain || view == self.view {
                side.bits = [0; BITS / 64];
                each_signature(&text[self.from..self.to], view, &mut |at| {
                    side.bits[at as usize / 64] |= 1 << (at % 64);
                });
            }
        }
    }
}

/// Sets by what they are made of: patterns share most of them.
#[derive(Default)]
struct Sets<'p> {
    sets: Vec<Set>,
    literals: HashMap<&'p str, u32>,
    /// By the address of what patterns share.
    words: HashMap<usize, u32>,
}

impl<'p> Sets<'p> {
    /// The number of a node's set; `None` when a match can do without any of its literals.
    fn number(&mut self, node: &'p Node) -> Option<u32> {
        match node {
            Node::Literal(text) => {
                let known = self.literals.get(&**text).copied();
                known.or_else(|| {
                    let number = self.put(&[text])?;
                    self.literals.insert(text, number);
                    Some(number)
                })
            }
            Node::Words(words) => {
                let address = Arc::as_ptr(words) as usize;
                let known = self.words.get(&address).copied();
                known.or_else(|| {
                    let all: Vec<&str> = words.all.iter().map(|word| &**word).collect();
                    let number = self.put(&all)?;
                    self.words.insert(address, number);
                    Some(number)
                })
            }
            Node::Either(_) => {
                let mut all = Vec::new();
                gather(node, &mut all).then(|| self.put(&all)).flatten()
            }
            _ => None,
        }
    }

    fn put(&mut self, literals: &[&str]) -> Option<u32> {
        let of = |view| {
            let mut all = Vec::with_capacity(literals.len());
            let every = literals.iter().all(|literal| {
                let before = all.len();
                first_signatures(literal, view, &mut all);
                all.len() > before
            });
            all.sort_unstable();
            all.dedup();
            every.then_some(all)
        };
        let set = Set { written: of(View::Plain)?, by_sound: of(View::Pinyin)? };
        let number = u32::try_from(self.sets.len()).ok()?;
        self.sets.push(set);
        Some(number)
    }
}

fn names_a_field(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Field(_) => true,
        Node::Either(branches) => branches.iter().any(|branch| names_a_field(branch)),
        Node::Maybe(inner) => names_a_field(inner),
        _ => false,
    })
}

/// Literals of which at least one is in every match of a node; false when there is a match without any.
fn gather<'p>(node: &'p Node, into: &mut Vec<&'p str>) -> bool {
    match node {
        Node::Literal(text) => into.push(text),
        Node::Words(words) => into.extend(words.all.iter().map(|word| &**word)),
        Node::Either(branches) => {
            return branches.iter().all(|branch| {
                branch.iter().any(|node| {
                    let before = into.len();
                    let found = gather(node, into);
                    if !found {
                        into.truncate(before);
                    }
                    found
                })
            });
        }
        _ => return false,
    }
    true
}

/// What a Han character may be known by: itself, or each of its sounds.
fn keys(c: char, view: View) -> SmallVec<[u32; 4]> {
    let sounds: SmallVec<[u32; 4]> = match view {
        View::Pinyin => sounds(c).into_iter().filter(|sound| *sound != 0).map(u32::from).collect(),
        _ => SmallVec::new(),
    };
    if sounds.is_empty() { smallvec![u32::from(c)] } else { sounds }
}

fn signature(a: u32, b: u32) -> u16 {
    let mixed = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 52) as u16
}

fn of_word(word: &str) -> u16 {
    signature(word.bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(0x0100_0193) ^ u32::from(byte)), u32::MAX)
}

/// The signatures by which a literal is known: of its first word, or of its first two Han characters. None for
/// literals that begin with neither.
fn first_signatures(literal: &str, view: View, into: &mut Vec<u16>) {
    let mut letters = literal.chars();
    match letters.next() {
        Some(c) if is_word_char(c) => {
            let end = literal.find(|c| !is_word_char(c)).unwrap_or(literal.len());
            into.push(of_word(&literal[..end]));
        }
        Some(c) if is_han(c) => {
            let second = letters.next().filter(|c| is_han(*c)).map(|c| keys(c, view));
            for a in keys(c, view) {
                match &second {
                    Some(second) => into.extend(second.iter().map(|b| signature(a, *b))),
                    None => into.push(signature(a, 0)),
                }
            }
        }
        _ => {}
    }
}

/// Every signature that a literal found in a text may have.
fn each_signature(text: &str, view: View, visit: &mut dyn FnMut(u16)) {
    let mut word: Option<usize> = None;
    let mut before: SmallVec<[u32; 4]> = SmallVec::new();
    for (at, c) in text.char_indices() {
        let in_word = is_word_char(c);
        match word {
            Some(from) if !in_word => {
                visit(of_word(&text[from..at]));
                word = None;
            }
            None if in_word => word = Some(at),
            _ => {}
        }
        let own = if is_han(c) { keys(c, view) } else { SmallVec::new() };
        for b in &own {
            visit(signature(*b, 0));
            before.iter().for_each(|a| visit(signature(*a, *b)));
        }
        before = own;
    }
    if let Some(from) = word {
        visit(of_word(&text[from..]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_never_thought_missing_where_it_stands() {
        for (literal, text) in [
            ("jail", "you go to jail"),
            ("can not pay", "i can not pay you"),
            ("app上还", "您在app上还"),
            ("你app", "用你app还"),
            ("家", "去你家闹"),
            ("单位", "到单位去"),
            ("行长", "找行长"),
        ] {
            for view in [View::Plain, View::Pinyin] {
                let (mut wanted, mut there) = (Vec::new(), Vec::new());
                first_signatures(literal, view, &mut wanted);
                each_signature(text, view, &mut |at| there.push(at));
                assert!(!wanted.is_empty() && wanted.iter().all(|at| there.contains(at)), "{literal} in {text}");
            }
        }
    }

    #[test]
    fn by_sound_a_literal_is_known_in_other_characters() {
        let (mut wanted, mut there) = (Vec::new(), Vec::new());
        first_signatures("单位", View::Pinyin, &mut wanted);
        each_signature("去你丹位闹", View::Pinyin, &mut |at| there.push(at));
        assert!(wanted.iter().any(|at| there.contains(at)));
    }
}
