//! The room as a whole, over real folders.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

mod properties;

const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt ";

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn listed(dir: &TempDir, options: &IntakeOptions) -> Listing {
    let listing = list(&[dir.path().to_path_buf()], options).unwrap();
    assert_adds_up(&listing);
    listing
}

fn assert_adds_up(listing: &Listing) {
    assert_eq!(listing.found, listing.inputs.len() + listing.refused.len() + listing.skipped.len());
    let calls =
        listing.inputs.iter().map(|input| &input.call).chain(listing.refused.iter().map(|refused| &refused.call));
    let ids: Vec<String> = calls.map(|call| call.id.as_str().to_lowercase()).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{ids:?}");
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.inputs.iter().map(|input| input.call.id.as_str()).collect()
}

fn input<'l>(listing: &'l Listing, id: &str) -> &'l Call {
    &listing.inputs.iter().find(|input| input.call.id.as_str() == id).unwrap().call
}

#[test]
fn a_folder_is_sorted_into_calls_and_the_rest() {
    let transcript = br#"{"call": {"id": "T-1"}, "schema": "fairdial.transcript/1", "segments": []}"#;
    let long = format!(r#"{{"call": {{"id": 7}}, "pad": "{}", "schema": "fairdial.transcript/1"}}"#, "x".repeat(9000));
    let dir = folder(&[
        ("b.WAV", b""),
        ("a/c.mp3", b""),
        ("noending", WAV),
        ("x.dat", b"OggS"),
        ("notes.txt", b"hello"),
        ("README", b"hello"),
        ("t.json", transcript),
        ("late.json", long.as_bytes()),
        ("other.json", b"{}"),
        ("v.vcon.json", b"{}"),
        ("w.json", br#"{"vcon": "0.0.1", "parties": []}"#),
        (".hidden.wav", WAV),
        (".git/x.wav", WAV),
        ("out/run.json", br#"{"schema": "fairdial.run/1"}"#),
        ("out/transcripts/t.json", transcript),
    ]);
    let listing = listed(&dir, &IntakeOptions::default());
    assert_eq!(ids(&listing), ["c", "b", "7", "noending", "T-1", "x"]);
    assert_eq!(listing.inputs.iter().filter(|input| input.kind == Kind::Transcript).count(), 2);
    let skipped: Vec<(&str, &str)> =
        listing.skipped.iter().map(|skipped| (skipped.source.rsplit('/').next().unwrap(), skipped.because)).collect();
    assert_eq!(
        skipped,
        [
            ("README", "not-a-recording"),
            ("notes.txt", "not-a-recording"),
            ("other.json", "not-a-transcript"),
            ("v.vcon.json", "vcon-not-yet"),
            ("w.json", "vcon-not-yet"),
        ]
    );
    assert!(listing.warnings.is_empty() && listing.unmatched_files.is_empty());
}

#[test]
fn named_files_are_recordings_and_count_once() {
    let dir = folder(&[("odd.txt", b"x"), ("a.wav", WAV), ("t.json", b"{}")]);
    let at = |name: &str| dir.path().join(name);
    let paths = [at("odd.txt"), at("a.wav"), dir.path().to_path_buf(), at("./a.wav"), at("*.wav"), at("t.json")];
    let listing = list(&paths, &IntakeOptions::default()).unwrap();
    assert_adds_up(&listing);
    assert_eq!((listing.found, ids(&listing)), (3, vec!["a", "odd"]));
    assert_eq!(listing.skipped[0].because, "not-a-transcript");
}

#[test]
fn patterns_match_below_and_fail_when_nothing_does() {
    let dir = folder(&[("n/1/a.wav", WAV), ("n/2/b.wav", WAV), ("n/2/b.txt", b""), ("[x].wav", WAV)]);
    let list = |text: &str| list(&[dir.path().join(text)], &IntakeOptions::default());
    assert_eq!(ids(&list("n/**/*.wav").unwrap()), ["a", "b"]);
    assert_eq!(list("n/*").unwrap().found, 3);
    assert_eq!(list("[x].wav").unwrap().found, 1);
    for text in ["gone.wav", "n/*.mp3", "n/***"] {
        let message = list(text).unwrap_err().to_string();
        assert!(message.contains(text), "{message}");
    }
    assert!(matches!(super::list(&[], &IntakeOptions::default()), Err(IntakeError::NoPath)));
}

#[test]
fn the_folder_written_to_is_no_input() {
    let transcript: &[u8] = br#"{"schema": "fairdial.transcript/1"}"#;
    let dir = folder(&[
        ("a.wav", WAV),
        ("records/a.json", b"{}"),
        ("transcripts/a.json", transcript),
        ("samples/x.wav", WAV),
        ("new/transcripts/b.json", transcript),
    ]);
    let output = |path: PathBuf| IntakeOptions { output: Some(path), ..IntakeOptions::default() };
    assert_eq!(listed(&dir, &output(dir.path().into())).found, 2);
    let listing = listed(&dir, &output(dir.path().join("new")));
    assert_eq!(listing.found, 4);
    fs::write(dir.path().join("run.json"), br#"{"schema":"fairdial.run/1"}"#).unwrap();
    assert_eq!(ids(&listed(&dir, &output(dir.path().join("new")))), ["a"]);
    let pattern = list(&[dir.path().join("**/*.wav")], &IntakeOptions::default()).unwrap();
    assert_eq!(ids(&pattern), ["a"]);
    fs::write(dir.path().join("new/run.json"), br#"{"schema":"fairdial.run/1"}"#).unwrap();
    fs::write(dir.path().join("new/mine.wav"), WAV).unwrap();
    let warnings = listed(&dir, &IntakeOptions::default()).warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("the 1 recordings in it"), "{warnings:?}");
    assert_eq!(ids(&list(&[dir.path().join("new")], &IntakeOptions::default()).unwrap()), ["mine"]);
}

#[test]
fn two_calls_of_one_name_are_not_guessed_apart() {
    let dir = folder(&[("a/7.wav", WAV), ("b/7.wav", WAV), ("c/7.mp3", b""), ("X.wav", WAV), ("y/x.wav", WAV)]);
    let listing = listed(&dir, &IntakeOptions::default());
    assert_eq!((ids(&listing), listing.refused.len()), (vec!["X", "7"], 3));
    let refused = &listing.refused[0];
    assert_eq!(refused.code, "duplicate-id");
    assert!(refused.call.id.as_str().starts_with("7-dup-") && refused.call.id.as_str().len() == 14);
    assert!(refused.message.contains("a/7.wav") && refused.message.contains("b/7.wav"));
    let by_path = listed(&dir, &IntakeOptions { id_rule: IdRule::Path, ..IntakeOptions::default() });
    assert_eq!(by_path.inputs.len(), 5);
    fs::write(dir.path().join("calls.csv"), "file,call_id\na/7.wav,A\nb/7.wav,B\nc/7.mp3,C\ny/x.wav,Y\n").unwrap();
    let named = listed(&dir, &IntakeOptions::default());
    assert_eq!(ids(&named), ["X", "A", "B", "C", "Y"]);
    assert_eq!((named.found, named.unmatched_files.len(), named.tables.len()), (5, 1, 1));
}

#[cfg(unix)]
#[test]
fn links_and_strange_names_are_survived() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let dir =
        folder(&[("real/a.wav", WAV), ("with space 😀.wav", WAV), ("line\nbreak.wav", WAV), ("e/\u{1b}[2J.wav", WAV)]);
    let root = dir.path();
    symlink(root, root.join("real/loop")).unwrap();
    symlink(root.join("real/a.wav"), root.join("alias.wav")).unwrap();
    symlink(root.join("gone"), root.join("dangling.wav")).unwrap();
    symlink(root.join("gone"), root.join("dangling.txt")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"\xff.wav")), WAV).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"\xfe.wav")), WAV).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("s.wav")).unwrap();
    let listing = listed(&dir, &IntakeOptions::default());
    assert_eq!(listing.found, 9);
    assert!(ids(&listing).contains(&"a") && !ids(&listing).contains(&"alias"));
    let codes: Vec<&str> = listing.refused.iter().map(|refused| refused.code).collect();
    assert_eq!(codes, ["unreadable", "duplicate-id"]);
    let skipped: Vec<&str> = listing.skipped.iter().map(|skipped| skipped.because).collect();
    assert_eq!(skipped, ["not-a-recording", "not-a-file"]);
    assert!(listing.inputs.iter().all(|input| input.path.exists()));
    assert!(listing.inputs.iter().any(|input| input.call.source.ends_with("line\nbreak.wav")));
}

