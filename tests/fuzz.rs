//! Packs, phrases and calls that nobody would write: whatever comes in, an answer comes out and nothing breaks.
//!
//! Comes in: the shipped packs with bytes, lines and values changed; phrases of every operator; calls of arbitrary
//! characters and times. Goes out: the first input that breaks a promise, made as small as can be. Only this file knows
//! how inputs are spoilt. `cargo test` tries a few, the same every time; `FAIRDIAL_FUZZ_SECONDS=600` goes on so long with
//! new ones, and a failure names the seed with which `FAIRDIAL_FUZZ_SEED` finds it again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]
#![allow(clippy::print_stdout, reason = "figures, for whoever runs the tests with --nocapture")]

mod harness;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use fairdial::call::{Call, CallId, Jurisdiction, Language, Millis, Speaker};
use fairdial::policy::{Judgement, Policy, Roles};
use fairdial::record::Evidence;
use fairdial::transcript::{Segment, Transcript, Word};
use harness::{Desk, at, told};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The seed of ordinary runs: a red test is about what was changed, not about luck.
const USUAL: u64 = 1;
/// Longer than this for one phrase or one call, even on a busy machine without optimisation, is no answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tries a property on so many inputs, or for as long as the environment says, each round with a fresh seed.
fn explore<S: Strategy>(name: &str, cases: u32, inputs: &S, holds: impl Fn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: Debug,
{
    let number = |name: &str| told(name).map(|value| value.parse::<u64>().expect("a whole number"));
    let (given, seconds) = (number("FUZZ_SEED"), number("FUZZ_SECONDS").filter(|_| number("FUZZ_SEED").is_none()));
    let begun = Instant::now();
    let enough = Duration::from_secs(seconds.unwrap_or(0));
    let tried = Cell::new(0u64);
    for round in 0u64.. {
        let seed = match seconds {
            Some(_) => RandomState::new().hash_one(round),
            None => given.unwrap_or(USUAL),
        };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let config = Config { cases, failure_persistence: None, max_shrink_time: 60_000, ..Config::default() };
        let outcome = TestRunner::new_with_rng(config, rng).run(inputs, |input| {
            tried.set(tried.get() + 1);
            holds(input)
        });
        if let Err(error) = outcome {
            panic!("{name}: FAIRDIAL_FUZZ_SEED={seed}, round {round}, after {} cases: {error}", tried.get());
        }
        if begun.elapsed() >= enough {
            println!("{name}: {} cases in {} rounds, {:.0?}", tried.get(), round + 1, begun.elapsed());
            return;
        }
    }
}

/// The longest any input took, with what it was.
#[derive(Default)]
struct Slowest {
    found: RefCell<(Duration, String)>,
}

impl Slowest {
    /// Runs something, remembers it when nothing took longer, and fails when it took too long.
    fn time<T>(&self, what: &str, run: impl FnOnce() -> T) -> Result<T, TestCaseError> {
        let (result, took) = harness::timed(run);
        if took > self.found.borrow().0 {
            *self.found.borrow_mut() = (took, what.into());
        }
        prop_assert!(took < PATIENCE, "{:?} for {}", took, what);
        Ok(result)
    }

    fn print(&self, name: &str) {
        let (took, what) = &*self.found.borrow();
        println!("{name}: the slowest took {took:.1?}: {}", what.chars().take(300).collect::<String>());
    }
}

// ---- the loader ----

/// The first lines of a table of weights: its head and some terms. The whole of it would only cost time.
const WEIGHTS: usize = 40;

/// A file of a pack: its folder, its name, its bytes.
#[derive(Clone)]
struct Part {
    pack: &'static str,
    name: String,
    bytes: Vec<u8>,
}

static PARTS: LazyLock<Vec<Part>> = LazyLock::new(|| {
    let mut parts = Vec::new();
    for pack in ["cn-collections", "us-collections"] {
        for path in harness::files(&at("lexicons").join(pack)) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let mut text = fs::read_to_string(&path).unwrap();
            if name.ends_with(".tsv") {
                text = text.lines().take(WEIGHTS).map(|line| format!("{line}\n")).collect();
            }
            parts.push(Part { pack, name, bytes: text.into_bytes() });
        }
    }
    for (name, text) in harness::OVERLAY {
        parts.push(Part { pack: "house", name: name.into(), bytes: text.into() });
    }
    parts
});

