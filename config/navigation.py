"""The frame of every page: entries of the user's role, with the work that waits.

Each room says what waits in `selectors.waiting(user)`; all rooms are counted in one query. A page shows the sums of the
last half minute, the workbench those of now. Nothing is asked before a template shows it: a fragment costs no query.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import User
from accounts.waiting import Pending, Waiting, by_room

Handler = Callable[[HttpRequest], HttpResponseBase]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
KEPT = 30  # seconds for which a page shows the same numbers


@dataclass(frozen=True)
class Entry:
    """One entry of the left navigation: shown to whom `act` is granted, with what WAITING has under `room`.

    `letter` leads there after `g` on the keyboard.
    """

    room: str
    label: Any
    icon: str
    url_name: str
    act: Act
    letter: str
    beside: str = ""  # another page whose address, and what lies below it, belongs to the entry


ENTRIES = (
    Entry("", _("工作台"), "layout-dashboard", "home", Act.HOME, "h"),
    Entry("beneficiaries", _("人员"), "users", "beneficiaries:list", Act.PERSON_READ, "p"),
    Entry("enrolment", _("参保"), "shield-check", "enrolment:ledger", Act.ENROLMENT_READ, "e"),
    Entry("claims", _("费用"), "receipt-text", "claims:list", Act.CLAIM_READ, "c"),
    Entry("assistance", _("救助"), "hand-heart", "assistance:list", Act.APPLICATION_READ, "a"),
    Entry("monitoring", _("监测"), "activity", "monitoring:list", Act.WARNING_READ, "m"),
    Entry("exchange", _("数据交换"), "arrow-left-right", "exchange:list", Act.ROSTER_READ, "x"),
    Entry("policies", _("政策"), "scale", "policies:list", Act.POLICY_READ, "l"),
    Entry("", _("试算"), "flask-conical", "trials:list", Act.POLICY_READ, "s"),
    Entry("fund", _("基金·报表"), "chart-column", "reports:list", Act.REPORT_READ, "r", "fund:overview"),
    Entry("", _("账户与机构"), "user-cog", "accounts:users", Act.ACCOUNT_ADMIN, "u"),
    Entry("", _("交换伙伴"), "plug", "exchange:partners", Act.PARTNER_ADMIN, "b", "exchange:keys"),
    Entry("", _("审计"), "scroll-text", "accounts:audit", Act.AUDIT_READ, "t"),
)
# The pages of a room that has no list of its own to lead to them: tabs above each of them.
PLACES = (
    ("monitoring:list", _("预警")),
    ("monitoring:projection", _("预计越线")),
    ("monitoring:month", _("月度推送")),
    ("monitoring:followups", _("帮扶跟踪")),
    ("monitoring:findings", _("问题整改")),
    ("monitoring:obligations", _("期限")),
    ("monitoring:monthly", _("监测月报")),
    ("monitoring:compare", _("地区对比")),
    ("monitoring:recheck", _("每夜复算")),
    ("monitoring:scans", _("扫描记录")),
)
# Where each says what waits.
WAITING = {
    "beneficiaries": "beneficiaries.selectors",
    "enrolment": "beneficiaries.enrolment.worklists",
    "claims": "claims.selectors",
    "fund": "claims.fund.waiting",
    "assistance": "assistance.selectors",
    "monitoring": "monitoring.selectors",
    "exchange": "exchange.selectors",
}


@dataclass(frozen=True)
class Shown:
    """An entry as the template shows it."""

    entry: Entry
    url: str
    waiting: int
    current: bool


class Frame:
    """What base.html needs; every part is computed when it is first read."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        user = getattr(request, "user", None)  # an early refusal has none
        self.user = user if isinstance(user, User) else None

    @cached_property
    def counts(self) -> dict[str, int]:
        """By room: how much waits for the user, as of the last half minute."""
        if self.user is None:
            return {}
        kept = cache.get(_key(self.user))
        return _sums(waiting(self.user)) if kept is None else kept

    @cached_property
    def entries(self) -> list[Shown]:
        user = self.user
        if user is None or user.must_change_password:
            return []
        here = self.request.path
        found = [(entry, _address(entry.url_name)) for entry in ENTRIES if user.may(entry.act)]
        known = [(entry, url) for entry, url in found if url]
        # The longest address that begins this page's is the current place.
        places = [(entry, one) for entry, url in known for one in (url, _address(entry.beside)) if one]
        best = max((one for one in places if here.startswith(one[1])), key=lambda one: len(one[1]), default=(None, ""))
        return [Shown(entry, url, self.counts.get(entry.room, 0), entry is best[0]) for entry, url in known]

    @cached_property
    def places(self) -> list[dict[str, Any]]:
        """The tabs of the room whose page this is, as far as the user may open them; none elsewhere."""
        user, here = self.user, self.request.path
        known = [(label, reverse(name)) for name, label in PLACES]
        if user is None or here not in {url for _label, url in known}:
            return []
        mine = [(label, url) for label, url in known if user.may(resolve(url).func.act)]
        return [{"label": label, "url": url, "active": url == here} for label, url in mine]

    @cached_property
    def can_search(self) -> bool:
        return bool(self.user and self.user.may(Act.PERSON_READ) and _address(ENTRIES[1].url_name))


def frame(request: HttpRequest) -> dict[str, object]:
    """Context of the base template."""
    return {"frame": Frame(request)}


def waiting(user: User) -> dict[str, list[Waiting]]:
    """By room: what waits for the user now; one query and the rosters that are late. The navigation remembers it."""
    found = by_room(user, {room: asks(user) for room, asks in _finders().items()})
    cache.set(_key(user), _sums(found), KEPT)
    return found


def _sums(rooms: dict[str, list[Waiting]]) -> dict[str, int]:
    return {room: sum(line.count for line in lines) for room, lines in rooms.items()}


def forget_what_waits(get_response: Handler) -> Handler:
    """Who has just done something sees the navigation's numbers afresh; what was refused has changed none."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        user = getattr(request, "user", None)
        done = 300 <= response.status_code < 400 or response.status_code == 204 or "HX-Redirect" in response.headers
        if request.method not in SAFE and done and isinstance(user, User):
            cache.delete(_key(user))
        return response

    return middleware


def _key(user: User) -> str:
    return f"waiting:{user.pk}"


@functools.cache
def _finders() -> dict[str, Callable[[User], list[Pending | Waiting]]]:
    return {entry: import_module(place).waiting for entry, place in WAITING.items()}


def _address(name: str) -> str:
    try:
        return reverse(name) if name else ""
    except NoReverseMatch:
        return ""
