//! Speech: the example recordings through the program with the built-in demo model, held against their scripts.
//!
//! Comes in: `examples/calls` as a call centre would hand it over. Goes out: how many characters and words were misheard,
//! who was taken for whom, and whether a second run changes or repeats anything. Only this file listens.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]

mod harness;

use std::fs;
use std::sync::LazyLock;

use harness::{Desk, all_right, at, contract, json, tree};
use serde_json::Value;

const SWAPPED: &str = "20260305-0358-1203";
const MONO: &str = "20260305-1142-6177";

/// Every recording heard once: the only slow thing here.
static HEARD: LazyLock<Desk> = LazyLock::new(|| {
    let desk = Desk::new();
    desk.audit(0, &[at("examples/calls").to_str().unwrap(), "--quiet"]);
    desk
});

fn calls() -> Vec<(String, Value, Value)> {
    let records = HEARD.records().into_iter();
    records.map(|r| (r["call"]["id"].as_str().unwrap().to_string(), HEARD.transcript(&r), r)).collect()
}

/// A folder in which everything was heard already, to do things to.
fn heard_before() -> Desk {
    let desk = Desk::new();
    harness::copy(&HEARD.at("out"), &desk.at("out"));
    desk
}

fn codes(record: &Value) -> Vec<&str> {
    record["audio"]["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect()
}

fn words_of(transcript: &Value) -> String {
    // Both sides in order of time, as the scripts have them.
    transcript["segments"].as_array().unwrap().iter().map(|s| s["text"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// Characters in Mandarin, words in English; no case, no punctuation. Digits stay as they are.
fn units(text: &str, language: &str) -> Vec<String> {
    let text = text.to_lowercase();
    if language == "zh" {
        return text.chars().filter(|c| c.is_alphanumeric()).map(String::from).collect();
    }
    let plain: String =
        text.chars().filter(|c| *c != '\'' && *c != '’').map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    plain.split_whitespace().map(String::from).collect()
}

/// Insertions, deletions and substitutions between two texts (Levenshtein).
fn edits(reference: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, said) in reference.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, word) in heard.iter().enumerate() {
            let substituted = diagonal + usize::from(said != word);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[heard.len()]
}

#[test]
fn all_calls_are_audited_and_keep_the_contract() {
    assert_eq!(
        HEARD.account()["account"],
        serde_json::json!({"found": 12, "audited": 12, "not-audited": 0, "skipped": 0})
    );
    assert_eq!(HEARD.account()["transcribed"], 12);
    let mut problems = Vec::new();
    for (call, transcript, record) in calls() {
        problems.extend(contract::breaks(&record, Some(&transcript)));
        if words_of(&transcript).trim().is_empty() {
            problems.push(format!("{call}: nothing was heard"));
        }
        let script = json(&at(&format!("examples/scripts/{call}.json")));
        if record["language"] != script["language"] {
            problems.push(format!("{call}: taken for {}", record["language"]));
        }
        if record["call"]["agent_id"] != script["call"]["agent_id"] {
            problems.push(format!("{call}: calls.csv was not joined"));
        }
    }
    all_right(&problems);
}

#[test]
fn few_words_are_misheard() {
    for (language, most) in [("zh", 0.15), ("en", 0.25)] {
        let (mut wrong, mut all) = (0, 0);
        for (call, transcript, record) in calls().iter().filter(|(_, _, record)| record["language"] == language) {
            let script = json(&at(&format!("examples/scripts/{call}.json")));
            let said = units(&words_of(&script), language);
            let off = edits(&said, &units(&words_of(transcript), language));
            println!("{call} {language} {:.1} %", 100.0 * off as f64 / said.len() as f64);
            assert!(off * 2 < said.len(), "{call}: half of it misheard");
            assert_eq!(record["outcome"], "audited");
            wrong += off;
            all += said.len();
        }
        let rate = wrong as f64 / all as f64;
        println!("{language}: {:.2} % of {all}", rate * 100.0);
        assert!(all > 200 && rate <= most, "{language}: {:.1} % misheard, {:.0} % allowed", rate * 100.0, most * 100.0);
    }
    assert_eq!(edits(&units("你好吗", "zh"), &units("您好", "zh")), 2);
    assert_eq!(units("You're a loser.", "en"), ["youre", "a", "loser"]);
}

#[test]
fn words_have_their_times() {
    for (call, transcript, record) in calls() {
        let long = record["audio"]["duration_ms"].as_u64().unwrap();
        let mut before = 0;
        for segment in transcript["segments"].as_array().unwrap() {
            let (start, end) = (segment["start_ms"].as_u64().unwrap(), segment["end_ms"].as_u64().unwrap());
            assert!(
                before <= start && start <= end && end <= long + 50,
                "{call}: {start}–{end} of {long} after {before}"
            );
            before = start;
        }
        // The sentence of each script that starts latest is heard about when it is said.
        let script = json(&at(&format!("examples/scripts/{call}.json")));
        let last =
            |t: &Value| t["segments"].as_array().unwrap().iter().filter_map(|s| s["end_ms"].as_u64()).max().unwrap();
        assert!(last(&transcript).abs_diff(last(&script)) < 1_500, "{call}: ends at {}", last(&transcript));
    }
}

#[test]
fn exchanged_sides_are_noticed() {
    for (call, transcript, record) in calls() {
        let swapped = call == SWAPPED;
        assert_eq!(codes(&record).contains(&"roles-swapped"), swapped, "{call}: {:?}", codes(&record));
        if call == MONO {
            continue;
        }
        let collector = u64::from(swapped);
        for role in record["roles"].as_array().unwrap() {
            let expected = if role["channel"] == collector { "collector" } else { "debtor" };
            assert_eq!(role["speaker"], expected, "{call}: {role}");
            assert!(role["confidence"].as_f64().unwrap() >= 0.8, "{call}: {role}");
        }
        for segment in transcript["segments"].as_array().unwrap() {
            assert_eq!(segment["speaker"] == "collector", segment["channel"] == collector, "{call}");
        }
    }
}

#[test]
fn one_channel_accuses_nobody() {
    let (_, _, record) = calls().into_iter().find(|(call, ..)| call == MONO).unwrap();
    assert_eq!(record["audio"]["channels"], 1);
    for role in record["roles"].as_array().unwrap() {
        assert_eq!(role["basis"], "words");
        assert!(role["confidence"].as_f64().unwrap() < 0.8, "{role}");
    }
    for finding in record["findings"].as_array().unwrap() {
        assert_eq!(finding["confidence"], "low", "{}", finding["rule"]);
    }
    let failed: Vec<&Value> = record["checks"].as_array().unwrap().iter().filter(|c| c["status"] == "fail").collect();
    let because = &record["verdict_because"];
    assert_eq!(record["verdict"], "review", "because {because}; failed checks: {failed:#?}");
}

#[test]
fn findings_are_heard_and_clean_calls_stay_clean() {
    let expected = json(&at("examples/expected.json"));
    let mut found = 0;
    for (call, transcript, record) in calls() {
        let findings = record["findings"].as_array().unwrap();
        if expected[&call]["clean"] == true {
            // What was misheard may ask a person to listen; it accuses nobody.
            for finding in findings {
                assert_eq!(finding["confidence"], "low", "{call}: {}", finding["rule"]);
            }
            assert_ne!(record["verdict"], "fail", "{call}: {}", record["verdict_because"]);
        }
        for finding in findings {
            let evidence = &finding["evidence"];
            let segment = &transcript["segments"][evidence["segment"].as_u64().unwrap() as usize];
            let quote = evidence["quote"].as_str().unwrap();
            found += usize::from(segment["text"].as_str().unwrap().contains(quote));
        }
    }
    println!("{found} findings quoted from what was heard");
    assert!(found >= 1, "no finding survives the demo model");
}

#[test]
fn records_say_that_the_demo_model_listened() {
    let notice = fairdial::models::demo::NOTICE;
    for (call, _, record) in calls() {
        assert_eq!(record["provenance"]["model"]["name"], "demo", "{call}");
        assert_eq!(record["provenance"]["model"]["fingerprint"], fairdial::models::demo::SHA256, "{call}");
        assert_eq!(record["provenance"]["model"]["notice"], notice, "{call}");
    }
    let ran = heard_before().audit(0, &[at("examples/calls").to_str().unwrap()]);
    assert!(ran.stdout.contains(notice), "{}", ran.stdout);
}

#[test]
fn a_second_run_listens_to_nothing_and_changes_nothing() {
    let desk = heard_before();
    desk.audit(0, &[at("examples/calls").to_str().unwrap(), "--quiet"]);
    assert_eq!(desk.account()["transcribed"], 0);
    assert_eq!(desk.account()["account"]["audited"], 12);
    assert!(tree(&desk.at("out/records")) == tree(&HEARD.at("out/records")), "records differ");
    assert!(tree(&desk.at("out/transcripts")) == tree(&HEARD.at("out/transcripts")), "transcripts differ");
}

#[test]
fn what_is_lost_comes_back() {
    let desk = heard_before();
    let calls = at("examples/calls");
    fs::remove_file(desk.at("out/records").join(format!("{SWAPPED}.json"))).unwrap();
    desk.audit(0, &[calls.to_str().unwrap(), "--quiet"]);
    assert_eq!(desk.account()["transcribed"], 0);
    assert!(tree(&desk.at("out/records")) == tree(&HEARD.at("out/records")), "a judgement came back otherwise");
    // Without its transcript a call is heard again, alone and in another process, and still comes out the same.
    let transcripts = harness::files(&desk.at("out/transcripts"));
    let lost = transcripts.iter().find(|path| path.to_string_lossy().contains(SWAPPED)).unwrap();
    fs::remove_file(lost).unwrap();
    desk.audit(0, &[calls.to_str().unwrap(), "--quiet"]);
    assert_eq!(desk.account()["transcribed"], 1);
    assert!(tree(&desk.at("out/transcripts")) == tree(&HEARD.at("out/transcripts")), "it was heard otherwise");
    assert!(tree(&desk.at("out/records")) == tree(&HEARD.at("out/records")), "it was judged otherwise");
}

#[test]
fn a_half_written_transcript_is_heard_again() {
    let desk = heard_before();
    let path = harness::files(&desk.at("out/transcripts")).remove(0);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let call = path.file_name().unwrap().to_string_lossy().split('.').next().unwrap().to_string();
    let recording = harness::files(&at("examples/calls")).into_iter().find(|p| p.file_stem().unwrap() == call.as_str());
    let table = at("examples/calls/calls.csv");
    let arguments = [recording.unwrap().display().to_string(), "--calls".into(), table.display().to_string()];
    desk.audit(0, &arguments.each_ref().map(String::as_str));
    assert_eq!(desk.account()["transcribed"], 1);
    assert!(fs::read(&path).unwrap() == bytes, "the transcript came back otherwise");
}
