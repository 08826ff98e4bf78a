//! Fields: how people say the names that a call's metadata writes.
//!
//! Comes in: a call. Goes out: for each `{field}` of the phrase language the folded spellings to look for. Only this
//! file knows that 鼎诚信息服务有限公司 is called 鼎诚, that Foxhall Debt Partners LLC is Foxhall, that Marcus Tillery is
//! asked for as Marcus or Mr Tillery, and that 赵海燕 is 海燕, 小赵 or 赵姐.
//!
//! A short form must single out: two Han characters or one word that means little else. Better a form too few than
//! a name heard where none was said.

use crate::call::{Call, Language};
use crate::normalise::{fold_phrase, is_han};

use super::pattern::Fields;

/// What company names end in: form, trade, department. What is left when they are gone is the name.
const COMPANY_TAILS: &str = "股份有限公司 有限责任公司 有限公司 分公司 公司 集团 信息服务 信息技术 信息科技 信息咨询 网络科技 \
    金融服务 商务咨询 商务服务 法律咨询 资产管理 不良资产 企业管理 管理咨询 信用管理 商账管理 催收 催告 催清 清收 清欠 科技 信息 服务 咨询 技术 \
    商务 商账 金服 外包 管理 信用 资产 顾问 调解 法律 法务 律师 事务所 客服 客户 关怀 贷后 委外 合作方 合作 中心 热线 总部 部门 部 组 社 站 店 \
    一 二 三 四 第 银行 农村商业 农村信用 农商 村镇 商业 信用社 农信 信用卡 信贷 个人 消费金融 消金 消费 金融 汽融 汽金 普惠 小额贷款 小额 \
    小贷 易贷 贷款 借款 借贷 网贷 分期 钱包 钱庄 白条 贷 花 典当 担保 保理 保险 融资租赁 租赁 租车 融资 汽车 汽贸 汽修 修理 4s 设备 机械 农机 \
    物业 物管 房产 房屋 公寓 租房 装饰 装修 家具 家居 家电 建材 工程 热力 燃气 水务 供水 供电 供热 电力 通信 电信 宽带 网络 网 \
    医院 卫生院 口腔 妇产 中医 门诊 诊所 医美 美容 整形 体检 养老 护理 培训 教育 英语 学校 驾校 幼儿园 学院 健身 旅游 影楼 \
    购物 商城 超市 商行 商贸 贸易 经销 饲料 农资 种业 化肥 养殖 物流 运输 厂 行 所 院 室 处";

/// What a name must not be cut down to: it may stand in any sentence.
const COMMON_HAN: &str = "人人 大家 天天 随时 马上 今天 明天 有钱 借钱 现金 人民 公民 百姓 全民 中国 国家 第一 生活 家庭 平安 安心 放心 \
    我们 你们 幸福 美好 方便 容易 轻松 快乐 健康 未来 农村 城市 农业 工商 建设 交通 客户 联合 通用 东方 新城 中央 社区 \
    金融 信用 公共 国际 世界 时代 中心 银行 公司 平台 分期 贷款 还款 好运 大众 万家 上门 老师 老板 老婆 老公 老家 老人 \
    小心 小时 小学 小区 小孩 小事 小组 小额 小贷 小说 本人 先生 女士 北京 上海 天津 重庆 河北 山西 辽宁 吉林 江苏 浙江 \
    安徽 福建 江西 山东 河南 湖北 湖南 广东 广西 海南 四川 贵州 云南 陕西 甘肃 青海 内蒙 宁夏 新疆 西藏 广州 深圳 杭州 \
    南京 成都 武汉 西安 苏州 郑州 长沙 青岛 沈阳 大连 宁波 厦门 合肥 昆明 济南 长春 福州 南昌 石家庄 哈尔滨";

/// Words that end company names, and titles that come before people's.
const COMPANY_WORDS: &str = "llc inc ltd corp corporation company co lp llp pc pa plc group services service agency associates \
    partners solutions the and of na usa bureau network mgmt";

