"""Words nobody has seen: syllables and characters in the scripts of the languages, so that values must be copied."""

from random import Random

from pretraining.corpus.pick import chance, pick

ONSETS = (
    *"bcdfghjklmnprstvwz" * 4,
    "br",
    "dr",
    "fr",
    "gr",
    "kr",
    "pr",
    "tr",
    "bl",
    "cl",
    "fl",
    "pl",
    "st",
    "sp",
    "sh",
    "ch",
    "th",
    "qu",
    "",
)
VOWELS = (*"aeiou" * 6, "y", "ai", "ea", "ie", "oo", "ou", "au", "ei")
CODAS = (*("",) * 40, *"nrstlmxkd" * 3, "nd", "rt", "ck", "ss", "ng", "ll", "tt")
MARKS = {
    "de": "äöü", "fr": "éèêôîç", "es": "áéíóúñ", "it": "àèéìòù", "pt": "ãçéóâõ", "nl": "ëïé", "pl": "ąćęłńóśźż",
    "cs": "áčěéířšůýž", "sk": "áčďéíľšťúýž", "sl": "čšž", "hr": "čćđšž", "hu": "áéíóöőúüű", "ro": "ăâîșț",
    "tr": "çğıöşü", "lv": "āčēģīķļņšūž", "lt": "ąčęėįšųūž", "et": "äöõü", "fi": "äö", "sv": "åäö", "da": "æøå",
    "no": "æøå", "vi": "áàảạăâđêôơư", "is": "áðéíóúýþæö",
}  # fmt: skip
CODES = (
    "AA-00", "A00", "AAA0000", "A000A", "0000-00", "AA0000/0", "A0", "AA-000-A", "000", "A00-0000", "aa00",
    "AAA.000.00", "AA00A0AA/A", "00A", "A-0", "0000", "AAAA-0A0", "AA00AA", "#0000", "AA 00", "A 0",
)  # fmt: skip
CYRILLIC = ("бвгдзклмнпрстфхцчшж", "аеиоуыюяэё")
GREEK = ("βγδζθκλμνξπρστφχψ", "αεηιουω")
ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
THAI = ("กขคงจชซดตทนบปผพมยรลวสหอ", "ะาิีุูเแโไ")
HINDI = ("कखगघचछजटडणतथदधनपफबभमयरलवशसह", "ािीुूेैोौ")
GEORGIAN = "აბგდევზთიკლმნოპრსტუფქღყშჩცძწჭხჯჰ"
HAN = (
    "天地人山水火木金土日月星光明新大小中高上美好友家生活品味春夏秋冬花草林森海江河湖雪雲風雨石玉龍鳳虎馬鳥魚米茶"
    "酒香甜康健力士達利華盛興隆順安和平樂福壽寶珠銀鐵銅彩色紅黃藍白黑青紫清潔淨純真誠信義德智慧文武英雄豪傑"
    "东南西北京港台湾州城市区路电器械制造业科技术工厂商店行公司"
)
KANA = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリ"
    "ルレロワンガギグゲゴザジズゼゾダデドバビブベボパピプペポー"
)
HANGUL = (
    "가나다라마바사아자차카타파하고노도로모보소오조코토포호구누두루무부수우주쿠투푸후한국산경민성진영현정원선미은지연"
)


SYLLABIC = {"ru": CYRILLIC, "uk": CYRILLIC, "bg": CYRILLIC, "el": GREEK, "th": THAI, "hi": HINDI}
SPELT = {
    "ar": (ARABIC, 3, 7), "fa": (ARABIC, 3, 7), "he": (HEBREW, 3, 6), "ka": (GEORGIAN, 4, 8), "zh": (HAN, 2, 4),
    "tw": (HAN, 2, 4), "ja": (KANA, 3, 6), "ko": (HANGUL, 2, 5),
}  # fmt: skip


def _syllables(r: Random, parts: tuple[str, str], low: int, high: int) -> str:
    return "".join(pick(r, parts[0]) + pick(r, parts[1]) for _ in range(r.randint(low, high)))


def _some(r: Random, letters: str, low: int, high: int) -> str:
    return "".join([pick(r, letters) for _ in range(r.randint(low, high))])


def latin(r: Random, code: str = "en") -> str:
    """A pronounceable lower-case word of 1 to 4 syllables, now and then with the language's marks."""
    out = []
    for _ in range(pick(r, (2, 2, 2, 2, 3, 3, 4) if chance(r, 0.9) else (1,))):
        out += [pick(r, ONSETS), pick(r, VOWELS), pick(r, CODAS)]
    word = "".join(out)
    if len(word) < 3:
        word += pick(r, ("na", "rix", "ko", "lem"))
    marks = MARKS.get(code)
    if marks and chance(r, 0.4):
        place = r.randrange(len(word))
        word = word[:place] + pick(r, marks) + word[place + 1 :]
    return word


def word(r: Random, code: str) -> str:
    """A made-up word in the language's own script."""
    if code in SYLLABIC:
        return _syllables(r, SYLLABIC[code], 2, 4)
    if code in SPELT:
        return _some(r, *SPELT[code])
    return latin(r, code)


def rare(r: Random) -> str:
    """What can only be copied: mixed case, any Han character, foreign letters inside a word, long codes."""
    kind = r.randrange(6)
    if kind == 0:  # SoundForm, iXpand, McQuel
        parts = [latin(r).capitalize() for _ in range(2)]
        return pick(r, ("", "", "i", "e", "Mc", "x")) + "".join(parts)
    if kind == 1:
        return "".join(chr(r.randint(0x4E00, 0x9FA5)) for _ in range(r.randint(1, 5)))
    if kind == 2:
        return _some(r, pick(r, tuple(MARKS.values())) + "aeiounrst", 4, 9).capitalize()
    if kind == 3:  # one letter from another alphabet
        word = latin(r)
        place = r.randrange(len(word))
        return word[:place] + pick(r, "аеоріѕжδλπαșžćøæ") + word[place + 1 :]
    if kind == 4:
        return "".join(pick(r, (str.upper, str.lower))(c) for c in latin(r))
    return _some(r, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789-/.", 6, 18).strip("-/.") or "A1"


def code_like(r: Random) -> str:
    """A model or product code: letters, digits, dashes, slashes."""
    pattern = pick(r, CODES)
    return "".join(_letter(r, c) for c in pattern)


def digits(r: Random, n: int) -> str:
    """`n` digits, the first not 0."""
    return str(r.randrange(10 ** (n - 1), 10**n))


def _letter(r: Random, c: str) -> str:
    match c:
        case "A":
            return pick(r, "ABCDEFGHKLMNPRSTVWXZ")
        case "a":
            return pick(r, "abcdefghkmnprstvwx")
        case "0":
            return pick(r, "0123456789")
    return c
