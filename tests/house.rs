//! The architecture as a test: who may know whom, who may name which crate, and what every file owes its reader.
//!
//! Comes in: the text of every file under `src` and `tests`. Goes out: every place that breaks a rule, all at once.
//! Only this file knows the table of allowed edges; a new room or edge must be written into it on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A room and the rooms it may name: `call/hash <- transcript <- record; intake, audio, normalise <- transcribe, policy;
/// store <- audit <- work | batch <- bin`. As tight as what exists: an edge nobody uses is an error too.
const EDGES: &[(&str, &[&str])] = &[
    ("hash", &[]),
    ("call", &["hash"]),
    ("transcript", &["call"]),
    ("record", &["call", "transcript"]),
    ("intake", &["call", "hash"]),
    ("audio", &[]),
    ("normalise", &["call", "transcript"]),
    ("transcribe", &["audio", "call", "normalise", "transcript"]),
    ("policy", &["call", "hash", "normalise", "record", "transcript"]),
    ("store", &["call", "hash", "record", "transcript"]),
    (
        "audit",
        &["audio", "call", "hash", "intake", "normalise", "policy", "record", "store", "transcribe", "transcript"],
    ),
    ("work", &["call", "intake"]),
    ("batch", &["audit", "intake", "policy", "record", "store", "transcribe", "work"]),
    ("eval", &["call", "normalise", "policy", "record", "transcript"]),
    ("models", &["hash"]),
];

/// What only some files may name, in code that ships: the word, and the paths it may stand in.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("whisper_rs", &["transcribe/whisper.rs"]),
    ("aho_corasick", &["policy/matcher.rs"]),
    ("annotate_snippets", &["policy/diagnostics.rs"]),
    ("symphonia", &["audio/"]),
    ("symphonia_adapter_libopus", &["audio/"]),
    ("rubato", &["audio/"]),
    ("realfft", &["audio/"]),
    ("earshot", &["audio/"]),
    ("ureq", &["models/"]),
    ("sha2", &["hash.rs", "models/"]),
    ("include_dir", &["policy/sources.rs"]),
    ("clap", &["bin/"]),
    ("anyhow", &["bin/"]),
    ("indicatif", &["bin/"]),
    // Printing, ending, the environment, the clock on the wall: the program's business, not the library's.
    ("println!", &["bin/"]),
    ("print!", &["bin/"]),
    ("eprintln!", &["bin/"]),
    ("eprint!", &["bin/"]),
    ("io::stdout", &["bin/"]),
    ("io::stderr", &["bin/"]),
    ("stdout()", &["bin/"]),
    ("stderr()", &["bin/"]),
    ("process::exit", &["bin/"]),
    ("process::abort", &["bin/"]),
    ("std::env", &["bin/"]),
    ("env::var", &["bin/"]),
    ("env::var_os", &["bin/"]),
    ("env::args", &["bin/"]),
    ("SystemTime::now", &["bin/"]),
    ("Timestamp::now", &["bin/"]),
    ("Zoned::now", &["bin/"]),
    // Sockets lie behind ureq; the program itself opens none.
    ("std::net", &[]),
    ("tokio", &[]),
    // Other programs: ffmpeg, in one file that knows how to end it.
    ("process::Command", &["audio/"]),
    ("Command::new", &["audio/"]),
];

const LONGEST: usize = 500;

/// A file of `src`, its path from there with `/`.
struct Source {
    path: String,
    text: String,
    /// Compiled for tests only.
    test: bool,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        Source { path: path.into(), text: text.into(), test: false }
    }

    /// The first folder or file: `policy/kinds/mod.rs` is in the room `policy`.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The code that ships: no comments, nothing from `#[cfg(test)] mod tests {` on.
    fn shipped(&self) -> String {
        if self.test { String::new() } else { code(before_tests(&self.text)) }
    }

    /// How many modules deep it stands: `record.rs` and `policy/mod.rs` are one below the crate.
    fn depth(&self) -> usize {
        let parts = self.path.split('/').count();
        parts - usize::from(self.path.ends_with("/mod.rs"))
    }

    /// The rooms it names, each once.
    fn names(&self) -> BTreeSet<String> {
        let code = code(&self.text);
        let mut found = BTreeSet::new();
        for (at, _) in code.match_indices("crate::") {
            if !code[..at].ends_with(word_char) {
                found.extend(heads(&code[at + "crate::".len()..]));
            }
        }
        // `super::super::x` can reach the crate's root as well, one step later inside `mod tests { … }`.
        let inline = code.find("mod tests {").unwrap_or(code.len());
        let mut at = 0;
        while let Some(step) = code[at..].find("super::") {
            let start = at + step;
            let mut end = start;
            let mut steps = 0;
            while code[end..].starts_with("super::") {
                end += "super::".len();
                steps += 1;
            }
            if steps >= self.depth() + usize::from(start > inline) {
                found.extend(heads(&code[end..]));
            }
            at = end;
        }
        found
    }
}

