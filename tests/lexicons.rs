//! The lexicons that come with the program: every example beside every rule, and what all packs owe their readers.
//!
//! Comes in: `lexicons/`, as built in and as on the disk. Goes out: each line that doesn't hold, with its place. Only
//! this file knows what a shipped pack must have beyond what lets it load.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use fairdial::policy::{Pack, Policy};
use harness::{Desk, all_right, at, differs, files, json};
use serde_json::Value;

static SHIPPED: LazyLock<Policy> = LazyLock::new(|| Policy::shipped().unwrap_or_else(|error| panic!("{error}")));

/// The topics of each pack as the author wrote them.
static TOPICS: LazyLock<Vec<(String, PathBuf, Value)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for pack in SHIPPED.packs() {
        let name = pack.file.name.clone();
        for path in files(&at("lexicons").join(&name)) {
            if path.extension().is_some_and(|extension| extension == "toml") {
                let table: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
                all.push((name.clone(), path, serde_json::to_value(table).unwrap()));
            }
        }
    }
    all
});

/// The rules of every kind: pack, kind, rule.
fn rules() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    TOPICS.iter().flat_map(|(pack, _, topic)| {
        ["forbidden", "required", "sequence", "conditional", "limit"].into_iter().flat_map(move |kind| {
            topic.get(kind).and_then(Value::as_array).into_iter().flatten().map(move |rule| (pack.as_str(), kind, rule))
        })
    })
}

fn texts<'v>(rule: &'v Value, key: &str) -> Vec<&'v str> {
    rule.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn every_example_of_every_pack_holds() {
    let (report, time) = harness::timed(|| SHIPPED.test());
    println!("{} rules, {} examples, {} known gaps in {time:?}", report.rules, report.examples, report.gaps);
    let failures: Vec<String> =
        report.failures.iter().map(|failure| format!("{}\n{}\n", failure.rule, failure.diagnostic.render())).collect();
    all_right(&failures);
    assert!(report.rules > 0 && report.examples >= report.rules * 4);
}

#[test]
fn there_is_nothing_the_authors_should_look_at() {
    all_right(&SHIPPED.warnings.iter().map(|warning| warning.render()).collect::<Vec<_>>());
}

#[test]
fn what_is_built_in_is_what_lies_on_the_disk() {
    let disk = Policy::load(&[at("lexicons")]).unwrap_or_else(|error| panic!("{error}"));
    let references = |policy: &Policy| policy.packs().iter().flat_map(Pack::references).collect::<Vec<_>>();
    assert_eq!(references(&SHIPPED), references(&disk), "build again: the program holds other packs");
}

#[test]
fn the_weights_are_what_is_learned_from_the_text_beside_the_model_card() {
    let mut problems = Vec::new();
    for (language, pack) in [("zh", "cn-collections"), ("en", "us-collections")] {
        let mut lines = String::new();
        for (folder, begins) in [("models/weights/text", ""), ("tests/calls", "round-")] {
            for path in files(&at(folder)) {
                let begins = format!("{language}-{begins}");
                if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begins)) {
                    lines.push_str(std::fs::read_to_string(&path).unwrap().trim_end());
                    lines.push('\n');
                }
            }
        }
        let learned = fairdial::policy::learn(&lines, &at("lexicons").join(pack)).unwrap();
        for (name, text) in [(fairdial::policy::OWN, learned.collector), (fairdial::policy::OTHER, learned.other)] {
            let shipped = std::fs::read_to_string(at("lexicons").join(pack).join(name)).unwrap();
            // Another machine's logarithm may round a last digit otherwise.
            let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (shipped.lines().collect(), text.lines().collect());
            let apart = old.symmetric_difference(&new).count();
            if apart * 1_000 > old.len() {
                problems.push(format!("{pack}/{name}: {apart} of {} lines differ: run models/weights/make", old.len()));
            }
        }
    }
    all_right(&problems);
}

#[test]
fn every_pack_says_who_answers_for_it() {
    let names: BTreeSet<&str> = SHIPPED.packs().iter().map(|pack| pack.file.name.as_str()).collect();
    assert!(names.contains("cn-collections") && names.contains("us-collections"), "{names:?}");
    let mut titles = BTreeSet::new();
    for pack in SHIPPED.packs() {
        let file = &pack.file;
        let (name, title) = (&file.name, &file.title);
        assert!(!file.owner.is_empty() && !file.version.is_empty(), "{name}");
        assert!(!title.zh.is_empty() && !title.en.is_empty(), "{name}");
        assert!(titles.insert(title.en.clone()), "two packs are called '{}'", title.en);
        assert!(pack.rule_count() >= 20, "{name} has {} rules: a call it judges passes unheard", pack.rule_count());
    }
}

#[test]
fn every_category_check_and_signal_is_served() {
    let categories = fairdial::record::Category::ALL.map(|category| category.as_str());
    let checks =
        ["opening-company", "opening-name", "recording-notice", "identity-verified", "verified-before-disclosure"];
    let signals = ["dispute", "wrong-person", "stop-contact", "complaint", "hardship", "distress-self-harm", "lawyer"];
    let mut problems = Vec::new();
    for pack in SHIPPED.packs() {
        let name = &pack.file.name;
        let mut about: BTreeSet<String> = pack.summaries().into_iter().map(|rule| rule.about).collect();
        for (_, _, rule) in rules().filter(|(pack, ..)| pack == name) {
            let findings = ["finding", "finding-third-party"].into_iter().filter_map(|key| rule.get(key)?.as_str());
            about.extend(findings.map(String::from));
        }
        let miranda = (pack.file.jurisdiction == fairdial::call::Jurisdiction::Us).then_some("mini-miranda");
        for what in categories.iter().chain(&checks).chain(&signals).chain(&miranda) {
            if !about.contains(*what) {
                problems.push(format!("{name}: no rule speaks of '{what}'"));
            }
        }
    }
    all_right(&problems);
}

