//! The shape of a lexicon file: what a compliance officer writes.
//!
//! Comes in: TOML. Goes out: the structs below, with the place of every phrase and example kept for carets. The array's
//! name is the kind of rule: `forbidden`, `required`, `sequence`, `conditional`, `limit`; a `cue` is a named set of
//! phrases that rules refer to. Only this file and its folder (with the generated `lexicons/lexicon.schema.json`) know the
//! keys.

mod conditions;
mod pack;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::call::Speaker;
use crate::record::{Category, Severity};

pub use conditions::{Compare, Conditions, Names, Window, either};
pub use pack::{Around, Both, Change, OverlayFile, PackFile};

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

/// Writes the kinds: the keys every rule has, its own, and where it says `with conditions` those of [`Conditions`]. Not by
/// `#[serde(flatten)]`: that forgets where in the file a mistake stands and which keys there are.
macro_rules! rules {
    () => {};
    ($(#[$doc:meta])* $kind:ident with conditions { $($fields:tt)* } $($rest:tt)*) => {
        rules! {
            @kind [
                fn conditions(&self) -> Conditions<'_> {
                    Conditions {
                        within: self.within,
                        when: &self.when,
                        unless: &self.unless,
                        after: self.after.as_deref(),
                        before: self.before.as_deref(),
                        near: self.near.as_deref(),
                        within_turns: self.within_turns,
                        at_least: self.at_least,
                        calls: &self.calls,
                    }
                }
            ]
            $(#[$doc])* $kind {
                $($fields)*
                /// Where the words must stand; anywhere when left out.
                #[serde(default)]
                within: Window,
                /// Only in calls in which all of these cues or signals occur; `"a | b"` is either.
                #[serde(default)]
                when: Names,
                /// Only in calls in which none of these cues or signals occurs.
                #[serde(default)]
                unless: Names,
                /// Only after the first words of this cue or signal.
                #[serde(default)]
                after: Option<String>,
                /// Only before the first words of this cue or signal.
                #[serde(default)]
                before: Option<String>,
                /// Only around words of this cue or signal, any of them; takes `within-turns`.
                #[serde(default)]
                near: Option<String>,
                /// How many turns away from the words of `after`, `before` or `near` at most; 0 is the same turn.
                #[serde(default)]
                within_turns: Option<usize>,
                /// So many separate hits before it counts; the finding stands at the last of them. One when left out.
                #[serde(default)]
                at_least: Option<usize>,
                /// Only for calls whose metadata says so: a field and its value, or several of which one will do;
                /// `">= 90"`, `"< 10"` and `"!= medical"` compare.
                #[serde(default, rename = "where")]
                calls: BTreeMap<String, Names>,
            }
        }
        rules! { $($rest)* }
    };
    ($(#[$doc:meta])* $kind:ident { $($fields:tt)* } $($rest:tt)*) => {
        rules! { @kind [] $(#[$doc])* $kind { $($fields)* } }
        rules! { $($rest)* }
    };
    (
        @kind [$($conditions:tt)*]
        $(#[$doc:meta])* $kind:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
    ) => {
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
            $($conditions)*
        }
    };
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
    /// Where, when and in which calls it looks; everywhere unless the kind says otherwise.
    fn conditions(&self) -> Conditions<'_> {
        Conditions::default()
    }
}

rules! {
    /// Words that must not be said.
    Forbidden with conditions {
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
    Required with conditions {
        /// The check it answers.
        check: String,
        /// Whose words; the collector's when left out.
        #[serde(default)]
        speaker: Who,
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
        /// Cues of which one must occur for `before` to mean anything: two dollars are a debt only where debts are spoken
        /// of. Not needed when the call's metadata names an agency, a creditor or a debtor.
        #[serde(default)]
        where_spoken_of: Vec<String>,
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
        /// A silence right after the collector's words of this cue ("please hold") doesn't count; for
        /// `longest-silence-ms` only.
        #[serde(default)]
        unless_after: Option<String>,
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
    /// The length of the call, in milliseconds.
    DurationMs,
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
