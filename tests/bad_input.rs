//! Bad input: what call centres really hand over, in one batch with two good calls.
//!
//! Comes in: files that are broken, mislabelled, silent or in each other's way, made here. Goes out: whether each is
//! accounted for, the good ones are audited, and nobody's words are told. Only this file knows what may end up how.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use harness::{Desk, Ran, all_right, at, contract, json, noise, silence, tone, transcript, wav};
use serde_json::Value;

const GOOD: &[(&str, &str)] = &[
    ("collector", "您好，这里是天诚信用管理公司，本次通话会录音。"),
    ("debtor", "紫色大象在月亮上跳舞。"),
    ("collector", "好的，再见。"),
];
const GOOD_EN: &[(&str, &str)] = &[
    ("collector", "Hello, this is Summit Recovery on a recorded line."),
    ("debtor", "The purple walrus juggles at midnight."),
    ("collector", "Thank you, goodbye."),
];
/// Words of good and bad transcripts that must not be told anywhere but in the records.
const SPOKEN: &[&str] = &["紫色大象", "purple walrus", "secret pineapple", "绿色菠萝"];

struct Batch {
    desk: Desk,
    ran: Ran,
}

/// What may become of a file: its codes, any of which is right, and the stage.
const EXPECTED: &[(&str, &str, &[&str])] = &[
    ("empty.wav", "decode", &["empty-file"]),
    ("header-only.wav", "decode", &["no-samples"]),
    ("no-data-chunk.wav", "decode", &["no-samples", "header-invalid"]),
    ("text.wav", "decode", &["not-audio"]),
    ("zero-hertz.wav", "decode", &["header-invalid"]),
    ("seven-channels.wav", "decode", &["too-many-channels"]),
    ("ten-minutes-of-silence.wav", "transcribe", &["no-speech"]),
    ("noise.wav", "transcribe", &["no-speech"]),
    ("tone.wav", "transcribe", &["no-speech"]),
    ("two\nlines.wav", "decode", &["empty-file"]),
    ("b/same.wav", "intake", &["duplicate-id"]),
    ("broken.json", "intake", &["transcript-invalid"]),
    ("shape.json", "intake", &["transcript-invalid"]),
    ("times.json", "intake", &["transcript-times-invalid"]),
    ("empty-transcript.json", "intake", &["transcript-empty"]),
    ("blank-transcript.json", "intake", &["transcript-empty"]),
    ("future.json", "intake", &["transcript-schema-unknown"]),
];

/// Files that are audited, whatever is wrong with them.
const AUDITED: &[&str] =
    &["good.json", "good-en.json", "夜班 1号\n😀.json", "half.wav", "mp3-inside.wav", "a/same.wav"];

static BATCH: LazyLock<Batch> = LazyLock::new(|| {
    let desk = Desk::new();
    let put = |name: &str, bytes: &[u8]| desk.put(&format!("in/{name}"), bytes);
    let good = fs::read(at("examples/calls/20260304-0358-1120.wav")).unwrap();
    let short = fs::read(at("examples/calls/20260303-1107-5388.wav")).unwrap();
    let header = wav(8000, 1, &[]);
    put("empty.wav", b"");
    put("header-only.wav", &header);
    put("no-data-chunk.wav", &header[..36]);
    put("half.wav", &good[..good.len() / 2]);
    put("mp3-inside.wav", &fs::read(at("examples/calls/20260303-1107-5310.mp3")).unwrap());
    put("text.wav", "这不是录音。This is a text file that somebody renamed.\n".repeat(40).as_bytes());
    put("zero-hertz.wav", &wav(0, 1, &tone(300.0, 2)));
    put("seven-channels.wav", &wav(8000, 7, &tone(300.0, 7)));
    put("ten-minutes-of-silence.wav", &wav(8000, 1, &silence(600)));
    put("noise.wav", &wav(8000, 1, &noise(20)));
    put("tone.wav", &wav(8000, 1, &tone(1000.0, 20)));
    put("two\nlines.wav", b"");
    put("a/same.wav", &short);
    put("b/same.wav", &short);
    put("good.json", transcript(GOOD).as_bytes());
    put("good-en.json", transcript(GOOD_EN).as_bytes());
    put("夜班 1号\n😀.json", transcript(GOOD).as_bytes());
    let said = transcript(&[("debtor", "The secret pineapple. 绿色菠萝。")]);
    put("broken.json", &said.as_bytes()[..said.len() - 4]);
    let shape = said.replace("\"start_ms\":0", "\"start_ms\":\"secret pineapple\"");
    assert_ne!(shape, said);
    put("shape.json", shape.as_bytes());
    put(
        "times.json",
        said.replace(
            "\"end_ms\":1800,\"speaker\":\"debtor\",\"start_ms\":0",
            "\"end_ms\":5,\"speaker\":\"debtor\",\"start_ms\":90",
        )
        .as_bytes(),
    );
    put("empty-transcript.json", transcript(&[]).as_bytes());
    put("blank-transcript.json", transcript(&[("collector", " "), ("debtor", "")]).as_bytes());
    put("future.json", said.replace("transcript/1", "transcript/2").as_bytes());
    put("notes.txt", b"beside the recordings");
    put("other.json", b"{\"unrelated\": true}");
    let ran = desk.run(&["audit", "in", "--out", "out", "--jobs", "2"]);
    Batch { desk, ran }
});

