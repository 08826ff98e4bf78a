//! The legal reference beside the repository, line by line: what it says must be found is found, what it says must not
//! be isn't.
//!
//! Comes in: section 2 of `reference/regulations.md`, from `../shared` or the folder that `FAIRDIAL_SHARED` names. Goes
//! out: a table by check id, and a failure where too much is missed or too much is found. Only this file knows how a line
//! of the reference becomes a call, and which finding or check each of its ids stands for. Its words are not printed
//! unless `FAIRDIAL_SHOW` is set: then the misses and false hits are listed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't be set up should stop")]
#![allow(clippy::print_stdout, reason = "figures, for whoever runs the tests with --nocapture")]

mod harness;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use fairdial::call::{Call, CallId, Jurisdiction, Language, Millis, Speaker};
use fairdial::policy::{Judgement, Policy, Roles};
use fairdial::record::{Category, CheckStatus};
use fairdial::transcript::{Segment, Transcript};
use harness::{root, told};

/// The share of violations that must be found, and of look-alikes that may be.
const FOUND: f64 = 0.95;
const BY_MISTAKE: f64 = 0.02;

/// Check ids beyond section 2.7 whose violations one line shows well enough to ask for them.
const OBVIOUS: &[&str] =
    &["opening-caller-identity", "idv-before-debt", "idv-wrong-party-close", "cn-time-window", "us-time-window"];

static SHIPPED: LazyLock<Policy> = LazyLock::new(|| Policy::shipped().unwrap_or_else(|error| panic!("{error}")));

/// What the reference says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Violates,
    Innocuous,
    /// Needs a fact or a person.
    Review,
}

/// A line of the reference.
struct Line {
    /// `2.1` …
    section: usize,
    label: Label,
    language: Language,
    speaker: Speaker,
    /// Left on a machine: nobody answers.
    voicemail: bool,
    check: String,
    /// What is said, turn by turn: the reference writes short exchanges with dashes between.
    turns: Vec<String>,
    /// What the reference says of the situation, in round brackets.
    context: String,
}

/// What shows that a line was found.
struct Shown {
    categories: &'static [Category],
    /// Checks that fail.
    checks: &'static [&'static str],
}

/// The category each of the sections 2.1 to 2.7 is about.
const SECTIONS: [Category; 7] = [
    Category::Insult,
    Category::Threat,
    Category::FalseClaim,
    Category::ThirdPartyDisclosure,
    Category::Harassment,
    Category::ImproperPressure,
    Category::ImproperPayment,
];

/// Check ids whose lines another category names as rightly, and why. The reference sorts by what the law forbids; the
/// categories of the record sort by what was said, and a turn has one finding.
const AS_RIGHTLY: &[(&str, &[Category])] = {
    use Category::{FalseClaim, Harassment, Insult, Threat};
    &[
        // An untrue consequence is a false claim, whatever it is to make the debtor fear.
        ("threat-rights-loss", &[FalseClaim]),
        ("threat-suit-not-intended", &[FalseClaim]),
        ("us-threat-debt-sale", &[FalseClaim, Threat]),
        // Calling everybody in the address book as a campaign, and calling on after a "no", is harassment.
        ("threat-exposure", &[Harassment]),
        ("third-party-repeat-contact", &[Harassment]),
        ("us-third-party-after-attorney", &[Harassment]),
        // Telling the family on purpose is exposure: a threat.
        ("cn-third-party-debtor-reachable", &[Threat]),
        // Shaming is an insult.
        ("pressure-shaming", &[Insult]),
        // "Disputing won't stop anything" is untrue; "if you dispute, we sue" is a threat.
        ("pressure-block-rights", &[FalseClaim]),
        ("us-pressure-overshadow-dispute", &[FalseClaim, Threat]),
    ]
};

