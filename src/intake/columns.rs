//! Which heading of a table is which of our columns.
//!
//! Comes in: the headings of a table and what `--map` says. Goes out: a [`Column`] or none for each heading. Only this
//! file knows the names other systems use. Capitals, spaces, `_`, `-` and full-width letters make no difference.

use super::error::IntakeError;
use super::show::shown;

/// A column fairdial has a use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the fields are documented once, at `crate::call::Call`")]
pub(super) enum Column {
    File,
    CallId,
    AgentId,
    AgentName,
    Agency,
    Creditor,
    DebtorName,
    Account,
    StartedAt,
    DebtorTimezone,
    Direction,
    CalleePhone,
    Jurisdiction,
    CollectorChannel,
}

use Column::*;

/// Our name for each column and the headings also taken for it, the better one first. Written as [`fold`] leaves them.
const COLUMNS: [(Column, &str, &str); 14] = [
    (
        File,
        "file",
        "filename filepath recording recordingfile recordingname recordingpath recordingfilename audio audiofile wavfile \
         wav path 文件 文件名 文件名称 文件路径 录音文件 录音文件名 录音文件名称 录音名称 录音路径 录音文件路径 录音地址 录音",
    ),
    (
        CallId,
        "call_id",
        "calluuid callno uniqueid uuid sessionid id 通话编号 通话id 通话流水号 通话标识 录音编号 录音id 录音流水号 呼叫id \
         呼叫编号 会话id 流水号",
    ),
    (
        AgentId,
        "agent_id",
        "agentno agentnumber agentcode staffid staffno employeeid employeeno operatorid collectorid collectorno 坐席工号 \
         座席工号 坐席编号 座席编号 坐席id 座席id 催收员工号 催收员编号 员工工号 员工编号 工号",
    ),
    (
        AgentName,
        "agent_name",
        "collectorname operatorname staffname employeename agent collector operator caller 坐席姓名 座席姓名 坐席名称 \
         催收员姓名 催收员 催收人员 员工姓名 坐席 座席 经办人",
    ),
    (
        Agency,
        "agency",
        "agencyname collectionagency vendor vendorname 催收机构 委外机构 催收公司 委外公司 外包机构 外包公司 合作机构 \
         机构名称 机构 供应商",
    ),
    (
        Creditor,
        "creditor",
        "creditorname currentcreditor lender lendername 债权人 委托方 委托机构 委托人 委案方 债权方 贷款机构 甲方",
    ),
    (
        DebtorName,
        "debtor_name",
        "debtor borrower borrowername customer customername consumer consumername name 债务人 债务人姓名 客户姓名 客户名称 \
         借款人姓名 借款人 客户 姓名",
    ),
    (
        Account,
        "account",
        "accountno accountnumber accountid loanid loanno loannumber contract contractno contractnumber 账号 账户号 账户 \
         合同号 合同编号 借据号 借据编号 贷款编号",
    ),
    (
        StartedAt,
        "started_at",
        "answeredat answertime starttime startdatetime callstart callstarttime calltime datetime timestamp start 接通时间 \
         应答时间 通话开始时间 开始时间 通话时间 呼叫时间 呼叫开始时间 录音开始时间 录音时间",
    ),
    (
        DebtorTimezone,
        "debtor_timezone",
        "debtortz consumertimezone customertimezone timezone tz 债务人时区 客户时区 时区",
    ),
    (Direction, "direction", "calldirection 呼叫方向 通话方向 方向 呼叫类型 呼入呼出"),
    (
        CalleePhone,
        "callee_phone",
        "calleenumber callee callednumber calledphone dialednumber dialnumber tonumber phonenumber phone mobile \
         destination dnis 被叫号码 被叫 被叫电话 客户号码 客户电话 手机号码 手机号 手机 联系电话 电话号码 电话",
    ),
    (Jurisdiction, "jurisdiction", "country law 司法辖区 法域 适用法律 国家"),
    (
        CollectorChannel,
        "collector_channel",
        "agentchannel operatorchannel channel 坐席声道 座席声道 催收员声道 声道 渠道",
    ),
];

/// Headings that may well mean something else: taken, and said so.
const WEAK: &[&str] = &[
    "agent",
    "caller",
    "collector",
    "operator",
    "id",
    "name",
    "channel",
    "path",
    "姓名",
    "渠道",
    "客户",
    "流水号",
    "机构",
];

impl Column {
    /// Our name for it.
    pub(super) fn name(self) -> &'static str {
        COLUMNS.iter().find(|(column, ..)| *column == self).map_or("", |(_, name, _)| name)
    }
}

/// The documented names of the columns of a metadata table, in the order of the documentation.
pub fn column_names() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(_, name, _)| *name)
}

/// Which heading is which column, and what a person should know of it.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    /// For each heading our column, or none where the text goes to `extra`.
    pub(super) columns: Vec<Option<Column>>,
    /// Headings taken for something they may not be.
    pub(super) notes: Vec<String>,
}

impl Assigned {
    /// How many headings have a column.
    pub(super) fn known(&self) -> usize {
        self.columns.iter().flatten().count()
    }
}

