//! Conditions: the keys that `forbidden` and `required` share, which say where, when and in which calls a rule looks.
//!
//! Comes in: TOML. Goes out: [`Conditions`], a view of those keys. What they mean stands in `kinds/ground.rs`, what
//! makes no sense in `lint.rs`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The conditions of a rule, each key as `file.rs` documents it.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "the keys of the same name are documented")]
pub struct Conditions<'r> {
    pub within: Window,
    pub when: &'r Names,
    pub unless: &'r Names,
    pub after: Option<&'r str>,
    pub before: Option<&'r str>,
    pub near: Option<&'r str>,
    pub within_turns: Option<usize>,
    pub at_least: Option<usize>,
    /// `where`.
    pub calls: &'r BTreeMap<String, Names>,
}

static NO_NAMES: Names = Names(Vec::new());
static NO_CALLS: BTreeMap<String, Names> = BTreeMap::new();

impl Default for Conditions<'_> {
    fn default() -> Self {
        Conditions {
            within: Window::default(),
            when: &NO_NAMES,
            unless: &NO_NAMES,
            after: None,
            before: None,
            near: None,
            within_turns: None,
            at_least: None,
            calls: &NO_CALLS,
        }
    }
}

impl<'r> Conditions<'r> {
    /// What the words must stand after, before or near.
    pub fn anchors(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        [self.after, self.before, self.near].into_iter().flatten()
    }

    /// Every cue and signal that is named.
    pub fn names(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        self.when.iter().chain(self.unless.iter()).chain(self.anchors()).flat_map(either)
    }
}

/// The names in `"a | b"`, of which one will do.
pub fn either(names: &str) -> impl Iterator<Item = &str> {
    names.split('|').map(str::trim)
}

/// One text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl Names {
    /// Each as written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Names {
    /// By hand: an untagged enum would say that "data did not match any variant".
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }
            fn visit_str<E>(self, one: &str) -> Result<Names, E> {
                Ok(Names(vec![one.into()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut many: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = many.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One text, or a list of them.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

/// Where in the call. Of several bounds all hold. Times are counted over the talk, from its first word to its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Window {
    /// Among the speaker's first so many turns.
    pub first_turns: Option<usize>,
    /// In the first so many seconds.
    pub first_seconds: Option<u64>,
    /// In the first so many per cent of the talk.
    pub first_percent: Option<u64>,
    /// Among the speaker's last so many turns.
    pub last_turns: Option<usize>,
    /// In the last so many seconds.
    pub last_seconds: Option<u64>,
    /// In the last so many per cent of the talk.
    pub last_percent: Option<u64>,
}

/// What a value of `where` asks of the metadata.
#[derive(Clone, Debug, PartialEq)]
pub enum Compare {
    /// This text, in capitals or not.
    Is(String),
    /// Any other text.
    IsNot(String),
    /// A number so compared.
    Number(Bound, f64),
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after their signs")]
pub enum Bound {
    AtLeast,
    AtMost,
    Above,
    Below,
}

impl Compare {
    /// Reads a value; `None` where a comparison lacks its number or text.
    pub fn parse(written: &str) -> Option<Compare> {
        let written = written.trim();
        let signs = [(">=", Bound::AtLeast), ("<=", Bound::AtMost), (">", Bound::Above), ("<", Bound::Below)];
        if let Some((bound, rest)) =
            signs.into_iter().find_map(|(sign, bound)| Some((bound, written.strip_prefix(sign)?)))
        {
            return number(rest).map(|number| Compare::Number(bound, number));
        }
        let (text, is) = written.strip_prefix("!=").map_or((written, true), |rest| (rest.trim(), false));
        let text = (!text.is_empty()).then(|| text.to_lowercase())?;
        Some(if is { Compare::Is(text) } else { Compare::IsNot(text) })
    }

    /// Whether a value of the metadata is so; `None` when it can't be compared.
    pub fn holds(&self, value: &str) -> Option<bool> {
        Some(match self {
            Compare::Is(text) => value.trim().to_lowercase() == *text,
            Compare::IsNot(text) => value.trim().to_lowercase() != *text,
            Compare::Number(bound, than) => {
                let value = number(value)?;
                match bound {
                    Bound::AtLeast => value >= *than,
                    Bound::AtMost => value <= *than,
                    Bound::Above => value > *than,
                    Bound::Below => value < *than,
                }
            }
        })
    }

    /// A value that is so, for the calls of examples.
    pub fn witness(&self) -> String {
        match self {
            Compare::Is(text) => text.clone(),
            Compare::IsNot(text) => format!("not {text}"),
            Compare::Number(Bound::AtLeast | Bound::AtMost, than) => than.to_string(),
            Compare::Number(Bound::Above, than) => (than + 1.0).to_string(),
            Compare::Number(Bound::Below, than) => (than - 1.0).to_string(),
        }
    }
}

/// A number as tables write it: `12,000.50`.
fn number(text: &str) -> Option<f64> {
    text.trim().replace([',', '，'], "").parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_a_list_of_one() {
        #[derive(Deserialize)]
        struct Keys {
            when: Names,
        }
        let read = |text: &str| toml::from_str::<Keys>(text).map(|keys| keys.when.0);
        assert_eq!(read("when = \"a\"").unwrap(), ["a"]);
        assert_eq!(read("when = [\"a\", \"b | c\"]").unwrap(), ["a", "b | c"]);
        assert!(read("when = 3").unwrap_err().to_string().contains("a string or a list of strings"));
        assert_eq!(either("b | c").collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn values_compare_as_tables_write_them() {
        let holds = |asked: &str, value: &str| Compare::parse(asked).unwrap().holds(value);
        assert_eq!(holds("Third-Party", " third-party "), Some(true));
        assert_eq!(holds("!= medical", "Medical"), Some(false));
        assert_eq!(holds(">= 12,000", "12000.0"), Some(true));
        assert_eq!(holds("< 90", "90"), Some(false));
        assert_eq!(holds("> 90", "ninety"), None);
        assert_eq!([Compare::parse("> many"), Compare::parse("!="), Compare::parse(" ")], [None, None, None]);
        for asked in ["student", "!= student", ">= 3", "<= 3", "> 3", "< 3"] {
            let asked = Compare::parse(asked).unwrap();
            assert_eq!(asked.holds(&asked.witness()), Some(true), "{asked:?}");
        }
    }
}