fn word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first names of a path, or of each path in braces: `record::{A, B}` is `record`; `{call::Call, record}` both.
fn heads(text: &str) -> Vec<String> {
    let text = text.trim_start();
    let name = |text: &str| text.trim_start().chars().take_while(|c| word_char(*c)).collect::<String>();
    let Some(group) = text.strip_prefix('{') else { return vec![name(text)] };
    let (mut depth, mut heads, mut from) = (1, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            heads.push(name(&group[from..at]));
            from = at + c.len_utf8();
        }
        if depth == 0 {
            break;
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// A text without its comments.
fn code(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        let mut cut = line.len();
        for (at, _) in line.match_indices("//") {
            // In a string: "https://…".
            if line[..at].matches('"').count() % 2 == 0 && !line[..at].ends_with(':') {
                cut = at;
                break;
            }
        }
        kept.push_str(&line[..cut]);
        kept.push('\n');
    }
    kept
}

/// What stands before the tests at a file's end.
fn before_tests(text: &str) -> &str {
    let ends = text.match_indices("#[cfg(test)]").map(|(at, _)| at);
    let end = ends.into_iter().find(|at| {
        let mut rest = text[at + "#[cfg(test)]".len()..].trim_start();
        while let Some((_, after)) = rest.strip_prefix("#[").and_then(|attribute| attribute.split_once(']')) {
            rest = after.trim_start();
        }
        rest.split(';').next().is_some_and(|item| item.contains('{') && item.starts_with("mod "))
    });
    &text[..end.unwrap_or(text.len())]
}

/// The lines of a file that count against its length: those before the first thing made for tests at its end.
fn length(text: &str) -> usize {
    before_tests(text).lines().count()
}

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let found = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(|entry| entry.unwrap().into_path());
    let found = found.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    found.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let src = repository().join("src");
    let mut all: Vec<Source> = rust_files(&src)
        .into_iter()
        .map(|(path, text)| Source::new(&path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/"), &text))
        .collect();
    let only_tests: Vec<String> = all.iter().flat_map(test_modules).collect();
    for source in &mut all {
        source.test = only_tests.iter().any(|start| {
            source.path.strip_prefix(start.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
    }
    all
}

/// Where the modules lie that a file takes in for tests only: `#[cfg(test)] mod decode_tests;`.
fn test_modules(source: &Source) -> Vec<String> {
    let home = source.path.strip_suffix("mod.rs").map(String::from);
    let home = home.unwrap_or_else(|| format!("{}/", source.path.trim_end_matches(".rs")));
    let after = source.text.match_indices("#[cfg(test)]").map(|(at, what)| source.text[at + what.len()..].trim_start());
    let names = after.filter_map(|rest| {
        let (item, _) = rest.split_once([';', '{'])?;
        item.rsplit_once("mod ").map(|(_, name)| name.trim().to_string())
    });
    names.map(|name| format!("{home}{name}")).collect()
}

fn edges_of(sources: &[Source]) -> BTreeMap<(String, String), Vec<String>> {
    let mut edges: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !matches!(source.room(), "lib" | "bin")) {
        for name in source.names().into_iter().filter(|name| name != source.room()) {
            edges.entry((source.room().to_string(), name)).or_default().push(source.path.clone());
        }
    }
    edges
}

/// Every edge that the table doesn't allow.
fn forbidden_edges(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for ((from, to), files) in edges_of(sources) {
        let Some((_, allowed)) = EDGES.iter().find(|(room, _)| *room == from) else {
            problems.push(format!("{}: the room '{from}' is not in the table of tests/house.rs", files[0]));
            continue;
        };
        if !allowed.contains(&to.as_str()) {
            problems.push(format!("{}: '{from}' must not know '{to}'", files.join(", ")));
        }
    }
    problems
}

/// Whether `word` stands in `code` by itself; a crate's name only where it is used, not in a text: `vad=earshot`.
fn stands(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        let begins = before.chars().next_back().is_none_or(|c| !word_char(c) && c != '.');
        let ends = after.chars().next().is_none_or(|c| !word_char(c)) || word.ends_with(['!', ')']);
        let used = !word.chars().all(word_char) || after.starts_with("::") || before.ends_with("use ");
        begins && ends && used
    })
}

fn misnamed(sources: &[Source]) -> Vec<String> {
    let mut problems = Vec::new();
    for source in sources {
        let code = source.shipped();
        for (word, places) in ONLY_IN {
            if stands(&code, word) && !places.iter().any(|place| source.path.starts_with(place)) {
                problems.push(format!("{}: only {} may name {word}", source.path, places.join(", ")));
            }
        }
    }
    problems
}

#[track_caller]
fn all_right(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn rooms_know_only_the_rooms_before_them() {
    all_right(&forbidden_edges(&sources()));
}

#[test]
fn the_table_is_as_tight_as_the_house_and_points_one_way() {
    let sources = sources();
    let used = edges_of(&sources);
    let rooms: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    let mut problems = Vec::new();
    for (room, allowed) in EDGES {
        if !rooms.contains(room) {
            problems.push(format!("there is no room '{room}': remove it from the table"));
        }
        for other in *allowed {
            if !used.contains_key(&(room.to_string(), other.to_string())) {
                problems.push(format!("'{room}' no longer needs '{other}': remove the edge from the table"));
            }
        }
    }
    // Rooms leave one after the other, each when all it knows has left; whoever stays knows each other in a circle.
    let mut left: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (room, allowed) in EDGES {
        left.insert(*room, allowed.iter().copied().collect());
    }
    while let Some(room) = left.iter().find(|(_, knows)| knows.is_empty()).map(|(room, _)| *room) {
        left.remove(room);
        left.values_mut().for_each(|knows| {
            knows.remove(room);
        });
    }
    if !left.is_empty() {
        problems.push(format!("rooms that know each other in a circle: {left:?}"));
    }
    all_right(&problems);
}

#[test]
fn the_program_sees_only_public_names() {
    let modules = ["args", "main"];
    let bin: Vec<Source> = sources().into_iter().filter(|source| source.room() == "bin").collect();
    assert!(modules.iter().all(|module| bin.iter().any(|source| source.path.ends_with(&format!("{module}.rs")))));
    let library: BTreeSet<&str> = EDGES.iter().map(|(room, _)| *room).collect();
    let mut problems = Vec::new();
    for source in &bin {
        if source.text.contains("#[path") || source.text.contains("include!(") {
            problems.push(format!("{}: takes in a file of the library behind its back", source.path));
        }
        for (at, _) in code(&source.text).match_indices("fairdial::") {
            let code = code(&source.text);
            for head in heads(&code[at + "fairdial::".len()..]) {
                if !library.contains(head.as_str()) {
                    problems.push(format!("{}: there is no room fairdial::{head}", source.path));
                }
            }
        }
    }
    all_right(&problems);
}

#[test]
fn crates_and_the_world_are_named_where_they_belong() {
    all_right(&misnamed(&sources()));
}

#[test]
fn every_file_says_what_it_is_and_stays_readable() {
    let mut problems = Vec::new();
    for source in sources() {
        if !source.text.lines().take(3).any(|line| line.starts_with("//!")) {
            problems.push(format!("{}: no //! doc in its first three lines", source.path));
        }
        let lines = length(&source.text);
        if lines > LONGEST {
            problems.push(format!("{}: {lines} lines before its tests, {LONGEST} are allowed", source.path));
        }
    }
    for (path, text) in rust_files(&repository().join("tests")) {
        if !text.lines().take(3).any(|line| line.starts_with("//!")) {
            problems.push(format!("{}: no //! doc in its first three lines", path.display()));
        }
    }
    all_right(&problems);
}

#[test]
fn nothing_is_left_for_later() {
    // Written apart, so that this file may be searched as well.
    let left = [concat!("#[ig", "nore"), concat!("to", "do!"), concat!("unimple", "mented!"), concat!("db", "g!")];
    let mut problems = Vec::new();
    for folder in ["src", "tests"] {
        for (path, text) in rust_files(&repository().join(folder)) {
            let code = code(&text);
            for word in left.iter().filter(|word| code.contains(**word)) {
                problems.push(format!("{}: {word}", path.display()));
            }
        }
    }
    all_right(&problems);
}

#[test]
fn every_dependency_has_its_reason() {
    let Ok(decisions) = fs::read_to_string(repository().join("DECISIONS.md")) else {
        println!("skipped: there is no DECISIONS.md yet");
        return;
    };
    let manifest: toml::Table = fs::read_to_string(repository().join("Cargo.toml")).unwrap().parse().unwrap();
    let mut problems = Vec::new();
    for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
        let names = manifest.get(kind).and_then(toml::Value::as_table).into_iter().flatten().map(|(name, _)| name);
        for name in names.filter(|name| !mentions(&decisions, name)) {
            problems.push(format!("DECISIONS.md doesn't say why fairdial needs {name} ({kind})"));
        }
    }
    all_right(&problems);
}

/// Whether a crate's name stands in a text by itself: `toml` is not `toml-edit`.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let edge = |c: Option<char>| c.is_none_or(|c| !word_char(c) && c != '-');
        edge(text[..at].chars().next_back()) && edge(text[at + name.len()..].chars().next())
    })
}

