//! The ground of a rule: in which calls it speaks, and where in a call its words count.
//!
//! Comes in: the conditions of a `forbidden` or `required` rule. Goes out: [`Ground`], or the reason why the call doesn't
//! concern the rule. Only this file knows what the conditions mean. A cue that doesn't occur anchors nothing: a rule that
//! looks after, before or near it keeps out of the call.

use super::{conditional, sequence};
use crate::call::{Call, Millis};
use crate::policy::Slot;
use crate::policy::file::{Compare, Conditions, Names, Who, Window, either};
use crate::policy::scan::{Found, Sight};

/// Where the words of a rule count.
pub(super) struct Ground<'s> {
    /// The segments in which they may stand, ascending; all of the speaker's when nothing narrows it.
    pub segments: Vec<usize>,
    /// Whether the speaker says anything at all.
    pub heard: bool,
    after: Option<&'s Found>,
    before: Option<&'s Found>,
}

/// Why a call doesn't concern a rule, in Chinese and English.
pub(super) type Unconcerned = (String, String);

impl<'s> Ground<'s> {
    /// The ground of a rule in a call.
    pub fn of(sight: &'s Sight<'_>, pack: usize, who: Who, asked: &Conditions<'_>) -> Result<Ground<'s>, Unconcerned> {
        for (field, values) in asked.calls {
            metadata(sight.call, field, values)?;
        }
        let occurs = |name: &str| !occurrences(sight, pack, name).is_empty();
        if !asked.when.iter().chain(asked.anchors()).all(occurs) {
            return Err(("没有出现需要这样做的情形".into(), "nothing in the call asked for it".into()));
        }
        if asked.unless.iter().any(occurs) {
            return Err(("出现了不必这样做的情形".into(), "something in the call made it needless".into()));
        }
        let segments = &sight.transcript.segments;
        let turns = turns(sight);
        let mut own: Vec<usize> = (0..segments.len()).filter(|&at| who.includes(segments[at].speaker)).collect();
        let heard = !own.is_empty();
        narrow(sight, &turns, &mut own, asked.within);
        let first = |name: Option<&str>| occurrences(sight, pack, name?).into_iter().next();
        let (after, before) = (first(asked.after), first(asked.before));
        let close = |at: usize, found: &Found| {
            let apart = turns[at].abs_diff(turns[found.first.segment]);
            asked.within_turns.is_none_or(|most| apart <= most)
        };
        if let Some(after) = after {
            own.retain(|&at| at >= after.first.segment && close(at, after));
        }
        if let Some(before) = before {
            own.retain(|&at| at <= before.first.segment && close(at, before));
        }
        if let Some(near) = asked.near.map(|name| occurrences(sight, pack, name)) {
            own.retain(|&at| near.iter().any(|found| close(at, found)));
        }
        Ok(Ground { segments: own, heard, after, before })
    }

    /// Whether a hit counts here.
    pub fn holds(&self, hit: &Found) -> bool {
        self.segments.binary_search(&hit.first.segment).is_ok()
            && self.after.is_none_or(|after| follows(hit, after))
            && self.before.is_none_or(|before| follows(before, hit))
    }
}

/// Whether the later words begin where the earlier have ended; across speakers, whether they begin later.
fn follows(later: &Found, earlier: &Found) -> bool {
    if later.stream == earlier.stream {
        later.start >= earlier.end
    } else {
        Sight::place(later) > Sight::place(earlier)
    }
}

/// Where a cue or signal occurs, or one of several (`"a | b"`), in order of place: a cue said by whom it asks for and not
/// taken back, a signal as it stands in the record.
pub(super) fn occurrences<'s>(sight: &'s Sight<'_>, pack: usize, names: &str) -> Vec<&'s Found> {
    let mut found: Vec<&Found> = Vec::new();
    for name in either(names) {
        if let Some(cue) = sight.pack(pack).cue(name) {
            let hits = sight.in_slot(pack, Slot::Cue(cue));
            found.extend(hits.filter(|hit| sequence::counts(sight, &sight.pack(pack).cues[cue].rule, hit)));
        }
        for (number, placed) in sight.pack(pack).conditional.iter().enumerate() {
            if placed.rule.signal == name {
                found.extend(conditional::given(sight, pack, number));
            }
        }
    }
    found.sort_by_key(|found| Sight::place(found));
    found
}

/// The turn of each segment.
fn turns(sight: &Sight<'_>) -> Vec<usize> {
    let segments = &sight.transcript.segments;
    let mut turn = 0;
    (0..segments.len())
        .map(|at| {
            turn += usize::from(at > 0 && segments[at].speaker != segments[at - 1].speaker);
            turn
        })
        .collect()
}

/// Keeps the segments that reach into a window.
fn narrow(sight: &Sight<'_>, turns: &[usize], own: &mut Vec<usize>, window: Window) {
    let Window { first_turns, first_seconds, first_percent, last_turns, last_seconds, last_percent } = window;
    let segments = &sight.transcript.segments;
    let begin = segments.first().map(|segment| segment.start_ms).unwrap_or_default();
    let end = segments.iter().map(|segment| segment.end_ms).max().unwrap_or_default();
    let part = |percent: u64| Millis(begin.until(end).0 * percent / 100);
    let whole = |seconds: u64| Millis(seconds.saturating_mul(1000));
    for most in [first_seconds.map(whole), first_percent.map(part)].into_iter().flatten() {
        own.retain(|&at| begin.until(segments[at].start_ms) <= most);
    }
    // Not by its start: a goodbye at the end of a long last segment stands at the end of the call.
    for most in [last_seconds.map(whole), last_percent.map(part)].into_iter().flatten() {
        own.retain(|&at| segments[at].end_ms.until(end) <= most);
    }
    if let Some(most) = first_turns {
        let all = each_once(turns, own);
        own.retain(|&at| all.iter().position(|turn| *turn == turns[at]).is_some_and(|before| before < most));
    }
    if let Some(most) = last_turns {
        let all = each_once(turns, own);
        let kept = &all[all.len().saturating_sub(most)..];
        own.retain(|&at| kept.contains(&turns[at]));
    }
}

/// The turns of some segments, each once.
fn each_once(turns: &[usize], own: &[usize]) -> Vec<usize> {
    let mut all: Vec<usize> = own.iter().map(|&at| turns[at]).collect();
    all.dedup();
    all
}

/// Whether the metadata says one of these values of a field; what it doesn't know concerns nobody.
fn metadata(call: &Call, field: &str, values: &Names) -> Result<(), Unconcerned> {
    let missing = || (format!("通话资料里没有“{field}”"), format!("the call's metadata has no '{field}'"));
    let known = known(call, field).filter(|value| !value.trim().is_empty()).ok_or_else(missing)?;
    let answers: Vec<Option<bool>> =
        values.iter().filter_map(Compare::parse).map(|asked| asked.holds(&known)).collect();
    if answers.contains(&Some(true)) {
        return Ok(());
    }
    if answers.contains(&Some(false)) {
        return Err((format!("不适用：{field} 为“{known}”"), format!("not for such calls: {field} is '{known}'")));
    }
    Err((format!("{field} 的值“{known}”不是数"), format!("{field} is '{known}', which is no number")))
}

/// The value of a field: one of the call's own, else a column of the metadata that the program has no field for. Capitals,
/// spaces, `-` and `_` make no difference, as in headings.
fn known(call: &Call, field: &str) -> Option<String> {
    let fold = |name: &str| {
        name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect::<String>()
    };
    let wanted = fold(field);
    let own = match wanted.as_str() {
        "agentid" => call.agent_id.clone(),
        "agentname" => call.agent_name.clone(),
        "agency" => call.agency.clone(),
        "creditor" => call.creditor.clone(),
        "debtorname" => call.debtor_name.clone(),
        "account" => call.account.clone(),
        "startedat" => call.started_at.clone(),
        "debtortimezone" => call.debtor_timezone.clone(),
        "direction" => call.direction.clone(),
        "calleephone" => call.callee_phone.clone(),
        "jurisdiction" => call.jurisdiction.map(|law| law.code().to_string()),
        "collectorchannel" => call.collector_channel.map(|channel| channel.to_string()),
        _ => None,
    };
    own.or_else(|| call.extra.iter().find(|(name, _)| fold(name) == wanted).map(|(_, value)| value.clone()))
}

#[cfg(test)]
mod tests {
    use crate::policy::testkit::{judge, pack, rule};
    use crate::record::CheckStatus;

