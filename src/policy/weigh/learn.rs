//! Learning: labelled turns to weights.
//!
//! Comes in: JSON lines, single turns or whole labelled calls, and a pack's own examples. Goes out: [`Learned`]: the text of a table for the
//! collector's words and one for everybody else's. Only this file knows how weights are found: one logistic regression
//! a label with an L2 penalty, solved in its dual by coordinate descent (Yu, Huang, Lin: Dual coordinate descent methods
//! for logistic regression and maximum entropy models, Machine Learning 85, 2011). No chance in it: equal lines, equal
//! weights.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::terms::{Form, each_term};
use super::{ANY, rarity, scale, table};
use crate::call::{Language, Speaker};
use crate::normalise::Stream;
use crate::policy::SIGNAL_IDS;
use crate::policy::example::Example;
use crate::policy::file::{PackFile, RuleText, TopicFile};
use crate::policy::sources;
use crate::record::Category;

/// A term seen in fewer turns is an accident.
const SEEN: usize = 2;
/// How much a wrong turn costs against large weights. From 3 to 100 made no difference on calls not learned from.
const COST: f64 = 30.0;
/// Passes over all turns at most, and the change below which nothing moves any more.
const PASSES: usize = 60;
const STILL: f64 = 1e-3;

/// A turn, or a whole call.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Call { turns: Vec<Turn>, expected: Expected },
    Turn(Turn),
}

#[derive(Deserialize)]
struct Turn {
    #[serde(alias = "who")]
    speaker: Speaker,
    text: String,
    #[serde(default)]
    labels: Vec<String>,
    /// The words that earn each label, in the labels' order.
    #[serde(default)]
    quotes: Vec<String>,
}

#[derive(Deserialize)]
struct Expected {
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    neutral_turns: Vec<Neutral>,
    #[serde(default)]
    debtor_signals: Vec<Signal>,
}

#[derive(Deserialize)]
struct Finding {
    category: Category,
    turn: usize,
    #[serde(default)]
    quote: String,
}

#[derive(Deserialize)]
struct Neutral {
    turn: usize,
}

