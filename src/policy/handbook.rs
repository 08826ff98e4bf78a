//! The rules, for people: `lexicons/RULES.md` and `fairdial lexicons explain`.
//!
//! Comes in: a policy. Goes out: Markdown, each rule in both languages with its reason, better wording and source. Only
//! this file knows how a rule is laid out for reading.

use std::fmt::Write;

use super::diagnostics::SourceFile;
use super::example::Example;
use super::file::RuleText;
use super::{Pack, Policy, RuleSummary};

impl Policy {
    /// All rules of all packs as one Markdown document.
    pub fn handbook(&self) -> String {
        let mut out = String::from(
            "# The rules · 规则手册\n\nMade from the packs by `fairdial lexicons rules`; edit the packs, not this file. \
             由词库生成，请改词库，不要改本文件。\n",
        );
        for pack in &self.packs {
            let title = &pack.file.title;
            let _ = write!(out, "\n## {} {}\n\n{} · {}\n", pack.file.name, pack.file.version, title.zh, title.en);
            let mut topic = String::new();
            for (file, rule, about) in ruled(pack) {
                let name = file.path.rsplit(['/', '\\']).next().unwrap_or_default();
                if name != topic {
                    topic = name.to_string();
                    let _ = write!(out, "\n### {topic}\n");
                }
                out.push_str(&section(rule, &about));
            }
        }
        out
    }

    /// One rule in full: for people, then as it stands in its file. `None` when no pack has it.
    pub fn explain(&self, id: &str) -> Option<String> {
        let found = self.packs.iter().flat_map(ruled).find(|(_, rule, _)| rule.id().get_ref() == id);
        let (file, rule, about) = found?;
        let at = rule.id().span().start;
        let from = file.text[..at].rfind("\n[[").map_or(0, |at| at + 1);
        let to = file.text[at..].find("\n[[").map_or(file.text.len(), |next| at + next);
        let block = file.text[from..to].trim_end();
        Some(format!("{}\n{}:\n\n```toml\n{block}\n```", section(rule, &about).trim_start(), file.path))
    }
}

/// The rules of a pack, file by file, each with its line of summary.
fn ruled(pack: &Pack) -> Vec<(&SourceFile, &dyn RuleText, RuleSummary)> {
    let mut all: Vec<_> =
        pack.rules().zip(pack.summaries()).map(|((file, rule), about)| (file.as_ref(), rule, about)).collect();
    all.sort_by_key(|(file, rule, _)| (file.path.clone(), rule.id().span().start));
    all
}

fn section(rule: &dyn RuleText, about: &RuleSummary) -> String {
    let hits = |line: &toml::Spanned<String>| Example::parse(line.get_ref()).is_ok_and(|e| e.expects_hit(false));
    let hit = rule.examples().iter().filter(|line| hits(line)).count();
    let (title, why, instead) = (rule.title(), rule.why(), rule.instead());
    let mut out = format!("\n**`{}`** · {} · {}\n\n", about.id, about.about, about.severity);
    let _ = writeln!(out, "- {} · {}", title.zh, title.en);
    let _ = writeln!(out, "- 为什么 · why: {} · {}", why.zh, why.en);
    if !instead.zh.is_empty() || !instead.en.is_empty() {
        let _ = writeln!(out, "- 改说 · instead: {} · {}", instead.zh, instead.en);
    }
    let _ = writeln!(out, "- 依据 · source: {}", rule.sources().join("; "));
    let _ = write!(out, "- 例句 · examples: {} ({hit} [[…]])", rule.examples().len());
    let gaps = rule.known_gaps().len();
    let _ = writeln!(out, "{}", if gaps == 0 { String::new() } else { format!(", known gaps: {gaps}") });
    out
}
