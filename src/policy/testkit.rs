//! Small packs for the tests of the kinds: one rule, a few cues, one short talk.
//!
//! Comes in: a rule's own keys and a talk in the notation of examples. Goes out: the judgement.

use std::fs;

use super::example::Example;
use super::{Judgement, Policy, Roles};
use crate::call::{Call, CallId, Language};

const HEAD: &str = r#"name = "stock"
version = "1"
language = "en"
jurisdiction = "us"
title = { zh = "测试", en = "Test" }
owner = "tests"
"#;

/// What rules may refer to: two cues of the collector, one of the debtor, and a signal.
const CUES: &str = r#"
[[cue]]
id = "offer"
phrases = ["payment plan"]
[[cue]]
id = "hold"
phrases = ["one moment"]
[[cue]]
id = "no-job"
speaker = "debtor"
phrases = ["lost my job"]
[[conditional]]
id = "us.stock.dispute"
signal = "dispute"
title = { zh = "异议", en = "A dispute" }
why = { zh = "测试", en = "Test" }
sources = ["none"]
severity = "low"
phrases = ["not mine"]
examples = ["debtor: [[not mine]]", "debtor: it is [[not mine]]", "debtor: hello", "collector: not mine"]
"#;

/// A rule of a kind with its own keys beside what every rule has.
pub(super) fn rule(kind: &str, keys: &str) -> String {
    let examples = match kind {
        "forbidden" => {
            r#""collector: [[pay now]]", "collector: so [[pay now]]", "collector: hello", "debtor: pay now""#
        }
        _ => r#""collector: a (fail)", "collector: b (fail)", "collector: c (pass)", "collector: d (pass)""#,
    };
    format!(
        "[[{kind}]]\nid = \"us.stock.rule\"\ntitle = {{ zh = \"规则\", en = \"Rule\" }}\nwhy = {{ zh = \"测试\", en = \"Test\" }}\n\
         sources = [\"none\"]\nseverity = \"low\"\nexamples = [{examples}]\n{keys}\n"
    )
}

/// The pack of one rule and the cues.
pub(super) fn pack(rule: &str) -> Policy {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("stock");
    fs::create_dir(&pack).unwrap();
    fs::write(pack.join("pack.toml"), HEAD).unwrap();
    fs::write(pack.join("topic.toml"), format!("{CUES}\n{rule}")).unwrap();
    Policy::load(&[pack]).unwrap_or_else(|error| panic!("{error}"))
}

/// What a rule says of a talk, in a call with some metadata.
pub(super) fn judge(rule: &str, talk: &str, metadata: &[(&str, &str)]) -> Judgement {
    let transcript = Example::parse(talk).unwrap().transcript;
    let mut call = Call::new(CallId::from_text("test"), "test");
    call.extra = metadata.iter().map(|(field, value)| (field.to_string(), value.to_string())).collect();
    pack(rule).judge(&transcript, &call, &Roles::of_labels(&transcript), Language::English).unwrap()
}