/// First words that single nobody out.
const COMMON_WORDS: &str = "first second third fifth national nations american america united union general advanced premier \
    professional professionals quality check consumer consumers account accounts credit debt collection collections recovery \
    home homes blue green black white golden silver gold north south east west northern southern eastern western central \
    great grand high new old big best better bright clear fair good true direct express quick fast easy smart simple city \
    state states statewide nationwide county town village valley river lake ocean mountain hill main park point center \
    global international world universal total complete family community people peoples citizens citizen freedom liberty \
    patriot motor motors auto car cars truck student students medical dental health healthcare hospital legal law court tax \
    public federal government payment payments pay money cash loan loans rent rental reliable trusted allied associated \
    independent metro pacific atlantic midwest southwest northwest southeast northeast capital financial finance bank banking \
    personal private prime preferred priority standard superior select special early fresh happy your our some that this \
    they with from have time call calls back number office business bureau asset assets portfolio receivables management \
    resolution resolutions continental peak summit apex pinnacle elite modern classic mobile online digital energy electric \
    water power heating furniture jewelry music house door street road bridge green wood stone spring summer winter \
    fall autumn morning evening night today monday sunday january february march april august september october november \
    december doctor doctors women children care emergency urgent physicians animal pet safe secure security trust insurance \
    life future progress progressive alliance integrity liberty heritage legacy harbor forest garden country sports \
    fitness outdoor store market mart food kitchen restaurant corner square plaza tower process processing";

/// Heads that recognisers write apart from what follows: north gate, iron wood.
const HEADS: &str = "north south east west stone iron copper red blue green silver gold white black bright fair high summer winter \
    spring river lake sun moon star wind water fire oak ash maple pine rose sweet wood hill stead fox wolf eagle hawk quick \
    swift ever clear castle bridge glen brook lock land king queen over under";

/// Names that are words of any sentence too: only what stands around them tells.
const WORDY_NAMES: &str = "will may sue bill mark rich chance major price young long good best law case day june august mister miss missus ms mrs mr dr doctor spc sgt pvt cpl officer agent investigator attorney alias jr sr iii the and";

/// First names and what they are shortened to.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("anthony", "tony"),
    ("robert", "bob bobby"),
    ("william", "billy"),
    ("richard", "rick ricky dick"),
    ("james", "jim jimmy"),
    ("john", "johnny jack"),
    ("joseph", "joe joey"),
    ("thomas", "tom tommy"),
    ("charles", "charlie chuck"),
    ("michael", "mike mikey"),
    ("david", "dave"),
    ("daniel", "dan danny"),
    ("edward", "ed eddie"),
    ("steven", "steve"),
    ("stephen", "steve"),
    ("kenneth", "ken kenny"),
    ("timothy", "tim"),
    ("matthew", "matt"),
    ("christopher", "chris"),
    ("nicholas", "nick"),
    ("benjamin", "ben benny"),
    ("samuel", "sam sammy"),
    ("gregory", "greg"),
    ("jeffrey", "jeff"),
    ("ronald", "ron ronnie"),
    ("donald", "don donnie"),
    ("raymond", "ray"),
    ("frederick", "fred"),
    ("leonard", "leo lenny"),
    ("elizabeth", "liz beth betty"),
    ("margaret", "peggy maggie meg"),
    ("katherine", "kathy kate katie"),
    ("catherine", "cathy kate"),
    ("patricia", "patty trish"),
    ("deborah", "deb debbie"),
    ("barbara", "barb"),
    ("jennifer", "jen jenny"),
    ("susan", "suzie"),
    ("rebecca", "becky"),
    ("victoria", "vicky"),
    ("theresa", "terry"),
    ("pamela", "pam"),
    ("cynthia", "cindy"),
    ("dorothy", "dottie dot"),
    ("alexander", "alex"),
    ("andrew", "andy"),
    ("lawrence", "larry"),
    ("gerald", "jerry"),
    ("vincent", "vince vinny"),
    ("yolanda", "yoli"),
];

/// Surnames of two characters.
const LONG_SURNAMES: &str = "欧阳 司马 上官 诸葛 夏侯 申屠 左丘 令狐 皇甫 尉迟 公孙 慕容 东方 司徒 西门 南宫 独孤 端木 百里 呼延 轩辕 宇文 长孙 闻人";
/// What stands behind a surname.
const TITLES: &str = "先生 女士 小姐 太太 总 经理 老师 姐 哥 大哥 大姐 兄 姨 阿姨 叔 大叔 叔叔 师傅 老板 工 主任 院长 校长 科长 队长 队 所长 医生 大夫 \
    律师 主管 专员 教练 大爷 大妈 大娘 大婶 婶 嫂 伯 护士长 护士 警官 局 处 会计 管家 客服";
