//! Lexicons that are wrong: each mistake an author can make beside what the author is told, word for word.
//!
//! Comes in: `bad-lexicons/CODE/NAME.in`, a topic that joins the stock pack or a whole pack as a folder. Goes out: the
//! report in `NAME.out`; `FAIRDIAL_BLESS=1` rewrites it. Only this file sees to it that every code has its pair.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harness::{Desk, all_right, at, differs};

/// Every bad lexicon: its code, its place.
fn cases() -> Vec<(String, PathBuf)> {
    let found = walkdir::WalkDir::new(at("tests/bad-lexicons")).min_depth(2).max_depth(2).sort_by_file_name();
    let paths = found.into_iter().map(|entry| entry.unwrap().into_path());
    let inputs = paths.filter(|path| path.extension().is_some_and(|extension| extension == "in"));
    inputs.map(|path| (path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned(), path)).collect()
}

/// What the program says to a bad lexicon, with its exit code as the first line.
fn told(code: &str, input: &Path) -> String {
    let desk = Desk::new();
    if input.is_dir() {
        harness::copy(input, &desk.at("stock"));
    } else {
        desk.put("stock/pack.toml", fs::read(at("tests/bad-lexicons/pack.toml")).unwrap());
        desk.put("stock/insults.toml", fs::read(input).unwrap());
    }
    // Only examples that don't hold need running to be seen.
    let verb = if code == "L020" { "test" } else { "check" };
    let ran = desk.run(&["lexicons", verb, "stock"]);
    let lines = ran.stderr.lines().chain(ran.stdout.lines()).map(str::trim_end);
    format!("lexicons {verb}: exit code {}\n\n{}\n", ran.code, lines.collect::<Vec<_>>().join("\n").trim_end())
}

/// The codes of problems in the loader's and the example runner's code, tests apart.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for entry in walkdir::WalkDir::new(at("src/policy")) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let shipped = text.split("#[cfg(test)]\nmod ").next().unwrap();
            codes.extend(shipped.split('"').filter(|word| is_code(word)).map(String::from));
        }
    }
    codes
}

fn is_code(word: &str) -> bool {
    word.len() == 4 && word.starts_with('L') && word[1..].chars().all(|c| c.is_ascii_digit())
}

#[test]
fn authors_are_told_what_is_wrong_and_where() {
    let mut problems = Vec::new();
    for (code, input) in cases() {
        let told = told(&code, &input);
        problems.extend(differs(&input.with_extension("out"), &told));
        if !told.contains(&format!("[{code}]")) {
            problems.push(format!("{}: not reported as {code}:\n{told}", input.display()));
        }
        let expected = if code.starts_with("L1") { 0 } else { 5 };
        if !told
            .starts_with(&format!("lexicons {}: exit code {expected}\n", if code == "L020" { "test" } else { "check" }))
        {
            problems.push(format!("{}: ends otherwise:\n{told}", input.display()));
        }
        if told.contains("panicked") {
            problems.push(format!("{}: broke something inside", input.display()));
        }
    }
    all_right(&problems);
}

#[test]
fn one_mistake_is_one_report() {
    let several = ["all-at-once"];
    let mut problems = Vec::new();
    for (code, input) in cases() {
        let name = input.file_stem().unwrap().to_string_lossy().into_owned();
        let told = told(&code, &input);
        let lines = told.lines().map(|line| line.strip_prefix("fairdial: ").unwrap_or(line));
        let reports = lines.filter(|line| line.starts_with("error[") || line.starts_with("warning[")).count();
        if reports != 1 && !several.contains(&name.as_str()) {
            problems.push(format!("{code}/{name}: {reports} reports\n{told}"));
        }
    }
    all_right(&problems);
}

#[test]
fn carets_stand_under_the_mistake() {
    let told = |name: &str| fs::read_to_string(at(&format!("tests/bad-lexicons/{name}.out"))).unwrap();
    // A byte of a phrase, exactly; a whole value where escapes make the place inexact; a head without a place.
    for (name, marked) in [("L002/unknown-family", "@"), ("L002/wide-gap", "~"), ("L002/unknown-field", "{")] {
        let text = told(name);
        let lines: Vec<&str> = text.lines().collect();
        let caret = lines.iter().position(|line| line.contains('^')).unwrap_or_else(|| panic!("no caret:\n{text}"));
        let column = lines[caret].find('^').unwrap();
        assert_eq!(lines[caret - 1].get(column..column + 1), Some(marked), "{name}:\n{text}");
    }
}

#[test]
fn every_code_has_its_pair() {
    let shown: BTreeSet<String> = cases().into_iter().map(|(code, _)| code).collect();
    let codes = codes();
    assert!(codes.len() >= 14, "{codes:?}");
    let missing: Vec<_> = codes.difference(&shown).collect();
    let gone: Vec<_> = shown.difference(&codes).collect();
    assert!(missing.is_empty(), "no bad lexicon shows {missing:?}");
    assert!(gone.is_empty(), "nothing reports {gone:?} any more");
    for entry in walkdir::WalkDir::new(at("tests/bad-lexicons")).min_depth(2).max_depth(2) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|extension| extension == "out") {
            assert!(path.with_extension("in").exists(), "{} has no lexicon", path.display());
        }
    }
}

#[test]
fn a_known_gap_is_counted_neither_as_a_hit_nor_as_a_miss() {
    let desk = Desk::new();
    desk.put("stock/pack.toml", fs::read(at("tests/bad-lexicons/pack.toml")).unwrap());
    let twice = fs::read_to_string(at("tests/bad-lexicons/L110/phrase-twice.in")).unwrap();
    let rule = twice.replace("\"you deadbeat\", \"you deadbeat\"", "\"you deadbeat\"");
    assert_ne!(rule, twice);
    // Two lines that hit, two that don't: right by themselves (so the stock pack is), and right with a gap beside them.
    for gaps in ["", "known-gaps = [\"collector: you [[dead beet]]\"]\n"] {
        desk.put("stock/insults.toml", format!("{rule}{gaps}"));
        desk.run(&["lexicons", "test", "stock"]).expect(0);
    }
}
