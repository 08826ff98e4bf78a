//! From the cells of a row to the fields of a call.
//!
//! Comes in: a row joined to a call. Goes out: the call with its fields set, and a warning for every cell that can't be
//! taken at its word. Only this file knows which texts a field accepts. Nothing is guessed and nothing lost: a cell that
//! is not understood is kept under `extra`.

use std::collections::btree_map::Entry;

use crate::call::{Call, CallId, Jurisdiction};

use super::columns::Column;
use super::moment::{self, Moment};
use super::show::{Warnings, shown};
use super::table::{Row, Table};

/// What exports write for "nothing".
const NOTHING: [&str; 8] = ["", "-", "--", "NULL", "\\N", "N/A", "n/a", "#N/A"];

/// A cell without what spreadsheets put around it, or none when that leaves nothing.
pub(super) fn clean(text: &str) -> Option<&str> {
    let is_space = |c: char| c.is_whitespace() || c == '\u{feff}';
    let mut text = text.trim_matches(is_space);
    // ="0213" and '0213 keep a spreadsheet from taking a staff number for an amount.
    if let Some(inner) = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        text = inner.trim_matches(is_space);
    } else if let Some(digits) = text.strip_prefix('\'').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        text = digits;
    }
    Some(text).filter(|text| !NOTHING.contains(text))
}

/// Whether a spreadsheet made an amount of a long number: `2.02603E+13`. The digits lost can't be had back.
pub(super) fn is_mangled(text: &str) -> bool {
    let Some((front, power)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = front.split_once(['.', ',']).unwrap_or((front, "0"));
    whole.len() == 1 && digits(whole) && digits(part) && power.strip_prefix('+').is_some_and(digits)
}

/// The keys of a row: its `file` and its `call_id`, where they are there and whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys<'t> {
    pub(super) file: Option<&'t str>,
    pub(super) call_id: Option<&'t str>,
}

impl Keys<'_> {
    /// What a row is called in messages.
    pub(super) fn shown(&self) -> String {
        self.file.or(self.call_id).unwrap_or_default().to_string()
    }
}

/// Reads the keys of a row and warns where they are of no use.
pub(super) fn keys<'t>(table: &'t Table, row: &'t Row, warnings: &mut Warnings) -> Keys<'t> {
    let mut mangled = false;
    let mut key = |column: Column| {
        let text = table.cell(row, column)?;
        if is_mangled(text) {
            mangled = true;
            warn(warnings, table, row, column, "a number cut short", || mangled_message(Some(text)));
            return None;
        }
        Some(text)
    };
    let keys = Keys { file: key(Column::File), call_id: key(Column::CallId) };
    if keys == Keys::default() && !mangled {
        warnings.row(&table.path, row.line, "neither file nor call_id", || {
            "the row names neither file nor call_id and was left out: fill in one of them".into()
        });
    }
    keys
}

/// Sets the fields of a call from a row.
pub(super) fn apply(call: &mut Call, table: &Table, row: usize, warnings: &mut Warnings) {
    let Some(row) = table.rows.get(row) else { return };
    if row.shifted {
        return;
    }
    if let Some(id) = table.cell(row, Column::CallId).filter(|id| !is_mangled(id)) {
        call.id = CallId::from_text(id);
    }
    for (at, raw) in &row.cells {
        let Some(text) = clean(raw) else { continue };
        let Some(column) = table.columns.get(*at).copied().flatten() else {
            keep(call, &heading(table, *at), raw);
            continue;
        };
        if matches!(column, Column::File | Column::CallId) {
            continue;
        }
        if let Err((kind, message)) = set(call, column, text) {
            warn(warnings, table, row, column, kind, || message);
            let suffix = if kind == NO_ZONE { "without_zone" } else { "not_understood" };
            keep(call, &format!("{}_{suffix}", column.name()), raw);
        }
    }
}

const NO_ZONE: &str = "a time without its zone";

/// Sets one field; an error is the kind of trouble and what to do.
fn set(call: &mut Call, column: Column, text: &str) -> Result<(), (&'static str, String)> {
    let own = || Some(text.to_string());
    match column {
        Column::File | Column::CallId => {}
        // A number of a person is not repeated in a warning.
        Column::AgentId if is_mangled(text) => return Err(("a number cut short", mangled_message(Some(text)))),
        Column::Account | Column::CalleePhone if is_mangled(text) => {
            return Err(("a number cut short", mangled_message(None)));
        }
        Column::AgentId => call.agent_id = own(),
        Column::AgentName => call.agent_name = own(),
        Column::Agency => call.agency = own(),
        Column::Creditor => call.creditor = own(),
        Column::DebtorName => call.debtor_name = own(),
        Column::Account => call.account = own(),
        Column::CalleePhone => call.callee_phone = own(),
        Column::DebtorTimezone => call.debtor_timezone = own(),
        Column::StartedAt => match moment::read(text) {
            Moment::Zoned => call.started_at = own(),
            Moment::Zoneless => {
                let message = format!("'{}' has no time zone: write it like 2026-03-03T19:12:40+08:00", shown(text));
                return Err((NO_ZONE, message));
            }
            Moment::Unclear => {
                let message = format!("'{}' is not a time: write it like 2026-03-03T19:12:40+08:00", shown(text));
                return Err(("not a time", message));
            }
        },
        Column::Direction => {
            let direction = direction(text).ok_or_else(|| {
                ("not a direction", format!("'{}' is not a direction: write outbound or inbound", shown(text)))
            })?;
            call.direction = Some(direction.to_string());
        }
        Column::Jurisdiction => {
            let jurisdiction = jurisdiction(text).ok_or_else(|| {
                ("not a jurisdiction", format!("'{}' is not a jurisdiction: write cn or us", shown(text)))
            })?;
            call.jurisdiction = Some(jurisdiction);
        }
        Column::CollectorChannel => {
            let channel = channel(text).ok_or_else(|| {
                let message =
                    format!("'{}' is not a channel: write 0 for the first or left one, 1 for the second", shown(text));
                ("not a channel", message)
            })?;
            call.collector_channel = Some(channel);
        }
    }
    Ok(())
}

