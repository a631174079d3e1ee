"""What follows from a person's identity number and name: sex, birth date, search keys, pinyin initials."""

from collections.abc import Iterator, Sequence
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
SYLLABLES = frozenset(
    """
    a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen
    ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong
    cou cu cuan cui cun cuo da dai dan dang dao de den deng di dian diao die ding diu dong dou du duan dui dun duo
    e ei en eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua
    guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji
    jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua
    kuai kuan kuang kui kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo long
    lou lu luan lun luo lv lve ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai
    nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nun nuo nv nve o ou pa pai
    pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu
    quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen seng sha
    shai shan shang shao she shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan
    sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei
    wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo
    yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhen zheng zhi zhong
    zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
    """.split()
)
BEGINNINGS = frozenset(syllable[:n] for syllable in SYLLABLES for n in range(1, len(syllable))) - SYLLABLES
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


def segmentations(letters: str) -> Iterator[tuple[list[str], str]]:
    """Ways to read letters as whole syllables and the beginning of a further one (longer syllables first).

    `yulan` → (yu, lan) and nothing; `xian` → (xian), (xi, an); `zengyul` → (zeng, yu) and l. A space ends a syllable.
    At least one syllable is whole; letters that are no pinyin give nothing.
    """
    words = letters.split(" ")

    def read(word: str, last: bool) -> Iterator[tuple[list[str], str]]:
        if not word:
            yield [], ""
            return
        for length in range(min(6, len(word)), 0, -1):
            if word[:length] in SYLLABLES:
                for further, rest in read(word[length:], last):
                    yield [word[:length], *further], rest
        if last and word in BEGINNINGS:
            yield [], word

    def follow(at: int) -> Iterator[tuple[list[str], str]]:
        last = at == len(words) - 1
        for syllables, rest in read(words[at], last):
            if last:
                yield syllables, rest
            elif not rest:
                for further, end in follow(at + 1):
                    yield [*syllables, *further], end

    return (found for found in follow(0) if found[0])


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
