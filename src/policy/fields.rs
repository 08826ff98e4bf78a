//! Fields: how people say the names that a call's metadata writes.
//!
//! Comes in: a call. Goes out: for each `{field}` of the phrase language the folded spellings to look for. Only this
//! file knows that 鼎诚信息服务有限公司 is called 鼎诚, and that Marcus Tillery is asked for as Marcus or Mr Tillery.

use crate::call::{Call, Language};
use crate::normalise::{fold_phrase, is_han};

use super::pattern::Fields;

/// What company names end in, longest first within a kind.
const COMPANY_TAILS: &[&str] = &[
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "集团",
    "公司",
    "信息服务",
    "信息技术",
    "信息科技",
    "网络科技",
    "金融服务",
    "商务咨询",
    "资产管理",
    "企业管理",
    "管理咨询",
    "科技",
    "信息",
    "服务",
    "咨询",
    "技术",
    "商务",
    "金服",
    "外包",
];
const COMPANY_WORDS: &[&str] = &[
    "llc",
    "inc",
    "ltd",
    "corp",
    "corporation",
    "company",
    "co",
    "lp",
    "llp",
    "group",
    "services",
    "service",
    "agency",
    "associates",
    "partners",
    "solutions",
    "the",
    "and",
    "of",
    "na",
    "usa",
];

/// The spellings of a call's metadata.
pub(super) fn of_call(call: &Call, language: Language) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: &Option<String>, spell: &dyn Fn(&str, Language) -> Vec<String>| {
        if let Some(value) = value.as_deref().filter(|value| !value.trim().is_empty()) {
            let mut spellings = spell(&fold_phrase(value), language);
            // The longest first: a match should quote as much of the name as was said.
            spellings.sort_by_key(|spelling| (usize::MAX - spelling.len(), spelling.clone()));
            spellings.dedup();
            spellings.retain(|spelling| spelling.chars().count() >= 2);
            fields.insert(name.to_string(), spellings);
        }
    };
    put("agency", &call.agency, &company);
    put("creditor", &call.creditor, &company);
    put("agent_name", &call.agent_name, &person);
    put("debtor_name", &call.debtor_name, &person);
    put("agent_id", &call.agent_id, &|value, _| vec![value.to_string()]);
    put("account", &call.account, &|value, _| vec![value.to_string()]);
    fields
}

fn company(name: &str, _: Language) -> Vec<String> {
    let mut spellings = vec![name.to_string()];
    let mut short = name;
    while let Some(cut) = COMPANY_TAILS.iter().find_map(|tail| short.strip_suffix(tail)).filter(|cut| !cut.is_empty()) {
        short = cut;
        if short.chars().count() >= 2 {
            spellings.push(short.to_string());
        }
    }
    let words: Vec<&str> = name.split(' ').collect();
    if words.len() > 1 {
        let mut kept = words.clone();
        while kept.len() > 1 && kept.last().is_some_and(|word| COMPANY_WORDS.contains(word)) {
            kept.pop();
            spellings.push(kept.join(" "));
        }
        // Two words name a firm; one alone ("First", "National") may be anything.
        if kept.len() > 2 {
            spellings.push(kept[..2].join(" "));
        }
    }
    spellings
}

fn person(name: &str, language: Language) -> Vec<String> {
    let mut spellings = vec![name.to_string()];
    let first = name.chars().next().filter(|c| is_han(*c));
    match (language, first) {
        (Language::Mandarin, Some(surname)) => {
            for title in ["先生", "女士", "小姐", "总", "经理", "老师"] {
                spellings.push(format!("{surname}{title}"));
            }
            spellings.push(format!("姓{surname}"));
        }
        _ => spellings.extend(name.split(' ').filter(|part| part.len() > 2).map(String::from)),
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallId;

    #[test]
    fn names_are_known_as_people_say_them() {
        let mut call = Call::new(CallId::from_text("x"), "x");
        call.agency = Some("鼎诚信息服务有限公司".into());
        call.creditor = Some("Lumen Peak Bank, N.A.".into());
        call.debtor_name = Some("赵海燕".into());
        let zh = of_call(&call, Language::Mandarin);
        assert!(zh["agency"].contains(&"鼎诚".to_string()));
        assert!(zh["debtor_name"].contains(&"赵女士".to_string()));
        assert!(of_call(&call, Language::English)["creditor"].contains(&"lumen peak".to_string()));
    }
}