    /// The segments at which a rule against "pay now" with these keys stands.
    fn stands(keys: &str, talk: &str) -> Vec<usize> {
        stands_in(keys, talk, &[])
    }

    fn stands_in(keys: &str, talk: &str, metadata: &[(&str, &str)]) -> Vec<usize> {
        let rule = rule("forbidden", &format!("category = \"insult\"\nphrases = [\"pay now\"]\n{keys}"));
        judge(&rule, talk, metadata).findings.iter().map(|finding| finding.evidence.segment).collect()
    }

    /// How a rule that asks for "pay now" with these keys answers, and why.
    fn answer(keys: &str, talk: &str, metadata: &[(&str, &str)]) -> (CheckStatus, String) {
        let rule = rule("required", &format!("check = \"closing\"\nphrases = [\"pay now\"]\n{keys}"));
        let check = judge(&rule, talk, metadata).checks.into_iter().next().unwrap();
        (check.status, check.reason)
    }

    /// Turns of two seconds: the collector's start at 0, 4 and 8 and end at 1.8, 5.8 and 9.8.
    const THRICE: &str = "collector: pay now / debtor: no / collector: pay now / debtor: no / collector: pay now";

    #[test]
    fn a_window_opens_at_either_end_in_turns_seconds_and_per_cent() {
        for (window, expected) in [
            ("first-turns = 2", &[0, 2][..]),
            ("last-turns = 1", &[4]),
            ("first-seconds = 4", &[0, 2]),
            ("last-seconds = 4", &[2, 4]),
            ("last-seconds = 3", &[4]),
            ("first-percent = 40", &[0]),
            ("first-percent = 50", &[0, 2]),
            ("last-percent = 50", &[2, 4]),
            ("first-percent = 50, last-percent = 50", &[2]),
        ] {
            assert_eq!(stands(&format!("within = {{ {window} }}"), THRICE), expected, "{window}");
        }
        let (status, _) =
            answer("within = { last-seconds = 3 }", "collector: pay now / debtor: no / collector: bye", &[]);
        assert_eq!(status, CheckStatus::Fail);
        let (status, reason) =
            answer("within = { last-seconds = 3 }", "collector: pay now / debtor: no / debtor@60: no", &[]);
        assert_eq!((status, reason.contains("no stretch")), (CheckStatus::NotAssessable, true), "{reason}");
    }

