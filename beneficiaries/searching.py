"""The search box: what was typed as conditions on persons that an index serves, and the order of what they find.

No more than the nearest two hundred are ranked: whoever gets more types another character.
"""

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Case, CharField, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Concat, Replace

from accounts.models import Level, Region, User
from beneficiaries.models import Document, Household, NameGrams, Person, ReadingPieces, id_key, phone_key, tail_key
from beneficiaries.people import segmentations
from exchange import reader
from exchange.reader.text import compact

MOST = 200  # persons that one search ranks
TAIL = 4  # characters that the index of last digits holds
FEW = 20  # places or readings that are followed; more say too little
PLAIN_NAME = Replace("name", Value(reader.names.INTERPUNCT), Value(""))
BETWEEN_SPACES = Concat(Value(" "), "pinyin", Value(" "), output_field=CharField())
_NUMBER = re.compile(r"[0-9]+X?")
_LETTERS = re.compile(r"[a-z]+(?: [a-z]+)*")
_PLACE = re.compile(r".+(?:村|嘎查|社区|镇|乡|苏木|街道|屯|分场|居委会|委员会)")


@dataclass
class Typed:
    """What was typed: `ways` to find persons (each served by an index, the surest first) and their order."""

    ways: list[Q] = field(default_factory=list)
    rank: Any = field(default_factory=lambda: Value(0))


def search(user: User, q: str) -> tuple[QuerySet[Person], bool]:
    """Visible persons that fit what was typed, with `rank` to order by; and whether there are more than are shown.

    A whole identity number or another document's, four or more of its last characters, a telephone number, a
    household's number, pinyin (whole or begun, anywhere in the name), its initials (anywhere), any part of a name, a
    village or township. One query of keys, after at most one each for households, documents or places.
    """
    typed = read(user, q)
    found = _keys(user, typed.ways)
    if not found and (places := _places(user, q)):
        found = _keys(user, places)
    persons = Person.objects.filter(pk__in=found[:MOST]).annotate(plain_name=PLAIN_NAME, rank=typed.rank)
    return persons, len(found) > MOST


def read(user: User, q: str) -> Typed:
    """How what was typed is looked for."""
    text = compact(q).upper()
    letters = " ".join(q.lower().replace("ü", "v").replace("'", " ").split())
    if _LETTERS.fullmatch(letters):
        return _reading(letters)
    if text.isascii() and any(character.isdigit() for character in text):
        return Typed(_numbers(user, text))
    if _PLACE.fullmatch(text) and (places := _places(user, q)):
        return Typed(places)
    return _name(reader.names.normalise(q))


def _keys(user: User, ways: list[Q]) -> list[int]:
    """Keys of visible persons found in any of the ways, each once; one more than are shown when there are more."""
    if not ways:
        return []
    persons = user.visible(Person).filter(merged_into=None).order_by()
    persons = persons.alias(
        name_pieces=NameGrams("name"),
        plain_name=PLAIN_NAME,
        reading_pieces=ReadingPieces("pinyin"),
        said=BETWEEN_SPACES,
    )
    parts = [persons.filter(way).values_list("pk", flat=True)[: MOST + 1] for way in ways]
    # Each way by its own index, and none further than it is shown: an OR of all of them would read every match.
    rows = parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True)
    return list(dict.fromkeys(rows))


# --- numbers --------------------------------------------------------------------------------------------------------
def _numbers(user: User, text: str) -> list[Q]:
    ways = []
    if households := list(Household.objects.filter(number=text).values_list("pk", flat=True)[:FEW]):
        ways.append(Q(household__in=households))
    if whole := _whole_number(text):
        return [Q(id_key=whole), Q(documents__number_key=whole), *ways]
    if (phone := reader.phones.normalise(text)) and len(phone) > 6:
        ways.append(Q(phone_key=phone_key(phone)))
    if not _NUMBER.fullmatch(text) or len(text) < TAIL:
        return [*ways, Q(documents__number_key=id_key(text))]
    ways.append(Q(tail_key=tail_key(text)) if len(text) == TAIL else Q(pk__in=_ending(user, text)))
    return [*ways, Q(pk__in=_documents_ending(text))]


def _whole_number(text: str) -> Any:
    if len(text) not in (15, 18):
        return None
    try:
        return id_key(reader.identity.normalise(text))
    except reader.FieldError:
        return None


def _ending(user: User, text: str) -> list[int]:
    """Who has a number with these last characters: the index holds four, the rest is looked at in clear."""
    rows = user.visible(Person).filter(tail_key=tail_key(text)).order_by().values_list("pk", "id_number")
    return [pk for pk, number in rows if number.endswith(text)]


def _documents_ending(text: str) -> list[int]:
    rows = Document.objects.filter(tail_key=tail_key(text)).values_list("person_id", "number")
    return [person for person, number in rows if number.endswith(text)]


# --- readings -------------------------------------------------------------------------------------------------------
def _reading(letters: str) -> Typed:
    joined = letters.replace(" ", "")
    whole, begun = Q(initials=joined), Q(initials__startswith=joined)
    ways = [begun]
    for syllables, rest in islice(segmentations(letters), FEW):
        said = " ".join([*syllables, rest])
        whole |= Q(pinyin=said.strip())
        begun |= Q(pinyin__startswith=said) | Q(pinyin=said.strip())
        spoken = Q(said__contains=f" {said}") if len(said.split()) > 1 else Q()
        ways.append(Q(reading_pieces__contains=syllables) & spoken)
    if len(joined) > 1:
        pairs = [joined[i : i + 2].upper() for i in range(len(joined) - 1)]
        inside = Q(reading_pieces__contains=pairs)
        ways.append(inside & Q(initials__contains=joined) if len(pairs) > 1 else inside)
    return Typed(ways, Case(When(whole, 0), When(begun, 1), default=2, output_field=IntegerField()))


# --- names and places -----------------------------------------------------------------------------------------------
def _name(name: str) -> Typed:
    plain = name.replace(reader.names.INTERPUNCT, "")
    if not plain:
        return Typed()
    pieces = [plain[i : i + 2] for i in range(len(plain) - 1)] or [plain]
    inside = Q(name_pieces__contains=pieces)
    ways = [inside & Q(plain_name__contains=plain) if len(pieces) > 1 else inside]
    if len(plain) == 2:
        ways.insert(0, inside & Q(plain_name=plain))  # parts may be too many to meet the whole name among them
    rank = Case(
        When(plain_name=plain, then=0),
        When(plain_name__startswith=plain, then=1),
        default=2,
        output_field=IntegerField(),
    )
    return Typed(ways, rank)


def _places(user: User, q: str) -> list[Q]:
    """Who lives in a village or township of the user's region whose name begins with what was typed, place by place."""
    text = reader.names.normalise(q)
    if len(text) < 2:
        return []
    named = user.visible(Region).filter(level__gte=Level.TOWNSHIP, name__startswith=text)
    return [Q(region_id__startswith=place.prefix) for place in named[:FEW]]
