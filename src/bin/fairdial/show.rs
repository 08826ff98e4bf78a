//! What is printed: the table of a run, and lines. Long numbers in quotes are masked; a closed pipe is no error.

use std::io::{self, Write};
use std::path::Path;

use crate::words::shown;
use fairdial::call::Language;
use fairdial::record::{CallRecord, OutcomeKind, Severity};
use fairdial::store::Run;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// One line on the output stream.
pub fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// One line on the error stream.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// An error on the error stream.
pub fn error(text: &str) {
    note(&format!("fairdial: {text}"));
}

/// A call in the table.
pub struct Row {
    pub call: String,
    source: String,
    agent: String,
    verdict: String,
    counts: [usize; 4],
    words: String,
    reason: Option<String>,
    record: String,
}

impl Row {
    pub fn of(record: &CallRecord, path: &Path, screen: Language) -> Row {
        let reason = record.reason.as_ref().map(|reason| {
            // The table names the call already.
            let named = format!("failed to decode {:?}: ", record.call.source);
            format!("{}: {}", reason.code, reason.message.strip_prefix(&named).unwrap_or(&reason.message))
        });
        // The gravest finding's words; without findings, what keeps the call from passing.
        let gravest =
            record.findings.iter().max_by_key(|f| (f.confidence, f.severity, std::cmp::Reverse(f.evidence.start_ms)));
        let quoted = gravest.map(|f| {
            let unsure = if f.confidence == fairdial::record::Confidence::Low { "? " } else { "" };
            format!(
                "{unsure}{} {} “{}”",
                shown(f.category.as_str(), screen),
                f.evidence.start_ms,
                masked(&f.evidence.quote)
            )
        });
        let failed = || {
            let unsure = record.verdict_because.iter().filter(|code| code.as_str() != "check-failed");
            let failed = record.checks.iter().filter(|check| check.status == fairdial::record::CheckStatus::Fail);
            let all = failed.map(|check| check.id.as_str()).chain(unsure.map(String::as_str));
            all.map(|id| shown(id, screen)).collect::<Vec<_>>().join(", ")
        };
        Row {
            call: record.call.id.to_string(),
            source: record.call.source.clone(),
            agent: record.call.agent_id.clone().unwrap_or_default(),
            verdict: record.verdict.map_or("not-audited", fairdial::record::Verdict::as_str).into(),
            counts: record.findings_by_severity(),
            words: reason.clone().or(quoted).unwrap_or_else(failed),
            reason: (record.outcome == OutcomeKind::NotAudited).then_some(reason).flatten(),
            record: path.display().to_string(),
        }
    }

    /// The row for `--json`: one line.
    pub fn json(&self) -> String {
        let findings: serde_json::Map<String, serde_json::Value> = Severity::WORST_FIRST
            .iter()
            .zip(self.counts)
            .map(|(severity, n)| (severity.as_str().to_string(), n.into()))
            .collect();
        serde_json::json!({
            "type": "call", "call": self.call, "source": self.source, "agent_id": self.agent, "verdict": self.verdict,
            "findings": findings, "reason": self.reason, "record": self.record,
        })
        .to_string()
    }
}

/// How many calls the table shows; the others are in the records.
const MOST_ROWS: usize = 60;