#[derive(Deserialize)]
struct Signal {
    signal: String,
    turn: usize,
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// A line that is neither a turn nor a labelled call.
    #[error("line {line}: {message}")]
    Line {
        /// 1-based.
        line: usize,
        /// What is wrong, without spoken words.
        message: String,
    },
    /// No pack there, or one whose files can't be read as such.
    #[error("{0} holds no pack that can be read: 'fairdial lexicons check' says why")]
    NoPack(String),
    /// Too little to learn from.
    #[error("nothing to learn from: no turn of {0} has a label")]
    Nothing(&'static str),
}

/// Two tables.
pub struct Learned {
    /// The text of [`super::OWN`].
    pub collector: String,
    /// The text of [`super::OTHER`]: the debtor's words and third parties'.
    pub other: String,
    /// Turns learned from, the collector's and the others'.
    pub turns: (usize, usize),
}

/// Learns from labelled turns, `{"text": …, "who": "collector", "labels": ["threat"], "quotes": ["…"]}` a line, or labelled
/// calls in the format of `lexicons eval`; and from the examples that stand beside the rules of the pack in a folder.
///
/// # Errors
/// When a line is neither, the folder holds no pack, or nothing has a label.
pub fn learn(lines: &str, pack: &Path) -> Result<Learned, LearnError> {
    let mut turns = Vec::new();
    for (number, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let read: Line = serde_json::from_str(line).map_err(|_| LearnError::Line {
            line: number + 1,
            message: "neither a turn (text, who, labels) nor a labelled call".into(),
        })?;
        match read {
            Line::Turn(turn) => turns.push(turn),
            Line::Call { turns: all, expected } => turns.extend(of_call(all, &expected)),
        }
    }
    let language = examples(pack, &mut turns).ok_or_else(|| LearnError::NoPack(pack.display().to_string()))?;
    let categories: Vec<&str> =
        Category::ALL.iter().map(|category| category.as_str()).filter(|name| *name != PREMATURE).collect();
    let (own, other): (Vec<Turn>, Vec<Turn>) = turns
        .into_iter()
        .filter(|turn| turn.speaker != Speaker::Unknown)
        .partition(|turn| turn.speaker == Speaker::Collector);
    let counts = (own.len(), other.len());
    let labels = std::iter::once(ANY).chain(categories.iter().copied()).map(|label| (label, false));
    let labels: Vec<(&str, bool)> = labels.chain(categories.iter().map(|label| (*label, true))).collect();
    let signals: Vec<(&str, bool)> = SIGNAL_IDS.iter().map(|label| (*label, false)).collect();
    Ok(Learned {
        collector: table_of(own, &labels, language).ok_or(LearnError::Nothing("the collector"))?,
        other: table_of(other, &signals, language).ok_or(LearnError::Nothing("the debtor"))?,
        turns: counts,
    })
}

/// Which words are too early depends on what came before, never on the words: nothing to weigh.
const PREMATURE: &str = "premature-disclosure";

/// Adds the examples of a pack's rules and gives its language. Rules that depend on who listens are left out: their
/// words alone are no fault.
fn examples(pack: &Path, turns: &mut Vec<Turn>) -> Option<Language> {
    let read = sources::read(&[pack.to_path_buf()]).ok()?;
    let source = read.first()?;
    let head: PackFile = toml::from_str(&source.files.first()?.text).ok()?;
    for topic in source.topics() {
        let topic: TopicFile = toml::from_str(&topic.text).ok()?;
        for rule in topic.forbidden.iter().filter(|rule| rule.to.is_none()) {
            of_rule(rule, rule.category.as_str(), turns);
        }
        for rule in &topic.conditional {
            of_rule(rule, &rule.signal, turns);
        }
    }
    Some(head.language)
}

/// What a rule's examples teach: marked words earn the label, a line that stands alone and has no marks earns none.
fn of_rule(rule: &dyn RuleText, label: &str, turns: &mut Vec<Turn>) {
    for example in rule.examples().iter().filter_map(|line| Example::parse(line.get_ref()).ok()) {
        let segments = &example.transcript.segments;
        for (number, segment) in segments.iter().enumerate() {
            let marked = example.marks.iter().find(|(at, _)| *at == number);
            if marked.is_none() && segments.len() > 1 {
                continue;
            }
            let quote = marked.and_then(|(_, range)| segment.text.get(range.clone()));
            turns.push(Turn {
                speaker: segment.speaker,
                text: segment.text.clone(),
                labels: quote.iter().map(|_| label.to_string()).collect(),
                quotes: quote.iter().map(|quote| quote.to_string()).collect(),
            });
        }
    }
}

/// The turns of a call that say something. What follows a signal says it again, unlabelled: left out.
fn of_call(turns: Vec<Turn>, expected: &Expected) -> Vec<Turn> {
    let first = expected.debtor_signals.iter().map(|signal| signal.turn).min().unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    for (number, mut turn) in turns.into_iter().enumerate() {
        if turn.speaker == Speaker::Collector {
            let own = expected.findings.iter().filter(|finding| finding.turn == number);
            (turn.labels, turn.quotes) =
                own.map(|finding| (finding.category.as_str().to_string(), finding.quote.clone())).unzip();
            if !expected.neutral_turns.iter().any(|neutral| neutral.turn == number) {
                kept.push(turn);
            }
        } else {
            let own = expected.debtor_signals.iter().filter(|signal| signal.turn == number);
            turn.labels = own.map(|signal| signal.signal.clone()).collect();
            if number <= first || !turn.labels.is_empty() {
                kept.push(turn);
            }
        }
    }
    kept
}

/// Turns as rows of term numbers, each with the factor of its terms; after them the quotes alone.
struct Rows {
    terms: Vec<String>,
    rarity: Vec<f64>,
    rows: Vec<(Vec<u32>, f64)>,
}

impl Rows {
    /// The first `turns` texts are turns; how rare a term is, they decide.
    fn of(texts: &[&str], turns: usize, language: Language) -> Rows {
        let streams: Vec<Stream> = texts.iter().map(|text| Stream::of_words(text)).collect();
        let mut numbers: HashMap<_, u32> = HashMap::new();
        let mut names: Vec<String> = Vec::new();
        let mut seen: Vec<usize> = Vec::new();
        let mut rows: Vec<Vec<u32>> = Vec::new();
        for stream in &streams {
            let mut row = Vec::new();
            each_term(stream, (0, stream.text.len()), language, &mut |form: Form, tokens, term| {
                let number = *numbers.entry(term.key).or_insert_with(|| {
                    names.push(form.written(tokens));
                    seen.push(0);
                    u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
                });
                row.push(number);
            });
            row.sort_unstable();
            row.dedup();
            if rows.len() < turns {
                row.iter().for_each(|number| seen[*number as usize] += 1);
            }
            rows.push(row);
        }
        for row in &mut rows {
            row.retain(|number| seen[*number as usize] >= SEEN);
        }
        let rarity: Vec<f64> = seen.iter().map(|seen| f64::from(rarity(*seen, turns))).collect();
        let rows = rows.into_iter().map(|row| {
            let squares: f64 = row.iter().map(|term| rarity[*term as usize].powi(2)).sum();
            (row, f64::from(scale(squares as f32)))
        });
        Rows { terms: names, rows: rows.collect(), rarity }
    }

