//! Whole journeys: the example scripts audited, held against what an auditor would find in them.
//!
//! Comes in: `examples/scripts` and `examples/expected.json`. Goes out: what is missing, what is too much, and whether
//! doing it again changes anything. Only this file knows what counts as the expected finding.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]

mod harness;

use std::fmt::Write;
use std::fs;
use std::sync::LazyLock;

use harness::{Desk, at, json, tree};
use serde_json::Value;

static AUDITED: LazyLock<Desk> = LazyLock::new(|| {
    let desk = Desk::new();
    harness::copy(&at("examples/scripts"), &desk.at("scripts"));
    desk.audit(0, &["scripts", "--quiet"]);
    desk
});

/// Whether two quotes share words: one contains the other, or the end of one begins the other.
fn overlap(a: &str, b: &str) -> bool {
    let plain = |text: &str| -> String { text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect() };
    let (a, b) = (plain(a), plain(b));
    let hangs =
        |a: &str, b: &str| a.char_indices().any(|(at, _)| a[at..].chars().count() > 1 && b.starts_with(&a[at..]));
    !a.is_empty() && !b.is_empty() && (a.contains(&b) || b.contains(&a) || hangs(&a, &b) || hangs(&b, &a))
}

/// What differs between a record and what is expected, one line each; empty when nothing does.
fn difference(record: &Value, expected: &Value) -> String {
    let mut told = String::new();
    let findings = record["findings"].as_array().unwrap();
    let wanted = expected["findings"].as_array().unwrap();
    let same = |finding: &Value, want: &Value| {
        // One turn may break a rule in several ways; they stand in one finding.
        let also = finding["also"].as_array().into_iter().flatten().map(|also| &also["evidence"]);
        finding["category"] == want["category"]
            && also.chain([&finding["evidence"]]).any(|evidence| {
                evidence["segment"] == want["segment"]
                    && overlap(evidence["quote"].as_str().unwrap(), want["quote"].as_str().unwrap())
            })
    };
    for want in wanted {
        let (category, segment, quote) = (&want["category"], &want["segment"], &want["quote"]);
        match findings.iter().find(|finding| same(finding, want)) {
            None => {
                writeln!(told, "  - missing  {category} in segment {segment}: {quote}").unwrap();
                let near = record["suppressed"].as_array().unwrap().iter();
                for other in near.filter(|other| other["evidence"]["segment"] == *segment) {
                    let (rule, because) = (&other["rule"], &other["because"]);
                    writeln!(told, "             suppressed there: {rule} because {because} {}", other["note"])
                        .unwrap();
                }
            }
            Some(finding) if finding["severity"] != want["severity"] => {
                let (got, severity) = (&finding["severity"], &want["severity"]);
                writeln!(told, "  ~ severity {category} in segment {segment}: {got}, expected {severity}").unwrap();
            }
            Some(_) => {}
        }
    }
    for finding in findings.iter().filter(|finding| !wanted.iter().any(|want| same(finding, want))) {
        let (rule, category, evidence) = (&finding["rule"], &finding["category"], &finding["evidence"]);
        let (segment, quote) = (&evidence["segment"], &evidence["quote"]);
        writeln!(told, "  + too much {category} in segment {segment}: {quote} ({rule})").unwrap();
    }
    let checks = record["checks"].as_array().unwrap();
    for (id, status) in expected["checks"].as_object().unwrap() {
        let check = checks.iter().find(|check| check["id"] == *id);
        let got = check.map_or(&Value::Null, |check| &check["status"]);
        if got != status {
            let reason = check.map_or("never answered", |check| check["reasons"]["en"].as_str().unwrap());
            writeln!(told, "  ~ check    {id}: {got}, expected {status} ({reason})").unwrap();
        }
    }
    if record["language"] != expected["language"] {
        writeln!(told, "  ~ language {}, expected {}", record["language"], expected["language"]).unwrap();
    }
    let failed = record["verdict"] == "fail";
    if failed == (expected["clean"] == true) {
        writeln!(told, "  ~ verdict  {} because {}", record["verdict"], record["verdict_because"]).unwrap();
    }
    told
}