    #[test]
    fn a_call_with_and_without_what_a_rule_names() {
        let (poor, disputed) =
            ("debtor: i lost my job / collector: pay now", "debtor: it is not mine / collector: pay now");
        for (keys, expected) in [
            ("when = \"no-job\"", (1, 0)),
            ("when = \"dispute\"", (0, 1)),
            ("when = [\"no-job | dispute\"]", (1, 1)),
            ("when = [\"no-job\", \"dispute\"]", (0, 0)),
            ("unless = [\"no-job\"]", (0, 1)),
            ("unless = [\"no-job\", \"dispute\"]", (0, 0)),
            ("when = \"no-job\"\nunless = \"dispute\"", (1, 0)),
        ] {
            assert_eq!((stands(keys, poor).len(), stands(keys, disputed).len()), expected, "{keys}");
        }
        // Only the debtor can say that the debtor lost a job.
        assert!(stands("when = \"no-job\"", "collector: lost my job, pay now").is_empty());
        assert_eq!(answer("unless = \"no-job\"", poor, &[]).0, CheckStatus::NotAssessable);
        assert_eq!(answer("unless = \"no-job\"", disputed, &[]).0, CheckStatus::Pass);
    }

    #[test]
    fn words_stand_after_before_or_near_others() {
        let talk = "collector: pay now, we have a payment plan, pay now / debtor: no / collector: pay now / debtor: no / \
                    collector: pay now, payment plan";
        // Two hits of one turn are one finding; its words tell which came first.
        let first = |keys: &str| {
            let rule = rule("forbidden", &format!("category = \"insult\"\nphrases = [\"pay now\"]\n{keys}"));
            let judged = judge(&rule, talk, &[]);
            judged.findings.iter().map(|finding| (finding.evidence.segment, finding.also.len())).collect::<Vec<_>>()
        };
        assert_eq!(first(""), [(0, 1), (2, 0), (4, 0)]);
        assert_eq!(first("after = \"offer\""), [(0, 0), (2, 0), (4, 0)]);
        assert_eq!(first("before = \"offer\""), [(0, 0)]);
        assert_eq!(first("after = \"offer\"\nwithin-turns = 2"), [(0, 0), (2, 0)]);
        assert_eq!(first("near = \"offer\"\nwithin-turns = 0"), [(0, 1), (4, 0)], "the same turn");
        assert_eq!(first("after = \"no-job\""), [], "what doesn't occur anchors nothing");
    }

