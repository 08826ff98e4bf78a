//! `limit`: a measure of the talk that must stay within a bound.
//!
//! Comes in: the measures. Goes out: one check a rule.

use super::Outcome;
use crate::policy::file::Quantity;
use crate::policy::scan::Sight;
use crate::record::{CheckStatus, Conversation};

pub(in crate::policy) fn limits(sight: &Sight<'_>, pack: usize, measured: &Conversation, out: &mut Outcome) {
    for placed in &sight.pack(pack).limit {
        let rule = &placed.rule;
        let value = match rule.quantity {
            Quantity::LongestSilenceMs => Some(measured.longest_silence_ms.0 as f64),
            Quantity::TalkRatio => Some(measured.talk_ratio),
            Quantity::Overlaps => Some(measured.overlaps as f64),
            Quantity::CollectorRate => measured.rate.collector.map(f64::from),
        };
        let Some(value) = value else {
            let reason = ("没有可量的内容", "there was nothing to measure");
            out.check(sight.language, rule, &rule.check, CheckStatus::NotAssessable, reason, Vec::new());
            continue;
        };
        let within = rule.max.is_none_or(|max| value <= max) && rule.min.is_none_or(|min| value >= min);
        let bounds = format!(
            "{}..{}",
            rule.min.map_or(String::new(), |v| v.to_string()),
            rule.max.map_or(String::new(), |v| v.to_string())
        );
        let status = if within { CheckStatus::Pass } else { CheckStatus::Fail };
        let zh = format!("实测 {value}，允许范围 {bounds}");
        let en = format!("measured {value}, allowed {bounds}");
        out.check(sight.language, rule, &rule.check, status, (&zh, &en), Vec::new());
    }
}