/// Prints the table of a run: the gravest calls, the account, where everything lies.
pub fn table(rows: &[Row], run: &Run, root: &Path, notice: Option<&str>, screen: Language) {
    let zh = screen == Language::Mandarin;
    let pick = |en: &'static str, zh_text: &'static str| if zh { zh_text } else { en };
    let mut listed: Vec<&Row> = rows.iter().collect();
    if listed.len() > MOST_ROWS {
        let rank = |row: &Row| (row.verdict != "fail", row.verdict != "not-audited", row.verdict != "review");
        listed.sort_by_key(|row| (rank(row), row.call.clone()));
        listed.truncate(MOST_ROWS);
    }
    let heads = [
        pick("call", "通话"),
        pick("agent", "坐席"),
        pick("verdict", "结论"),
        pick("crit high med low", "危 高 中 低"),
        pick("gravest words, or why not", "最严重的原话或原因"),
    ];
    let cells: Vec<[String; 5]> = listed
        .iter()
        .map(|row| {
            let counts = row.counts.map(|n| if n == 0 { "·".to_string() } else { n.to_string() });
            let counts = if row.reason.is_some() {
                String::new()
            } else if zh {
                format!("{:<2} {:<2} {:<2} {:<2}", counts[0], counts[1], counts[2], counts[3])
            } else {
                format!("{:<4} {:<4} {:<3} {:<3}", counts[0], counts[1], counts[2], counts[3])
            };
            [row.call.clone(), row.agent.clone(), shown(&row.verdict, screen), counts, row.words.clone()]
        })
        .collect();
    let mut widths = heads.map(UnicodeWidthStr::width);
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    widths[0] = widths[0].min(36);
    let print = |row: [&str; 5]| {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(widths).take(4) {
            text.push_str(&padded(cell, width));
            text.push_str("  ");
        }
        text.push_str(&cut(row[4], 96));
        line(text.trim_end());
    };
    print(heads);
    for row in &cells {
        print(row.each_ref().map(String::as_str));
    }
    if listed.len() < rows.len() {
        line(&format!("… {} {}", rows.len() - listed.len(), pick("more calls in the records", "通见记录")));
    }
    line("");
    summary(run, root, notice, zh);
}

fn summary(run: &Run, root: &Path, notice: Option<&str>, zh: bool) {
    for skipped in run.skipped.iter().take(10) {
        note(&format!("{}: {}: {}", if zh { "跳过" } else { "skipped" }, skipped.source, skipped.reason.message));
    }
    for warning in &run.warnings {
        note(&format!("{}: {warning}", if zh { "注意" } else { "warning" }));
    }
    for row in run.unmatched_rows.iter().take(20) {
        note(&format!("{}: {row}", if zh { "没有录音的元数据行" } else { "row without a recording" }));
    }
    for file in run.unmatched_files.iter().take(20) {
        note(&format!("{}: {file}", if zh { "没有元数据的文件" } else { "file without a row" }));
    }
    let a = run.account;
    line(&if zh {
        format!(
            "共 {} 个输入 = 已审核 {} + 未审核 {} + 跳过 {}；本次转写 {} 通",
            a.found, a.audited, a.not_audited, a.skipped, run.transcribed
        )
    } else {
        format!(
            "{} found = {} audited + {} not audited + {} skipped; {} transcribed now",
            a.found, a.audited, a.not_audited, a.skipped, run.transcribed
        )
    });
    line(&if zh {
        format!("记录在 {}", root.join("records").display())
    } else {
        format!("records: {}", root.join("records").display())
    });
    if let Some(notice) = notice {
        line(&if zh {
            "注意：本次用内置的演示模型转写，它只认得几个合成声音，仅供初看，不能用于真实通话".to_string()
        } else {
            format!("note: {notice}")
        });
    }
}

/// A text cut or filled to a width on the screen, where a Chinese character takes two columns.
pub fn padded(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let fill = width.saturating_sub(text.width());
    text + &" ".repeat(fill)
}

/// A text cut to a width on the screen, control characters left out.
fn cut(text: &str, width: usize) -> String {
    let mut shown = String::new();
    let mut used = 0;
    for c in text.chars().filter(|c| !c.is_control()) {
        let wide = c.width().unwrap_or(0);
        if used + wide > width {
            shown.pop();
            shown.push('…');
            break;
        }
        shown.push(c);
        used += wide;
    }
    shown
}

/// Numbers of five digits and more keep their last two: cards, phones, identity numbers, amounts stay readable enough.
pub fn masked(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut shown = String::new();
    let mut at = 0;
    while at < characters.len() {
        let run = characters[at..].iter().take_while(|c| c.is_ascii_digit()).count();
        if run >= 5 {
            shown.push_str(&"*".repeat(run - 2));
            shown.extend(&characters[at + run - 2..at + run]);
        } else {
            shown.extend(&characters[at..at + run.max(1)]);
        }
        at += run.max(1);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_masked_and_cuts_respect_width() {
        assert_eq!(masked("卡号6222021234567890，3000块"), "卡号**************90，3000块");
        assert_eq!(cut("催收电话", 5), "催…");
        assert_eq!(cut("a\nb", 5), "ab");
    }
}
