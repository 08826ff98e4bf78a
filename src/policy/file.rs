//! The shape of a lexicon file: what a compliance officer writes.
//!
//! Comes in: TOML. Goes out: the structs below, with the place of every phrase and example kept for carets. The array's
//! name is the kind of rule: `forbidden`, `required`, `sequence`, `conditional`, `limit`; a `cue` is a named set of
//! phrases that rules refer to. Only this file (with the generated `lexicons/lexicon.schema.json`) knows the keys.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::weigh::Thresholds;

use crate::call::{Jurisdiction, Language, Speaker};
use crate::record::{Category, Severity};

/// A text in both languages of the interface.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Both {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Both {
    /// The text in one language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Mandarin => &self.zh,
            Language::English => &self.en,
        }
    }
}

/// `pack.toml`: what a pack is and the words its files share.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackFile {
    /// Kebab-case, the folder's name.
    pub name: String,
    /// Set anew with every change; stands in each finding.
    pub version: String,
    /// What the calls are spoken in.
    pub language: Language,
    /// Whose law it applies.
    pub jurisdiction: Jurisdiction,
    /// For people.
    pub title: Both,
    /// Who answers for it.
    pub owner: String,
    /// Who approved it and when; empty while nobody has.
    #[serde(default)]
    pub approved: String,
    /// Word families: `@name` in a phrase stands for any member.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub families: BTreeMap<String, Vec<Spanned<String>>>,
    /// Words around a hit that take it back.
    #[serde(default)]
    pub context: ContextWords,
    /// From which weight on words count; see `weights-collector.tsv` and `weights-other.tsv`.
    #[serde(default)]
    pub weights: Thresholds,
    /// Words that tell who is speaking, for recordings where that isn't known.
    #[serde(default)]
    pub roles: RoleWords,
}

/// `pack.toml` of an overlay: changes to a pack that stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OverlayFile {
    /// Kebab-case, the folder's name.
    pub name: String,
    /// Set anew with every change; stands in each record.
    pub version: String,
    /// The pack it is laid over.
    pub extends: String,
    /// For people.
    pub title: Both,
    /// Who answers for it.
    pub owner: String,
    /// Who approved it and when; empty while nobody has.
    #[serde(default)]
    pub approved: String,
    /// More word families, or more members for the pack's.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub families: BTreeMap<String, Vec<Spanned<String>>>,
    /// More words that take a hit back.
    #[serde(default)]
    pub context: ContextWords,
}

/// A change to a rule of the pack an overlay extends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Change {
    /// Its id.
    #[schemars(with = "String")]
    pub rule: Spanned<String>,
    /// Whether it keeps silent.
    #[serde(default)]
    pub silence: bool,
    /// How bad it is here.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Why: for whoever reads the overlay.
    pub because: Both,
}

/// Words in the hit's own clause that take it back.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContextWords {
    /// 不会, would never.
    #[serde(default)]
    pub negated: Around,
    /// 你刚才说, you told me.
    #[serde(default)]
    pub reported: Around,
    /// 只有法院判决, under the contract.
    #[serde(default)]
    pub conditional: Around,
}

/// Phrases before or after a hit, within its clause.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Around {
    /// Before it.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub before: Vec<Spanned<String>>,
    /// After it.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub after: Vec<Spanned<String>>,
}

/// Words that only one side says.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleWords {
    /// The collector.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub collector: Vec<Spanned<String>>,
    /// The debtor or whoever answers.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub debtor: Vec<Spanned<String>>,
}

/// Any other `.toml` of a pack: one topic.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicFile {
    /// Named sets of phrases.
    #[serde(default)]
    pub cue: Vec<Cue>,
    /// Must not be said.
    #[serde(default)]
    pub forbidden: Vec<Forbidden>,
    /// Must be said.
    #[serde(default)]
    pub required: Vec<Required>,
    /// Must happen in order.
    #[serde(default)]
    pub sequence: Vec<Sequence>,
    /// If the other side says this, the collector must do that.
    #[serde(default)]
    pub conditional: Vec<Conditional>,
    /// Must stay within a measure.
    #[serde(default)]
    pub limit: Vec<Limit>,
    /// Changes to rules of the pack this one extends.
    #[serde(default)]
    pub change: Vec<Change>,
}