#[test]
fn what_an_auditor_finds_is_found_and_nothing_else() {
    let expected = json(&at("examples/expected.json"));
    let expected = expected.as_object().unwrap();
    assert_eq!(expected.len(), AUDITED.records().len(), "every script has its expectation");
    let mut told = String::new();
    for (call, expected) in expected {
        let difference = difference(&AUDITED.record(call), expected);
        if !difference.is_empty() {
            write!(told, "{call} (- missing, + too much, ~ otherwise)\n{difference}").unwrap();
        }
    }
    assert!(told.is_empty(), "\n{told}");
}

#[test]
fn expectations_quote_the_scripts() {
    for (call, expected) in json(&at("examples/expected.json")).as_object().unwrap() {
        let script = json(&at(&format!("examples/scripts/{call}.json")));
        for finding in expected["findings"].as_array().unwrap() {
            let segment = &script["segments"][finding["segment"].as_u64().unwrap() as usize];
            let quote = finding["quote"].as_str().unwrap();
            assert!(segment["text"].as_str().is_some_and(|text| text.contains(quote)), "{call}: {quote}");
            assert_eq!(segment["speaker"], "collector", "{call}: {quote}");
        }
    }
}

#[test]
fn clean_calls_stay_clean_however_hard_they_are() {
    let expected = json(&at("examples/expected.json"));
    let clean: Vec<&String> =
        expected.as_object().unwrap().iter().filter(|(_, e)| e["clean"] == true).map(|(call, _)| call).collect();
    assert!(clean.len() >= 3);
    for call in clean {
        let record = AUDITED.record(call);
        assert_eq!(record["findings"], Value::Array(Vec::new()), "{call}");
        assert_ne!(record["verdict"], "fail", "{call}: {}", record["verdict_because"]);
    }
}

#[test]
fn auditing_again_elsewhere_gives_the_same_bytes() {
    let again = Desk::new();
    harness::copy(&at("examples/scripts"), &again.at("scripts"));
    again.run(&["audit", "scripts", "--out", "out", "--jobs", "1", "--quiet"]).expect(0);
    for folder in ["out/records", "out/transcripts"] {
        assert!(tree(&AUDITED.at(folder)) == tree(&again.at(folder)), "{folder} differs");
    }
}

#[test]
fn a_lost_record_comes_back_as_it_was() {
    let desk = Desk::new();
    harness::copy(&at("examples/scripts"), &desk.at("scripts"));
    desk.audit(0, &["scripts", "--quiet"]);
    let before = tree(&desk.at("out/records"));
    let lost = harness::files(&desk.at("out/records")).remove(3);
    fs::remove_file(&lost).unwrap();
    let other = harness::files(&desk.at("out/records")).remove(0);
    fs::write(&other, "{ half a rec").unwrap();
    desk.audit(0, &["scripts", "--quiet"]);
    assert!(before == tree(&desk.at("out/records")), "the records differ");
    let left: Vec<_> =
        tree(&desk.at("out")).into_iter().map(|(name, _)| name).filter(|n| !n.ends_with(".json")).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn the_account_adds_up() {
    let run = AUDITED.account();
    let expected = serde_json::json!({"found": 12, "audited": 12, "not-audited": 0, "skipped": 0});
    assert_eq!(run["account"], expected);
    assert_eq!(run["transcribed"], 0, "a transcript needs no recogniser");
    assert_eq!(run["model"], Value::Null, "no model listened");
    let verdicts: u64 = run["verdicts"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(verdicts, 12);
}

#[test]
fn differences_are_noticed() {
    let expected = json(&at("examples/expected.json"))["20260303-0213-7781"].clone();
    let mut record = AUDITED.record("20260303-0213-7781");
    record["findings"] = serde_json::json!([{
        "rule": "cn.x.y", "category": "insult", "severity": "high", "evidence": {"segment": 1, "quote": "是的"}}]);
    let told = difference(&record, &expected);
    assert_eq!(told.matches("- missing").count(), 4, "{told}");
    assert_eq!(told.matches("+ too much").count(), 1, "{told}");
    assert!(
        overlap("你真是个废物", "废物，连这点")
            && overlap("pay it today", "can you pay it today?")
            && !overlap("废物", "还钱")
    );
}
