"""What follows from a person's identity number and name: sex, birth date, search keys, pinyin initials."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from accounts.crypto import blind_indexes
from exchange import reader

# First characters that are read otherwise as a surname than in other words (GB/T 28039 and the common surname lists).
SURNAMES = {
    "单": "s", "曾": "z", "仇": "q", "查": "z", "区": "o", "解": "x", "任": "r", "盖": "g", "朴": "p", "尉": "w",
    "乐": "y", "翟": "z", "召": "s", "缪": "m", "种": "c", "重": "c", "晟": "c", "员": "y", "覃": "q", "冼": "x",
    "隗": "w", "郗": "x", "洗": "x", "折": "s", "黑": "h", "秘": "b", "祭": "z", "繁": "p", "逄": "p", "乜": "n",
    "谌": "c", "訾": "z", "卜": "b", "车": "c", "褚": "c", "都": "d", "葛": "g", "观": "g", "哈": "h", "华": "h",
    "纪": "j", "贾": "j", "焦": "j", "宓": "m", "宁": "n", "曲": "q", "沈": "s", "石": "s", "宿": "s", "万": "w",
    "颜": "y", "燕": "y", "应": "y", "於": "y", "占": "z", "长": "c", "朝": "c", "降": "j", "佴": "n", "厍": "s",
}  # fmt: skip


@lru_cache(maxsize=30_000)
def _letter(character: str) -> str:
    """First letter of a character's usual reading; letters and digits as they are, all else nothing."""
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    # The dictionary takes a third of a second to load: processes that read no name start without it.
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.FIRST_LETTER, errors="ignore")
    return found[0][0][:1].lower() if found and found[0] else ""


def initials(name: str) -> str:
    """Pinyin initials, the surname in its own reading: 曾玉兰 → `zyl`, 呼和·巴雅尔 → `hhbye`; at most 40 letters."""
    if not name:
        return ""
    return (SURNAMES.get(name[0], _letter(name[0])) + "".join(map(_letter, name[1:])))[:40]


def derived(numbers: Sequence[str], names: Sequence[str]) -> dict[str, list[Any]]:
    """For persons given by identity number (normal form) and name: tail_key (hex), sex, birth_date, initials."""
    tails = [number[-4:] for number in numbers]
    different = list(set(tails))
    keys = dict(zip(different, blind_indexes(different, "id_tail"), strict=True))
    letters = {name: initials(name) for name in set(names)}
    return {
        "tail_key": [keys[tail] for tail in tails],
        "sex": [reader.identity.sex(number) for number in numbers],
        "birth_date": [reader.identity.birth_date(number) for number in numbers],
        "initials": [letters[name] for name in names],
    }