/// Values that fit hardly anywhere.
const ODD: &[&str] = &[
    "",
    "\"\"",
    "''",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "1e308",
    "nan",
    "-inf",
    "true",
    "[]",
    "[[]]",
    "{}",
    "[\"\"]",
    "[\"@relatives@relatives@relatives\"]",
    "[\"((((((((((a))))))))))\"]",
    "[\"\\u0000\\u202E\\uFEFF\"]",
    "1979-05-27T07:32:00Z",
    "{ zh = \"\", en = \"\" }",
    "\"\"\"\n\n\"\"\"",
    "\"cn.insult.deadbeat\"",
    "{ first-turns = 9223372036854775807 }",
    "{ first-seconds = 9223372036854775807, last-turns = 0 }",
    "[\"collector@18446744073709551615: [[a]]\"]",
];

/// One thing done to a file.
#[derive(Clone, Debug)]
enum Spoil {
    Byte(Index, u8),
    Insert(Index, String),
    Cut(Index),
    Drop(Index),
    Double(Index),
    /// The line becomes one of another file.
    Line(Index, Index, Index),
    /// The line keeps its key and gets the value of a line of another file.
    Value(Index, Index, Index),
    Odd(Index, &'static str),
    /// A quoted text of the line becomes another.
    Text(Index, String),
    /// The file becomes another.
    Whole(Index),
    Windows,
    Mark,
}

fn spoils() -> impl Strategy<Value = Spoil> {
    let index = any::<Index>;
    prop_oneof![
        2 => (index(), any::<u8>()).prop_map(|(place, byte)| Spoil::Byte(place, byte)),
        2 => (index(), "\\PC{1,4}|[\"'\\[\\]{}=#\n\t\\\\]").prop_map(|(place, text)| Spoil::Insert(place, text)),
        1 => index().prop_map(Spoil::Cut),
        3 => index().prop_map(Spoil::Drop),
        3 => index().prop_map(Spoil::Double),
        3 => (index(), index(), index()).prop_map(|(line, file, from)| Spoil::Line(line, file, from)),
        5 => (index(), index(), index()).prop_map(|(line, file, from)| Spoil::Value(line, file, from)),
        6 => (index(), select(ODD)).prop_map(|(line, value)| Spoil::Odd(line, value)),
        6 => (index(), text_of_a_phrase()).prop_map(|(line, text)| Spoil::Text(line, text)),
        1 => index().prop_map(Spoil::Whole),
        1 => Just(Spoil::Windows),
        1 => Just(Spoil::Mark),
    ]
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

impl Spoil {
    fn spoil(&self, bytes: &mut Vec<u8>) {
        let mut all = lines(bytes);
        if all.is_empty() {
            return;
        }
        let line_of = |file: &Index, line: &Index| {
            let other = lines(&file.get(&PARTS).bytes);
            line.get(&other).clone()
        };
        let with_value = |line: &[u8], value: &[u8]| {
            let key = line.iter().position(|byte| *byte == b'=').map_or(0, |equals| equals + 1);
            [&line[..key], b" ", value.trim_ascii(), b"\n"].concat()
        };
        match self {
            Spoil::Byte(place, byte) => {
                let place = place.index(bytes.len());
                bytes[place] ^= (*byte).max(1);
                return;
            }
            Spoil::Insert(place, text) => {
                let place = place.index(bytes.len());
                bytes.splice(place..place, text.bytes());
                return;
            }
            Spoil::Cut(place) => return bytes.truncate(place.index(bytes.len())),
            Spoil::Whole(file) => return bytes.clone_from(&file.get(&PARTS).bytes),
            Spoil::Mark => {
                bytes.splice(0..0, "\u{feff}".bytes());
                return;
            }
            Spoil::Windows => all.iter_mut().filter(|line| line.ends_with(b"\n")).for_each(|line| {
                line.pop();
                line.extend(b"\r\n");
            }),
            Spoil::Drop(line) => drop(all.remove(line.index(all.len()))),
            Spoil::Double(line) => {
                let line = line.index(all.len());
                all.insert(line, all[line].clone());
            }
            Spoil::Line(line, file, from) => {
                let line = line.index(all.len());
                all[line] = line_of(file, from);
            }
            Spoil::Value(line, file, from) => {
                let line = line.index(all.len());
                let from = line_of(file, from);
                let value = from.splitn(2, |byte| *byte == b'=').last().unwrap_or_default();
                all[line] = with_value(&all[line], value);
            }
            Spoil::Odd(line, value) => {
                let line = line.index(all.len());
                all[line] = with_value(&all[line], value.as_bytes());
            }
            Spoil::Text(line, text) => {
                let line = line.index(all.len());
                let quotes: Vec<usize> = (0..all[line].len()).filter(|at| all[line][*at] == b'"').collect();
                if let [first, second, ..] = quotes[..] {
                    all[line].splice(first..=second, toml::Value::from(text.as_str()).to_string().bytes());
                }
            }
        }
        *bytes = all.concat();
    }
}

/// A pack's head and tables with some of its topics, or an overlay over such a one.
fn packs() -> impl Strategy<Value = (&'static str, Vec<bool>, Vec<(Index, Spoil)>)> {
    (
        select(vec!["cn-collections", "us-collections", "house"]),
        prop::collection::vec(prop::bool::weighted(0.2), 16),
        prop::collection::vec((any::<Index>(), spoils()), 1..4),
    )
}

#[test]
fn any_spoilt_pack_loads_or_is_explained() {
    let slowest = Slowest::default();
    let ends: RefCell<BTreeMap<&str, u64>> = RefCell::default();
    explore("loader", 24, &packs(), |(name, topics, spoils)| {
        let suits = |part: &&Part| part.pack == name || name == "house" && part.pack == "cn-collections";
        let head = |part: &Part| part.pack == "house" || part.name == "pack.toml" || part.name.ends_with(".tsv");
        let chosen = PARTS.iter().filter(suits).zip(topics.iter().cycle());
        let mut parts: Vec<Part> =
            chosen.filter(|(part, taken)| **taken || head(part)).map(|(part, _)| part.clone()).collect();
        for (which, spoil) in &spoils {
            let which = which.index(parts.len());
            spoil.spoil(&mut parts[which].bytes);
        }
        let desk = Desk::new();
        for part in &parts {
            desk.put(&format!("packs/{}/{}", part.pack, part.name), &part.bytes);
        }
        let what = format!("{name} with {spoils:?}");
        match slowest.time(&what, || Policy::load(&[desk.at("packs")]))? {
            Ok(policy) => {
                *ends.borrow_mut().entry("loaded").or_default() += 1;
                policy.warnings.iter().for_each(|warning| drop(warning.render()));
                for (language, jurisdiction) in
                    [(Language::Mandarin, Jurisdiction::Cn), (Language::English, Jurisdiction::Us)]
                {
                    let call = call(jurisdiction);
                    let transcript = ordinary();
                    let roles = Roles::of_labels(&transcript);
                    // No pack for the language is an answer, too.
                    let _ = slowest.time(&what, || policy.judge(&transcript, &call, &roles, language))?;
                }
            }
            Err(error) => {
                prop_assert!(!error.diagnostics.is_empty());
                for diagnostic in &error.diagnostics {
                    *ends.borrow_mut().entry(diagnostic.code).or_default() += 1;
                    prop_assert!(diagnostic.render().contains(diagnostic.code));
                    prop_assert!(diagnostic.line() >= 1);
                }
            }
        }
        Ok(())
    });
    println!("loader: packs loaded, and what was told of the others: {:?}", ends.borrow());
    slowest.print("loader");
}

/// A call in which a little of everything is said.
fn ordinary() -> Transcript {
    let turns = [
        (Speaker::Collector, "您好，这里是鼎诚公司，请问是张伟本人吗？Hello, this is Ashgrove, is this Maria?"),
        (Speaker::Debtor, "是我，后四位2516。Yes, this is Maria. March 1982."),
        (Speaker::Collector, "您的贷款逾期了三千五百块，你就是个老赖。You owe 400 dollars, you deadbeat."),
        (Speaker::Debtor, "我没钱，别再打了，我要投诉。Stop calling me, I dispute this."),
        (Speaker::ThirdParty, "他不在。She isn't here."),
        (Speaker::Collector, "不还就告诉你全家，让警察来抓你。Pay or we'll have you arrested and tell your boss."),
    ];
    let segments =
        turns.iter().enumerate().map(|(at, (speaker, text))| segment(*speaker, at as u64 * 2_000, 1_800, text));
    Transcript::new(segments.collect(), None)
}

fn segment(speaker: Speaker, start: u64, length: u64, text: &str) -> Segment {
    Segment {
        speaker,
        start_ms: Millis(start),
        end_ms: Millis(start.saturating_add(length)),
        text: text.into(),
        channel: None,
        confidence: None,
        words: Vec::new(),
    }
}

fn call(jurisdiction: Jurisdiction) -> Call {
    let mut call = Call::new(CallId::from_text("fuzz"), "fuzz");
    call.jurisdiction = Some(jurisdiction);
    call.agency = Some("鼎诚信息服务有限公司".into());
    call.creditor = Some("Lumen Peak Bank, N.A.".into());
    call.debtor_name = Some("张伟".into());
    call.agent_id = Some("0213".into());
    call
}

// ---- the phrase compiler ----

/// What phrases are made of: every script a transcript may have, and what belongs to none.
const LETTERS: &str = "([你您打爆电话老婆单位还钱0-9a-eA-E催操滚]{1,4}|pay|your|don't|gonna|jail|[😀👨‍👩‍👧é\u{301}\u{20dd}ｆＦ　·，。？!,.…]|[^\\PC()|?~@{}<>^$+&\\\\])";

fn parts_of_a_phrase() -> impl Strategy<Value = String> + Clone {
    let wrong = vec!["@nobody", "{password}", "<name>", "~0", "~13", "?", "+", "&", ")", "a+", "\\"];
    let leaf = prop_oneof![
        40 => LETTERS,
        4 => select(vec!["@relatives", "@debt", "@kin", "@you?", "@surnames", "@boss", "@abuse-names"]).prop_map(String::from),
        4 => select(vec!["{agency}", "{creditor}", "{agent_id}", "{debtor_name}", "<number>"]).prop_map(String::from),
        6 => (1..13u8).prop_map(|width| format!("~{width}")),
        4 => "[a-z]{2,9}\\+",
        4 => select(vec!["^", "$", " ", "\\(", "\\?", "\\&", "了?"]).prop_map(String::from),
        1 => select(wrong).prop_map(String::from),
    ];
    leaf.prop_recursive(9, 64, 6, |inner| {
        let run = prop::collection::vec(inner, 1..5).prop_map(|parts| parts.concat());
        prop_oneof![
            3 => prop::collection::vec(run.clone(), 1..5).prop_map(|branches| format!("({})", branches.join("|"))),
            3 => prop::collection::vec(run.clone(), 1..4).prop_map(|branches| format!("({})?", branches.join("|"))),
            4 => run,
        ]
    })
}

/// A phrase by the rules, one of the shipped phrases with something changed, or operators in disorder.
fn text_of_a_phrase() -> impl Strategy<Value = String> {
    let made = || prop::collection::vec(parts_of_a_phrase(), 1..6).prop_map(|parts| parts.concat());
    let joined = prop::collection::vec(made(), 2..6).prop_map(|parts| parts.join(" & "));
    let changes = prop::collection::vec((any::<Index>(), 0..4u8, "[()|?~&@{}<>^$+\\\\]|\\PC|~9|@relatives"), 0..5);
    let shipped = (any::<Index>(), any::<Index>(), changes).prop_map(|(first, second, changes)| {
        let (first, second) = (first.get(&PHRASES), second.get(&PHRASES));
        let mut letters: Vec<char> = first.chars().collect();
        for (place, how, text) in changes {
            let place = place.index(letters.len() + 1);
            match how {
                0 => drop(letters.splice(place..place, text.chars())),
                1 => letters.truncate(place),
                2 => letters.extend(second.chars()),
                _ => drop(letters.drain(
                    place.min(letters.len() - usize::from(!letters.is_empty()))..(place + 1).min(letters.len()),
                )),
            }
        }
        letters.into_iter().collect()
    });
    prop_oneof![4 => made(), 2 => joined, 4 => shipped, 1 => "([()|?~@{}<>^$+&\\\\]|[0-9a你])*"]
}

/// The topic files of the shipped packs.
static TOPICS: LazyLock<Vec<toml::Table>> = LazyLock::new(|| {
    let files = PARTS.iter().filter(|part| part.pack != "house" && part.name.ends_with(".toml"));
    files.map(|part| String::from_utf8_lossy(&part.bytes).parse().unwrap()).collect()
});

fn texts(key: &str) -> Vec<String> {
    let rules = TOPICS.iter().flat_map(|topic| topic.values()).filter_map(toml::Value::as_array).flatten();
    let found = rules.filter_map(|rule| rule.get(key)?.as_array()).flatten();
    found.filter_map(|text| text.as_str().map(String::from)).collect()
}

static PHRASES: LazyLock<Vec<String>> = LazyLock::new(|| texts("phrases"));

/// The word families of both packs: members that name families and all.
static FAMILIES: LazyLock<String> = LazyLock::new(|| {
    let families = TOPICS.iter().filter_map(|topic| topic.get("families")?.as_table());
    let mut all: BTreeMap<&String, Vec<toml::Value>> = BTreeMap::new();
    for (name, members) in families.flatten() {
        all.entry(name).or_default().extend(members.as_array().into_iter().flatten().cloned());
    }
    all.into_iter().map(|(name, members)| format!("{name} = {}\n", toml::Value::Array(members))).collect()
});

/// A pack of one rule that looks for one phrase, in every way a rule can.
fn pack_of(phrase: &str) -> [(&'static str, String); 2] {
    let phrase = toml::Value::from(phrase).to_string();
    let head = format!(
        "name = \"one\"\nversion = \"1\"\nlanguage = \"zh\"\njurisdiction = \"cn\"\nowner = \"test\"\n\
         title = {{ zh = \"一条\", en = \"one\" }}\n[families]\n{}[context.negated]\nbefore = [{phrase}]\n",
        *FAMILIES
    );
    let rule = format!(
        "[[forbidden]]\nid = \"cn.test.one\"\ncategory = \"insult\"\nseverity = \"low\"\nsources = [\"x\"]\n\
         title = {{ zh = \"一\", en = \"one\" }}\nwhy = {{ zh = \"一\", en = \"one\" }}\nphrases = [{phrase}, \"还钱还钱\"]\n\
         except = [{{ phrase = {phrase}, because = {{ zh = \"一\", en = \"one\" }} }}]\n\
         examples = [\"collector: [[a]]\", \"collector: [[b]]\", \"debtor: a\", \"debtor: b\"]\n"
    );
    [("one/pack.toml", head), ("one/one.toml", rule)]
}

#[test]
fn any_phrase_compiles_or_is_explained_and_soon() {
    let (compiling, matching) = (Slowest::default(), Slowest::default());
    let (good, bad) = (Cell::new(0u64), Cell::new(0u64));
    let inputs = (text_of_a_phrase(), prop::collection::vec((any::<Index>(), LETTERS), 0..60));
    explore("phrases", 48, &inputs, |(phrase, said)| {
        let desk = Desk::new();
        for (name, text) in pack_of(&phrase) {
            desk.put(name, text);
        }
        match compiling.time(&phrase, || Policy::load(&[desk.at("one")]))? {
            Ok(policy) => {
                good.set(good.get() + 1);
                policy.warnings.iter().for_each(|warning| drop(warning.render()));
                // Words near to the phrase: its own letters in any order, with others between.
                let own: Vec<char> = phrase.chars().chain(" ，".chars()).collect();
                let said: String = said.iter().map(|(index, other)| format!("{}{other}", index.get(&own))).collect();
                let transcript = Transcript::new(
                    vec![segment(Speaker::Collector, 0, 900, &phrase), segment(Speaker::Collector, 1_000, 900, &said)],
                    None,
                );
                let roles = Roles::of_labels(&transcript);
                let judge = || policy.judge(&transcript, &call(Jurisdiction::Cn), &roles, Language::Mandarin);
                let judged = matching.time(&phrase, judge)?.map_err(|error| TestCaseError::fail(error.to_string()))?;
                evidence_holds(&transcript, &judged)?;
            }
            Err(error) => {
                bad.set(bad.get() + 1);
                for diagnostic in &error.diagnostics {
                    prop_assert!(diagnostic.render().contains(diagnostic.code));
                }
            }
        }
        Ok(())
    });
    println!("phrases: {} compiled, {} refused", good.get(), bad.get());
    compiling.print("phrases, compiling");
    matching.print("phrases, matching");
}

// ---- the matcher ----

static SHIPPED: LazyLock<Policy> = LazyLock::new(|| Policy::shipped().unwrap_or_else(|error| panic!("{error}")));

/// The words of every example of the shipped packs.
static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let turns = texts("examples").into_iter().flat_map(|line| {
        line.split(" / ")
            .map(|turn| turn.split_once(": ").map_or(turn, |(_, words)| words).to_string())
            .collect::<Vec<_>>()
    });
    turns.map(|turn| turn.replace("[[", "").replace("]]", "")).collect()
});

fn speech() -> impl Strategy<Value = String> {
    let spoilt = |line: &Index, changes: &[(Index, String)]| {
        let mut letters: Vec<char> = line.get(&LINES).chars().collect();
        for (place, text) in changes {
            let place = place.index(letters.len() + 1);
            letters.splice(place..place, text.chars());
        }
        letters.into_iter().collect::<String>()
    };
    let changes = || {
        prop::collection::vec(
            (any::<Index>(), "\\PC|[\u{300}-\u{36f}\u{200b}\u{200d}\u{fe0f}\u{202e}\t\n\r ，。？]|[0-9a-z]"),
            0..4,
        )
    };
    let line = (any::<Index>(), changes()).prop_map(move |(line, changes)| spoilt(&line, &changes));
    // A line cut in two at any place: phrases that run over a breath.
    let cut = (any::<Index>(), any::<Index>(), any::<bool>()).prop_map(|(line, place, first)| {
        let letters: Vec<char> = line.get(&LINES).chars().collect();
        let place = place.index(letters.len() + 1);
        if first { &letters[..place] } else { &letters[place..] }.iter().collect::<String>()
    });
    let several = prop::collection::vec(line.clone(), 2..6).prop_map(|lines| lines.concat());
    prop_oneof![6 => line, 3 => cut, 2 => several, 2 => "\\PC{0,60}", 1 => any::<String>(), 1 => Just(String::new())]
}

fn times() -> impl Strategy<Value = (u64, u64)> {
    // As late as the reader of transcripts lets pass.
    let late = 0..1u64 << 41;
    let start = prop_oneof![20 => 0..20_000u64, 2 => Just(0), 1 => late.clone()];
    (start, prop_oneof![3 => Just(0), 12 => 0..6_000u64, 1 => late])
}

/// A segment; sometimes with its words, cut and timed in any way.
fn segments() -> impl Strategy<Value = Segment> {
    let speaker = select(vec![Speaker::Collector, Speaker::Debtor, Speaker::ThirdParty, Speaker::Unknown]);
    let words = prop::option::weighted(0.3, prop::collection::vec((1..6usize, times(), 0.0..1.0), 0..12));
    let heard = prop::option::of(0.0..1.0);
    (speaker, times(), speech(), words, prop::option::of(0..3u16), heard).prop_map(
        |(speaker, (start, length), text, words, channel, confidence)| {
            let mut letters = text.chars();
            let words = words.into_iter().flatten().map(|(count, (start, length), confidence)| Word {
                text: letters.by_ref().take(count).collect::<String>().trim().into(),
                start_ms: Millis(start),
                end_ms: Millis(start.saturating_add(length)),
                confidence: Some(confidence),
            });
            let words = words.collect();
            Segment { channel, confidence, words, ..segment(speaker, start, length, &text) }
        },
    )
}

/// Segments that tell their words when a test fails: these are nobody's.
struct Spoken(Vec<Segment>);

impl Debug for Spoken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).unwrap_or_default())
    }
}