/// What shows a violation of the other sections, by the beginning of the check id. An id that none begins is shown by
/// nothing: no rule is about it.
const SHOWN: &[(&str, Shown)] = {
    use Category::{
        FalseClaim, Harassment, ImproperPayment, ImproperPressure, Insult, PrematureDisclosure, ThirdPartyDisclosure,
        Threat,
    };
    const fn shown(categories: &'static [Category], checks: &'static [&'static str]) -> Shown {
        Shown { categories, checks }
    }
    &[
        ("opening-caller-identity", shown(&[FalseClaim], &["opening-company", "opening-name"])),
        ("opening-agent-id", shown(&[], &["opening-name"])),
        ("opening-purpose", shown(&[], &["opening-purpose"])),
        ("opening-recording-notice", shown(&[], &["recording-notice"])),
        ("us-ca-license-on-request", shown(&[], &["opening-company"])),
        ("us-alias-consistent", shown(&[FalseClaim], &["opening-name"])),
        ("us-nyc-opening-fields", shown(&[], &["opening-company"])),
        ("idv-before-debt", shown(&[PrematureDisclosure, ThirdPartyDisclosure], &["verified-before-disclosure"])),
        ("idv-minimal-data", shown(&[ImproperPayment, ImproperPressure], &[])),
        ("idv-wrong-party-close", shown(&[ThirdPartyDisclosure, Harassment, ImproperPressure, Insult], &[])),
        ("idv-spouse-scope", shown(&[ThirdPartyDisclosure, PrematureDisclosure], &[])),
        ("cn-debt-facts", shown(&[FalseClaim, ImproperPressure], &["debt-facts-stated"])),
        ("cn-outsourcing-notice", shown(&[FalseClaim], &["opening-company"])),
        ("cn-complaint-channel", shown(&[ImproperPressure], &["complaint-channel-given"])),
        ("cn-credit-report-prior-notice", shown(&[FalseClaim, Threat], &[])),
        ("us-mini-miranda", shown(&[FalseClaim], &["mini-miranda"])),
        ("us-disclosure", shown(&[], &["mini-miranda"])),
        ("us-ny-time-barred-notice", shown(&[FalseClaim, ImproperPressure], &[])),
        ("us-validation-information", shown(&[ImproperPressure], &[])),
        ("signal-dispute", shown(&[ImproperPressure, FalseClaim, Harassment], &[])),
        ("signal-already-paid", shown(&[ImproperPressure, FalseClaim], &[])),
        ("signal-distress", shown(&[Insult, Threat, ImproperPressure], &[])),
        ("signal-complaint", shown(&[ImproperPressure, Insult], &["complaint-channel-given"])),
        ("signal-third-party-refuses", shown(&[Harassment, ThirdPartyDisclosure], &[])),
        ("signal-deceased", shown(&[FalseClaim, ThirdPartyDisclosure, ImproperPressure], &[])),
        ("signal-vulnerable", shown(&[Threat, ThirdPartyDisclosure], &[])),
        ("signal-attorney", shown(&[ImproperPressure, Harassment], &[])),
        ("signal-bankruptcy", shown(&[ImproperPressure, Harassment], &[])),
        ("signal-workplace", shown(&[Harassment], &[])),
        ("signal-wrong-person", shown(&[ThirdPartyDisclosure, Harassment], &[])),
        ("cn-time-window", shown(&[Harassment], &["call-hours"])),
        ("us-time-window", shown(&[Harassment], &["call-hours"])),
        ("time-known-inconvenient", shown(&[Harassment], &["call-hours"])),
        ("cn-3-effective-calls-day", shown(&[Harassment], &["call-frequency"])),
        ("cn-6-dials-day", shown(&[Harassment], &["call-frequency"])),
        ("freq-rapid-succession", shown(&[Harassment], &["call-frequency"])),
        ("us-7-", shown(&[Harassment], &["call-frequency"])),
        ("us-ma-2-in-7", shown(&[Harassment], &["call-frequency"])),
    ]
};

/// What the other side has just said, where a check id is about the answer: Mandarin, English.
const BEFORE: &[(&str, &str, &str)] = &[
    ("harassment-after-stop", "别再给我打电话了。", "Stop calling me. Only write to me."),
    ("harassment-workplace", "我在上班，现在不方便。", "I'm at work, I can't talk now."),
    ("third-party-repeat-contact", "别再打给我了，我也联系不上。", "You called me already, he isn't here."),
    ("us-third-party-after-attorney", "他请了律师。", "He has a lawyer on this."),
    ("us-ca-license-on-request", "你们有牌照吗？", "What's your license number?"),
    ("opening-agent-id", "你工号多少？", "What's your name?"),
    ("idv-wrong-party-close", "我不是，你打错了。", "No, this isn't her. You have the wrong number."),
    ("idv-spouse-scope", "我是她老公。", "This is her husband."),
    ("cn-debt-facts", "是哪家银行的，欠多少钱？", "Which bank is it, and how much?"),
    ("cn-complaint-channel", "你们投诉电话是多少？", "Where can I complain?"),
    ("cn-outsourcing-notice", "你们是谁委托的？", "Who do you work for?"),
    ("us-validation-information", "你们寄过通知吗？", "I never got anything in writing."),
    ("signal-dispute", "这笔钱不是我借的，我有异议。", "I dispute this debt."),
    ("signal-already-paid", "我上个月就还清了。", "I paid that off last year."),
    ("signal-distress", "我不想活了。", "I can't do this anymore, I just want to end it."),
    ("signal-complaint", "我要投诉你们。", "I'm filing a complaint."),
    ("signal-third-party-refuses", "我跟他没关系，别再打给我。", "I have nothing to do with him, don't call me."),
    ("signal-deceased", "他上个月去世了。", "My husband passed away in March."),
    ("signal-vulnerable", "我爸爸不在家，我今年九岁。", "My dad isn't home, I'm nine."),
    ("signal-attorney", "我请了律师。", "I have a lawyer on this."),
    ("signal-bankruptcy", "我申请破产了。", "I filed Chapter 7 in June."),
    ("signal-workplace", "我在上班，老板不让接这种电话。", "My boss doesn't let me take these calls at work."),
    ("signal-wrong-person", "你打错了，这号我用了三年了。", "Wrong number, I've told you three times."),
    ("signal-stop", "别再打电话了。", "Stop calling me."),
];

/// Check ids about people other than the debtor, beside all of section 2.4.
const THIRD_PARTY: &[&str] = &[
    "third-party-",
    "idv-wrong-party-close",
    "idv-spouse-scope",
    "signal-third-party-refuses",
    "signal-deceased",
    "signal-vulnerable",
];

/// Words in round brackets that say who is on the line.
const TO_OTHERS: &[&str] = &["亲友", "同事", "总机", "第三人", "coworker", "household member"];
const TO_THE_DEBTOR: &[&str] = &["对债务人说"];

/// The reference, where there is one.
fn reference() -> Option<String> {
    let shared = told("SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = shared.join("reference/regulations.md");
    if !path.is_file() {
        println!("skipped: there is no {}", path.display());
        return None;
    }
    Some(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Every line of section 2.
fn lines(text: &str) -> Vec<Line> {
    let (mut section, mut lines) = (0, Vec::new());
    for (number, line) in text.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = 0;
            assert!(!heading.starts_with("2. ") || heading.contains("Example utterances"), "{heading}");
        }
        if let Some(rest) = line.strip_prefix("### 2.") {
            section = rest.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        }
        if section > 0 && ["V|", "N|", "R|"].iter().any(|start| line.starts_with(start)) {
            lines.push(read(section, line).unwrap_or_else(|| panic!("line {} is of another form", number + 1)));
        }
    }
    lines
}

fn read(section: usize, line: &str) -> Option<Line> {
    let mut columns = line.splitn(5, '|');
    let label = match columns.next()? {
        "V" => Label::Violates,
        "N" => Label::Innocuous,
        _ => Label::Review,
    };
    let language = columns.next()?.parse().ok()?;
    let who = columns.next()?;
    let speaker = match who {
        "C" | "VM" => Speaker::Collector,
        "D" => Speaker::Debtor,
        "T" => Speaker::ThirdParty,
        _ => return None,
    };
    let check = columns.next()?.to_string();
    let (utterance, _source) = columns.next()?.rsplit_once('|')?;
    let (said, context) = apart(utterance);
    let turns = said.split("—").map(str::trim).filter(|turn| !turn.is_empty()).map(String::from).collect();
    Some(Line { section, label, language, speaker, voicemail: who == "VM", check, turns, context })
}

/// What is said, and what stands in round brackets.
fn apart(utterance: &str) -> (String, String) {
    let (mut said, mut context, mut depth) = (String::new(), String::new(), 0usize);
    for c in utterance.chars() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth > 0 => context.push(c),
            _ => said.push(c),
        }
    }
    (said, context)
}

