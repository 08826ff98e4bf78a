"""Fillers for the slots of a sentence pattern: names, amounts, dates and numbers as they are spoken.

In:  a pattern such as "您的{prod}逾期{days}了。" and a random.Random.
Out: the pattern with every slot replaced by words. No digits: the recogniser learns numbers as they sound.
"""

import re
from random import Random

# ---- Mandarin ----------------------------------------------------------------------------------------------------

DIGITS_ZH = "零一二三四五六七八九"
SURNAMES_ZH = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范"
    "汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严武莫孔向汤"
)
GIVEN_ZH = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉力健永林海燕春梅志红晓丹鹏飞宇浩然欣怡子涵雨晨佳琪思远俊豪"
    "嘉慧婷雪琳峰波亮鑫凯小东少云天成德福玲斌宁莉萍锋"
)
COMPANIES_ZH = "华信 安达 恒通 中联 天诚 金鼎 银海 普惠 万家 瑞丰 宏远 博亚 信达 嘉实 东方 平安 长江 泰和 盛世 蓝天 恒信 中原 海川 汇通".split()
BUSINESSES_ZH = "金融 银行 消费金融 小额贷款公司 资产管理公司 信用管理公司 科技 信贷 消费金融公司 催收公司".split()
PRODUCTS_ZH = "信用卡 消费贷款 个人贷款 车贷 房贷 小额贷款 现金贷 分期贷款 助学贷款 经营贷款 网络贷款 装修贷 贷款 借款".split()
CITIES_ZH = (
    "北京 上海 广州 深圳 成都 重庆 武汉 西安 杭州 南京 天津 苏州 长沙 郑州 青岛 沈阳 大连 厦门 昆明 合肥 济南 福州 南昌 贵阳 "
    "太原 石家庄 哈尔滨 长春 兰州 海口 东莞 佛山 宁波 无锡 温州 乌鲁木齐 南宁 银川"
).split()
DAYS_ZH = (
    "今天 明天 后天 今天下午 明天上午 明天下午三点 今晚八点 月底 这个月底 下个月初 下个月 下周末 周末 月初 年底 三天以后 "
    "一个星期以后 上个月 昨天 上周五 两个月以后 过年以后 明天中午 今天晚上 下班以前 大后天 去年年底"
).split()


def number_zh(n: int) -> str:
    """`n` in Chinese characters: 3500 is 三千五百, 10200 is 一万零二百."""
    if n == 0:
        return "零"

    def below_ten_thousand(n: int) -> str:
        words, skipped = "", False
        for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit, n = divmod(n, unit)
            if digit:
                words += ("零" if skipped and words else "") + DIGITS_ZH[digit] + name
                skipped = False
            elif words:
                skipped = True
        return words

    if n < 10_000:
        words = below_ten_thousand(n)
    else:
        high, low = divmod(n, 10_000)
        words = below_ten_thousand(high) + "万"
        if low:
            words += ("零" if low < 1000 else "") + below_ten_thousand(low)
    return words[1:] if words.startswith("一十") else words


def amount_zh(r: Random) -> str:
    n = r.choices(
        [r.randint(1, 99) * 100, r.randint(100, 9999), r.randint(1, 60) * 1000, r.randint(10_000, 99_999), r.randint(1, 30) * 10_000],
        [35, 25, 20, 10, 10],
    )[0]
    words = number_zh(n)
    if r.random() < 0.6:
        words = re.sub("^二(?=[千万])", "两", words)
    tail = r.choices(["元", "块", "块钱", "cents", "dime"], [55, 20, 10, 8, 7])[0]
    if tail == "cents":
        return words + "点" + r.choice(DIGITS_ZH[1:]) + r.choice(DIGITS_ZH[1:]) + "元"
    if tail == "dime":
        return words + "块" + r.choice(DIGITS_ZH[1:]) + "毛"
    return words + tail