/// All evidence of a judgement.
fn evidence(judged: &Judgement) -> impl Iterator<Item = &Evidence> {
    let findings = judged
        .findings
        .iter()
        .flat_map(|f| std::iter::once(&f.evidence).chain(f.also.iter().map(|also| &also.evidence)));
    let checks = judged.checks.iter().flat_map(|check| &check.evidence);
    let signals = judged.signals.iter().map(|signal| &signal.evidence);
    findings.chain(checks).chain(signals).chain(judged.suppressed.iter().map(|suppressed| &suppressed.evidence))
}

/// Every quote stands in the transcript, at a place and time that can be.
fn evidence_holds(transcript: &Transcript, judged: &Judgement) -> Result<(), TestCaseError> {
    for evidence in evidence(judged) {
        let segments = &transcript.segments;
        let Some(first) = segments.get(evidence.segment) else {
            return Err(TestCaseError::fail("a segment that isn't there"));
        };
        prop_assert_eq!(first.speaker, evidence.speaker);
        prop_assert!(!evidence.quote.is_empty(), "an empty quote");
        // Over several segments: the speaker's own words, joined by one space.
        let own = segments[evidence.segment..].iter().filter(|segment| segment.speaker == evidence.speaker);
        let joined = own.map(|segment| segment.text.trim()).collect::<Vec<_>>().join(" ");
        let there = first.text.contains(&evidence.quote) || joined.contains(&evidence.quote);
        prop_assert!(there, "a quote that nobody said: {:?}", evidence.quote);
        let (start, end) = (evidence.start_ms, evidence.end_ms);
        prop_assert!(start <= end, "a quote of segment {} from {} to {}", evidence.segment, start, end);
    }
    Ok(())
}

