//! `pack.toml`: what a pack or an overlay is and the words its files share.
//!
//! Comes in: TOML. Goes out: the structs below.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::call::{Jurisdiction, Language};
use crate::policy::weigh::Thresholds;
use crate::record::Severity;

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
