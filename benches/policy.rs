//! What judging costs: compiling the packs, judging a call of fifty turns, and the same with ten times the phrases.
//!
//! `cargo bench --bench policy`. Compare the lines of one run with each other: machines differ. The phrases of the larger
//! pack have the shape of the shipped ones, with every letter and character moved to another, so that they cost what real
//! ones cost and almost never hit.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that can't be set up should stop")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use divan::{Bencher, black_box};
use fairdial::call::{Call, CallId, Language};
use fairdial::policy::Policy;
use fairdial::transcript::Transcript;

fn main() {
    divan::main();
}

const LANGUAGES: [Language; 2] = [Language::Mandarin, Language::English];

static SHIPPED: LazyLock<Policy> = LazyLock::new(|| Policy::shipped().unwrap());
static TENFOLD: LazyLock<Policy> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("fairdial-bench-{}", std::process::id()));
    let packs = ["cn-collections", "us-collections"].map(|name| nine_more(name, &folder));
    let policy = Policy::load(&packs).unwrap_or_else(|error| panic!("{error}"));
    fs::remove_dir_all(folder).unwrap();
    policy
});

/// An overlay with nine further sets of the forbidden phrases of a pack.
fn nine_more(pack: &str, folder: &Path) -> PathBuf {
    let into = folder.join(format!("{pack}-nine-more"));
    fs::create_dir_all(&into).unwrap();
    let head = format!(
        "name = \"{pack}-nine-more\"\nversion = \"1\"\nextends = \"{pack}\"\nowner = \"bench\"\n\
         title = {{ zh = \"九倍\", en = \"nine more\" }}\n"
    );
    fs::write(into.join("pack.toml"), head).unwrap();
    let mut topic = String::new();
    let lexicons = Path::new(env!("CARGO_MANIFEST_DIR")).join("lexicons").join(pack);
    let files = fs::read_dir(lexicons).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")) {
        let table: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        for rule in table.get("forbidden").and_then(toml::Value::as_array).into_iter().flatten() {
            let id = rule["id"].as_str().unwrap();
            // A rule found by weight alone has none.
            let Some(phrases) = rule.get("phrases").and_then(toml::Value::as_array) else { continue };
            let phrases: Vec<&str> = phrases.iter().filter_map(toml::Value::as_str).collect();
            for shift in 1..=9 {
                let moved: Vec<String> = phrases.iter().map(|phrase| moved(phrase, shift)).collect();
                let _ = write!(
                    topic,
                    "[[forbidden]]\nid = \"bench{shift}.{id}\"\ncategory = \"insult\"\nseverity = \"low\"\n\
                     title = {{ zh = \"测\", en = \"bench\" }}\nwhy = {{ zh = \"测\", en = \"bench\" }}\nsources = [\"bench\"]\n\
                     phrases = {moved:?}\nexamples = [\"collector: [[a]]\", \"collector: [[b]]\", \"debtor: a\", \"debtor: b\"]\n\n"
                );
            }
        }
    }
    fs::write(into.join("more.toml"), topic).unwrap();
    into
}

/// The phrase with other letters: its marks, families and numbers stay.
fn moved(phrase: &str, shift: u32) -> String {
    let mut marked = false;
    // Folding makes the one of the other, and its length decides into how many patterns a phrase unfolds.
    phrase
        .replace("gonna", "going to")
        .chars()
        .map(|c| {
            marked = matches!(c, '@' | '<' | '{') || marked && (c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
            match c {
                _ if marked => c,
                'a'..='z' => char::from(b'a' + ((c as u8 - b'a') + shift as u8 * 2 + 1) % 26),
                '\u{4e00}'..='\u{9f00}' => char::from_u32(u32::from(c) + shift).unwrap(),
                _ => c,
            }
        })
        .collect()
}

/// A call of fifty turns: the example scripts of a language, one after the other.
fn fifty_turns(language: Language) -> Transcript {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scripts");
    let mut paths: Vec<PathBuf> = fs::read_dir(scripts).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| serde_json::from_slice::<Transcript>(&fs::read(path).unwrap()).unwrap();
    let mut scripts = paths.iter().map(read).filter(|script| script.language == Some(language));
    let mut call = scripts.next().unwrap();
    for next in scripts.by_ref() {
        let after = call.segments.last().unwrap().end_ms.0;
        call.segments.extend(next.segments.into_iter().map(|mut segment| {
            segment.start_ms.0 += after;
            segment.end_ms.0 += after;
            segment
        }));
    }
    call.segments.truncate(50);
    call
}

fn judge(bencher: Bencher<'_, '_>, policy: &Policy, language: Language) {
    let mut transcript = fifty_turns(language);
    assert_eq!(transcript.segments.len(), 50);
    let call = Call::new(CallId::from_text("bench"), "bench");
    let roles = policy.assign_roles(&mut transcript, &call, language, None);
    bencher.bench_local(|| policy.judge(black_box(&transcript), &call, &roles, language).unwrap());
}

#[divan::bench(sample_count = 20)]
fn compile_both_packs() -> Policy {
    Policy::shipped().unwrap()
}

#[divan::bench(args = LANGUAGES)]
fn judge_50_turns(bencher: Bencher<'_, '_>, language: Language) {
    judge(bencher, &SHIPPED, language);
}

#[divan::bench(args = LANGUAGES)]
fn judge_50_turns_with_ten_times_the_phrases(bencher: Bencher<'_, '_>, language: Language) {
    judge(bencher, &TENFOLD, language);
}
