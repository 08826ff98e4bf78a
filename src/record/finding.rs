//! Findings and their evidence: the part of the record people argue about.
//!
//! Comes in: nothing. Goes out: the shapes of [`Finding`], [`Evidence`] and what they are made of. Only this file knows the
//! words for categories, severities and confidence.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::call::{Millis, Speaker};

/// What must not be said and was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Unique within the record: `f1`, `f2` …
    pub id: String,
    /// The rule.
    pub rule: String,
    /// The version of the rule's pack.
    pub rule_version: String,
    /// What kind of breach.
    pub category: Category,
    /// How bad it is, if true.
    pub severity: Severity,
    /// How sure it is that it was said and meant.
    pub confidence: Confidence,
    /// The rule's title.
    pub title: String,
    /// Why it is a breach.
    pub why: String,
    /// The law or standard behind it.
    pub sources: Vec<String>,
    /// What to say instead.
    pub instead: String,
    /// Title, why and instead in both languages of the interface.
    pub texts: Texts,
    /// What lowered the confidence, if anything did.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub doubts: Vec<Reasons>,
    /// What it rests on.
    pub evidence: Evidence,
    /// Further hits of the same category in the same turn: one breach in a reviewer's eyes, all of it on record.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also: Vec<Also>,
}

/// A further hit that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Also {
    /// The rule that hit.
    pub rule: String,
    /// How bad it is by itself.
    pub severity: Severity,
    /// What it rests on.
    pub evidence: Evidence,
}

/// A finding's words in both languages of the interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Texts {
    /// Chinese.
    pub zh: Wording,
    /// English.
    pub en: Wording,
}

impl Texts {
    /// From title, why and instead, each Chinese and English.
    pub fn of(parts: [(&str, &str); 3]) -> Texts {
        let wording =
            |parts: [&str; 3]| Wording { title: parts[0].into(), why: parts[1].into(), instead: parts[2].into() };
        Texts { zh: wording(parts.map(|part| part.0)), en: wording(parts.map(|part| part.1)) }
    }
}

/// What a finding says to the people it concerns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wording {
    /// One line.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// What to say instead.
    pub instead: String,
}

/// A reason in both languages of the interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reasons {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Categories of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Abuse or humiliation of the debtor or family.
    Insult,
    /// Violence, harm to work, family, reputation, exposure, detention or seizure used as a menace.
    Threat,
    /// Posing as police, court, lawyer or bank; untrue legal status, consequence, amount, deadline.
    FalseClaim,
    /// Debt told to anyone but the debtor, or a third party asked to pay or relay it.
    ThirdPartyDisclosure,
    /// Debt details before identity is verified.
    PrematureDisclosure,
    /// Endless calls announced, all contacts called, going on after a stop request.
    Harassment,
    /// Borrow elsewhere, sell things, press parents.
    ImproperPressure,
    /// Personal accounts, unauthorised fees.
    ImproperPayment,
}

impl Category {
    /// All categories, in the order of the contract.
    pub const ALL: [Category; 8] = [
        Category::Insult,
        Category::Threat,
        Category::FalseClaim,
        Category::ThirdPartyDisclosure,
        Category::PrematureDisclosure,
        Category::Harassment,
        Category::ImproperPressure,
        Category::ImproperPayment,
    ];

    /// The word used in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Insult => "insult",
            Category::Threat => "threat",
            Category::FalseClaim => "false-claim",
            Category::ThirdPartyDisclosure => "third-party-disclosure",
            Category::PrematureDisclosure => "premature-disclosure",
            Category::Harassment => "harassment",
            Category::ImproperPressure => "improper-pressure",
            Category::ImproperPayment => "improper-payment",
        }
    }
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Sarcasm, nudges, a missing formality.
    Low,
    /// Veiled or mild.
    Medium,
    /// Open.
    High,
    /// Violence, police posing, money to a private account: zeroes the score.
    Critical,
}

impl Severity {
    /// All severities, worst first.
    pub const WORST_FIRST: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

    /// The word used in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// How sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Listen to this; never makes a verdict `fail`.
    Low,
    /// Likely.
    Medium,
    /// Said and meant.
    High,
}

/// What a finding, check or signal rests on.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Index into the transcript's `segments`: where the quote starts.
    pub segment: usize,
    /// Who said it.
    pub speaker: Speaker,
    /// First moment of the quote.
    pub start_ms: Millis,
    /// Last moment of the quote.
    pub end_ms: Millis,
    /// The exact words of the untouched transcript. A quote that runs over several segments joins them by one space.
    pub quote: String,
    /// What matched how; absent for evidence that is a whole turn.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none", default)]
    pub matched: Option<Match>,
}

impl fmt::Debug for Evidence {
    /// Place only: spoken words stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence")
            .field("segment", &self.segment)
            .field("speaker", &self.speaker)
            .field("start_ms", &self.start_ms)
            .finish_non_exhaustive()
    }
}

/// How a phrase met the words.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// The phrase as its author wrote it; for what was weighed the label, the weight and the words that weigh most.
    pub phrase: String,
    /// The view of the text in which it matched: `plain`, `pinyin`, or `weighed` when it was no single phrase.
    pub view: String,
    /// The matched text in that view.
    pub text: String,
}

impl fmt::Debug for Match {
    /// The author's phrase and the view, not the words that met them: what was weighed names spoken words behind its label.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phrase = self.phrase.split(" (").next().filter(|_| self.view == "weighed").unwrap_or(&self.phrase);
        f.debug_struct("Match").field("phrase", &phrase).field("view", &self.view).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Match;

    #[test]
    fn what_was_weighed_tells_no_spoken_words_to_logs() {
        let weighed = Match {
            phrase: "weighed: threat 1.6 (your boss · tomorrow)".into(),
            view: "weighed".into(),
            text: "your boss hears of it tomorrow".into(),
        };
        assert_eq!(format!("{weighed:?}"), "Match { phrase: \"weighed: threat 1.6\", view: \"weighed\", .. }");
    }
}
