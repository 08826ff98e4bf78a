//! `limit`: a measure of the talk that must stay within a bound.
//!
//! Comes in: the measures. Goes out: one check a rule.

use super::Outcome;
use super::ground::occurrences;
use crate::call::{Millis, Speaker};
use crate::policy::file::Quantity;
use crate::policy::measures;
use crate::policy::scan::Sight;
use crate::record::{CheckStatus, Conversation};

/// How long after "please hold" a silence may begin and still be what was announced: time for an "all right" of the other
/// side, not for another subject.
const SOON: Millis = Millis(10_000);

pub(in crate::policy) fn limits(sight: &Sight<'_>, pack: usize, measured: &Conversation, out: &mut Outcome) {
    for placed in &sight.pack(pack).limit {
        let rule = &placed.rule;
        let value = match rule.quantity {
            Quantity::LongestSilenceMs => Some(match &rule.unless_after {
                Some(cue) => unannounced(sight, pack, cue).0 as f64,
                None => measured.longest_silence_ms.0 as f64,
            }),
            Quantity::TalkRatio => Some(measured.talk_ratio),
            Quantity::Overlaps => Some(measured.overlaps as f64),
            Quantity::CollectorRate => measured.rate.collector.map(f64::from),
            Quantity::DurationMs => Some(measures::duration(sight.transcript).0 as f64),
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

/// The longest silence that the collector didn't announce with a cue's words.
fn unannounced(sight: &Sight<'_>, pack: usize, cue: &str) -> Millis {
    let said = occurrences(sight, pack, cue).into_iter().filter(|found| found.speaker == Speaker::Collector);
    let ends: Vec<Millis> = said.map(|found| sight.evidence(found).end_ms).collect();
    measures::silences(sight.transcript)
        .filter(|(from, _)| !ends.iter().any(|end| end <= from && end.until(*from) <= SOON))
        .map(|(from, to)| from.until(to))
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::policy::testkit::{judge, rule};
    use crate::record::CheckStatus;

    fn answer(keys: &str, talk: &str) -> CheckStatus {
        judge(&rule("limit", &format!("check = \"long-silence\"\n{keys}")), talk, &[]).checks[0].status
    }

    #[test]
    fn an_announced_silence_is_excused_and_only_that() {
        let keys = "quantity = \"longest-silence-ms\"\nmax = 60000.0";
        let excused = format!("{keys}\nunless-after = \"hold\"");
        for (talk, expected) in [
            ("collector: one moment / debtor@90: hello", CheckStatus::Pass),
            ("collector: one moment / debtor: sure / collector@90: here i am", CheckStatus::Pass),
            ("debtor: one moment / collector@90: hello", CheckStatus::Fail),
            ("collector: hello / debtor@90: hello", CheckStatus::Fail),
            ("collector: one moment / debtor@90: hello / debtor@180: hello", CheckStatus::Fail),
            ("collector: one moment / debtor@20: sure / debtor@100: hello", CheckStatus::Fail),
        ] {
            assert_eq!(answer(&excused, talk), expected, "{talk}");
            assert_eq!(answer(keys, talk), CheckStatus::Fail, "{talk}");
        }
    }

    #[test]
    fn a_call_can_be_too_short_or_too_long() {
        let keys = "quantity = \"duration-ms\"\nmin = 10000.0\nmax = 60000.0";
        assert_eq!(answer(keys, "collector: hello / debtor: hello"), CheckStatus::Fail);
        assert_eq!(answer(keys, "collector: hello / debtor@30: hello"), CheckStatus::Pass);
        assert_eq!(answer(keys, "collector: hello / debtor@90: hello"), CheckStatus::Fail);
    }
}