/// Whose words count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The collector's.
    #[default]
    Collector,
    /// The debtor's.
    Debtor,
    /// A third party's.
    ThirdParty,
    /// Anyone's who is known not to be the collector.
    Other,
    /// Anyone's.
    Any,
}

impl Who {
    /// Whether a speaker's words count.
    pub fn includes(self, speaker: Speaker) -> bool {
        match self {
            Who::Collector => speaker == Speaker::Collector,
            Who::Debtor => speaker == Speaker::Debtor,
            Who::ThirdParty => speaker == Speaker::ThirdParty,
            Who::Other => matches!(speaker, Speaker::Debtor | Speaker::ThirdParty),
            Who::Any => true,
        }
    }
}

/// What takes a hit back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Excuse {
    /// Said to be not so.
    Negated,
    /// Somebody else's words repeated.
    Reported,
    /// A true statement of a condition.
    Conditional,
    /// Asked, not stated.
    Question,
}

impl Excuse {
    /// The word used in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Excuse::Negated => "negated",
            Excuse::Reported => "reported",
            Excuse::Conditional => "conditional",
            Excuse::Question => "question",
        }
    }
}

/// A named set of phrases.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cue {
    /// Kebab-case, unique within the pack.
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    /// Whose words; the collector's when left out.
    #[serde(default)]
    pub speaker: Who,
    /// What is looked for.
    #[schemars(with = "Vec<String>")]
    pub phrases: Vec<Spanned<String>>,
    /// Excuses that take a hit back; none when left out.
    #[serde(default)]
    pub excuse: Vec<Excuse>,
    /// Lines with `[[…]]` around what must hit, and lines that must not.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub examples: Vec<Spanned<String>>,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $kind:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $kind {
            /// `jurisdiction.topic.fault`, naming the fault; never reused.
            #[schemars(with = "String")]
            pub id: Spanned<String>,
            /// One line.
            pub title: Both,
            /// Why it matters, in plain words.
            pub why: Both,
            /// What to say or do instead.
            #[serde(default)]
            pub instead: Both,
            /// Law or standard.
            pub sources: Vec<String>,
            /// How bad it is.
            pub severity: Severity,
            /// Tests, beside the rule: at least two that hit and two that don't.
            #[schemars(with = "Vec<String>")]
            pub examples: Vec<Spanned<String>>,
            /// Lines that should hit and don't yet; asserted, so that progress is noticed.
            #[serde(default)]
            #[schemars(with = "Vec<String>")]
            pub known_gaps: Vec<Spanned<String>>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl RuleText for $kind {
            fn id(&self) -> &Spanned<String> { &self.id }
            fn title(&self) -> &Both { &self.title }
            fn why(&self) -> &Both { &self.why }
            fn instead(&self) -> &Both { &self.instead }
            fn sources(&self) -> &[String] { &self.sources }
            fn severity(&self) -> Severity { self.severity }
            fn examples(&self) -> &[Spanned<String>] { &self.examples }
            fn known_gaps(&self) -> &[Spanned<String>] { &self.known_gaps }
        }
    )*};
}

/// What every kind of rule has.
#[allow(missing_docs, reason = "the fields of the same name are documented")]
pub trait RuleText {
    fn id(&self) -> &Spanned<String>;
    fn title(&self) -> &Both;
    fn why(&self) -> &Both;
    fn instead(&self) -> &Both;
    fn sources(&self) -> &[String];
    fn severity(&self) -> Severity;
    fn examples(&self) -> &[Spanned<String>];
    fn known_gaps(&self) -> &[Spanned<String>];
}