/// A heading without what makes no difference.
pub(super) fn fold(heading: &str) -> String {
    heading
        .chars()
        .map(|c| if matches!(c, '！'..='～') { char::from_u32(c as u32 - 0xfee0).unwrap_or(c) } else { c })
        .filter(|c| {
            !c.is_whitespace() && !c.is_control() && !matches!(c, '_' | '-' | '.' | '"' | '\u{200b}' | '\u{feff}')
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// Refuses a `--map` whose left side is no column of ours.
pub(super) fn check_map(map: &[(String, String)]) -> Result<(), IntakeError> {
    for (at, (ours, theirs)) in map.iter().enumerate() {
        let what = match named(ours) {
            None => {
                let names: Vec<&str> = column_names().collect();
                format!("'{}' is no column of fairdial: use one of {}", shown(ours), names.join(", "))
            }
            Some(column) if map[..at].iter().any(|(before, _)| named(before) == Some(column)) => {
                format!("'{}' is mapped twice: give it one heading", shown(ours))
            }
            Some(_) if fold(theirs).is_empty() => "the heading is empty: write ours=theirs".to_string(),
            Some(_) => continue,
        };
        return Err(IntakeError::Map { ours: ours.clone(), theirs: theirs.clone(), what });
    }
    Ok(())
}

fn named(ours: &str) -> Option<Column> {
    let ours = fold(ours);
    COLUMNS.iter().find(|(_, name, _)| fold(name) == ours).map(|(column, ..)| *column)
}

/// Gives each column at most one heading: by `map`, else by our name, else by the best of the other names.
pub(super) fn assign(headings: &[String], map: &[(String, String)]) -> Assigned {
    let folded: Vec<String> = headings.iter().map(|heading| fold(heading)).collect();
    let mut assigned = Assigned { columns: vec![None; headings.len()], notes: Vec::new() };
    for (ours, theirs) in map {
        let theirs = fold(theirs);
        if let Some(at) = folded.iter().position(|heading| *heading == theirs) {
            assigned.columns[at] = named(ours);
        }
    }
    for (column, name, others) in COLUMNS {
        let free = |assigned: &Assigned, wanted: &str| {
            folded.iter().zip(&assigned.columns).position(|(heading, taken)| taken.is_none() && heading == wanted)
        };
        let mut names = std::iter::once(fold(name)).chain(others.split_whitespace().map(str::to_string));
        let taken = assigned.columns.contains(&Some(column));
        let mut best = None;
        for wanted in names.by_ref() {
            if let Some(at) = free(&assigned, &wanted) {
                if taken || best.is_some() {
                    let heading = shown(&headings[at]);
                    assigned.notes.push(format!("column '{heading}' is a second {name}: it is kept under extra"));
                } else {
                    best = Some((at, wanted));
                }
            }
        }
        if let Some((at, wanted)) = best {
            assigned.columns[at] = Some(column);
            if WEAK.contains(&wanted.as_str()) {
                let heading = shown(headings[at].trim());
                assigned
                    .notes
                    .push(format!("column '{heading}' was read as {name}: use --map if it is something else"));
            }
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(headings: &[&str], map: &[(&str, &str)]) -> Assigned {
        let headings: Vec<String> = headings.iter().map(ToString::to_string).collect();
        let map: Vec<_> = map.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        assign(&headings, &map)
    }

    #[test]
    fn other_names_are_written_folded_and_stand_for_one_column() {
        let mut seen = std::collections::BTreeSet::new();
        for (_, name, others) in COLUMNS {
            for other in std::iter::once(fold(name)).chain(others.split_whitespace().map(str::to_string)) {
                assert_eq!(fold(&other), other);
                assert!(seen.insert(other.clone()), "{other} twice");
            }
        }
        assert!(WEAK.iter().all(|weak| seen.contains(*weak)));
    }

    #[test]
    fn headings_are_recognised_in_both_languages() {
        let found = assigned(&[" Call-ID ", "录音文件", "坐席工号", "ＡＧＥＮＣＹ", "备注", "Start Time"], &[]);
        assert_eq!(found.columns, [Some(CallId), Some(File), Some(AgentId), Some(Agency), None, Some(StartedAt)]);
        assert!(found.notes.is_empty());
    }

    #[test]
    fn map_wins_and_the_loser_goes_to_extra() {
        let found = assigned(&["file", "agent_id", "Kennung"], &[("agent_id", "kennung")]);
        assert_eq!(found.columns, [Some(File), None, Some(AgentId)]);
        assert!(found.notes[0].contains("second agent_id"));
        let found = assigned(&["file", "caller"], &[]);
        assert_eq!(found.columns, [Some(File), Some(AgentName)]);
        assert!(found.notes[0].contains("--map"));
    }

    #[test]
    fn maps_to_nothing_are_refused() {
        let map = |ours: &str, theirs: &str| check_map(&[(ours.into(), theirs.into())]);
        assert!(map("agent", "x").unwrap_err().to_string().contains("agent_id"));
        assert!(map("agent_id", " ").is_err());
        assert!(map("Agent ID", "x").is_ok());
    }
}