#[test]
fn a_planted_edge_is_caught() {
    let plant = |path: &str, text: &str| forbidden_edges(&[Source::new(path, text)]);
    let caught = plant("policy/scan.rs", "use crate::audio::Pcm;\n");
    assert_eq!(caught, ["policy/scan.rs: 'policy' must not know 'audio'"]);
    assert_eq!(plant("hash.rs", "fn f() { let x = crate::call::CallId::from_text(\"x\"); }").len(), 1);
    assert_eq!(plant("record.rs", "use crate::{call::{Call, Speaker}, store::Store, intake};").len(), 2);
    assert_eq!(plant("policy/kinds/limit.rs", "use super::super::super::store::Store;").len(), 1);
    assert_eq!(plant("store/mod.rs", "use super::audit::Auditor;").len(), 1);
    assert_eq!(plant("store/mod.rs", "mod tests {\n    use super::super::audit::Auditor;\n}").len(), 1);
    assert_eq!(plant("attic.rs", "use crate::call::Call;").len(), 1);
    // What is allowed, what stays within the room, and what only looks like an edge.
    assert!(
        plant("policy/scan.rs", "use crate::call::Call;\nuse super::file::Excuse;\nuse crate::policy::Slot;")
            .is_empty()
    );
    assert!(plant("policy/kinds/limit.rs", "use super::super::scan::Sight;").is_empty());
    assert!(plant("store/mod.rs", "mod tests {\n    use super::Store;\n}").is_empty());
    assert!(plant("hash.rs", "//! See [`crate::audit`].\n/// Or crate::store::Store.\nfn f() {}").is_empty());
}