impl Line {
    fn in_language(&self, zh: &'static str, en: &'static str) -> String {
        if self.language == Language::Mandarin { zh } else { en }.into()
    }

    /// Who is on the line beside the collector.
    fn other(&self) -> Speaker {
        let says = |words: &[&str]| words.iter().any(|word| self.context.contains(word));
        let third = self.section == 4 || THIRD_PARTY.iter().any(|start| self.check.starts_with(start));
        match self.speaker {
            Speaker::Debtor | Speaker::ThirdParty => self.speaker,
            _ if says(TO_THE_DEBTOR) => Speaker::Debtor,
            _ if third || says(TO_OTHERS) => Speaker::ThirdParty,
            _ => Speaker::Debtor,
        }
    }

    /// The turns before it.
    fn before(&self) -> Vec<(Speaker, String)> {
        let (own, other) = (Speaker::Collector, self.other());
        let opens = matches!(self.section, 8 | 9) && self.speaker == own;
        let mut turns = Vec::new();
        if self.voicemail {
            return turns;
        }
        if other == Speaker::ThirdParty {
            turns.push((
                own,
                self.in_language("您好，请问张伟先生在吗？", "Hello, may I speak with Maria Lopez, please?"),
            ));
            if self.speaker == own {
                turns.push((other, self.in_language("他不在，我是他家里人。", "She's not here, this is her sister.")));
            }
        } else if !opens {
            let opening = self.in_language(
                "您好，这里是鼎诚信息服务有限公司，我姓李，工号0213，本次通话会录音，请问是张伟先生本人吗？",
                "Hello, my name is Robin Smith with Ashgrove Recovery on a recorded line. Am I speaking with Maria Lopez?",
            );
            turns.push((own, opening));
            if !(self.section == 9 && self.speaker == other) {
                let confirms = self.in_language("是我，身份证后四位2516。", "Yes, this is Maria. March 1982.");
                turns.push((other, confirms));
                turns.push((own, self.in_language("好的，谢谢您的配合。", "Thank you for confirming that.")));
            }
        }
        let answered = BEFORE.iter().find(|(check, ..)| self.check == *check && self.speaker == own);
        match answered {
            Some((_, zh, en)) => turns.push((other, self.in_language(zh, en))),
            None if self.speaker == own && !opens => {
                turns.push((other, self.in_language("嗯，你说。", "Okay, go on.")))
            }
            None => {}
        }
        turns
    }