#[test]
fn tables_are_joined_in_every_spelling() {
    let table = "录音文件;通话编号;坐席工号;坐席姓名;开始时间;备注\r\n\
                 A/One.WAV;C1;0213;周敏;2026-03-03T19:12:40+08:00;急\r\n\
                 two;;0214;刘洋;2026-03-03 19:12:40;\r\n\
                 ;three;0215;;;\r\n\
                 D:\\rec\\2026\\four.wav;;0216;;;\r\n\
                 five.mp3;;0217;;;\r\n\
                 missing.wav;;0218;;;\r\n";
    let gbk = encoding_rs::GBK.encode(table).0.into_owned();
    let dir = folder(&[
        ("n/a/one.wav", WAV),
        ("n/two.wav", WAV),
        ("n/three.wav", WAV),
        ("n/four.wav", WAV),
        ("n/five.wav", WAV),
        ("n/six.wav", WAV),
        ("n/CALLS.csv", &gbk),
    ]);
    let listing = listed(&dir, &IntakeOptions::default());
    assert_eq!((listing.found, listing.tables.len()), (6, 1));
    let one = input(&listing, "C1");
    assert_eq!((one.agent_id.as_deref(), one.agent_name.as_deref()), (Some("0213"), Some("周敏")));
    assert_eq!(one.extra["备注"], "急");
    assert_eq!(input(&listing, "two").extra["started_at_without_zone"], "2026-03-03 19:12:40");
    for (id, agent) in [("three", "0215"), ("four", "0216"), ("five", "0217")] {
        assert_eq!(input(&listing, id).agent_id.as_deref(), Some(agent), "{id}");
    }
    assert_eq!(listing.unmatched_rows.len(), 1);
    assert_eq!((listing.unmatched_rows[0].row, listing.unmatched_rows[0].key.as_str()), (7, "missing.wav"));
    assert!(listing.unmatched_files.len() == 1 && listing.unmatched_files[0].ends_with("n/six.wav"));
    assert_eq!(listing.warnings.len(), 3, "{:?}", listing.warnings);
}

