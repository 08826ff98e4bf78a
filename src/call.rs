//! The nouns of a call: who it was with, when, and what it is called.
//!
//! Comes in: nothing. Goes out: [`CallId`], [`Call`], [`Speaker`], [`Language`], [`Jurisdiction`] and [`Millis`],
//! which every room speaks. Only this file knows which characters are safe in a call id.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Milliseconds from the start of the recording: the only unit of time in transcripts and records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// The distance to a later moment; zero when `later` is earlier.
    pub fn until(self, later: Millis) -> Millis {
        Millis(later.0.saturating_sub(self.0))
    }
}

impl fmt::Display for Millis {
    /// Minutes and seconds as a player shows them: `1:05.3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:02}.{}", self.0 / 60_000, self.0 / 1000 % 60, self.0 / 100 % 10)
    }
}

/// The name of a call: unique within an audit folder and safe as a file name on every system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct CallId(String);

/// The longest call id in bytes: room is left for a suffix within the 255 bytes file systems allow.
const MAX_ID_BYTES: usize = 180;

impl CallId {
    /// Makes an id from any text: a file's stem, a metadata value.
    ///
    /// Letters, digits, `.`, `-`, `_` and every non-ASCII letter stay; anything else becomes `_`. Where that changed or
    /// shortened the text, a short hash of the original is appended, so that two texts never share an id.
    pub fn from_text(text: &str) -> CallId {
        let trimmed = text.trim();
        let mut safe: String = trimmed
            .chars()
            .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
            .collect();
        while safe.len() > MAX_ID_BYTES {
            safe.pop();
        }
        // A leading dot hides the file; a device name such as CON or NUL can't be created on Windows.
        let hidden = safe.starts_with('.') || safe.is_empty() || is_device_name(&safe);
        if safe != trimmed || hidden {
            let short = &crate::hash::sha256_hex(text.as_bytes())[..8];
            let stem = safe.trim_start_matches(['.', '_']);
            safe = if stem.is_empty() { format!("call-{short}") } else { format!("{stem}-{short}") };
        }
        CallId(safe)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_device_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")))
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<CallId, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(CallId::from_text(&text))
    }
}

/// Who is speaking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    /// The lender's or agency's person, whom findings are about. On input also `agent`.
    #[serde(alias = "agent")]
    Collector,
    /// The person called about their own debt. On input also `customer`, `borrower`.
    #[serde(alias = "customer", alias = "borrower")]
    Debtor,
    /// Anyone else on the line: a relative, a colleague, a new owner of the number. On input also `third_party`.
    #[serde(alias = "third_party")]
    ThirdParty,
    /// Not known: nothing is held against anybody.
    #[default]
    Unknown,
}

impl Speaker {
    /// The word used in records and transcripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Speaker::Collector => "collector",
            Speaker::Debtor => "debtor",
            Speaker::ThirdParty => "third-party",
            Speaker::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Speaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The languages fairdial audits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Language {
    /// Mandarin.
    #[serde(rename = "zh", alias = "zh-CN", alias = "zh-cn", alias = "cmn", alias = "chinese")]
    Mandarin,
    /// English.
    #[serde(rename = "en", alias = "en-US", alias = "en-us", alias = "english")]
    English,
}

impl Language {
    /// `zh` or `en`.
    pub fn code(self) -> &'static str {
        match self {
            Language::Mandarin => "zh",
            Language::English => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A word that is not one of the choices; the message lists them.
#[derive(Debug, thiserror::Error)]
#[error("'{given}' is not {what}: use {choices}")]
pub struct UnknownChoice {
    given: String,
    what: &'static str,
    choices: &'static str,
}

impl FromStr for Language {
    type Err = UnknownChoice;
    fn from_str(text: &str) -> Result<Language, UnknownChoice> {
        match text.trim().to_ascii_lowercase().as_str() {
            "zh" | "zh-cn" | "cmn" | "chinese" | "mandarin" => Ok(Language::Mandarin),
            "en" | "en-us" | "english" => Ok(Language::English),
            _ => Err(UnknownChoice { given: text.into(), what: "a language", choices: "zh or en" }),
        }
    }
}

/// Whose law the call is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Jurisdiction {
    /// Mainland China.
    Cn,
    /// The United States.
    Us,
}

impl Jurisdiction {
    /// `cn` or `us`.
    pub fn code(self) -> &'static str {
        match self {
            Jurisdiction::Cn => "cn",
            Jurisdiction::Us => "us",
        }
    }