    /// What each term says, its rarity included, and the bias, that tell `yes` from `no`; `None` is left out.
    fn regress(&self, yes: &[Option<bool>]) -> (Vec<f64>, f64) {
        let chosen: Vec<(usize, f64)> = yes
            .iter()
            .enumerate()
            .filter_map(|(row, yes)| yes.map(|yes| (row, if yes { 1.0 } else { -1.0 })))
            .collect();
        let mut weights = vec![0.0; self.terms.len()];
        let mut bias = 0.0;
        // The dual variable of a turn lies between 0 and COST; at first near 0, as liblinear begins.
        let mut duals = vec![1e-8; self.rows.len()];
        for (turn, sign) in &chosen {
            let (row, value) = &self.rows[*turn];
            let step = duals[*turn] * sign;
            self.step(&mut weights, row, step * value);
            bias += step;
        }
        for pass in 0..PASSES {
            let mut largest: f64 = 0.0;
            for at in order(chosen.len(), pass) {
                let (turn, sign) = chosen[at];
                let (row, value) = &self.rows[turn];
                let (mut squares, mut sum) = (0.0, 0.0);
                for term in row {
                    let rarity = self.rarity[*term as usize];
                    squares += rarity * rarity;
                    sum += rarity * weights[*term as usize];
                }
                let length = squares * value * value + 1.0;
                let margin = sign * (sum * value + bias);
                let dual = best_dual(duals[turn], margin, length);
                let step = (dual - duals[turn]) * sign;
                largest = largest.max(step.abs());
                duals[turn] = dual;
                self.step(&mut weights, row, step * value);
                bias += step;
            }
            if largest < STILL {
                break;
            }
        }
        weights.iter_mut().zip(&self.rarity).for_each(|(weight, rarity)| *weight *= rarity);
        (weights, bias)
    }

