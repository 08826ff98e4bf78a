//! `fairdial lexicons`: for those who write rules.

use fairdial::policy::{LexiconError, Policy};

use crate::args::{LexiconsArgs, LexiconsVerb, PacksArgs};
use crate::exit::{Exit, Failure};
use crate::show::{line, note};

pub fn run(args: &LexiconsArgs) -> Result<Exit, Failure> {
    match &args.verb {
        LexiconsVerb::Check(packs) => check(packs),
        LexiconsVerb::Test(packs) => test(packs),
        LexiconsVerb::List(packs) => list(packs),
        LexiconsVerb::Schema => {
            line(&fairdial::policy::lexicon_schema());
            Ok(Exit::Done)
        }
    }
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