fn as_json(judged: &Judgement) -> serde_json::Value {
    let Judgement { checks, findings, suppressed, signals, conversation, promises, score, verdict, because } = judged;
    serde_json::json!([checks, findings, suppressed, signals, conversation, promises, score, verdict, because])
}

#[test]
fn any_call_is_judged_by_what_was_said_and_always_alike() {
    let slowest = Slowest::default();
    let inputs = (prop::collection::vec(segments(), 0..12).prop_map(Spoken), any::<bool>(), any::<bool>());
    explore("matcher", 64, &inputs, |(Spoken(mut segments), mandarin, unlabelled)| {
        // As every reader of transcripts hands them on.
        segments.sort_by_key(|segment| segment.start_ms);
        if unlabelled {
            segments.iter_mut().for_each(|segment| segment.speaker = Speaker::Unknown);
        }
        let (language, jurisdiction) =
            if mandarin { (Language::Mandarin, Jurisdiction::Cn) } else { (Language::English, Jurisdiction::Us) };
        let mut transcript = Transcript::new(segments, Some(language));
        let call = call(jurisdiction);
        let roles = SHIPPED.assign_roles(&mut transcript, &call, language, None);
        let judge = || {
            SHIPPED.judge(&transcript, &call, &roles, language).map_err(|error| TestCaseError::fail(error.to_string()))
        };
        let letters: usize = transcript.segments.iter().map(|segment| segment.text.chars().count()).sum();
        let judged = slowest.time(&format!("{letters} characters"), judge)??;
        evidence_holds(&transcript, &judged)?;
        prop_assert!(as_json(&judged) == as_json(&judge()?), "judged again, it came out otherwise");
        Ok(())
    });
    slowest.print("matcher");
}