rules! {
    /// Words that must not be said.
    Forbidden {
        /// The kind of finding.
        category: Category,
        /// Whose words; the collector's when left out.
        #[serde(default)]
        speaker: Who,
        /// Only while such a person is on the line: `third-party`.
        #[serde(default)]
        to: Option<Listener>,
        /// What is looked for.
        #[serde(default)]
        #[schemars(with = "Vec<String>")]
        phrases: Vec<Spanned<String>>,
        /// The label of the pack's weights that finds what no phrase does.
        #[serde(default)]
        weighed: Option<String>,
        /// Phrases that cover a hit and make it harmless.
        #[serde(default)]
        except: Vec<Except>,
        /// Excuses that don't count for this rule ("I never said you weren't a loser").
        #[serde(default)]
        despite: Vec<Excuse>,
        /// Excuses that count for this rule and usually don't: `question`.
        #[serde(default)]
        excuse: Vec<Excuse>,
        /// Check ids of the legal reference this rule serves.
        #[serde(default)]
        checks: Vec<String>,
    }
    /// Words that must be said.
    Required {
        /// The check it answers.
        check: String,
        /// Whose words; the collector's when left out.
        #[serde(default)]
        speaker: Who,
        /// Where they must stand; anywhere when left out.
        #[serde(default)]
        within: Window,
        /// Only when this cue or signal occurs; always when left out.
        #[serde(default)]
        when: Option<String>,
        /// Whether it is for the debtor's ears only: missing costs nothing when somebody else answered and the debtor
        /// never came to the phone.
        #[serde(default)]
        debtor_only: bool,
        /// What is looked for.
        #[schemars(with = "Vec<String>")]
        phrases: Vec<Spanned<String>>,
        /// Phrases that cover a hit and make it not count.
        #[serde(default)]
        except: Vec<Except>,
    }
    /// Steps that must come before something.
    Sequence {
        /// The check it answers.
        check: String,
        /// Ways to do it: each a list of cues, in order. One complete way is enough.
        paths: Vec<Vec<String>>,
        /// How many turns may lie between two steps.
        #[serde(default = "four")]
        within_turns: usize,
        /// Cues before which a way must be complete; none: it must be complete at some time.
        #[serde(default)]
        before: Vec<String>,
        /// Cues that mean somebody else is on the line: what was complete counts no more.
        #[serde(default)]
        broken_by: Vec<String>,
        /// The finding when the order is broken with nobody verified.
        #[serde(default)]
        finding: Option<Category>,
        /// The finding when it is broken with a third party on the line.
        #[serde(default)]
        finding_third_party: Option<Category>,
    }
    /// A duty after a signal.
    Conditional {
        /// The signal's id.
        signal: String,
        /// Whose words give it; anyone's but the collector's when left out.
        #[serde(default = "other")]
        speaker: Who,
        /// What gives the signal.
        #[serde(default)]
        #[schemars(with = "Vec<String>")]
        phrases: Vec<Spanned<String>>,
        /// The label of the pack's weights that finds what no phrase does.
        #[serde(default)]
        weighed: Option<String>,
        /// Phrases that cover a hit and make it harmless.
        #[serde(default)]
        except: Vec<Except>,
        /// What the collector says to meet the duty; empty: not assessable from words.
        #[serde(default)]
        #[schemars(with = "Vec<String>")]
        met: Vec<Spanned<String>>,
        /// How many of the collector's turns the duty may take.
        #[serde(default = "four")]
        within_turns: usize,
        /// The finding when the duty isn't met; none: the signal alone tells.
        #[serde(default)]
        finding: Option<Category>,
    }
    /// A measure with a bound.
    Limit {
        /// The check it answers.
        check: String,
        /// What is measured.
        quantity: Quantity,
        /// The largest value allowed.
        #[serde(default)]
        max: Option<f64>,
        /// The smallest value allowed.
        #[serde(default)]
        min: Option<f64>,
    }
}

fn four() -> usize {
    4
}

fn other() -> Who {
    Who::Other
}

/// Who must be listening for a rule to fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Listener {
    /// Somebody who is not the debtor.
    ThirdParty,
}

/// What a limit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// The longest stretch without words, in milliseconds.
    LongestSilenceMs,
    /// The collector's share of talking time, 0 to 1.
    TalkRatio,
    /// How often the sides speak at once.
    Overlaps,
    /// The collector's characters or words per minute.
    CollectorRate,
}

/// A harmless phrase and why it is harmless.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Except {
    /// Must cover the hit.
    #[schemars(with = "String")]
    pub phrase: Spanned<String>,
    /// The reason, which stands in the record.
    pub because: Both,
}

/// Where in the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Window {
    /// Among the speaker's first so many turns.
    #[serde(default)]
    pub first_turns: Option<usize>,
    /// In the first so many seconds.
    #[serde(default)]
    pub first_seconds: Option<u64>,
    /// Among the speaker's last so many turns.
    #[serde(default)]
    pub last_turns: Option<usize>,
}