fn record_of(source: &str) -> Value {
    let all = BATCH.desk.records();
    let found: Vec<&Value> = all.iter().filter(|record| record["call"]["source"] == format!("in/{source}")).collect();
    assert_eq!(found.len(), 1, "{source:?} has {} records", found.len());
    found[0].clone()
}

#[test]
fn the_batch_ends_with_code_3_and_adds_up() {
    BATCH.ran.expect(3);
    let count = |name: &str| BATCH.desk.account()["account"][name].as_u64().unwrap() as usize;
    assert_eq!(count("found"), EXPECTED.len() + AUDITED.len() + 2);
    assert_eq!(count("audited"), AUDITED.len());
    assert_eq!(count("not-audited"), EXPECTED.len());
    assert_eq!(count("skipped"), 2);
    let skipped = BATCH.desk.account()["skipped"].clone();
    let skipped: BTreeSet<&str> = skipped.as_array().unwrap().iter().map(|s| s["source"].as_str().unwrap()).collect();
    assert_eq!(skipped, BTreeSet::from(["in/notes.txt", "in/other.json"]));
    assert_eq!(BATCH.desk.records().len(), EXPECTED.len() + AUDITED.len(), "one record per call");
}

#[test]
fn every_bad_file_has_a_record_that_says_why() {
    let mut problems = Vec::new();
    let account = BATCH.desk.account();
    for (source, stage, codes) in EXPECTED {
        let record = record_of(source);
        let reason = &record["reason"];
        let (code, message) = (reason["code"].as_str().unwrap_or(""), reason["message"].as_str().unwrap_or(""));
        let mut must = |holds: bool, what: &str| {
            if !holds {
                problems.push(format!("{source:?}: {what}: {reason}"));
            }
        };
        must(record["outcome"] == "not-audited" && record["verdict"].is_null(), "it was judged");
        must(codes.contains(&code), &format!("expected {codes:?}"));
        must(reason["stage"] == *stage, &format!("expected the stage {stage}"));
        must(!message.is_empty() && !message.chars().any(char::is_control), "the message is not one line");
        let stem = source.rsplit("/").next().unwrap().split(['.', '\n']).next().unwrap();
        must(message.contains(stem), "the message doesn't name the file");
        let listed = account["not_audited"].as_array().unwrap();
        let named = listed.iter().filter(|call| call["source"] == format!("in/{source}") && call["reason"] == *reason);
        must(named.count() == 1, "run.json doesn't list it once");
    }
    all_right(&problems);
}

#[test]
fn good_calls_are_audited_in_bad_company() {
    let mut problems = Vec::new();
    for source in AUDITED {
        let record = record_of(source);
        assert_eq!(record["outcome"], "audited", "{source:?}: {}", record["reason"]);
        problems.extend(contract::breaks(&record, Some(&BATCH.desk.transcript(&record))));
    }
    all_right(&problems);
    assert_eq!(record_of("good.json")["language"], "zh");
    assert_eq!(record_of("good-en.json")["language"], "en");
}

