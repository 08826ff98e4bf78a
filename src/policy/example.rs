//! Examples: the tests that stand beside each rule, in the notation
//! `collector: words [[that hit]] / debtor: next turn`; `debtor@75: …` starts at second 75.
//!
//! Comes in: one line of a lexicon. Goes out: [`Example`]: a small transcript, the words that must hit, and what the
//! check or duty must answer. Only this file knows the notation.

use std::ops::Range;

use crate::call::{Millis, Speaker};
use crate::transcript::{Segment, Transcript};

/// One line of `examples`, read.
#[derive(Clone, Debug)]
pub struct Example {
    /// The turns as a transcript, two seconds each.
    pub transcript: Transcript,
    /// What must hit: segment and bytes.
    pub marks: Vec<(usize, Range<usize>)>,
    /// The word in brackets at the end: `pass`, `fail`, `missing`, `not-assessable`, `met`, `not-met`.
    pub answer: Option<String>,
}

/// Why a line is no example.
#[derive(Debug, thiserror::Error)]
pub enum ExampleError {
    /// A turn without a speaker.
    #[error("'{0}…' doesn't begin with a speaker: collector, debtor, third-party or unknown, then a colon")]
    NoSpeaker(String),
    /// `[[` without `]]` or the reverse.
    #[error("[[ and ]] don't pair up")]
    Marks,
    /// Nothing said.
    #[error("a turn has no words")]
    Empty,
}

const ANSWERS: &[&str] = &["pass", "fail", "missing", "not-assessable", "met", "not-met"];
const TURN: u64 = 2_000;

impl Example {
    /// Reads a line.
    ///
    /// # Errors
    /// When a turn names no speaker or no words, or marks don't pair up.
    pub fn parse(line: &str) -> Result<Example, ExampleError> {
        let (turns, answer) = match line.trim().strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
            Some((turns, word)) if ANSWERS.contains(&word) => (turns.trim(), Some(word.to_string())),
            _ => (line.trim(), None),
        };
        let mut segments = Vec::new();
        let mut marks = Vec::new();
        for (index, turn) in turns.split(" / ").enumerate() {
            let (speaker, words) = match turn.split_once(':') {
                Some((name, words)) => (speaker(name.trim()), words),
                None => (None, turn),
            };
            let Some((speaker, at)) = speaker else {
                return Err(ExampleError::NoSpeaker(turn.chars().take(12).collect()));
            };
            let text = unmark(words.trim(), index, &mut marks)?;
            if text.is_empty() {
                return Err(ExampleError::Empty);
            }
            let start = at.map_or(index as u64 * TURN, |seconds| u64::from(seconds) * 1000);
            segments.push(Segment {
                speaker,
                start_ms: Millis(start),
                end_ms: Millis(start + TURN - 200),
                text,
                channel: None,
                confidence: None,
                words: Vec::new(),
            });
        }
        let transcript = Transcript::new(segments, None);
        Ok(Example { transcript, marks, answer })
    }

    /// Whether the line stands for a breach or a signal. Rules about words mark them; rules that answer a check say
    /// `(fail)` or `(missing)`, and mark what passes.
    pub fn expects_hit(&self, answers_check: bool) -> bool {
        match self.answer.as_deref() {
            Some("fail" | "missing") => true,
            _ => !answers_check && !self.marks.is_empty(),
        }
    }
}

/// A speaker's name, and after `@` the second at which the turn starts.
fn speaker(name: &str) -> Option<(Speaker, Option<u32>)> {
    let (name, at) = match name.split_once('@') {
        Some((name, at)) => (name, Some(at.parse().ok()?)),
        None => (name, None),
    };
    let speaker = [Speaker::Collector, Speaker::Debtor, Speaker::ThirdParty, Speaker::Unknown]
        .into_iter()
        .find(|speaker| speaker.as_str() == name)?;
    Some((speaker, at))
}

fn unmark(words: &str, segment: usize, marks: &mut Vec<(usize, Range<usize>)>) -> Result<String, ExampleError> {
    let mut text = String::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once("[[") {
        let (marked, after) = after.split_once("]]").ok_or(ExampleError::Marks)?;
        text.push_str(before);
        let start = text.len();
        text.push_str(marked);
        marks.push((segment, start..text.len()));
        rest = after;
    }
    if rest.contains("]]") {
        return Err(ExampleError::Marks);
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_reads_as_turns_marks_and_answer() {
        let example = Example::parse("collector: 你就是个[[废物]]。 / debtor: 你说什么 (fail)").unwrap();
        assert_eq!(example.transcript.segments.len(), 2);
        assert_eq!(example.transcript.segments[1].speaker, Speaker::Debtor);
        assert_eq!(&example.transcript.segments[0].text[example.marks[0].1.clone()], "废物");
        assert_eq!(example.answer.as_deref(), Some("fail"));
    }

    #[test]
    fn bad_examples_say_why() {
        assert!(matches!(Example::parse("你好"), Err(ExampleError::NoSpeaker(_))));
        assert!(matches!(Example::parse("collector: [[你好"), Err(ExampleError::Marks)));
        assert!(matches!(Example::parse("collector: "), Err(ExampleError::Empty)));
    }
}
