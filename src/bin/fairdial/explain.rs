//! `fairdial explain`: a finding in words anybody understands.

use anyhow::anyhow;
use fairdial::call::Language;
use fairdial::record::{CallRecord, CheckStatus, Confidence, Finding};

use crate::args::ExplainArgs;
use crate::exit::{Exit, Failure};
use crate::place;
use crate::show::{line, masked};
use crate::words::shown;

pub fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let record = fairdial::store::read_record(&args.record).map_err(Failure::usage)?;
    let screen = place::language(args.lang);
    let wanted: Vec<&Finding> =
        record.findings.iter().filter(|f| args.finding.as_ref().is_none_or(|id| *id == f.id)).collect();
    if let Some(id) = &args.finding
        && wanted.is_empty()
    {
        let known: Vec<&str> = record.findings.iter().map(|f| f.id.as_str()).collect();
        let has = if known.is_empty() { "no findings".into() } else { known.join(", ") };
        return Err(Failure::usage(anyhow!("failed to find '{id}' in this record; it has {has}")));
    }
    if args.finding.is_none() {
        head(&record, screen);
    }
    for finding in wanted {
        explain(&record, finding, screen);
    }
    Ok(Exit::Done)
}

fn head(record: &CallRecord, screen: Language) {
    let zh = screen == Language::Mandarin;
    let verdict = record.verdict.map_or("not-audited", fairdial::record::Verdict::as_str);
    line(&format!("{} {}  {}", if zh { "通话" } else { "call" }, record.call.id, shown(verdict, screen)));
    if let Some(reason) = &record.reason {
        line(&format!("  {}: {}", reason.code, reason.message));
    }
    if let Some(notice) = record.provenance.model.as_ref().and_then(|model| model.notice.as_ref()) {
        line(&format!("  {notice}"));
    }
    for check in &record.checks {
        let status = match (check.status, zh) {
            (CheckStatus::Pass, true) => "通过",
            (CheckStatus::Fail, true) => "未通过",
            (CheckStatus::NotAssessable, true) => "无法判断",
            (CheckStatus::Pass, false) => "pass",
            (CheckStatus::Fail, false) => "fail",
            (CheckStatus::NotAssessable, false) => "not assessable",
        };
        let reason = if zh { &check.reasons.zh } else { &check.reasons.en };
        line(&format!("  {} {status}: {reason}", crate::show::padded(&shown(&check.id, screen), 27)));
    }
}

fn explain(record: &CallRecord, finding: &Finding, screen: Language) {
    let zh = screen == Language::Mandarin;
    let words = if zh { &finding.texts.zh } else { &finding.texts.en };
    let evidence = &finding.evidence;
    let sure = match (finding.confidence, zh) {
        (Confidence::High, true) => "把握大",
        (Confidence::Medium, true) => "把握中等",
        (Confidence::Low, true) => "把握小，请先听录音",
        (Confidence::High, false) => "sure",
        (Confidence::Medium, false) => "likely",
        (Confidence::Low, false) => "unsure: listen first",
    };
    line("");
    line(&format!(
        "{}  {} ({}, {}, {sure})",
        finding.id,
        words.title,
        shown(finding.category.as_str(), screen),
        shown(finding.severity.as_str(), screen)
    ));
    let (said, at, why, instead, source, how) = if zh {
        ("原话", "位置", "为什么", "可以这样说", "依据", "怎么认出来的")
    } else {
        ("said", "where", "why", "say instead", "source", "matched")
    };
    line(&format!("  {said}: “{}”", masked(&evidence.quote)));
    let side = if zh { "说话人" } else { "by the" };
    line(&format!(
        "  {at}: {}–{}, {side} {}, {} #{}",
        evidence.start_ms,
        evidence.end_ms,
        shown(evidence.speaker.as_str(), screen),
        record.transcript.as_ref().map_or("", |t| t.path.as_str()),
        evidence.segment
    ));
    line(&format!("  {why}: {}", words.why));
    if !words.instead.is_empty() {
        line(&format!("  {instead}: {}", words.instead));
    }
    line(&format!("  {source}: {}", finding.sources.join("; ")));
    if let Some(matched) = &evidence.matched {
        line(&format!(
            "  {how}: {} {} · {} “{}”",
            finding.rule,
            finding.rule_version,
            matched.view,
            shortened(&matched.phrase)
        ));
    }
    for also in &finding.also {
        let label = if zh { "同一句还有" } else { "also" };
        line(&format!(
            "  {label}: “{}” ({}, {})",
            masked(&also.evidence.quote),
            also.rule,
            shown(also.severity.as_str(), screen)
        ));
    }
    for doubt in &finding.doubts {
        line(&format!("  {}: {}", if zh { "存疑" } else { "doubt" }, if zh { &doubt.zh } else { &doubt.en }));
    }
}

/// A phrase with many alternatives, cut for the screen; the record has it whole.
fn shortened(phrase: &str) -> String {
    const MOST: usize = 120;
    if phrase.chars().count() <= MOST {
        phrase.to_string()
    } else {
        phrase.chars().take(MOST).chain("…".chars()).collect()
    }
}