    /// The call and where in it the line stands.
    fn call(&self) -> (Transcript, std::ops::Range<usize>) {
        let mut turns = self.before();
        let first = turns.len();
        let answer = if self.speaker == Speaker::Collector { self.other() } else { Speaker::Collector };
        let speakers = [self.speaker, answer].into_iter().cycle();
        turns.extend(speakers.zip(self.turns.iter().cloned()));
        let own = first..turns.len();
        if !self.voicemail {
            let said_last = turns.last().map(|(speaker, _)| *speaker);
            if said_last == Some(Speaker::Collector) {
                turns.push((self.other(), self.in_language("我知道了。", "All right.")));
            }
            turns.push((Speaker::Collector, self.in_language("好的，再见。", "Okay, goodbye.")));
        }
        let segments = turns.into_iter().enumerate().map(|(at, (speaker, text))| Segment {
            speaker,
            start_ms: Millis(at as u64 * 5_000),
            end_ms: Millis(at as u64 * 5_000 + 4_500),
            text,
            channel: None,
            confidence: None,
            words: Vec::new(),
        });
        (Transcript::new(segments.collect(), Some(self.language)), own)
    }

    fn judge(&self) -> (Judgement, std::ops::Range<usize>) {
        let (transcript, own) = self.call();
        let mut call = Call::new(CallId::from_text("line"), "line");
        call.jurisdiction = Some(Jurisdiction::usual_for(self.language));
        call.agency = Some(self.in_language("鼎诚信息服务有限公司", "Ashgrove Recovery"));
        call.debtor_name = Some(self.in_language("张伟", "Maria Lopez"));
        let roles = Roles::of_labels(&transcript);
        let judged = SHIPPED.judge(&transcript, &call, &roles, self.language);
        (judged.unwrap_or_else(|error| panic!("{error}")), own)
    }

    /// Whether the line decides by itself: what is in one line can be seen in it.
    fn decides(&self) -> bool {
        self.section <= SECTIONS.len()
    }

    /// What was found on the line.
    fn outcome(&self) -> Outcome {
        let (judged, own) = self.judge();
        let categories: Vec<Category> = judged
            .findings
            .iter()
            .filter(|finding| own.contains(&finding.evidence.segment))
            .map(|finding| finding.category)
            .collect();
        let nothing = Shown { categories: &[], checks: &[] };
        let shown = SHOWN.iter().find(|(start, _)| self.check.starts_with(start)).map_or(&nothing, |(_, shown)| shown);
        let hit = if self.decides() {
            let as_rightly = AS_RIGHTLY.iter().find(|(check, _)| self.check == *check).map_or(&[][..], |(_, all)| all);
            categories.iter().any(|found| *found == SECTIONS[self.section - 1] || as_rightly.contains(found))
        } else {
            let failed =
                |id: &&str| judged.checks.iter().any(|check| check.id == **id && check.status == CheckStatus::Fail);
            categories.iter().any(|category| shown.categories.contains(category)) || shown.checks.iter().any(failed)
        };
        // A look-alike is hit by any finding: that a single line leaves an opening unfinished says nothing of it.
        let hit = if self.label == Label::Violates { hit } else { !categories.is_empty() };
        Outcome { hit, categories }
    }
}

