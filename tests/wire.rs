//! The contract: records read back with a strict copy of it made by hand, and the schemas kept beside the code.
//!
//! Comes in: what the program wrote for `examples/scripts`, and `schemas/`. Goes out: every break of the contract, and
//! every schema that no longer says what the code does. Only this file compares the two descriptions of one document.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]

mod harness;

use std::sync::LazyLock;

use fairdial::record::CallRecord;
use fairdial::store::Run;
use fairdial::transcript::Transcript;
use harness::contract;
use harness::{Desk, all_right, at, differs, json};
use serde_json::{Value, json};

/// The example scripts audited once, with two files that can't be.
static AUDITED: LazyLock<Desk> = LazyLock::new(|| {
    let desk = Desk::new();
    harness::copy(&at("examples/scripts"), &desk.at("in"));
    desk.put("in/empty.wav", "");
    desk.put("in/broken.json", "{\"schema\": \"fairdial.transcript/1\", \"segments\": 7}");
    desk.audit(3, &["in", "--quiet"]);
    desk
});

#[test]
fn every_record_keeps_the_contract() {
    let records = AUDITED.records();
    assert_eq!(records.len(), 14);
    let mut problems = Vec::new();
    for record in &records {
        let transcript = (record["outcome"] == "audited").then(|| AUDITED.transcript(record));
        problems.extend(contract::breaks(record, transcript.as_ref()));
    }
    all_right(&problems);
}

#[test]
fn the_examples_show_what_the_contract_is_about() {
    // Without these the invariants above would hold of nothing.
    let records = AUDITED.records();
    let count = |list: &str| records.iter().map(|r| r[list].as_array().map_or(0, Vec::len)).sum::<usize>();
    assert!(count("findings") >= 30, "{} findings", count("findings"));
    assert!(count("checks") >= 60, "{} checks", count("checks"));
    assert!(count("signals") >= 3, "{} signals", count("signals"));
    assert!(count("suppressed") >= 2, "{} suppressed", count("suppressed"));
    let answers = |status: &str| {
        records.iter().flat_map(|r| r["checks"].as_array().unwrap()).filter(|c| c["status"] == status).count()
    };
    assert!(answers("pass") > 0 && answers("fail") > 0 && answers("not-assessable") > 0);
}

#[test]
fn a_record_that_lies_is_caught() {
    let records = AUDITED.records();
    let good = records.iter().find(|r| r["findings"].as_array().is_some_and(|f| f.len() > 1)).expect("findings");
    let transcript = AUDITED.transcript(good);
    assert_eq!(contract::breaks(good, Some(&transcript)), Vec::<String>::new());
    type Lie = &'static dyn Fn(&mut Value);
    let lies: [(&str, Lie); 9] = [
        ("a word never said", &|r| r["findings"][0]["evidence"]["quote"] = "never said".into()),
        ("another speaker", &|r| r["findings"][0]["evidence"]["speaker"] = "debtor".into()),
        ("another time", &|r| r["findings"][0]["evidence"]["end_ms"] = 9_999_999.into()),
        ("another segment", &|r| r["findings"][0]["evidence"]["segment"] = 999.into()),
        ("an id twice", &|r| r["findings"][1]["id"] = "f1".into()),
        ("a pass with findings", &|r| r["verdict"] = "pass".into()),
        ("an unknown field", &|r| r["findings"][0]["colour"] = "red".into()),
        ("an unknown check", &|r| r["checks"][0]["id"] = "mood".into()),
        ("a check without a reason", &|r| r["checks"][0]["reason"] = "".into()),
    ];
    for (what, lie) in lies {
        let mut record = good.clone();
        lie(&mut record);
        assert!(!contract::breaks(&record, Some(&transcript)).is_empty(), "not noticed: {what}");
    }
    let mut unsure = good.clone();
    for finding in unsure["findings"].as_array_mut().unwrap() {
        finding["confidence"] = "low".into();
        finding["doubts"] = json!([{"zh": "不确定", "en": "unsure"}]);
    }
    for check in unsure["checks"].as_array_mut().unwrap() {
        check["status"] = "pass".into();
    }
    unsure["verdict"] = "fail".into();
    assert!(!contract::breaks(&unsure, Some(&transcript)).is_empty(), "low confidence failed a call");
    unsure["verdict"] = "review".into();
    assert_eq!(contract::breaks(&unsure, Some(&transcript)), Vec::<String>::new());
}

#[test]
fn the_library_reads_what_the_program_wrote_and_gives_the_same_bytes() {
    for path in harness::files(&AUDITED.at("out/records")) {
        let record = fairdial::store::read_record(&path).expect("a record");
        assert_eq!(record.to_json(), std::fs::read_to_string(&path).unwrap(), "{}", path.display());
    }
}

fn pretty(schema: impl serde::Serialize) -> String {
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

#[test]
fn schemas_say_what_the_code_does() {
    let schemas = [
        ("schemas/record.schema.json", pretty(schemars::schema_for!(CallRecord))),
        ("schemas/transcript.schema.json", pretty(schemars::schema_for!(Transcript))),
        ("schemas/run.schema.json", pretty(schemars::schema_for!(Run))),
        ("lexicons/lexicon.schema.json", fairdial::policy::lexicon_schema().trim_end().to_string() + "\n"),
    ];
    let problems: Vec<String> = schemas.iter().filter_map(|(path, schema)| differs(&at(path), schema)).collect();
    all_right(&problems);
}

/// What a schema says against a document.
fn objections(schema: &str, name: &str, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&json(&at(schema))).expect("a schema");
    validator.iter_errors(document).map(|error| format!("{name}{}: {error}", error.instance_path())).collect()
}

#[test]
fn what_is_written_is_valid_by_its_schema() {
    let mut problems = Vec::new();
    for record in AUDITED.records() {
        let name = record["call"]["id"].as_str().unwrap().to_string();
        problems.extend(objections("schemas/record.schema.json", &name, &record));
        if record["outcome"] == "audited" {
            problems.extend(objections("schemas/transcript.schema.json", &name, &AUDITED.transcript(&record)));
        }
    }
    problems.extend(objections("schemas/run.schema.json", "run", &AUDITED.account()));
    all_right(&problems);
    let mut record = AUDITED.records().remove(0);
    record["outcome"] = "maybe".into();
    assert!(!objections("schemas/record.schema.json", "record", &record).is_empty(), "the schema allows anything");
}

#[test]
fn the_account_names_every_input() {
    let run = AUDITED.account();
    let count = |name: &str| run["account"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {}", run["account"]));
    assert_eq!(run["schema"], "fairdial.run/1");
    assert_eq!(count("found"), count("audited") + count("not-audited") + count("skipped"));
    assert_eq!((count("found"), count("audited"), count("not-audited")), (14, 12, 2));
    let verdicts: u64 = run["verdicts"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(verdicts, 12, "every audited call has a verdict");
    let findings: u64 = run["findings"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    let written: usize = AUDITED.records().iter().map(|r| r["findings"].as_array().unwrap().len()).sum();
    assert_eq!(findings, written as u64);
    for call in run["not_audited"].as_array().unwrap() {
        assert!(AUDITED.record(call["call"].as_str().unwrap())["reason"] == call["reason"]);
    }
}