    #[test]
    fn a_duty_after_others_words_is_looked_for_there() {
        let keys = "after = \"no-job\"\nwithin-turns = 1";
        assert_eq!(answer(keys, "debtor: lost my job / collector: pay now", &[]).0, CheckStatus::Pass);
        assert_eq!(
            answer(keys, "collector: pay now / debtor: lost my job / collector: well", &[]).0,
            CheckStatus::Fail
        );
        let late = "debtor: lost my job / collector: well / debtor: so / collector: pay now";
        assert_eq!(answer(keys, late, &[]).0, CheckStatus::Fail);
        let (status, reason) = answer(keys, "collector: hello / debtor: hello", &[]);
        assert_eq!((status, reason.as_str()), (CheckStatus::NotAssessable, "nothing in the call asked for it"));
        // The call ended there: nobody was kept from saying it.
        assert_eq!(answer(keys, "collector: hello / debtor: lost my job", &[]).0, CheckStatus::NotAssessable);
    }

    #[test]
    fn it_counts_from_so_many_times_on() {
        assert_eq!(stands("at-least = 2", THRICE), [2]);
        assert_eq!(stands("at-least = 4", THRICE), [0; 0]);
        assert_eq!(stands("at-least = 2", "collector: pay now / debtor: pay now"), [0; 0], "the debtor's don't count");
        assert_eq!(stands("at-least = 2", "collector: pay now, pay now"), [0]);
        assert_eq!(answer("at-least = 3", THRICE, &[]).0, CheckStatus::Pass);
        let (status, reason) = answer("at-least = 4", THRICE, &[]);
        assert_eq!((status, reason.as_str()), (CheckStatus::Fail, "it was said 3 of 4 times"));
    }

    #[test]
    fn a_rule_is_for_the_calls_its_metadata_names() {
        let talk = "collector: pay now / debtor: no";
        let medical = [("Debt Type", "Medical"), ("days_overdue", "1,200")];
        for (asked, expected) in [
            ("debt_type = \"medical\"", true),
            ("debt_type = [\"student\", \"medical\"]", true),
            ("debt_type = \"!= medical\"", false),
            ("days_overdue = \">= 90\", debt_type = \"medical\"", true),
            ("days_overdue = \"< 90\", debt_type = \"medical\"", false),
            ("collector_role = \"third-party\"", false),
        ] {
            let keys = format!("where = {{ {asked} }}");
            assert_eq!(!stands_in(&keys, talk, &medical).is_empty(), expected, "{asked}");
            let status = answer(&keys, talk, &medical).0;
            assert_eq!(status == CheckStatus::Pass, expected, "{asked}");
            assert!(expected || status == CheckStatus::NotAssessable, "{asked}");
        }
        let why = |asked: &str| answer(&format!("where = {{ {asked} }}"), talk, &medical).1;
        assert_eq!(why("collector_role = \"x\""), "the call's metadata has no 'collector_role'");
        assert_eq!(why("debt_type = \"x\""), "not for such calls: debt_type is 'Medical'");
        assert_eq!(why("debt_type = \"> 3\""), "debt_type is 'Medical', which is no number");
    }

    #[test]
    fn examples_are_calls_of_the_kind_a_rule_is_for() {
        let keys = "category = \"insult\"\nphrases = [\"pay now\"]\nwhere = { days_overdue = \"> 90\" }";
        let report = pack(&rule("forbidden", keys)).test();
        assert!(report.failures.iter().all(|failure| failure.rule != "us.stock.rule"), "{:?}", report.failures);
    }
}
