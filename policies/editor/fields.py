"""What the form of a policy document is made of: sections of tables and rows, and the kinds of their fields.

A field's address is the parser's own key path (`assistance.rules[3].ratio`), so that an error of the strict parser
falls beside its field by name alone.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

CATEGORY, SERVICE, LOCATION = "who", "services", "locations"


@dataclass(frozen=True)
class Field:
    """One entry. `kind`: text, long, figure (amount, ratio or 不设), date, year, flag, choice, clauses (IDs), names
    (a list of words), lines (one per line), who, services, locations (choices from the vocabulary)."""

    key: str
    label: Any
    kind: str = "text"
    required: bool = True
    choices: tuple[str, ...] = ()
    help: Any = ""


@dataclass(frozen=True)
class Table:
    """A `[path]` of the document; an optional one may be added or taken away."""

    path: str
    label: Any
    fields: tuple[Field, ...]
    optional: bool = True


@dataclass(frozen=True)
class Rows:
    """All `[[path]]` of the document. `name` says what one row is."""

    path: str
    label: Any
    name: Any
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Section:
    """One page of the editor."""

    slug: str
    label: Any
    parts: tuple[Table | Rows, ...]


AMOUNT = gettext_lazy("写成 3000元，或者 统计数字名称（上年）× 10%")
LIMIT = gettext_lazy("写成 3000元、不设，或者 统计数字名称（当年）")
SHARE = gettext_lazy("写成 70%")
CLAUSES = Field("clauses", gettext_lazy("依据的条款"), "clauses", help=gettext_lazy("条款编号，用顿号隔开"))
NAME = Field("name", gettext_lazy("名称"))
WHO = Field("who", gettext_lazy("适用人员"), CATEGORY)
WHO_OR_NONE = Field("who", gettext_lazy("适用人员"), CATEGORY, required=False)
SERVICES = Field("services", gettext_lazy("服务"), SERVICE, required=False)
LOCATIONS = Field("locations", gettext_lazy("就医地点"), LOCATION, required=False)


def figure(key: str, label: Any, required: bool = True, help_text: Any = AMOUNT) -> Field:
    return Field(key, label, "figure", required, help=help_text)


def share(key: str, label: Any, required: bool = True) -> Field:
    return Field(key, label, "figure", required, help=SHARE)


def choice(key: str, label: Any, choices: Any, required: bool = True) -> Field:
    return Field(key, label, "choice", required, tuple(one for one in choices if one))
