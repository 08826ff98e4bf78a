//! The examples beside the rules, run: `fairdial lexicons test`.
//!
//! Comes in: a policy. Goes out: [`ExampleReport`]: how many lines hold and which don't, each with its place. Only this
//! file decides what it means for a line to hold.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use super::diagnostics::{Diagnostic, SourceFile, Weight};
use super::example::Example;
use super::file::{Compare, Conditions, RuleText};
use super::{Judgement, Pack, Placed, Policy, Roles, Slot, scan};
use crate::call::{Call, CallId};
use crate::record::{CheckStatus, Duty, Evidence};

/// One line that doesn't hold.
#[derive(Clone, Debug)]
pub struct ExampleFailure {
    /// The rule or cue.
    pub rule: String,
    /// The line's place, with what went wrong; rendered with a caret.
    pub diagnostic: Diagnostic,
}

/// What running all examples came to.
#[derive(Clone, Debug, Default)]
pub struct ExampleReport {
    /// Rules with examples.
    pub rules: usize,
    /// Lines run.
    pub examples: usize,
    /// Known gaps run.
    pub gaps: usize,
    /// Lines that don't hold.
    pub failures: Vec<ExampleFailure>,
}

impl Policy {
    /// Runs every example of every pack through the whole judgement.
    pub fn test(&self) -> ExampleReport {
        let mut report = ExampleReport::default();
        for (number, pack) in self.packs.iter().enumerate() {
            let runner = Runner { policy: self, number, pack };
            for Placed { file, rule } in &pack.cues {
                for line in &rule.examples {
                    report.examples += 1;
                    report.note(file, rule.id.get_ref(), line, runner.cue(rule.id.get_ref(), line));
                }
            }
            runner.rules(&pack.forbidden, &mut report, &|runner, rule, example| runner.forbidden(rule, example));
            runner
                .rules(&pack.required, &mut report, &|runner, rule, example| runner.check(&rule.check, rule, example));
            runner
                .rules(&pack.sequence, &mut report, &|runner, rule, example| runner.check(&rule.check, rule, example));
            runner.rules(&pack.limit, &mut report, &|runner, rule, example| runner.check(&rule.check, rule, example));
            runner.rules(&pack.conditional, &mut report, &|runner, rule, example| runner.signal(&rule.signal, example));
        }
        report
    }
}

impl ExampleReport {
    fn note(&mut self, file: &Arc<SourceFile>, rule: &str, line: &Spanned<String>, outcome: Result<(), String>) {
        if let Err(message) = outcome {
            let diagnostic = Diagnostic {
                code: "L020",
                weight: Weight::Error,
                file: Arc::clone(file),
                span: line.span(),
                message: format!("{rule}: {message}"),
                help: String::new(),
            };
            self.failures.push(ExampleFailure { rule: rule.into(), diagnostic });
        }
    }
}

struct Runner<'a> {
    policy: &'a Policy,
    number: usize,
    pack: &'a Pack,
}

type Holds<'r, T> = dyn Fn(&Runner<'_>, &T, &Example) -> Result<(), String> + 'r;