    fn step(&self, weights: &mut [f64], row: &[u32], step: f64) {
        for term in row {
            weights[*term as usize] += step * self.rarity[*term as usize];
        }
    }
}

/// The dual variable that is best with all others held: where the derivative
/// `length (z - old) + margin + ln(z / (COST - z))` is nought. It rises with z, so Newton's steps are kept in brackets.
fn best_dual(old: f64, margin: f64, length: f64) -> f64 {
    let (mut low, mut high) = (0.0, COST);
    let mut z = old.clamp(1e-12, COST - 1e-12);
    for _ in 0..80 {
        let slope = length * (z - old) + margin + (z / (COST - z)).ln();
        if slope.abs() < 1e-6 {
            break;
        }
        if slope > 0.0 {
            high = z
        } else {
            low = z
        }
        let next = z - slope / (length + COST / (z * (COST - z)));
        z = if next > low && next < high { next } else { (low + high) / 2.0 };
    }
    z
}

/// All turns, in another order each pass: a walk with a stride that shares no factor with their number.
fn order(count: usize, pass: usize) -> impl Iterator<Item = usize> {
    let shares = |a: usize, b: usize| {
        let (mut a, mut b) = (a, b);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a > 1
    };
    let mut stride = count / 2 + 7 * pass + 1;
    while count > 1 && shares(stride, count) {
        stride += 1;
    }
    (0..count).map(move |step| (step * stride + pass) % count)
}

/// The table of some labels: each told from everything else or, where the flag is set, from the other labels only.
fn table_of(turns: Vec<Turn>, labels: &[(&str, bool)], language: Language) -> Option<String> {
    let carries = |own: &[String], label: &str| {
        if label == ANY { own.iter().any(|own| own != PREMATURE) } else { own.iter().any(|own| own == label) }
    };
    if !turns.iter().any(|turn| labels.iter().any(|(label, _)| carries(&turn.labels, label))) {
        return None;
    }
    // The core of a turn shows which fault it is better than the turn does; that it is one, only whole turns can show.
    let quotes = turns.iter().filter(|turn| turn.labels.len() == turn.quotes.len());
    let quotes: Vec<(&str, &[String])> = quotes
        .flat_map(|turn| turn.quotes.iter().zip(turn.labels.chunks(1)))
        .map(|(quote, label)| (quote.as_str(), label))
        .filter(|(quote, label)| !quote.is_empty() && label[0] != PREMATURE)
        .collect();
    let all: Vec<(&str, &[String])> =
        turns.iter().map(|turn| (turn.text.as_str(), turn.labels.as_slice())).chain(quotes).collect();
    let texts: Vec<&str> = all.iter().map(|(text, _)| *text).collect();
    let rows = Rows::of(&texts, turns.len(), language);
    let learned: Vec<(Vec<f64>, f64)> = std::thread::scope(|scope| {
        let (rows, all, turns) = (&rows, &all, &turns);
        let work = labels.iter().map(|(label, which)| {
            scope.spawn(move || {
                let counts = |(number, (_, own)): (usize, &(&str, &[String]))| {
                    let part = if *which { carries(own, ANY) } else { number < turns.len() };
                    part.then(|| carries(own, label))
                };
                rows.regress(&all.iter().enumerate().map(counts).collect::<Vec<_>>())
            })
        });
        let work: Vec<_> = work.collect();
        work.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let bias: Vec<f64> = learned.iter().map(|(_, bias)| *bias).collect();
    let terms = rows.terms.into_iter().enumerate().map(|(number, term)| {
        let says = learned.iter().map(|(weights, _)| weights[number]);
        (term, rows.rarity[number], says.collect())
    });
    let name =
        |(label, which): &(&str, bool)| if *which { format!("{}{label}", table::WHICH) } else { (*label).into() };
    let names: Vec<String> = labels.iter().map(name).collect();
    Some(table::write(&names, &bias, &terms.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::super::Weights;
    use super::*;

    /// Turns of a pack without rules.
    fn learned(lines: &str) -> Result<Learned, LearnError> {
        let folder = tempfile::tempdir().unwrap();
        let head = "name = \"x\"\nversion = \"1\"\nlanguage = \"en\"\njurisdiction = \"us\"\nowner = \"x\"\n\
                    title = { zh = \"测\", en = \"x\" }\n";
        std::fs::write(folder.path().join("pack.toml"), head).unwrap();
        learn(lines, folder.path())
    }

    const LINES: &str = r#"{"text":"you are a worthless liar","who":"collector","labels":["insult"],"quotes":["worthless liar"]}
{"text":"what a worthless person you are","who":"collector","labels":["insult"]}
{"text":"we will ruin you at work","who":"collector","labels":["threat"]}
{"text":"we will tell your boss and ruin you","who":"collector","labels":["threat"]}
{"text":"you can pay in three parts","who":"collector"}
{"text":"we will send you a letter","who":"collector","labels":[]}
{"text":"I lost my job in May","who":"debtor","labels":["hardship"]}
{"text":"well I lost my job","who":"debtor","labels":["hardship"]}
{"text":"my job is fine","who":"debtor"}
"#;

    fn fault(table: &str, text: &str) -> (f32, usize) {
        let weights = Weights::read(table, Some(ANY)).unwrap();
        let weighed = weights.weigh(&Stream::of_words(text), Language::English);
        (weighed[0].fault, weighed[0].likeliest)
    }

    #[test]
    fn what_is_learned_tells_faults_from_the_rest_and_from_each_other() {
        // Among six turns no word is rare.
        let plain = r#"{"text":"the payment on the account is due in May","who":"collector"}"#;
        let learned = learned(&format!("{LINES}{}", format!("{plain}\n").repeat(200))).unwrap();
        assert_eq!(learned.turns, (206, 3));
        let (insult, likeliest) = fault(&learned.collector, "a worthless fellow");
        assert!(insult > fault(&learned.collector, "we will send you a letter").0, "{insult}");
        assert_eq!(likeliest, 1);
        let (threat, likeliest) = fault(&learned.collector, "they ruin you");
        assert!(threat > fault(&learned.collector, "we will send you a letter").0);
        assert_eq!(likeliest, 2);
    }

    #[test]
    fn equal_lines_give_equal_tables() {
        let (a, b) = (learned(LINES).unwrap(), learned(LINES).unwrap());
        assert_eq!((a.collector, a.other), (b.collector, b.other));
    }

    #[test]
    fn whole_calls_teach_their_labelled_turns() {
        let call = r#"{"id":"a","turns":[{"speaker":"collector","text":"you worthless liar","start":0,"end":1},
            {"speaker":"debtor","text":"I lost my job","start":1,"end":2},{"speaker":"collector","text":"a worthless excuse","start":2,"end":3},
            {"speaker":"debtor","text":"so no money","start":3,"end":4}],
            "expected":{"findings":[{"category":"insult","turn":0,"quote":"worthless liar"}],"neutral_turns":[{"turn":2}],
            "debtor_signals":[{"signal":"hardship","turn":1,"quote":"lost my job"}]}}"#;
        // The neutral turn and the words after the signal are left out.
        assert_eq!(learned(&format!("{}\n{LINES}", call.replace('\n', " "))).unwrap().turns, (7, 4));
    }

    #[test]
    fn what_can_not_be_learned_from_is_named() {
        assert!(learned("{\"text\":1}").err().unwrap().to_string().starts_with("line 1: "));
        let clean = r#"{"text":"good morning","who":"collector"}"#;
        assert!(matches!(learned(clean), Err(LearnError::Nothing(_))));
        assert!(matches!(learn(LINES, Path::new("nowhere")), Err(LearnError::NoPack(_))));
    }

    #[test]
    fn the_dual_step_ends_where_its_derivative_is_nought() {
        for (old, margin, length) in [(1e-8, -3.0, 12.0), (5.0, 2.0, 1.0), (29.0, -8.0, 40.0), (15.0, 60.0, 2.0)] {
            let z = best_dual(old, margin, length);
            let slope = length * (z - old) + margin + (z / (COST - z)).ln();
            assert!(slope.abs() < 1e-4, "{old} {margin} {length}: {z} {slope}");
        }
    }

    #[test]
    fn every_pass_visits_every_turn_once() {
        for count in [1, 2, 7, 10, 97, 100] {
            for pass in 0..5 {
                let mut seen: Vec<usize> = order(count, pass).collect();
                seen.sort_unstable();
                assert_eq!(seen, (0..count).collect::<Vec<_>>());
            }
        }
    }
}