struct Outcome {
    hit: bool,
    categories: Vec<Category>,
}

/// Hits and all by label, and the violations found under another name only.
#[derive(Clone, Copy, Default)]
struct Tally {
    by_label: [(usize, usize); 3],
    otherwise: usize,
}

impl Tally {
    fn add(&mut self, label: Label, outcome: &Outcome) {
        let (hits, all) = &mut self.by_label[label as usize];
        *hits += usize::from(outcome.hit);
        *all += 1;
        self.otherwise += usize::from(label == Label::Violates && !outcome.hit && !outcome.categories.is_empty());
    }

    fn share(&self, label: Label) -> f64 {
        let (hits, all) = self.by_label[label as usize];
        hits as f64 / all.max(1) as f64
    }

    fn row(&self, name: &str) -> String {
        let cell = |(hits, all): (usize, usize)| if all == 0 { String::new() } else { format!("{hits}/{all}") };
        let [v, n, r] = self.by_label.map(cell);
        let otherwise = if self.otherwise == 0 { String::new() } else { self.otherwise.to_string() };
        format!("{name:<38} {v:>9} {otherwise:>9} {n:>9} {r:>9}")
    }
}

#[test]
fn the_reference_is_found_line_by_line() {
    let Some(text) = reference() else { return };
    let lines = lines(&text);
    assert!(lines.len() > 500, "{} lines: the reference has another form", lines.len());
    let mut rows: BTreeMap<(usize, &str), Tally> = BTreeMap::new();
    let mut parts: BTreeMap<(bool, &str), Tally> = BTreeMap::new();
    let (mut decided, mut obvious, mut from_verification_on) = (Tally::default(), Tally::default(), Tally::default());
    let (mut silent, mut listed) = (0, Vec::new());
    for line in &lines {
        let (section, check) = (line.section, line.check.as_str());
        if line.turns.is_empty() {
            silent += 1;
            continue;
        }
        let outcome = line.outcome();
        rows.entry((section, check)).or_default().add(line.label, &outcome);
        parts.entry((!line.decides(), line.language.code())).or_default().add(line.label, &outcome);
        if line.decides() {
            decided.add(line.label, &outcome);
        } else if OBVIOUS.contains(&check) {
            obvious.add(line.label, &outcome);
        }
        if section > 8 {
            from_verification_on.add(line.label, &outcome);
        }
        let (hit, categories) = (outcome.hit, &outcome.categories);
        if line.label != Label::Review && hit != (line.label == Label::Violates) {
            listed.push(format!("{:?} 2.{section} {check} {categories:?}: {}", line.label, line.turns.join(" — ")));
        }
    }
    println!("{:<38} {:>9} {:>9} {:>9} {:>9}", "hit of all lines", "V", "otherwise", "N", "R");
    for ((section, check), tally) in &rows {
        println!("{}", tally.row(&format!("2.{section} {check}")));
    }
    for ((rest, language), tally) in &parts {
        println!("{}", tally.row(&format!("{language}, {}", if *rest { "2.8 to 2.13" } else { "2.1 to 2.7" })));
    }
    println!("{}", decided.row("2.1 to 2.7"));
    println!("{} lines, {silent} of them without words", lines.len());
    if told("SHOW").is_some() {
        listed.iter().for_each(|line| println!("{line}"));
    }
    let mut problems = Vec::new();
    for (what, tally) in [("2.1 to 2.7", &decided), ("what is obvious beyond", &obvious)] {
        let found = tally.share(Label::Violates);
        if found < FOUND {
            problems.push(format!("{what}: {found:.3} of the violations are found, {FOUND} are owed"));
        }
    }
    for (what, tally) in [("2.1 to 2.7", &decided), ("2.9 to 2.13", &from_verification_on)] {
        let by_mistake = tally.share(Label::Innocuous);
        if by_mistake > BY_MISTAKE {
            problems.push(format!("{what}: {by_mistake:.3} of the look-alikes are found, {BY_MISTAKE} are allowed"));
        }
    }
    harness::all_right(&problems);
}

#[test]
fn the_calls_around_the_lines_are_clean_by_themselves() {
    let Some(text) = reference() else { return };
    let mut problems: Vec<String> = Vec::new();
    for line in lines(&text) {
        let (judged, own) = line.judge();
        for finding in judged.findings.iter().filter(|finding| !own.contains(&finding.evidence.segment)) {
            problems.push(format!("{}: {} in turn {}", line.check, finding.rule, finding.evidence.segment));
        }
    }
    problems.sort();
    problems.dedup();
    harness::all_right(&problems);
}