#[test]
fn half_a_recording_is_audited_and_never_passes() {
    let record = record_of("half.wav");
    let codes: Vec<&str> =
        record["audio"]["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"truncated"), "{codes:?}");
    assert_ne!(record["verdict"], "pass");
    assert!(record["verdict_because"].as_array().unwrap().contains(&"recording-damaged".into()));
    let (half, whole) =
        (record["audio"]["duration_ms"].as_u64().unwrap(), json(&at("examples/scripts/20260304-0358-1120.json")));
    let end = whole["segments"].as_array().unwrap().last().unwrap()["end_ms"].as_u64().unwrap();
    assert!(half > end / 3 && half < end * 2 / 3, "{half} ms of {end} ms");
}

#[test]
fn the_codec_is_what_is_inside_not_what_the_name_says() {
    assert_eq!(record_of("mp3-inside.wav")["audio"]["codec"], "mp3");
}

#[test]
fn nothing_broke_inside_and_nobodys_words_are_told() {
    let Ran { stdout, stderr, .. } = &BATCH.ran;
    for word in ["panicked", "RUST_BACKTRACE", "thread '", "stack backtrace", "src/"] {
        assert!(!stderr.contains(word), "'{word}' on stderr:\n{stderr}");
    }
    let reasons: String = BATCH.desk.records().iter().map(|record| record["reason"].to_string()).collect();
    let run = BATCH.desk.account().to_string();
    for words in SPOKEN {
        for (place, text) in [("stderr", stderr), ("stdout", stdout), ("a reason", &reasons), ("run.json", &run)] {
            assert!(!text.contains(words), "'{words}' in {place}:\n{text}");
        }
    }
    assert!(!BATCH.desk.records().iter().any(|record| record["reason"]["code"] == "internal"));
}

#[test]
fn a_file_that_may_not_be_read_is_accounted_for() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let desk = Desk::new();
        let locked = desk.put("in/locked.wav", wav(8000, 1, &silence(1)));
        desk.put("in/good.json", transcript(GOOD));
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        if fs::read(&locked).is_ok() {
            println!("skipped: this user may read everything");
            return;
        }
        let ran = desk.audit(3, &["in"]);
        let record = desk.record("locked");
        assert_eq!((&record["outcome"], &record["reason"]["code"]), (&"not-audited".into(), &"unreadable".into()));
        assert_eq!(desk.record("good")["outcome"], "audited", "{}", ran.stderr);
    }
}

#[test]
fn doing_it_again_listens_to_nothing_twice() {
    let desk = Desk::new();
    harness::copy(&BATCH.desk.at("in"), &desk.at("in"));
    harness::copy(&BATCH.desk.at("out"), &desk.at("out"));
    desk.audit(3, &["in", "--quiet"]);
    assert_eq!(desk.account()["account"], BATCH.desk.account()["account"]);
    assert_eq!(desk.account()["transcribed"], 0, "silence and noise are listened to once");
    assert!(harness::tree(&desk.at("out/records")) == harness::tree(&BATCH.desk.at("out/records")), "records differ");
}

#[test]
fn files_from_other_projects_test_suites_end_well() {
    let samples = at("../shared/samples/bad-audio");
    if !samples.is_dir() {
        println!("skipped: there is no {}", samples.display());
        return;
    }
    let desk = Desk::new();
    let ran = desk.run(&["audit", samples.to_str().unwrap(), "--out", "out", "--jobs", "2", "--id-from", "path"]);
    assert!(matches!(ran.code, 0 | 3), "exit code {}\n{}", ran.code, ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    let account = &desk.account()["account"];
    let count = |name: &str| account[name].as_u64().unwrap();
    assert_eq!(count("found"), count("audited") + count("not-audited") + count("skipped"));
    let mut problems = Vec::new();
    for record in desk.records() {
        let audited = record["outcome"] == "audited";
        let transcript = audited.then(|| desk.transcript(&record));
        problems.extend(contract::breaks(&record, transcript.as_ref()));
        let source = record["call"]["source"].as_str().unwrap().rsplit('/').next().unwrap();
        println!("{source}: {} {}", record["verdict"], record["reason"]["code"]);
        if record["verdict"] == "pass" {
            let segments = transcript.as_ref().unwrap()["segments"].as_array().unwrap();
            let text: String = segments.iter().map(|s| s["text"].as_str().unwrap().to_string() + " ").collect();
            let han = text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
            if text.split_whitespace().count().max(han) < 3 {
                problems.push(format!("{source} passes with fewer than three words"));
            }
        }
        if record["reason"]["code"] == "internal" {
            problems.push(format!("{source} broke something inside"));
        }
    }
    all_right(&problems);
}

#[test]
fn a_foreign_transcript_on_one_channel_accuses_nobody() {
    // A recogniser without diarisation writes "channel": 0 everywhere: that says nothing of who speaks.
    let words = [
        "Hello?",
        "This is Summit Recovery, a debt collector. You owe us four hundred dollars.",
        "What? Who is this?",
        "This is an attempt to collect a debt. You are three months past due.",
        "You are a deadbeat yourself.",
        "We can offer you a payment plan. Thank you, goodbye.",
    ];
    let mut document: Value = serde_json::from_str(&transcript(&words.map(|text| ("unknown", text)))).unwrap();
    for segment in document["segments"].as_array_mut().unwrap() {
        segment["channel"] = 0.into();
    }
    let desk = Desk::new();
    desk.put("mono.json", document.to_string());
    desk.audit(0, &["mono.json", "--quiet"]);
    let record = desk.record("mono");
    assert_ne!(record["verdict"], "fail", "because {}; roles {}", record["verdict_because"], record["roles"]);
}