/// What stands behind the last character of a given name.
const CLOSE_TITLES: &str = "姐 哥 总 姨 叔 妹 弟 儿 经理 老师";

/// What stands in a column where nothing is known.
const NOTHING: &str = "无 未登记 未知 不详 匿名 暂无 未填 未填写 空 none unknown na null anonymous";

fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

/// The spellings of a call's metadata.
pub(super) fn of_call(call: &Call, language: Language) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: &Option<String>, spell: &dyn Fn(&str, Language) -> Vec<String>| {
        let said = |value: &&str| !value.trim().is_empty() && !listed(NOTHING, &fold_phrase(value));
        if let Some(value) = value.as_deref().filter(said) {
            let mut spellings = spell(&fold_phrase(value), language);
            // What stands in brackets is a note: 天马外包（昆山）, Horizon First Bank (charged off 2012).
            let plain = without_notes(value);
            if plain != value {
                spellings.extend(spell(&fold_phrase(&plain), language));
            }
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

fn without_notes(value: &str) -> String {
    let mut depth = 0usize;
    value
        .chars()
        .filter(|c| {
            match c {
                '(' | '（' => depth += 1,
                ')' | '）' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect::<String>()
        .trim()
        .to_string()
}

fn company(name: &str, _: Language) -> Vec<String> {
    let mut spellings = vec![name.to_string()];
    if name.chars().any(is_han) {
        spellings.extend(han_company(name));
    }
    let words: Vec<&str> = name.split(' ').collect();
    if words.len() > 1 {
        let mut kept = words.clone();
        while kept.len() > 1 && kept.last().is_some_and(|word| listed(COMPANY_WORDS, word)) {
            kept.pop();
            spellings.push(kept.join(" "));
        }
        // Two words name a firm; one alone ("First", "National") may be anything.
        if kept.len() > 2 {
            spellings.push(kept[..2].join(" "));
        }
    }
    if let Some(first) = words.first().filter(|first| first.is_ascii()) {
        spellings.extend(in_two(first).map(|apart| [vec![apart.as_str()], words[1..].to_vec()].concat().join(" ")));
        if first.len() >= 4 && !listed(COMMON_WORDS, first) && first.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            spellings.push((*first).to_string());
            spellings.extend(in_two(first));
        }
    }
    spellings
}

/// A compound as recognisers write it apart.
fn in_two(word: &str) -> Option<String> {
    let rest = |head: &str| word.strip_prefix(head).filter(|rest| rest.len() >= 3).map(|rest| format!("{head} {rest}"));
    HEADS.split_whitespace().find_map(rest)
}

fn han_company(name: &str) -> Vec<String> {
    let mut spellings = Vec::new();
    let singles_out = |short: &str| short.chars().filter(|c| is_han(*c)).count() >= 2 && !listed(COMMON_HAN, short);
    let mut short = name;
    loop {
        let cut = |tail: &str| short.strip_suffix(tail).filter(|rest| singles_out(rest));
        let Some(cut) = COMPANY_TAILS.split_whitespace().filter_map(cut).min_by_key(|rest| rest.len()) else { break };
        short = cut;
        spellings.push(short.to_string());
    }
    let mut letters = short.char_indices().skip(2).map(|(at, _)| at);
    if let Some(second) = letters.next()
        && listed(COMMON_HAN, &short[..second])
        && singles_out(&short[second..])
    {
        // A place goes before the name: 北京顺驰.
        spellings.push(short[second..].to_string());
    } else if let Some((second, _)) = short.char_indices().nth(2)
        && short.chars().count() >= 4
        && singles_out(&short[..second])
    {
        // Four characters are called by two: 翠湖名邸, 翠湖.
        spellings.push(short[..second].to_string());
    }
    spellings
}

fn person(name: &str, language: Language) -> Vec<String> {
    let mut spellings = vec![name.to_string()];
    let han: String = name.chars().filter(|c| is_han(*c)).collect();
    if language == Language::Mandarin && !han.is_empty() {
        spellings.extend(han_person(&han));
        spellings.retain(|spelling| !listed(COMMON_HAN, spelling));
        return spellings;
    }
    for part in name.split(' ').filter(|part| part.len() > 2 && !listed(WORDY_NAMES, part)) {
        spellings.push(part.to_string());
        let short = SHORT_NAMES.iter().filter(|(long, _)| *long == part).flat_map(|(_, short)| short.split(' '));
        spellings.extend(short.map(String::from));
    }
    spellings
}

fn han_person(name: &str) -> Vec<String> {
    let mut spellings = Vec::new();
    let letters: Vec<char> = name.chars().collect();
    let long = LONG_SURNAMES.split_whitespace().any(|surname| name.starts_with(surname)) && letters.len() > 2;
    let (surname, given) = letters.split_at(if long { 2 } else { 1 });
    let surname: String = surname.iter().collect();
    spellings.extend(TITLES.split_whitespace().map(|title| format!("{surname}{title}")));
    spellings.extend(["姓", "小", "老", "阿"].map(|before| format!("{before}{surname}")));
    // What is no family name followed by a given one stays as it is: 坐席三一九.
    let Some(last) = given.last().filter(|last| given.len() <= 3 && !"某".contains(**last)) else { return spellings };
    if given.len() >= 2 {
        spellings.push(given[given.len() - 2..].iter().collect());
        spellings.push(given.iter().collect());
    }
    spellings.push(format!("{last}{last}"));
    spellings.extend(["小", "阿"].map(|before| format!("{before}{last}")));
    spellings.extend(CLOSE_TITLES.split_whitespace().map(|title| format!("{last}{title}")));
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallId;

    fn spelt(field: &str, value: &str, language: Language) -> Vec<String> {
        let mut call = Call::new(CallId::from_text("x"), "x");
        let to = match field {
            "agency" => &mut call.agency,
            _ => &mut call.debtor_name,
        };
        *to = Some(value.into());
        of_call(&call, language).remove(field).unwrap_or_default()
    }

    #[test]
    fn companies_are_known_by_their_short_forms() {
        for (name, short) in [
            ("鼎诚信息服务有限公司", "鼎诚"),
            ("顺驰汽车租赁有限公司", "顺驰"),
            ("翠湖名邸物业服务中心", "翠湖"),
            ("沂北农村商业银行", "沂北"),
            ("北京顺驰汽车租赁有限公司", "顺驰"),
            ("天马外包(昆山)", "天马"),
            ("海湾银行信用卡中心", "海湾银行"),
        ] {
            let spellings = spelt("agency", name, Language::Mandarin);
            assert!(spellings.iter().any(|spelling| spelling == short), "{name}: {spellings:?}");
        }
        for (name, short) in [
            ("Lumen Peak Bank, N.A.", "lumen peak"),
            ("Foxhall Debt Partners LLC", "foxhall"),
            ("Northgate Consumer Services", "north gate"),
            ("Horizon First Bank (charged off 2012)", "horizon first bank"),
        ] {
            let spellings = spelt("agency", name, Language::English);
            assert!(spellings.iter().any(|spelling| spelling == short), "{name}: {spellings:?}");
        }
    }

    #[test]
    fn companies_are_not_cut_down_to_everyday_words() {
        for (name, word) in [
            ("有钱花分期", "有钱"),
            ("中国银行信用卡中心", "中国"),
            ("人人贷", "人人"),
            ("平安普惠", "平安"),
            ("信贷公司", "信"),
        ] {
            assert!(!spelt("agency", name, Language::Mandarin).iter().any(|s| s == word), "{name}");
        }
        for (name, word) in
            [("First National Bank", "first"), ("Check Enforcement Bureau LLC", "check"), ("Home & Hearth", "home")]
        {
            assert!(!spelt("agency", name, Language::English).iter().any(|s| s == word), "{name}");
        }
    }

    #[test]
    fn people_are_known_as_they_are_spoken_to() {
        for (name, said) in [
            ("赵海燕", "赵女士"),
            ("赵海燕", "海燕"),
            ("赵海燕", "老赵"),
            ("赵海燕", "燕姐"),
            ("柯曼", "曼曼"),
            ("申屠敏", "申屠女士"),
            ("柳长根", "长根"),
            ("Vivian 许", "小许"),
        ] {
            let spellings = spelt("debtor_name", name, Language::Mandarin);
            assert!(spellings.iter().any(|spelling| spelling == said), "{name}: {spellings:?}");
        }
        let english = spelt("debtor_name", "\"Officer\" Anthony Will", Language::English);
        assert!(english.contains(&"tony".to_string()) && !english.contains(&"will".to_string()), "{english:?}");
        assert!(spelt("debtor_name", "未登记", Language::Mandarin).is_empty());
        assert!(!spelt("debtor_name", "时小心", Language::Mandarin).contains(&"小心".to_string()));
    }
}