#[test]
fn ids_are_unique_and_name_their_law() {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for pack in SHIPPED.packs() {
        let law = pack.file.jurisdiction.code();
        for rule in pack.summaries() {
            if !rule.id.starts_with(&format!("{law}.")) {
                problems.push(format!("{}: a rule of {} should begin with '{law}.'", rule.id, pack.file.name));
            }
            if let Some(other) = seen.insert(rule.id.clone(), &pack.file.name) {
                problems.push(format!("{} stands in {other} and {}", rule.id, pack.file.name));
            }
        }
    }
    all_right(&problems);
}

#[test]
fn rules_are_written_for_people() {
    let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let mut problems = Vec::new();
    for (_, _, rule) in rules() {
        let id = rule["id"].as_str().unwrap();
        for key in ["title", "why"] {
            let text = |language: &str| rule[key][language].as_str().unwrap_or_default();
            if !han(text("zh")) || han(text("en")) || text("en").is_empty() {
                problems.push(format!("{id}: {key} is not in Chinese and English"));
            }
        }
        if rule["title"]["en"].as_str().is_some_and(|title| title.contains('\n') || title.len() > 120) {
            problems.push(format!("{id}: the title is not one short line"));
        }
        if texts(rule, "sources").iter().any(|source| source.trim().is_empty()) {
            problems.push(format!("{id}: an empty source"));
        }
        let mut examples = texts(rule, "examples");
        examples.extend(texts(rule, "known-gaps"));
        let all = examples.len();
        examples.sort_unstable();
        examples.dedup();
        if examples.len() != all {
            problems.push(format!("{id}: an example stands twice"));
        }
    }
    all_right(&problems);
}

#[test]
fn findings_tell_what_to_say_instead() {
    let lacking = rules().filter(|(_, kind, rule)| {
        *kind == "forbidden" && rule["instead"]["zh"].as_str().is_none_or(|text| text.trim().is_empty())
    });
    all_right(&lacking.map(|(_, _, rule)| format!("{}: no better wording", rule["id"])).collect::<Vec<_>>());
}

#[test]
fn lines_that_must_not_hit_are_about_as_many() {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (pack, _, rule) in rules().filter(|(_, kind, _)| *kind == "forbidden") {
        let (hits, misses) = counts.entry(pack).or_default();
        for line in texts(rule, "examples") {
            *(if line.contains("[[") { &mut *hits } else { &mut *misses }) += 1;
        }
    }
    println!("lines that hit and don't: {counts:?}");
    for (pack, (hits, misses)) in counts {
        assert!(misses * 10 >= hits * 7, "{pack}: {hits} lines that hit, {misses} that don't");
    }
}

#[test]
fn every_file_is_valid_by_the_schema_editors_use() {
    let schema = json(&at("lexicons/lexicon.schema.json"));
    let (pack, topic) = (&schema["pack"], &schema["topic"]);
    let [pack, topic] = [pack, topic].map(|schema| jsonschema::validator_for(schema).expect("a schema"));
    let mut problems = Vec::new();
    for (_, path, document) in TOPICS.iter() {
        let validator = if path.ends_with("pack.toml") { &pack } else { &topic };
        let errors = validator.iter_errors(document);
        problems.extend(errors.map(|error| format!("{}{}: {error}", path.display(), error.instance_path())));
    }
    all_right(&problems);
    let misspelt = serde_json::json!({"forbiden": []});
    assert!(!topic.is_valid(&misspelt), "the schema allows a misspelt kind");
}

#[test]
fn an_overlay_adds_silences_and_grades_anew_without_a_copy() {
    let desk = Desk::new();
    for (name, text) in harness::OVERLAY {
        desk.put(&format!("house/{name}"), text);
    }
    let house = Policy::load(&[desk.at("house")]).unwrap_or_else(|error| panic!("{error}"));
    let graded = |policy: &Policy, id: &str| {
        let rules = policy.packs().iter().flat_map(|pack| pack.summaries()).find(|rule| rule.id == id);
        rules.map(|rule| rule.severity)
    };
    assert_eq!(graded(&SHIPPED, "cn.insult.belittling"), Some("medium"));
    assert_eq!(graded(&house, "cn.insult.belittling"), Some("low"));
    assert_eq!(graded(&house, "cn.insult.deadbeat"), None);
    assert_eq!(graded(&house, "house.insult.toad"), Some("medium"));
    let names: Vec<String> = house.packs()[0].references().into_iter().map(|reference| reference.pack).collect();
    assert_eq!(names, ["cn-collections", "house"]);
    let own = house.test().failures.into_iter().filter(|failure| failure.rule.starts_with("house.")).count();
    assert_eq!(own, 0, "the overlay's own examples hold");
}

#[test]
fn the_handbook_is_up_to_date() {
    all_right(&differs(&at("lexicons/RULES.md"), &SHIPPED.handbook()).into_iter().collect::<Vec<_>>());
    let one = SHIPPED.explain("cn.insult.deadbeat").unwrap();
    assert!(one.contains("phrases = [") && one.contains("insults.toml"), "{one}");
    assert_eq!(SHIPPED.explain("cn.insult.none"), None);
}