#[test]
fn doubtful_rows_are_told_and_not_used() {
    let table = "file,agent_id\n1.wav,A\n1.wav,B\n2.wav,C\n2.wav,C\nsame.wav,D\n2.02603E+13,E\n,F\n3.wav,G\n";
    let dir = folder(&[
        ("n/1.wav", WAV),
        ("n/2.wav", WAV),
        ("n/3.wav", WAV),
        ("n/x/same.wav", WAV),
        ("n/y/same.wav", WAV),
        ("n/calls.csv", table.as_bytes()),
        ("late.csv", b"file,agent_id\nn/3.wav,H\n"),
    ]);
    let options = IntakeOptions { calls: vec![dir.path().join("late.csv")], ..IntakeOptions::default() };
    let listing = listed(&dir, &options);
    assert_eq!(listing.found, 5, "a table given with --calls is no file to audit either");
    assert_eq!(input(&listing, "1").agent_id, None);
    assert_eq!(input(&listing, "2").agent_id.as_deref(), Some("C"));
    assert_eq!(input(&listing, "3").agent_id.as_deref(), Some("H"));
    let rows: Vec<u64> = listing.unmatched_rows.iter().map(|row| row.row).collect();
    assert_eq!(rows, [2, 3, 6, 7, 8, 9]);
    let all = listing.warnings.join("\n");
    for part in [
        "calls.csv:2: ",
        "say different things",
        "calls.csv:6: 'same.wav' fits 2",
        "cut this number short",
        "calls.csv:8: ",
        "late.csv:2 says",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
}

#[test]
fn a_table_speaks_for_its_own_folder() {
    let dir = folder(&[
        ("a/1.wav", WAV),
        ("b/1.wav", WAV),
        ("a/calls.jsonl", b"{\"file\":\"1.wav\",\"call_id\":\"A\"}"),
        ("b/calls.csv", b"file,call_id\n1.wav,B\n"),
    ]);
    let listing = listed(&dir, &IntakeOptions::default());
    assert_eq!(ids(&listing), ["A", "B"]);
    assert!(listing.warnings.is_empty() && listing.unmatched_rows.is_empty());
}

#[test]
fn maps_must_fit_a_table() {
    let dir = folder(&[("1.wav", WAV), ("calls.csv", b"Datei,Kennung,agent_id\n1.wav,77,x\n")]);
    let options = |map: &[(&str, &str)]| IntakeOptions {
        map: map.iter().map(|(ours, theirs)| (ours.to_string(), theirs.to_string())).collect(),
        ..IntakeOptions::default()
    };
    let listing = listed(&dir, &options(&[("file", "datei"), ("agent_id", "Kennung")]));
    assert_eq!(input(&listing, "1").agent_id.as_deref(), Some("77"));
    assert_eq!(input(&listing, "1").extra["agent_id"], "x");
    for (map, what) in [(&[][..], "line 1: no column is"), (&[("file", "Datei"), ("agency", "Firma")], "Firma")] {
        let message = list(&[dir.path().into()], &options(map)).unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
    }
    let gone = IntakeOptions { calls: vec!["gone.csv".into()], ..options(&[]) };
    assert!(list(&[dir.path().into()], &gone).unwrap_err().to_string().contains("gone.csv"));
}