fn mangled_message(text: Option<&str>) -> String {
    let text = text.map_or(String::new(), |text| format!(" ('{}')", shown(text)));
    format!("a spreadsheet cut this number short{text}: export the column as text again")
}

fn direction(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "outbound" | "out" | "outgoing" | "呼出" | "外呼" | "去电" | "主叫" => Some("outbound"),
        "inbound" | "in" | "incoming" | "呼入" | "来电" | "被叫" => Some("inbound"),
        _ => None,
    }
}

fn jurisdiction(text: &str) -> Option<Jurisdiction> {
    match text.to_lowercase().as_str() {
        "中国" | "中国大陆" | "大陆" | "chn" | "mainland china" => Some(Jurisdiction::Cn),
        "美国" | "united states" | "u.s." | "u.s.a." => Some(Jurisdiction::Us),
        _ => text.parse().ok(),
    }
}

fn channel(text: &str) -> Option<u16> {
    match text.to_lowercase().as_str() {
        "left" | "l" | "左" | "左声道" => Some(0),
        "right" | "r" | "右" | "右声道" => Some(1),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

fn heading(table: &Table, at: usize) -> String {
    let heading =
        table.headings.get(at).map(|heading| heading.trim_matches([' ', '\t', '\u{feff}'])).unwrap_or_default();
    if heading.is_empty() { format!("column {}", at + 1) } else { heading.to_string() }
}

/// Keeps a text under `extra`; a second column of the same heading gets a number.
fn keep(call: &mut Call, heading: &str, text: &str) {
    let mut name = heading.to_string();
    for next in 2.. {
        match call.extra.entry(name) {
            Entry::Vacant(free) => {
                free.insert(text.to_string());
                return;
            }
            Entry::Occupied(_) => name = format!("{heading} ({next})"),
        }
    }
}

fn warn(
    warnings: &mut Warnings,
    table: &Table,
    row: &Row,
    column: Column,
    kind: &'static str,
    message: impl FnOnce() -> String,
) {
    warnings.row(&table.path, row.line, kind, || {
        let at = table.columns.iter().position(|found| *found == Some(column));
        let heading = at.map_or_else(|| column.name().to_string(), |at| heading(table, at));
        format!("{}: {}", shown(&heading), message())
    });
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::call::CallId;

    fn applied(text: &str) -> (Call, Vec<String>) {
        let mut warnings = Warnings::default();
        let table = Table::parse(Path::new("calls.csv"), text.as_bytes(), &[], &mut warnings).unwrap();
        let mut call = Call::new(CallId::from_text("x"), "x.wav");
        apply(&mut call, &table, 0, &mut warnings);
        (call, warnings.into_lines())
    }

    #[test]
    fn cells_lose_what_spreadsheets_add() {
        assert_eq!(clean(" =\"0213\"\t"), Some("0213"));
        assert_eq!(clean("'0213"), Some("0213"));
        assert_eq!(clean("'tis"), Some("'tis"));
        assert_eq!(clean("NULL"), None);
        assert!(is_mangled("2.02603E+13") && is_mangled("2E+09"));
        assert!(!is_mangled("E+13") && !is_mangled("abcE+1") && !is_mangled("12.5E+3") && !is_mangled("1E5"));
    }

    #[test]
    fn every_field_is_set() {
        let (call, warnings) = applied(
            "file,call_id,agent_id,agent_name,agency,creditor,debtor_name,account,started_at,debtor_timezone,direction,callee_phone,jurisdiction,collector_channel,备注\n\
             x.wav,1,0213,周敏,天诚,金鼎,李强,**** 4021,2026-03-03T19:12:40+08:00,Asia/Shanghai,呼出,138****4021,CN,0, 加急 \n",
        );
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(call.agent_id.as_deref(), Some("0213"));
        assert_eq!(call.debtor_name.as_deref(), Some("李强"));
        assert_eq!(call.started_at.as_deref(), Some("2026-03-03T19:12:40+08:00"));
        assert_eq!(call.direction.as_deref(), Some("outbound"));
        assert_eq!((call.jurisdiction, call.collector_channel), (Some(Jurisdiction::Cn), Some(0)));
        assert_eq!(call.extra["备注"], " 加急 ");
    }

    #[test]
    fn what_is_not_understood_is_kept_and_told() {
        let (call, warnings) = applied(
            "file,started_at,direction,jurisdiction,collector_channel,callee_phone,agency,note,note\n\
             x.wav,2026-03-03 19:12,sideways,mars,third,1.38E+10,Acme,a,b\n",
        );
        assert_eq!(call.agency.as_deref(), Some("Acme"));
        assert_eq!(
            (&call.started_at, &call.direction, call.jurisdiction, call.collector_channel),
            (&None, &None, None, None)
        );
        assert_eq!(call.extra["started_at_without_zone"], "2026-03-03 19:12");
        assert_eq!(call.extra["callee_phone_not_understood"], "1.38E+10");
        assert_eq!((call.extra["note"].as_str(), call.extra["note (2)"].as_str()), ("a", "b"));
        assert_eq!(warnings.len(), 5);
        assert!(warnings[0].starts_with("calls.csv:2: started_at: '2026-03-03 19:12' has no time zone"));
        assert!(warnings.iter().all(|warning| !warning.contains("1.38E+10")));
    }
}
