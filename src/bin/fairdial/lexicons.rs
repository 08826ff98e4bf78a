//! `fairdial lexicons`: for those who write rules.

use fairdial::policy::{self, LexiconError, Policy};

use anyhow::Context;
use fairdial::eval::{self, Counts, Share};

use crate::args::{EvalArgs, LearnArgs, LexiconsArgs, LexiconsVerb, PacksArgs, RuleArgs};
use crate::exit::{Exit, Failure};
use crate::show::{line, note};

pub fn run(args: &LexiconsArgs) -> Result<Exit, Failure> {
    match &args.verb {
        LexiconsVerb::Check(packs) => check(packs),
        LexiconsVerb::Test(packs) => test(packs),
        LexiconsVerb::List(packs) => list(packs),
        LexiconsVerb::Eval(eval) => measure(eval),
        LexiconsVerb::Learn(args) => learn(args),
        LexiconsVerb::Explain(rule) => explain(rule),
        LexiconsVerb::Rules(packs) => {
            line(load(packs)?.handbook().trim_end());
            Ok(Exit::Done)
        }
        LexiconsVerb::Schema => {
            line(&policy::lexicon_schema());
            Ok(Exit::Done)
        }
    }
}

fn measure(args: &EvalArgs) -> Result<Exit, Failure> {
    let policy = load(&PacksArgs { packs: args.lexicons.clone() })?;
    let shares = if args.homophones.is_empty() { vec![0.0] } else { args.homophones.clone() };
    for path in &args.labelled {
        let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()));
        let text = text.map_err(Failure::usage)?;
        for &share in &shares {
            let result = eval::evaluate(&policy, &text, share / 100.0).map_err(Failure::usage)?;
            let (clean, flagged) = result.clean;
            let misheard = if share > 0.0 { format!(", {share} % of characters misheard") } else { String::new() };
            line(&format!(
                "{}: {} calls{misheard}, {flagged} of {clean} clean ones flagged",
                path.display(),
                result.calls
            ));
            report(&result, args.faults);
        }
    }
    Ok(Exit::Done)
}

fn learn(args: &LearnArgs) -> Result<Exit, Failure> {
    let mut lines = String::new();
    for path in &args.labelled {
        let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()));
        lines.push_str(text.map_err(Failure::usage)?.trim_end());
        lines.push('\n');
    }
    let learned = policy::learn(&lines, &args.pack).map_err(Failure::usage)?;
    for (name, table) in [(policy::OWN, &learned.collector), (policy::OTHER, &learned.other)] {
        let path = args.pack.join(name);
        std::fs::write(&path, table)
            .with_context(|| format!("failed to write {}", path.display()))
            .map_err(Failure::usage)?;
        line(&format!("{}: {} terms", path.display(), table.lines().count().saturating_sub(3)));
    }
    line(&format!("learned from {} turns of collectors and {} of others", learned.turns.0, learned.turns.1));
    Ok(Exit::Done)
}

fn report(result: &eval::Evaluation, faults: bool) {
    line(&format!("{:<28} {:<24} {:<24}", "", "precision (95 %)", "recall (95 %)"));
    for (category, counts) in &result.by_category {
        shares(category.as_str(), *counts);
    }
    shares("all findings", result.findings());
    shares("signals", result.signals);
    let (mut right, mut all) = (0, 0);
    for (id, (good, of)) in &result.checks {
        line(&format!("{id:<28} {}", share(Share::of(*good, *of))));
        right += good;
        all += of;
    }
    line(&format!("{:<28} {}", "all checks", share(Share::of(right, all))));
    for fault in result.faults.iter().filter(|_| faults) {
        line(fault);
    }
}

fn explain(args: &RuleArgs) -> Result<Exit, Failure> {
    let policy = load(&PacksArgs { packs: args.lexicons.clone() })?;
    let found = policy.explain(&args.rule);
    let missing = || anyhow::anyhow!("there is no rule '{}': 'fairdial lexicons list' names them", args.rule);
    line(&found.ok_or_else(missing).map_err(Failure::usage)?);
    Ok(Exit::Done)
}

fn shares(name: &str, counts: Counts) {
    line(&format!("{name:<28} {:<24} {:<24}", share(counts.precision()), share(counts.recall())));
}

fn share(share: Share) -> String {
    if share.whole == 0 {
        return "-".into();
    }
    format!("{:.2} ({:.2}-{:.2}) {}/{}", share.value, share.low, share.high, share.part, share.whole)
}

fn load(args: &PacksArgs) -> Result<Policy, Failure> {
    let loaded: Result<Policy, LexiconError> =
        if args.packs.is_empty() { Policy::shipped() } else { Policy::load(&args.packs) };
    let policy = loaded.map_err(Failure::lexicon)?;
    for warning in &policy.warnings {
        note(&warning.render());
    }
    Ok(policy)
}

fn check(args: &PacksArgs) -> Result<Exit, Failure> {
    let policy = load(args)?;
    for pack in policy.packs() {
        line(&format!("{} {}: {} rules", pack.file.name, pack.file.version, pack.rule_count()));
    }
    Ok(Exit::Done)
}

fn test(args: &PacksArgs) -> Result<Exit, Failure> {
    let report = load(args)?.test();
    for failure in &report.failures {
        note(&format!("{}\n", failure.diagnostic.render()));
    }
    let (rules, examples, gaps) = (report.rules, report.examples, report.gaps);
    line(&format!("{rules} rules, {examples} examples, {gaps} known gaps, {} failed", report.failures.len()));
    Ok(if report.failures.is_empty() { Exit::Done } else { Exit::Lexicon })
}

fn list(args: &PacksArgs) -> Result<Exit, Failure> {
    let policy = load(args)?;
    for pack in policy.packs() {
        for rule in pack.summaries() {
            line(&format!("{:<48} {:<24} {:<9} {}", rule.id, rule.about, rule.severity, rule.title));
        }
    }
    Ok(Exit::Done)
}