// ---- what was found ----

/// Judges a Mandarin call and looks at its evidence.
fn judged(segments: Vec<Segment>) -> (Transcript, Judgement) {
    let transcript = Transcript::new(segments, Some(Language::Mandarin));
    let roles = Roles::of_labels(&transcript);
    let judged = SHIPPED.judge(&transcript, &call(Jurisdiction::Cn), &roles, Language::Mandarin).unwrap();
    (transcript, judged)
}

#[test]
fn a_quote_ends_no_earlier_than_it_starts() {
    let collector = Speaker::Collector;
    // Over a breath into a segment that began and ended before the first one's words were said.
    let overlapping = vec![segment(collector, 0, 9_000, "好的那我们就去你"), segment(collector, 100, 100, "单位闹")];
    // Words with times of their own that run backwards.
    let mut backwards = segment(collector, 0, 900, "明天去你单位闹");
    let word =
        |text: &str, at: u64| Word { text: text.into(), start_ms: Millis(at), end_ms: Millis(at), confidence: None };
    backwards.words = vec![word("明天", 800), word("去你", 700), word("单位", 300), word("闹", 10)];
    for segments in [overlapping, vec![backwards]] {
        let (transcript, judged) = judged(segments);
        assert!(evidence(&judged).count() > 0);
        evidence_holds(&transcript, &judged).unwrap();
    }
}