def date_zh(r: Random) -> str:
    k = r.random()
    if k < 0.3:
        return number_zh(r.randint(1, 12)) + "月" + number_zh(r.randint(1, 31)) + r.choice("号日号")
    if k < 0.4:
        return number_zh(r.randint(1, 31)) + "号"
    if k < 0.6:
        return r.choice(["这周", "下周", "本周", "下个星期"]) + r.choice("一二三四五六")
    return r.choice(DAYS_ZH)


def duration_zh(r: Random) -> str:
    k = r.random()
    if k < 0.5:
        return number_zh(r.randint(1, 120)) + "天"
    if k < 0.8:
        return r.choice("一两三四五六七八九十") + "个月"
    return r.choice("半个月 一个星期 两个星期 一年 半年 一年多 两年 好几个月".split())


def telephone_zh(r: Random) -> str:
    if r.random() < 0.4:
        return "".join(r.choice(DIGITS_ZH) for _ in range(8))
    return "一" + r.choice("三五七八") + "".join(r.choice(DIGITS_ZH) for _ in range(9))


def name_zh(r: Random) -> str:
    return r.choice(SURNAMES_ZH) + "".join(r.choice(GIVEN_ZH) for _ in range(r.choice((1, 2, 2))))


FILLERS_ZH = {
    "name": name_zh,
    "sur": lambda r: r.choice(SURNAMES_ZH),
    "title": lambda r: r.choice(("先生", "女士", "先生", "女士", "小姐")),
    "co": lambda r: r.choice(COMPANIES_ZH) + r.choice(BUSINESSES_ZH),
    "amt": amount_zh,
    "prod": lambda r: r.choice(PRODUCTS_ZH),
    "days": duration_zh,
    "date": date_zh,
    "per": lambda r: number_zh(r.choice((2, 3, 4, 5, 6, 8, 9, 10, 12, 18, 24, 36))) + "期",
    "city": lambda r: r.choice(CITIES_ZH),
    "num": lambda r: number_zh(r.randint(1, 31)),
    "dig4": lambda r: "".join(r.choice(DIGITS_ZH) for _ in range(4)),
    "phone": telephone_zh,
}

# ---- English -----------------------------------------------------------------------------------------------------

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = dict(
    zip(
        [*range(1, 21), 30],
        (
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
            "sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"
        ).split(),
    )
)
FIRST_NAMES = (
    "James John Robert Michael William David Richard Thomas Charles Daniel Matthew Anthony Mark Paul Steven Andrew Kevin Brian George "
    "Edward Jason Ryan Eric Peter Frank Adam Henry Jack Sam Ben Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah "
    "Karen Nancy Lisa Margaret Sandra Ashley Emily Donna Michelle Carol Amanda Laura Anna Emma Grace Julia Alice Rachel Maria Helen Kate "
    "Joshua Tyler Brandon Carlos Diego Marcus Angela Monica Denise Rosa Tanya Crystal Heather Dana Tony Greg Jeff Scott"
).split()
LAST_NAMES = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Wilson Anderson Taylor Thomas Moore Jackson Martin Lee Thompson White Harris "
    "Clark Lewis Robinson Walker Young Allen King Wright Scott Green Baker Adams Nelson Hill Campbell Mitchell Roberts Carter Phillips "
    "Evans Turner Parker Collins Edwards Stewart Morris Murphy Cook Rogers Cooper Reed Bailey Bell Kelly Howard Ward Cox Richardson Wood "
    "Watson Brooks Bennett Gray James Hughes Price Myers Long Foster Sanders Ross Martinez Rodriguez Lopez Nguyen Rivera Diaz Hayes Ortiz"
).split()
COMPANIES_EN = (
    "Summit Pacific Liberty Northern Capital Silver Golden Harbor First National United Global Central Western Eagle River Mountain Star "
    "Alpha Citizens Lakeside Midwest Premier Granite Coastal Valley"
).split()
BUSINESSES_EN = (
    "Bank|Financial|Credit Services|Recovery|Finance|Lending|Collections|Loan Company|Credit Union|Capital Group|Recovery Services|Associates"
).split("|")
PRODUCTS_EN = (
    "credit card|personal loan|car loan|student loan|mortgage|phone bill|medical bill|store card|payday loan|business loan|overdraft|home loan|"
    "hospital bill|utility bill"
).split("|")
CITIES_EN = (
    "New York|Los Angeles|Chicago|Houston|Boston|Dallas|Denver|Seattle|Miami|Atlanta|Phoenix|Portland|London|Manchester|Detroit|Cleveland|"
    "Orlando|Toronto|San Diego|Las Vegas|Memphis|Austin|Tampa"
).split("|")
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
DAYS_EN = (
    "tomorrow|tomorrow morning|today|the end of the month|next week|the end of the week|next month|this weekend|the first of the month|tonight|"
    "Friday afternoon|Monday morning|the middle of the month|five o'clock today|noon tomorrow"
).split("|")