impl Runner<'_> {
    fn rules<T: RuleText>(&self, rules: &[Placed<T>], report: &mut ExampleReport, holds: &Holds<'_, T>) {
        for Placed { file, rule } in rules {
            report.rules += 1;
            for line in rule.examples() {
                report.examples += 1;
                let outcome = Example::parse(line.get_ref()).map_err(|error| error.to_string());
                report.note(file, rule.id().get_ref(), line, outcome.and_then(|example| holds(self, rule, &example)));
            }
            for line in rule.known_gaps() {
                report.gaps += 1;
                let outcome = Example::parse(line.get_ref()).map_err(|error| error.to_string());
                let outcome = outcome.and_then(|example| match holds(self, rule, &example) {
                    Ok(()) => Err("this known gap is closed: move the line to examples".into()),
                    Err(_) => Ok(()),
                });
                report.note(file, rule.id().get_ref(), line, outcome);
            }
        }
    }

    /// Judges an example as a call of the kind a rule is for: with metadata that suits its `where`.
    fn judge(&self, example: &Example, asked: Conditions<'_>) -> Result<Judgement, String> {
        let mut call = Call::new(CallId::from_text("example"), "example");
        call.jurisdiction = Some(self.pack.file.jurisdiction);
        for (field, values) in asked.calls {
            let suiting = values.iter().find_map(Compare::parse).map(|value| value.witness());
            call.extra.extend(suiting.map(|value| (field.clone(), value)));
        }
        let roles = Roles::of_labels(&example.transcript);
        self.policy
            .judge(&example.transcript, &call, &roles, self.pack.file.language)
            .map_err(|error| error.to_string())
    }

    fn cue(&self, id: &str, line: &Spanned<String>) -> Result<(), String> {
        let example = Example::parse(line.get_ref()).map_err(|error| error.to_string())?;
        let call = Call::new(CallId::from_text("example"), "example");
        let roles = Roles::of_labels(&example.transcript);
        let language = self.pack.file.language;
        let sight = scan::Sight::new(self.policy, &[self.number], &example.transcript, &call, &roles, language);
        let Some(cue) = self.pack.cue(id) else { return Ok(()) };
        let who = self.pack.cues[cue].rule.speaker;
        let hits: Vec<Evidence> = sight
            .in_slot(self.number, Slot::Cue(cue))
            .filter(|found| who.includes(found.speaker))
            .map(|found| sight.evidence(found))
            .collect();
        marks_hold(&example, &hits.iter().collect::<Vec<_>>(), false)
    }

    fn forbidden<T: RuleText>(&self, rule: &T, example: &Example) -> Result<(), String> {
        let judged = self.judge(example, rule.conditions())?;
        let id = rule.id().get_ref();
        let hits = evidence_of(&judged, id);
        marks_hold(example, &hits, true).map_err(|message| {
            let suppressed = judged.suppressed.iter().find(|s| s.rule == *id);
            match suppressed.filter(|_| hits.is_empty()) {
                Some(s) => format!(
                    "{message} (suppressed: {}{})",
                    s.because,
                    s.note.as_deref().map_or(String::new(), |n| format!(", by '{n}'"))
                ),
                None => message,
            }
        })
    }

    fn check<T: RuleText>(&self, check: &str, rule: &T, example: &Example) -> Result<(), String> {
        let judged = self.judge(example, rule.conditions())?;
        let id = rule.id().get_ref();
        let found = judged.checks.iter().find(|c| c.id == check && c.rule.as_ref() == Some(id));
        let Some(found) = found else { return Err(format!("the check '{check}' was not answered")) };
        let expected = match example.answer.as_deref() {
            Some("fail" | "missing") => CheckStatus::Fail,
            Some("not-assessable") => CheckStatus::NotAssessable,
            _ => CheckStatus::Pass,
        };
        if found.status != expected {
            return Err(format!("expected {expected:?}, got {:?}: {}", found.status, found.reasons.en));
        }
        let mut hits: Vec<&Evidence> = found.evidence.iter().collect();
        hits.extend(evidence_of(&judged, id));
        if example.marks.is_empty() { Ok(()) } else { marks_hold(example, &hits, false) }
    }

    fn signal(&self, signal: &str, example: &Example) -> Result<(), String> {
        let judged = self.judge(example, Conditions::default())?;
        let signals: Vec<_> = judged.signals.iter().filter(|s| s.id == signal).collect();
        let hits: Vec<&Evidence> = signals.iter().map(|s| &s.evidence).collect();
        marks_hold(example, &hits, true)?;
        let expected = match example.answer.as_deref() {
            Some("met") => Duty::Met,
            Some("not-met") => Duty::NotMet,
            _ => return Ok(()),
        };
        match signals.first() {
            Some(signal) if signal.duty != expected => {
                Err(format!("expected the duty {expected:?}, got {:?}", signal.duty))
            }
            _ => Ok(()),
        }
    }
}

/// All evidence a rule gave, in findings of its own or beside a graver one.
fn evidence_of<'j>(judged: &'j Judgement, rule: &str) -> Vec<&'j Evidence> {
    let own = judged.findings.iter().filter(|f| f.rule == rule).map(|f| &f.evidence);
    let beside =
        judged.findings.iter().flat_map(|f| &f.also).filter(|also| also.rule == rule).map(|also| &also.evidence);
    own.chain(beside).collect()
}

/// Each mark is hit; with `exactly`, nothing else is.
fn marks_hold(example: &Example, hits: &[&Evidence], exactly: bool) -> Result<(), String> {
    for (segment, range) in &example.marks {
        let marked = words(example, *segment, range);
        let hit = hits
            .iter()
            .any(|hit| hit.segment == *segment && (hit.quote.contains(marked) || marked.contains(hit.quote.as_str())));
        if !hit {
            let near: Vec<&str> =
                hits.iter().filter(|hit| hit.segment == *segment).map(|hit| hit.quote.as_str()).collect();
            let seen = if near.is_empty() { String::new() } else { format!("; what hit: '{}'", near.join("', '")) };
            return Err(format!("'{marked}' did not hit{seen}"));
        }
    }
    let unmarked = hits.iter().find(|hit| {
        !example.marks.iter().any(|(segment, range)| {
            let marked = words(example, *segment, range);
            hit.segment == *segment && (hit.quote.contains(marked) || marked.contains(hit.quote.as_str()))
        })
    });
    match unmarked.filter(|_| exactly || example.marks.is_empty()) {
        Some(hit) => Err(format!("'{}' hit and is not marked", hit.quote)),
        None => Ok(()),
    }
}

fn words<'e>(example: &'e Example, segment: usize, range: &Range<usize>) -> &'e str {
    example.transcript.segments.get(segment).and_then(|s| s.text.get(range.clone())).unwrap_or_default()
}
