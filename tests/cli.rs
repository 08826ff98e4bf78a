//! The program as people and schedulers use it: every verb once, every exit code provoked, nothing from outside.
//!
//! Comes in: command lines. Goes out: what they print, how they end and what they leave on the disk. Only this file knows
//! the help texts word for word (`tests/snapshots`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]

mod harness;

use std::fs;
use std::path::Path;

use harness::{Desk, all_right, at, differs, files, json, silence, transcript, wav};
use serde_json::Value;

/// A script in which the collector calls the debtor trash.
const VIOLATING: &str = "20260303-0213-7781";
const CLEAN: &str = "20260306-0416-2190";

fn script(call: &str) -> String {
    at(&format!("examples/scripts/{call}.json")).display().to_string()
}

/// The verbs below a verb, from its help.
fn verbs(help: &str) -> Vec<String> {
    let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let lines = listed.lines().take_while(|line| !line.trim().is_empty());
    // Names stand two in, what they do much further.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(String::from).collect()
}

#[test]
fn every_verb_explains_itself() {
    let desk = Desk::new();
    let mut problems = Vec::new();
    let mut waiting = vec![Vec::<String>::new()];
    let mut seen = Vec::new();
    while let Some(path) = waiting.pop() {
        let mut arguments = path.clone();
        arguments.push("--help".into());
        let ran = desk.run(&arguments);
        ran.expect(0);
        assert!(ran.stderr.is_empty() && ran.stdout.contains("Usage: fairdial"), "{}", ran.stdout);
        let name = if path.is_empty() { "fairdial".into() } else { path.join("-") };
        // The home is a folder made for this test: nothing of the machine may stand in a help text.
        assert!(!ran.stdout.contains(desk.path().to_str().unwrap()), "{name} tells where this machine keeps things");
        problems.extend(differs(&at(&format!("tests/snapshots/help-{name}.txt")), &ran.stdout));
        waiting.extend(verbs(&ran.stdout).into_iter().map(|verb| {
            let mut below = path.clone();
            below.push(verb);
            below
        }));
        seen.push(name);
    }
    for verb in ["audit", "explain", "lexicons-check", "lexicons-test", "lexicons-list", "models-fetch"] {
        assert!(seen.iter().any(|name| name == verb), "{verb} is missing from {seen:?}");
    }
    for path in files(&at("tests/snapshots")) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.strip_prefix("help-").is_some_and(|verb| !seen.iter().any(|name| name == verb)) {
            problems.push(format!("{}: there is no such verb any more", path.display()));
        }
    }
    all_right(&problems);
    let ran = desk.run(&["--version"]);
    assert_eq!(ran.expect(0).stdout, format!("fairdial {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn exit_codes_are_told_in_the_help() {
    let help = Desk::new().run(&["--help"]).stdout;
    for code in ["0 all", "1 a bug", "2 usage", "3 some", "4 --fail-on", "5 lexicon", "6 model"] {
        assert!(help.contains(code), "{code} is not in:\n{help}");
    }
}

#[test]
fn code_0_when_all_calls_are_audited_even_with_findings() {
    let desk = Desk::new();
    desk.audit(0, &[&script(VIOLATING)]);
    assert_eq!(desk.record(VIOLATING)["verdict"], "fail");
}

#[test]
fn code_2_for_what_was_typed_wrong() {
    let desk = Desk::new();
    let good = script(CLEAN);
    let file = desk.put("a-file", "x");
    let cases: &[(&[&str], &str)] = &[
        (&["audit", &good, "--out", "out", "--nonsense"], "--nonsense"),
        (&["nonsense"], "nonsense"),
        (&["audit", &good], "--out"),
        (&["audit", "--out", "out"], "PATH"),
        (&["audit", "not-there", "--out", "out"], "not-there"),
        (&["audit", "*.nothing", "--out", "out"], "*.nothing"),
        (&["audit", &good, "--out", "out", "--map", "nonsense"], "--map nonsense"),
        (&["audit", &good, "--out", "out", "--map", "colour=颜色"], "colour"),
        (&["audit", &good, "--out", "out", "--calls", "not-there.csv"], "not-there.csv"),
        (&["audit", &good, "--out", "out", "--language", "fr"], "fr"),
        (&["audit", &good, "--out", "out", "--jobs", "0"], "jobs"),
        (&["audit", &good, "--out", "out", "--quiet", "--json"], "--json"),
        (&["audit", &good, "--out", "out", "--config", "not-there.toml"], "not-there.toml"),
        (&["audit", &good, "--out", file.to_str().unwrap()], "must be a folder"),
        (&["explain", "not-there.json"], "not-there.json"),
        (&["lexicons", "nonsense"], "nonsense"),
    ];
    for (arguments, named) in cases {
        let ran = desk.run(arguments);
        ran.expect(2);
        assert!(ran.stderr.contains(named), "{arguments:?} should name {named}:\n{}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{arguments:?} printed {}", ran.stdout);
    }
    assert!(!desk.at("out/run.json").exists(), "something was audited");
}

#[test]
fn code_3_when_a_call_could_not_be_audited() {
    let desk = Desk::new();
    let empty = desk.put("empty.wav", "");
    let ran = desk.audit(3, &[&script(CLEAN), empty.to_str().unwrap()]);
    assert_eq!(desk.record("empty")["reason"]["code"], "empty-file");
    assert_eq!(desk.record(CLEAN)["outcome"], "audited");
    assert!(ran.stdout.contains("2 found = 1 audited + 1 not audited + 0 skipped"), "{}", ran.stdout);
}

#[test]
fn code_4_when_fail_on_is_reached_and_only_then() {
    let desk = Desk::new();
    desk.audit(4, &[&script(VIOLATING), "--fail-on", "high"]);
    assert_eq!(desk.record(VIOLATING)["outcome"], "audited");
    desk.audit(0, &[&script(VIOLATING), "--fail-on", "critical"]);
    desk.audit(0, &[&script(CLEAN), "--fail-on", "low"]);
    // The larger code wins.
    let empty = desk.put("empty.wav", "");
    desk.audit(4, &[&script(VIOLATING), empty.to_str().unwrap(), "--fail-on", "high"]);
}

#[test]
fn code_5_when_a_lexicon_is_invalid() {
    let desk = Desk::new();
    harness::copy(&at("lexicons/cn-collections"), &desk.at("packs/cn-collections"));
    desk.put("packs/cn-collections/mine.toml", "[[forbiden]]\nid = \"cn.x.y\"\n");
    for arguments in
        [&["audit", &script(CLEAN), "--out", "out", "--lexicons", "packs"][..], &["lexicons", "check", "packs"]]
    {
        let ran = desk.run(arguments);
        ran.expect(5);
        assert!(ran.stderr.contains("mine.toml") && ran.stderr.contains("L001"), "{}", ran.stderr);
        assert!(ran.stderr.contains("forbidden"), "it doesn't say what is possible:\n{}", ran.stderr);
    }
    assert!(!desk.at("out").exists(), "nothing is written before the lexicons are right");
    desk.run(&["lexicons", "check", "not-there"]).expect(5);
    desk.run(&["lexicons", "check", "home"]).expect(5);
}

#[test]
fn code_6_when_a_model_is_missing_or_corrupt() {
    let desk = Desk::new();
    let half = &fairdial::models::demo::BYTES[..fairdial::models::demo::BYTES.len() / 2];
    desk.put("half.bin", half);
    desk.put("text.bin", "This is no model. ".repeat(1000));
    desk.put("empty.bin", "");
    let recording = desk.put("call.wav", wav(8000, 1, &silence(1)));
    for model in ["not-there", "large-v3-turbo-q5_0", "./not-there.bin", "half.bin", "text.bin", "empty.bin", "home"] {
        let ran = desk.run(&["audit", recording.to_str().unwrap(), "--out", "out", "--model", model]);
        ran.expect(6);
        assert!(ran.stderr.contains(model.trim_start_matches("./")), "{model} is not named:\n{}", ran.stderr);
        assert_eq!(ran.stderr.trim_end().lines().count(), 1, "one line about {model}:\n{}", ran.stderr);
    }
    assert!(!desk.at("out").exists(), "nothing is written without a model");
    // The same bytes as a file are the demo model.
    desk.put("whole.bin", fairdial::models::demo::BYTES);
    desk.audit(3, &[recording.to_str().unwrap(), "--model", "whole.bin"]);
    assert_eq!(desk.record("call")["reason"]["code"], "no-speech");
}

#[test]
fn json_lines_parse_and_say_what_the_records_say() {
    let desk = Desk::new();
    let empty = desk.put("empty.wav", "");
    let ran = desk.audit(3, &[&script(VIOLATING), &script(CLEAN), empty.to_str().unwrap(), "--json"]);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 4);
    let (run, calls) = lines.split_last().unwrap();
    assert_eq!((&run["type"], &run["run"]), (&"run".into(), &desk.account()));
    for call in calls {
        assert_eq!(call["type"], "call");
        let record = json(&desk.at("").join(call["record"].as_str().unwrap()));
        assert_eq!(record["call"]["id"], call["call"]);
        assert_eq!(record["call"]["source"], call["source"]);
        let expected = if record["verdict"].is_null() { "not-audited".into() } else { record["verdict"].clone() };
        assert_eq!(call["verdict"], expected);
        assert_eq!(call["reason"].is_null(), record["outcome"] == "audited");
        let counted: u64 = call["findings"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!(counted, record["findings"].as_array().unwrap().len() as u64);
    }
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
}

#[test]
fn quiet_is_quiet() {
    let desk = Desk::new();
    let empty = desk.put("empty.wav", "");
    let ran = desk.audit(3, &[&script(VIOLATING), empty.to_str().unwrap(), "--quiet"]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn the_table_names_every_call_and_adds_up() {
    let desk = Desk::new();
    let ran = desk.audit(0, &[at("examples/scripts").to_str().unwrap()]);
    for path in files(&at("examples/scripts")) {
        let call = path.file_stem().unwrap().to_string_lossy().into_owned();
        let row =
            ran.stdout.lines().find(|line| line.starts_with(&call)).unwrap_or_else(|| panic!("{call} is missing"));
        let record = desk.record(&call);
        assert!(row.contains(record["verdict"].as_str().unwrap()), "{row}");
        assert!(row.contains(record["call"]["agent_id"].as_str().unwrap()), "{row}");
    }
    assert!(
        ran.stdout.contains("12 found = 12 audited + 0 not audited + 0 skipped; 0 transcribed now"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("是个废物"), "the gravest words:\n{}", ran.stdout);
    assert!(!ran.stdout.contains("demo model"), "no model listened:\n{}", ran.stdout);
}

#[test]
fn the_screen_speaks_chinese() {
    let desk = Desk::new();
    let by_flag = desk.audit(0, &[&script(VIOLATING), "--lang", "zh"]);
    for word in ["通话", "结论", "违规", "共 1 个输入 = 已审核 1 + 未审核 0 + 跳过 0"] {
        assert!(by_flag.stdout.contains(word), "{word} is not in:\n{}", by_flag.stdout);
    }
    let locale = [("LANG", "zh_CN.UTF-8")];
    let by_locale = desk.run_with(&["audit", &script(VIOLATING), "--out", "out", "--jobs", "2"], &locale);
    assert_eq!(by_locale.expect(0).stdout, by_flag.stdout);
    let english = desk.run_with(&["audit", &script(VIOLATING), "--out", "out", "--lang", "en"], &locale);
    assert!(english.expect(0).stdout.contains("1 found = 1 audited"), "{}", english.stdout);
    // What is on the screen changes nothing of what is written.
    assert!(!desk.record(VIOLATING)["findings"][0]["title"].as_str().unwrap().is_ascii());
}

#[test]
fn long_numbers_are_masked_on_the_screen() {
    let desk = Desk::new();
    let turns = [("collector", "你真是个废物，转到6222021234567890这个卡上。"), ("debtor", "我不转。")];
    let call = desk.put("numbers.json", transcript(&turns));
    let ran = desk.audit(0, &[call.to_str().unwrap()]);
    assert!(!desk.record("numbers")["findings"].as_array().unwrap().is_empty());
    let explained = desk.run(&["explain", "out/records/numbers.json", "--lang", "zh"]);
    for text in [&ran.stdout, &ran.stderr, &explained.stdout] {
        assert!(!text.contains("6222021234567890"), "{text}");
    }
}

#[test]
fn explain_replays_a_finding() {
    let desk = Desk::new();
    desk.audit(0, &[&script(VIOLATING), &script(CLEAN), "--quiet"]);
    let record = format!("out/records/{VIOLATING}.json");
    let whole = desk.run(&["explain", &record]);
    whole.expect(0);
    let stored = desk.record(VIOLATING);
    for finding in stored["findings"].as_array().unwrap() {
        let told = |text: &Value| whole.stdout.contains(text.as_str().unwrap());
        let one = finding["id"].as_str().unwrap();
        assert!(told(&finding["rule"]) && told(&finding["evidence"]["quote"]), "{one} in:\n{}", whole.stdout);
        assert!(told(&finding["texts"]["en"]["why"]) && told(&finding["sources"][0]), "{one} in:\n{}", whole.stdout);
        // Long phrases are cut on the screen.
        let phrase: String = finding["evidence"]["match"]["phrase"].as_str().unwrap().chars().take(40).collect();
        assert!(whole.stdout.contains(&phrase), "{one} in:\n{}", whole.stdout);
    }
    for check in stored["checks"].as_array().unwrap() {
        assert!(whole.stdout.contains(check["id"].as_str().unwrap()), "{}", check["id"]);
    }
    let one = desk.run(&["explain", &record, "f1"]);
    let quote = stored["findings"][0]["evidence"]["quote"].as_str().unwrap();
    assert!(one.expect(0).stdout.contains(quote) && !one.stdout.contains("\nf2 "), "{}", one.stdout);
    let chinese = desk.run(&["explain", &record, "f1", "--lang", "zh"]);
    let why = stored["findings"][0]["texts"]["zh"]["why"].as_str().unwrap();
    assert!(chinese.expect(0).stdout.contains(why), "{}", chinese.stdout);
    let wrong = desk.run(&["explain", &record, "f99"]);
    assert!(wrong.expect(2).stderr.contains("f99") && wrong.stderr.contains("f1, f2"), "{}", wrong.stderr);
    desk.run(&["explain", &format!("out/records/{CLEAN}.json")]).expect(0);
    let other = desk.run(&["explain", &script(CLEAN)]);
    assert!(other.expect(2).stderr.contains("not a record"), "{}", other.stderr);
}

#[test]
fn explain_says_why_a_call_was_not_audited() {
    let desk = Desk::new();
    let empty = desk.put("empty.wav", "");
    desk.audit(3, &[empty.to_str().unwrap(), "--quiet"]);
    let ran = desk.run(&["explain", "out/records/empty.json"]);
    assert!(ran.expect(0).stdout.contains("empty-file"), "{}", ran.stdout);
}

#[test]
fn lexicons_can_be_checked_tested_and_listed() {
    let desk = Desk::new();
    let checked = desk.run(&["lexicons", "check"]);
    checked.expect(0);
    for pack in ["cn-collections", "us-collections"] {
        assert!(checked.stdout.contains(pack), "{}", checked.stdout);
    }
    let (tested, time) = harness::timed(|| desk.run(&["lexicons", "test"]));
    assert!(tested.expect(0).stdout.contains(", 0 failed"), "{}", tested.stdout);
    println!("lexicons test took {time:?}");
    let listed = desk.run(&["lexicons", "list"]);
    assert!(listed.expect(0).stdout.lines().count() > 20, "{}", listed.stdout);
    let folder = at("lexicons").display().to_string();
    let from_disk = desk.run(&["lexicons", "list", &folder]);
    assert_eq!(from_disk.expect(0).stdout, listed.stdout, "the built-in packs are those of the repository");
    let schema: Value = serde_json::from_str(&desk.run(&["lexicons", "schema"]).expect(0).stdout).expect("JSON");
    assert!(schema["pack"]["properties"]["name"].is_object() && schema["topic"]["properties"]["forbidden"].is_object());
}

#[test]
fn models_are_listed_and_nothing_is_fetched_offline() {
    let desk = Desk::new();
    let listed = desk.run(&["models", "list", "--models-dir", "models"]);
    assert!(listed.expect(0).stdout.contains("demo") && listed.stdout.contains("large-v3"), "{}", listed.stdout);
    let name = listed.stdout.lines().skip(2).find_map(|line| line.split_whitespace().next()).unwrap().to_string();
    let offline = desk.run(&["models", "fetch", &name, "--offline", "--models-dir", "models"]);
    assert!(offline.expect(6).stderr.contains("offline") && offline.stderr.contains(&name), "{}", offline.stderr);
    assert!(!desk.at("models").exists(), "a folder was made for nothing");
    let verified = desk.run(&["models", "verify", "--models-dir", "models"]);
    assert!(verified.expect(0).stdout.contains("no models in models"), "{}", verified.stdout);
    desk.run(&["models", "verify", &name, "--models-dir", "models"]).expect(6);
    desk.run(&["models", "fetch", "no-such-model", "--offline"]).expect(6);
    desk.run(&["models", "fetch", "demo", "--offline"]).expect(2);
}

#[test]
fn a_table_in_gbk_with_foreign_headings_is_joined() {
    let desk = Desk::new();
    for name in ["一号", "二号", "三号"] {
        desk.put(&format!("in/{name}.json"), transcript(&[("collector", "您好，再见。")]));
    }
    let table = "录音文件,柜员代码,坐席姓名,备注\r\n一号.json,A001,周敏,首次\r\n二号.json,A002,何敏,\r\n九号.json,A009,吴刚,\r\n";
    let (bytes, _, lossy) = encoding_rs::GBK.encode(table);
    assert!(!lossy && std::str::from_utf8(&bytes).is_err());
    desk.put("meta/table.csv", &bytes);
    let map = ["--calls", "meta/table.csv", "--map", "agent_id=柜员代码", "--map", "file=录音文件"];
    let ran = desk.audit(0, &[&["in"][..], &map].concat());
    let call = &desk.record("一号")["call"];
    assert_eq!((&call["agent_id"], &call["agent_name"]), (&"A001".into(), &"周敏".into()));
    assert_eq!(call["extra"]["备注"], "首次", "columns without a field are kept");
    assert_eq!(desk.record("三号")["call"]["agent_id"], Value::Null);
    let run = desk.account();
    let (rows, unmatched) = (run["unmatched_rows"].to_string(), run["unmatched_files"].to_string());
    assert!(rows.contains("九号") && rows.contains("table.csv:4"), "{rows}");
    assert_eq!(unmatched, "[\"in/三号.json\"]");
    assert!(ran.stderr.contains("row without a recording: meta/table.csv:4: 九号.json"), "{}", ran.stderr);
    assert!(ran.stderr.contains("file without a row: in/三号.json"), "{}", ran.stderr);
    assert_eq!(run["tables"], serde_json::json!(["meta/table.csv"]));
}

#[test]
fn a_configuration_file_holds_options_and_what_is_typed_wins() {
    let desk = Desk::new();
    desk.put("fairdial.toml", "jurisdiction = \"cn\"\njobs = 1\n");
    desk.put("call.json", transcript(&[("collector", "您好，再见。"), ("debtor", "再见。")]));
    desk.audit(0, &["call.json", "--config", "fairdial.toml"]);
    assert_eq!(desk.record("call")["call"]["jurisdiction"], "cn");
    // No pack judges Mandarin under the law of the United States.
    desk.audit(3, &["call.json", "--config", "fairdial.toml", "--jurisdiction", "us"]);
    assert_eq!(desk.record("call")["reason"]["code"], "no-lexicon");
    desk.put("wrong.toml", "jurisdicton = \"cn\"\n");
    let ran = desk.run(&["audit", "call.json", "--out", "out", "--config", "wrong.toml"]);
    assert!(ran.expect(2).stderr.contains("jurisdicton"), "{}", ran.stderr);
}

#[test]
fn the_output_folder_is_no_input() {
    let desk = Desk::new();
    desk.put("night/call.json", transcript(&[("collector", "您好，再见。")]));
    for _ in 0..2 {
        desk.run(&["audit", "night", "--out", "night/out", "--quiet"]).expect(0);
        assert_eq!(json(&desk.at("night/out/run.json"))["account"]["found"], 1);
    }
}

#[test]
fn a_closed_pipe_is_no_crash() {
    use std::process::{Command, Stdio};
    let desk = Desk::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fairdial"))
        .args(["lexicons", "list"])
        .env_clear()
        .env("HOME", desk.at("home"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(!told.contains("panicked") && ended.status.code() != Some(101), "{:?} {told}", ended.status);
}

#[cfg(unix)]
#[test]
fn what_is_written_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.audit(0, &[&script(VIOLATING), "--quiet"]);
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(desk.at("out")) {
        let entry = entry.unwrap();
        let mode = fs::metadata(entry.path()).unwrap().permissions().mode() & 0o777;
        let expected = if entry.file_type().is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}: {mode:o}", entry.path().display());
        seen += usize::from(Path::new(entry.path()).is_file());
    }
    assert_eq!(seen, 3, "record, transcript, run.json");
}

#[cfg(unix)]
#[test]
fn an_output_folder_that_may_not_be_written_is_told_before_the_work() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let locked = desk.at("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(locked.join("x"), "x").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    let ran = desk.run(&["audit", &script(CLEAN), "--out", "locked/out"]);
    assert!(ran.expect(2).stderr.contains("may write"), "{}", ran.stderr);
}

#[test]
fn a_pack_without_rules_passes_nothing() {
    // What no rule judged is not clean: refused as a lexicon, or at least no pass.
    let desk = Desk::new();
    let head = fs::read_to_string(at("tests/bad-lexicons/pack.toml")).unwrap();
    desk.put("stock/pack.toml", head);
    let call = script("20260303-1107-5310");
    let ran = desk.run(&["audit", &call, "--out", "out", "--lexicons", "stock", "--quiet"]);
    if ran.code != 5 {
        ran.expect(0);
        assert_ne!(desk.record("20260303-1107-5310")["verdict"], "pass", "a call with three breaches");
    }
}