    /// The jurisdiction assumed for a language when the metadata names none; the record says that it was assumed.
    pub fn usual_for(language: Language) -> Jurisdiction {
        match language {
            Language::Mandarin => Jurisdiction::Cn,
            Language::English => Jurisdiction::Us,
        }
    }
}

impl FromStr for Jurisdiction {
    type Err = UnknownChoice;
    fn from_str(text: &str) -> Result<Jurisdiction, UnknownChoice> {
        match text.trim().to_ascii_lowercase().as_str() {
            "cn" | "china" | "prc" => Ok(Jurisdiction::Cn),
            "us" | "usa" => Ok(Jurisdiction::Us),
            _ => Err(UnknownChoice { given: text.into(), what: "a jurisdiction", choices: "cn or us" }),
        }
    }
}

/// Everything known about a call before anyone listens to it; the record's `call` object.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// The call's name: from the metadata, else the file's stem.
    pub id: CallId,
    /// The recording or transcript, as found, with `/` between folders.
    pub source: String,
    /// SHA-256 of the file's bytes in hex; absent when the file could not be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// The collector's staff number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_id: Option<String>,
    /// The collector's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_name: Option<String>,
    /// The collection agency the collector works for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agency: Option<String>,
    /// Who is owed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub creditor: Option<String>,
    /// Who owes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub debtor_name: Option<String>,
    /// The account or contract number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// When the call was answered: RFC 3339 with its zone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<String>,
    /// The debtor's IANA time zone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub debtor_timezone: Option<String>,
    /// `outbound` or `inbound`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub direction: Option<String>,
    /// The number called, as the metadata gives it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub callee_phone: Option<String>,
    /// Whose law applies.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub jurisdiction: Option<Jurisdiction>,
    /// The channel the collector is on, 0-based, when the metadata says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub collector_channel: Option<u16>,
    /// Columns of the metadata that fairdial has no field for, untouched.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub extra: BTreeMap<String, String>,
}

impl Call {
    /// A call of which only the name and the file are known.
    pub fn new(id: CallId, source: impl Into<String>) -> Call {
        Call {
            id,
            source: source.into(),
            sha256: None,
            agent_id: None,
            agent_name: None,
            agency: None,
            creditor: None,
            debtor_name: None,
            account: None,
            started_at: None,
            debtor_timezone: None,
            direction: None,
            callee_phone: None,
            jurisdiction: None,
            collector_channel: None,
            extra: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for Call {
    /// The id and the file only: names and numbers of people stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("id", &self.id).field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ids_stay_as_they_are() {
        assert_eq!(CallId::from_text("20260303-0213-7781").as_str(), "20260303-0213-7781");
        assert_eq!(CallId::from_text("录音_01").as_str(), "录音_01");
    }

    #[test]
    fn unsafe_ids_change_and_stay_apart() {
        let a = CallId::from_text("a/b");
        let b = CallId::from_text("a\nb");
        assert_ne!(a, b);
        for id in [&a, &b, &CallId::from_text("../../etc"), &CallId::from_text("😀 x"), &CallId::from_text("")] {
            assert!(!id.as_str().is_empty());
            assert!(!id.as_str().contains(['/', '\n', ' ']) && !id.as_str().starts_with('.'));
        }
        assert_ne!(CallId::from_text("con").as_str(), "con");
        assert!(CallId::from_text(&"长".repeat(200)).as_str().len() < 200);
    }

    #[test]
    fn millis_read_as_a_player_shows_them() {
        assert_eq!(Millis(65_320).to_string(), "1:05.3");
        assert_eq!(Millis(10).until(Millis(4)), Millis(0));
    }
}
