//! Words: a recogniser's tokens put together again.
//!
//! Comes in: tokens as bytes with times and probabilities. Goes out: the segment's text and its words. A character may
//! be cut over two tokens, so bytes are joined first and read as UTF-8 afterwards; what is no UTF-8 becomes �, counted,
//! never dropped. Only this file knows tokens.

use crate::call::Millis;
use crate::normalise::is_han;
use crate::transcript::Word;

/// One token as the recogniser gave it.
pub(super) struct Token {
    pub bytes: Vec<u8>,
    pub start: Millis,
    pub end: Millis,
    pub probability: f64,
}

/// A segment's text, its words, and their mean confidence.
pub(super) struct Spoken {
    pub text: String,
    pub words: Vec<Word>,
    pub confidence: f64,
}

/// Puts tokens together. Latin words begin at a space, a Han character is a word of its own.
pub(super) fn spoken(tokens: &[Token]) -> Spoken {
    let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.bytes.iter().copied()).collect();
    let text = String::from_utf8_lossy(&bytes).trim().to_string();
    let mut words: Vec<Word> = Vec::new();
    let mut open: Vec<u8> = Vec::new();
    let mut pending: Vec<&Token> = Vec::new();
    for token in tokens {
        open.extend_from_slice(&token.bytes);
        pending.push(token);
        // A character still incomplete: wait for its other bytes.
        let Ok(read) = std::str::from_utf8(&open) else {
            if open.len() < 8 {
                continue;
            }
            open.clear();
            pending.clear();
            continue;
        };
        let part = read.to_string();
        put(&mut words, &part, &pending);
        open.clear();
        pending.clear();
    }
    let sum: f64 = tokens.iter().map(|token| token.probability).sum();
    let confidence = round(sum / tokens.len().max(1) as f64);
    for word in &mut words {
        word.confidence = word.confidence.map(round);
    }
    words.retain(|word| word.text.chars().any(char::is_alphanumeric));
    Spoken { text, words, confidence }
}

fn put(words: &mut Vec<Word>, part: &str, tokens: &[&Token]) {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return };
    let probability = tokens.iter().map(|token| token.probability).fold(1.0, f64::min);
    let shown = part.trim();
    if shown.is_empty() {
        return;
    }
    let joins = !part.starts_with(' ')
        && words.last().is_some_and(|word| {
            let (before, after) = (word.text.chars().next_back(), shown.chars().next());
            !before.is_some_and(is_han) && !after.is_some_and(is_han)
        });
    match words.last_mut().filter(|_| joins) {
        Some(word) => {
            word.text.push_str(shown);
            word.end_ms = word.end_ms.max(last.end);
            word.confidence = word.confidence.map(|c| c.min(probability));
        }
        None => words.push(Word {
            text: shown.to_string(),
            start_ms: first.start,
            end_ms: last.end.max(first.start),
            confidence: Some(probability),
        }),
    }
}

/// Three decimals: more would be noise that makes equal runs look different.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(bytes: &[u8], at: u64) -> Token {
        Token { bytes: bytes.to_vec(), start: Millis(at), end: Millis(at + 100), probability: 0.9 }
    }

    #[test]
    fn characters_cut_over_tokens_come_together_again() {
        let han = "催".as_bytes();
        let said = spoken(&[
            token(&han[..1], 0),
            token(&han[1..], 100),
            token("收".as_bytes(), 200),
            token(b" ok", 300),
            token(b"ay", 400),
        ]);
        assert_eq!(said.text, "催收 okay");
        let words: Vec<_> =
            said.words.iter().map(|word| (word.text.as_str(), word.start_ms.0, word.end_ms.0)).collect();
        assert_eq!(words, [("催", 0, 200), ("收", 200, 300), ("okay", 300, 500)]);
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_as_replacements() {
        let said = spoken(&[token(&[0xff, 0xfe], 0), token(b" hello", 100)]);
        assert_eq!(said.text, "\u{fffd}\u{fffd} hello");
        assert!(!spoken(&[]).text.contains('x'));
    }
}
