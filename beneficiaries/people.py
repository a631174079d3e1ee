"""What follows from a person's identity number and name: sex, birth date, search keys, pinyin initials."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from accounts.crypto import blind_indexes
from exchange import reader

# First characters that are read otherwise as a surname than in other words (GB/T 28039 and the common surname lists).
SURNAMES = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "查": "zha", "区": "ou", "解": "xie", "任": "ren", "盖": "ge",
    "朴": "piao", "尉": "wei", "乐": "yue", "翟": "zhai", "召": "shao", "缪": "miao", "种": "chong", "重": "chong",
    "晟": "cheng", "员": "yun", "覃": "qin", "冼": "xian", "隗": "wei", "郗": "xi", "洗": "xian", "折": "she",
    "黑": "hei", "秘": "bi", "祭": "zhai", "繁": "po", "逄": "pang", "乜": "nie", "谌": "chen", "訾": "zi",
    "卜": "bu", "车": "che", "褚": "chu", "都": "du", "葛": "ge", "观": "guan", "哈": "ha", "华": "hua", "纪": "ji",
    "贾": "jia", "焦": "jiao", "宓": "mi", "宁": "ning", "曲": "qu", "沈": "shen", "石": "shi", "宿": "su",
    "万": "wan", "颜": "yan", "燕": "yan", "应": "ying", "於": "yu", "占": "zhan", "长": "chang", "朝": "chao",
    "降": "jiang", "佴": "nai", "厍": "she", "那": "na", "相": "xiang", "适": "kuo", "薄": "bo", "过": "guo",
}  # fmt: skip
COMPOUND = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "单于": ("chan", "yu"), "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"), "令狐": ("ling", "hu"), "宰父": ("zai", "fu"), "亓官": ("qi", "guan"),
}  # fmt: skip
READING = 300  # characters of a stored reading


@lru_cache(maxsize=30_000)
def _syllable(character: str) -> str:
    """A character's usual reading without tone (`lv` for 吕); letters and digits as they are, all else nothing."""
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    # The dictionary takes a third of a second to load: processes that read no name start without it.
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, errors="ignore")
    return found[0][0].lower() if found and found[0] else ""


def reading(name: str) -> str:
    """Pinyin syllable by syllable, the surname in its own reading: 曾玉兰 → `zeng yu lan`."""
    if not name:
        return ""
    surname = COMPOUND.get(name[:2]) or (SURNAMES.get(name[0]) or _syllable(name[0]),)
    syllables = [*surname, *map(_syllable, name[len(surname) :])]
    return " ".join(filter(None, syllables))[:READING]


def initials(name: str) -> str:
    """Pinyin initials, the surname in its own reading: 曾玉兰 → `zyl`, 呼和·巴雅尔 → `hhbye`; at most 40 letters."""
    return initials_of(reading(name))


def initials_of(reading: str) -> str:
    """The first letters of a reading."""
    return "".join(syllable[0] for syllable in reading.split())[:40]


def derived(numbers: Sequence[str], names: Sequence[str]) -> dict[str, list[Any]]:
    """For persons given by identity number (normal form) and name: tail_key (hex), sex, birth_date, pinyin,
    initials."""
    tails = [number[-4:] for number in numbers]
    different = list(set(tails))
    keys = dict(zip(different, blind_indexes(different, "id_tail"), strict=True))
    readings = {name: reading(name) for name in set(names)}
    letters = {name: initials_of(said) for name, said in readings.items()}
    return {
        "tail_key": [keys[tail] for tail in tails],
        "sex": [reader.identity.sex(number) for number in numbers],
        "birth_date": [reader.identity.birth_date(number) for number in numbers],
        "pinyin": [readings[name] for name in names],
        "initials": [letters[name] for name in names],
    }
