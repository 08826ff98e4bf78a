//! What the tests share: the program in a clean environment, folders that go away, sounds made on the spot.
//!
//! Comes in: arguments. Goes out: what the program printed and wrote. Only this file knows where the program lies, what
//! it may see of this machine, and how expected files are rewritten: with `FAIRDIAL_BLESS=1`.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]
#![allow(clippy::disallowed_methods, reason = "what tests are told by the environment is read here and nowhere else")]

pub mod contract;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository.
pub fn at(path: &str) -> PathBuf {
    root().join(path)
}

/// An empty folder that goes away with the value, and in it a home that holds nothing.
pub struct Desk {
    folder: TempDir,
}

/// What a run of the program came to.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub fn new() -> Desk {
        let folder = tempfile::Builder::new().prefix("fairdial-test-").tempdir().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        Desk { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders it needs.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs the program here with nothing in its environment but an empty home and a search path without programs.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ran {
        self.run_with(arguments, &[])
    }

    /// The same with some of the environment.
    pub fn run_with<S: AsRef<OsStr>>(&self, arguments: &[S], environment: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fairdial"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("HOME", self.at("home")).env("PATH", self.at("home"));
        command.envs(environment.iter().copied());
        let output = command.output().expect("the program starts");
        Ran {
            code: output.status.code().unwrap_or_else(|| panic!("ended by a signal: {:?}", output.status)),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// Audits into `out`, expecting an exit code.
    pub fn audit(&self, code: i32, arguments: &[&str]) -> Ran {
        let mut all = vec!["audit", "--out", "out", "--jobs", "2"];
        all.extend(arguments);
        let ran = self.run(&all);
        ran.expect(code);
        ran
    }

    /// A record of `out`.
    pub fn record(&self, call: &str) -> Value {
        json(&self.at("out").join("records").join(format!("{call}.json")))
    }

    /// All records of `out`.
    pub fn records(&self) -> Vec<Value> {
        files(&self.at("out/records")).iter().map(|path| json(path)).collect()
    }

    /// The account of `out`.
    pub fn account(&self) -> Value {
        json(&self.at("out/run.json"))
    }

    /// The transcript a record of `out` points to.
    pub fn transcript(&self, record: &Value) -> Value {
        json(&self.at("out").join(record["transcript"]["path"].as_str().expect("a transcript")))
    }
}

impl Ran {
    /// Stops the test when the program ended otherwise, and says what it printed.
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Ran {
        let Ran { code: got, stdout, stderr } = self;
        assert_eq!(*got, code, "exit code {got}, expected {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        self
    }
}

/// A JSON file.
#[track_caller]
pub fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files in a folder, by name.
#[track_caller]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

/// Every file below a folder with its bytes, by its path within it.
pub fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read(entry.path()).unwrap()));
        }
    }
    found
}

/// Copies a folder with all below it.
pub fn copy(from: &Path, to: &Path) {
    for (name, bytes) in tree(from) {
        let path = to.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Whether expected files are to be rewritten rather than compared.
pub fn blessing() -> bool {
    told("BLESS").is_some_and(|value| value == "1")
}

/// What whoever runs the tests asks for: the value of `FAIRDIAL_` and the name.
pub fn told(name: &str) -> Option<String> {
    std::env::var(format!("FAIRDIAL_{name}")).ok()
}

/// Compares a text with a file of the repository, or rewrites the file. Returns what differs.
pub fn differs(path: &Path, text: &str) -> Option<String> {
    let old = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if old == text {
        return None;
    }
    if blessing() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        return None;
    }
    let line = old.lines().zip(text.lines()).position(|(a, b)| a != b);
    let line = line.unwrap_or_else(|| old.lines().count().min(text.lines().count()));
    let shown = |text: &str| text.lines().nth(line).unwrap_or("(ends here)").to_string();
    let (path, expected, got) = (path.display(), shown(&old), shown(text));
    Some(format!(
        "{path}, line {}:\n  expected {expected}\n  got      {got}\n  run with FAIRDIAL_BLESS=1 to accept",
        line + 1
    ))
}

/// Fails with everything that is wrong at once.
#[track_caller]
pub fn all_right(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// Runs something and says how long it took.
pub fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (run(), begun.elapsed())
}

/// A WAV file of 16-bit samples, channels interleaved.
pub fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(channels) * 2).to_le_bytes());
    bytes.extend((channels * 2).to_le_bytes());
    bytes.extend(16u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// Silence.
pub fn silence(seconds: usize) -> Vec<i16> {
    vec![0; 8000 * seconds]
}

/// A tone at 8 kHz.
pub fn tone(hertz: f64, seconds: usize) -> Vec<i16> {
    let step = hertz * std::f64::consts::TAU / 8000.0;
    (0..8000 * seconds).map(|at| ((at as f64 * step).sin() * 12_000.0) as i16).collect()
}

/// White noise at 8 kHz, the same every time.
pub fn noise(seconds: usize) -> Vec<i16> {
    let mut state = 12_345u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as i16) / 4
    };
    (0..8000 * seconds).map(|_| next()).collect()
}

/// A transcript document of turns: speaker and words, two seconds each.
pub fn transcript(turns: &[(&str, &str)]) -> String {
    let segments: Vec<Value> = turns
        .iter()
        .enumerate()
        .map(|(at, (speaker, text))| {
            serde_json::json!({"speaker": speaker, "start_ms": at * 2000, "end_ms": at * 2000 + 1800, "text": text})
        })
        .collect();
    serde_json::json!({"schema": "fairdial.transcript/1", "segments": segments}).to_string()
}

/// An overlay of the Mandarin pack with something of everything: name and text of its files.
pub const OVERLAY: [(&str, &str); 2] = [
    (
        "pack.toml",
        r#"name = "house"
version = "2026.11"
extends = "cn-collections"
title = { zh = "本公司的改动", en = "Our changes" }
owner = "compliance"
[families]
animals = ["癞蛤蟆"]
relatives = ["拜把子兄弟"]
[context.negated]
before = ["断不会"]
"#,
    ),
    (
        "house.toml",
        r#"[[change]]
rule = "cn.insult.deadbeat"
silence = true
because = { zh = "另行处理", en = "handled elsewhere" }

[[change]]
rule = "cn.insult.belittling"
severity = "low"
because = { zh = "本公司从轻", en = "graded down here" }

[[forbidden]]
id = "house.insult.toad"
category = "insult"
severity = "medium"
title = { zh = "骂人癞蛤蟆", en = "Calls somebody a toad" }
why = { zh = "侮辱人格", en = "It degrades." }
sources = ["house rule 7"]
phrases = ["你@animals"]
examples = ["collector: [[你癞蛤蟆]]一个", "collector: 真是[[你癞蛤蟆]]", "debtor: 你癞蛤蟆", "collector: 院子里有癞蛤蟆"]
"#,
    ),
];