def number_en(n: int) -> str:
    """`n` in English words: 3500 is "three thousand five hundred"."""
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")
    high, low, name = (n // 100, n % 100, " hundred") if n < 1000 else (n // 1000, n % 1000, " thousand")
    return number_en(high) + name + (" " + number_en(low) if low else "")


def ordinal_en(n: int) -> str:
    return ORDINALS[n] if n in ORDINALS else TENS[n // 10] + "-" + ORDINALS[n % 10]


def amount_en(r: Random) -> str:
    n = r.choices(
        [r.randint(1, 40) * 50, r.randint(20, 999), r.randint(1, 50) * 100, r.randint(1000, 9999), r.randint(2, 90) * 1000],
        [40, 20, 20, 10, 10],
    )[0]
    words = number_en(n) + " dollars"
    return words + " and " + number_en(r.randint(2, 99)) + " cents" if r.random() < 0.12 else words


def date_en(r: Random) -> str:
    k = r.random()
    if k < 0.3:
        return r.choice(MONTHS) + " " + ordinal_en(r.randint(1, 31))
    if k < 0.4:
        return "the " + ordinal_en(r.randint(1, 31))
    if k < 0.7:
        return r.choice(("", "next ", "this ")) + r.choice(WEEKDAYS)
    return r.choice(DAYS_EN)


def name_en(r: Random) -> str:
    if r.random() < 0.4:
        return r.choice(FIRST_NAMES) + " " + r.choice(LAST_NAMES)
    return r.choice(("Mister ", "Miss ", "Missus ")) + r.choice(LAST_NAMES)


def duration_en(r: Random) -> str:
    return r.choice(
        (number_en(r.randint(2, 120)) + " days", number_en(r.randint(2, 12)) + " months", "two weeks", "three weeks", "a month", "over a year")
    )


FILLERS_EN = {
    "name": name_en,
    "first": lambda r: r.choice(FIRST_NAMES),
    "last": lambda r: r.choice(LAST_NAMES),
    "co": lambda r: r.choice(COMPANIES_EN) + " " + r.choice(BUSINESSES_EN),
    "amt": amount_en,
    "prod": lambda r: r.choice(PRODUCTS_EN),
    "days": duration_en,
    "date": date_en,
    "per": lambda r: number_en(r.choice((2, 3, 4, 5, 6, 8, 9, 10, 12, 18, 24))) + r.choice((" months", " payments", " installments")),
    "city": lambda r: r.choice(CITIES_EN),
    "num": lambda r: number_en(r.randint(2, 30)),
    "dig4": lambda r: " ".join(ONES[r.randint(0, 9)] for _ in range(4)),
    "phone": lambda r: " ".join(ONES[r.randint(0, 9)] for _ in range(r.choice((7, 10)))),
}

FILLERS = {"zh": FILLERS_ZH, "en": FILLERS_EN}


def fill(pattern: str, language: str, r: Random) -> str:
    """The pattern with its slots spoken. Raises KeyError for a slot nobody knows."""
    words = re.sub(r"\{(\w+)\}", lambda slot: FILLERS[language][slot.group(1)](r), pattern)
    return words[0].upper() + words[1:] if language == "en" else words
