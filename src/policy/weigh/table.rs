//! Tables of weights: what each term says for or against each label.
//!
//! Comes in: the text of a `weights-….tsv`, or weights just learned. Goes out: [`Weights`], and the text again. Only
//! this file knows the format: a line of labels, a line of biases, then a term a line with its rarity and a number a
//! label, in tenths; empty is nought. Labels with `=` before them tell faults from each other, the others tell each
//! from everything else.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{BuildHasherDefault, Hasher};

use super::terms::Key;

const HEAD: &str = "fairdial-weights/1";
/// Numbers in the file are tenths; only rarities need to be finer.
const UNIT: f32 = 10.0;
const RARITY: f32 = 100.0;
/// Before a label that tells faults from each other.
pub(super) const WHICH: char = '=';

/// Keys are hashes already.
#[derive(Default)]
pub(super) struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// What was learned, ready to weigh with.
pub(in crate::policy) struct Weights {
    /// Their names, in the order of the numbers; those that tell faults from each other follow, in the same order but for
    /// the first, and have none of their own.
    pub labels: Vec<String>,
    pub(super) bias: Vec<f32>,
    rows: HashMap<Key, u32, BuildHasherDefault<Already>>,
    /// Row by row the rarity, then a number a label.
    values: Vec<f32>,
}

/// A line that is none, 1-based, and what is wrong with it.
#[derive(Debug)]
pub(in crate::policy) struct BadLine {
    pub line: usize,
    pub message: String,
}

impl Weights {
    /// Reads a table.
    pub fn read(text: &str) -> Result<Weights, BadLine> {
        let bad = |line: usize, message: &str| BadLine { line, message: message.into() };
        let mut lines = text.lines().enumerate().map(|(number, line)| (number + 1, line));
        if lines.next().is_none_or(|(_, line)| line != HEAD) {
            return Err(bad(1, &format!("the first line must be '{HEAD}'")));
        }
        let mut named = |name: &str| {
            let (number, line) = lines.next().ok_or_else(|| bad(2, &format!("the line '{name}' is missing")))?;
            let rest = line.strip_prefix(name).and_then(|rest| rest.strip_prefix('\t'));
            Ok::<_, BadLine>((number, rest.ok_or_else(|| bad(number, &format!("expected the line '{name}'")))?))
        };
        let (number, names) = named("labels")?;
        let (labels, which): (Vec<&str>, Vec<&str>) = names.split('\t').partition(|name| !name.starts_with(WHICH));
        if !which.is_empty() && !which.iter().map(|name| &name[1..]).eq(labels.iter().skip(1).copied()) {
            return Err(bad(number, "the labels with '=' aren't the others but the first, in their order"));
        }
        let columns = labels.len() + which.len();
        let (number, biases) = named("bias")?;
        let bias = numbers(biases, columns).ok_or_else(|| bad(number, "not one whole number a label"))?;
        let labels = labels.into_iter().map(String::from).collect();
        let mut table = Weights { labels, bias, rows: HashMap::default(), values: Vec::new() };
        let width = columns + 1;
        table.rows.reserve(text.len() / 48);
        for (number, line) in lines {
            let (term, rest) = line.split_once('\t').ok_or_else(|| bad(number, "no tab after the term"))?;
            let row = u32::try_from(table.values.len() / width).unwrap_or(u32::MAX);
            table.values.extend(fields(rest));
            if let Some(rarity) = table.values.get_mut(row as usize * width) {
                *rarity *= UNIT / RARITY;
            }
            if table.values.len() != (row as usize + 1) * width
                || table.values.iter().rev().take(width).any(|value| value.is_nan())
            {
                return Err(bad(number, "not a whole number for the rarity and each label"));
            }
            if table.rows.insert(Key::of(term), row).is_some() {
                return Err(bad(number, "the term stands in the table twice"));
            }
        }
        Ok(table)
    }

    /// A term's rarity and what it says, a number a label; `None` for terms nobody learned.
    pub(super) fn of(&self, key: Key) -> Option<(f32, &[f32])> {
        let width = self.bias.len() + 1;
        let row = *self.rows.get(&key)? as usize * width;
        self.values.get(row..row + width)?.split_first().map(|(rarity, says)| (*rarity, says))
    }
}

fn numbers(text: &str, count: usize) -> Option<Vec<f32>> {
    let values: Vec<f32> = fields(text).collect();
    (values.len() == count && values.iter().all(|value| value.is_finite())).then_some(values)
}

/// Whole numbers between tabs, empty ones nought; what is none becomes NaN. By hand: a table has a million of them, and
/// packs are read at every start.
fn fields(text: &str) -> impl Iterator<Item = f32> {
    text.as_bytes().split(|byte| *byte == b'\t').map(|field| {
        let (negative, digits) = match field.split_first() {
            Some((b'-', rest)) if !rest.is_empty() => (true, rest),
            _ => (false, field),
        };
        if digits.len() > 7 || digits.iter().any(|digit| !digit.is_ascii_digit()) {
            return f32::NAN;
        }
        let whole = digits.iter().fold(0i32, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        (if negative { -whole } else { whole }) as f32 / UNIT
    })
}

/// The text of a table: terms by name, each with its rarity and what it says; those that say next to nothing left out.
pub(super) fn write(labels: &[String], bias: &[f64], terms: &[(String, f64, Vec<f64>)]) -> String {
    let mut text = format!("{HEAD}\nlabels\t{}\nbias", labels.join("\t"));
    let whole = |value: &f64| (value * f64::from(UNIT)).round() as i32;
    for value in bias {
        let _ = write!(text, "\t{}", whole(value));
    }
    text.push('\n');
    let mut rows: Vec<&(String, f64, Vec<f64>)> =
        terms.iter().filter(|(_, _, says)| says.iter().any(|value| value.abs() >= LEAST)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    for (term, rarity, says) in rows {
        let _ = write!(text, "{term}\t{}", (rarity * f64::from(RARITY)).round() as i32);
        for value in says {
            text.push('\t');
            if whole(value) != 0 {
                let _ = write!(text, "{}", whole(value));
            }
        }
        text.push('\n');
    }
    text
}

/// Terms that say less than this of every label are not worth a line.
const LEAST: f64 = 0.3;
