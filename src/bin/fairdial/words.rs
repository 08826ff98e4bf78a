//! The words of the interface in Chinese: what records write as ids, people read in their language.

use fairdial::call::Language;

/// What the ids of records are called in Chinese.
const CHINESE: &[(&str, &str)] = &[
    ("insult", "辱骂"),
    ("threat", "威胁"),
    ("false-claim", "虚假陈述"),
    ("third-party-disclosure", "向第三人泄露"),
    ("premature-disclosure", "核实前泄露"),
    ("harassment", "骚扰"),
    ("improper-pressure", "不当施压"),
    ("improper-payment", "不当收款"),
    ("low", "低"),
    ("medium", "中"),
    ("high", "高"),
    ("critical", "危"),
    ("pass", "合规"),
    ("review", "需复核"),
    ("fail", "违规"),
    ("not-audited", "未审核"),
    ("collector", "催收员"),
    ("debtor", "债务人"),
    ("third-party", "第三人"),
    ("unknown", "未知"),
    ("opening-company", "表明机构"),
    ("opening-name", "表明姓名或工号"),
    ("opening-purpose", "说明来意"),
    ("recording-notice", "告知录音"),
    ("identity-verified", "核实本人"),
    ("verified-before-disclosure", "先核实后谈债务"),
    ("mini-miranda", "告知是收债"),
    ("debt-facts-stated", "说明债务情况"),
    ("options-offered", "提供还款方案"),
    ("complaint-channel-given", "告知投诉渠道"),
    ("call-hours", "拨打时段"),
    ("call-frequency", "拨打频次"),
    ("closing", "结束语"),
    ("talk-share", "说话占比"),
    ("long-silence", "长时间沉默"),
    ("interruptions", "抢话"),
    ("speaking-rate", "语速"),
    ("check-failed", "检查未通过"),
    ("finding", "有违规"),
    ("finding-unsure", "有待确认"),
    ("recognition-poor", "识别不清"),
    ("roles-unsure", "说话人不确定"),
    ("recording-damaged", "录音损坏"),
    ("speech-not-recognised", "有话未识别"),
];

/// An id as people read it; ids without a Chinese word stay as they are.
pub fn shown(id: &str, screen: Language) -> String {
    let chinese = CHINESE.iter().find(|(known, _)| *known == id).map(|(_, chinese)| *chinese);
    match (screen, chinese) {
        (Language::Mandarin, Some(chinese)) => chinese.into(),
        _ => id.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_check_and_severity_has_a_chinese_word() {
        let categories = fairdial::record::Category::ALL.map(fairdial::record::Category::as_str);
        let severities = fairdial::record::Severity::WORST_FIRST.map(fairdial::record::Severity::as_str);
        for id in categories.iter().chain(&severities).chain(fairdial::policy::CHECK_IDS) {
            assert_ne!(shown(id, Language::Mandarin), *id, "{id}");
        }
    }
}