#[test]
fn a_number_too_large_for_a_moment_breaks_nothing() {
    let far = u64::MAX;
    let late = format!(
        r#"{{"schema":"fairdial.transcript/1","segments":[
        {{"speaker":"collector","start_ms":0,"end_ms":{far},"text":"你就是个老赖"}},
        {{"speaker":"debtor","start_ms":1,"end_ms":{far},"text":"你说什么"}}]}}"#
    );
    assert_eq!(Transcript::from_json(late.as_bytes()).unwrap_err().code(), "transcript-times-invalid");
    let [(head, head_text), (rule, rule_text)] = pack_of("你就是个老赖");
    let desk = Desk::new();
    desk.put(head, head_text);
    let examples = rule_text.replace("\"collector: [[a]]\"", &format!("\"collector@{far}: [[a]]\""));
    assert_ne!(examples, rule_text);
    desk.put(rule, examples);
    let error = Policy::load(&[desk.at("one")]).err().expect("no second is so late");
    assert!(error.diagnostics.iter().any(|diagnostic| diagnostic.code == "L005"), "{error}");
    // The whole call lies within the first so many seconds.
    let required = "[[required]]\nid = \"cn.test.said\"\ncheck = \"opening-company\"\nseverity = \"low\"\nsources = [\"x\"]\n\
         title = { zh = \"一\", en = \"one\" }\nwhy = { zh = \"一\", en = \"one\" }\nphrases = [\"这里是鼎诚\"]\n\
         within = { first-seconds = 9223372036854775807 }\n\
         examples = [\"collector: 这里是鼎诚\", \"collector: 您好 (missing)\", \"collector: 喂 (missing)\", \"debtor: 喂\"]\n";
    desk.put(rule, required);
    let policy = Policy::load(&[desk.at("one")]).unwrap_or_else(|error| panic!("{error}"));
    let transcript = ordinary();
    let roles = Roles::of_labels(&transcript);
    let judged = policy.judge(&transcript, &call(Jurisdiction::Cn), &roles, Language::Mandarin).unwrap();
    assert_eq!(judged.checks[0].status, fairdial::record::CheckStatus::Pass);
}

#[test]
fn families_of_families_do_not_grow_without_end() {
    let [(head, head_text), (rule, rule_text)] = pack_of("你@f7");
    let mut families = String::from("[families]\nf0 = [\"废物\", \"垃圾\"]\n");
    for level in 1..8 {
        let members: Vec<String> = (0..6).map(|_| format!("\"@f{0}的@f{0}\"", level - 1)).collect();
        families += &format!("f{level} = [{}]\n", members.join(", "));
    }
    let desk = Desk::new();
    desk.put(head, head_text.replace("[families]\n", &families));
    desk.put(rule, rule_text);
    let (loaded, took) = harness::timed(|| Policy::load(&[desk.at("one")]));
    let error = loaded.err().expect("more words than anybody means");
    assert!(error.diagnostics.iter().all(|diagnostic| diagnostic.code == "L002"), "{error}");
    assert!(took < PATIENCE, "{took:?}");
}