#[test]
fn a_planted_crate_or_print_is_caught() {
    let plant = |path: &str, text: &str| misnamed(&[Source::new(path, text)]).len();
    assert_eq!(plant("audio/mod.rs", "use whisper_rs::WhisperContext;"), 1);
    assert_eq!(plant("policy/load.rs", "use ureq;"), 1);
    assert_eq!(plant("policy/load.rs", "const SETTINGS: &str = \"vad=earshot\";"), 0);
    assert_eq!(plant("policy/load.rs", "fn f() { println!(\"x\"); }"), 1);
    assert_eq!(plant("store/mod.rs", "fn f() { let _ = std::env::var(\"HOME\"); }"), 2);
    assert_eq!(plant("store/mod.rs", "const TOOL: &str = env!(\"CARGO_PKG_VERSION\");"), 0);
    assert_eq!(
        plant("policy/load.rs", "// println!\nfn f() {}\n#[cfg(test)]\nmod tests {\n fn t() { println!(); }\n}"),
        0
    );
    assert_eq!(plant("bin/fairdial/show.rs", "fn f() { println!(\"x\"); }"), 0);
    assert_eq!(length("//! x\nfn f() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n}\n"), 2);
    assert_eq!(length("//! x\n#[cfg(test)]\nmod tests;\nfn f() {}\n"), 4);
    assert!(mentions("we use `toml`", "toml") && !mentions("we use toml-edit", "toml"));
}
