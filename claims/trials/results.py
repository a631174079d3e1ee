"""A run's figures as a page, a chart and a file show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from accounts.templatetags.tuodi import grouped, yuan
from claims.models import Claim
from claims.trials import charts
from claims.trials.figures import EDGES, PAID, TIERS
from claims.trials.models import TrialRun
from claims.trials.selectors import county_names
from policies.sayings import category_label

PAID_TIERS = tuple(TIERS[at] for at in PAID)


@dataclass(frozen=True)
class Amounts:
    """One line of a table of amounts: fen before and after."""

    label: str
    before: int
    after: int
    strong: bool = False

    @property
    def difference(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Group:
    """One category, county, month or service: what is paid for it, and what of that changes."""

    label: str
    claims: tuple[int, int]
    before: dict[str, int]
    after: dict[str, int]
    gained: int | None
    lost: int | None

    @property
    def paid(self) -> Amounts:
        return Amounts(self.label, *(sum(side[tier] for tier in PAID_TIERS) for side in (self.before, self.after)))

    def change(self, *tiers: str) -> int:
        return sum(self.after[tier] - self.before[tier] for tier in tiers)

    @property
    def cii(self) -> int:
        return self.change("cii")

    @property
    def assistance(self) -> int:
        return self.change("assistance", "outside", "year_end")

    @property
    def top_up(self) -> int:
        return self.change("top_up")

    @property
    def burden(self) -> int:
        return self.change("burden")


@dataclass(frozen=True)
class SizeClass:
    """Persons whose gain or loss lies in a class."""

    label: str
    lost: int
    gained: int


class Results:
    """The parts of the page, each made when it is asked for."""

    def __init__(self, run: TrialRun) -> None:
        self.run = run
        self.summary: dict[str, Any] = run.summary

    @property
    def series(self) -> tuple[str, str]:
        return (_("对照"), _("试算"))

    def _tier(self, label: str, *names: str, less: str = "", strong: bool = False) -> Amounts:
        both = [sum(self.summary["tiers"][name][side] for name in names) for side in (0, 1)]
        if less:
            both = [amount - self.summary["tiers"][less][side] for side, amount in enumerate(both)]
        return Amounts(label, both[0], both[1], strong)

    def tiers(self) -> list[Amounts]:
        """What each tier of benefits costs."""
        found = [
            self._tier(_("大病保险"), "cii"),
            self._tier(_("医疗救助"), "assistance"),
            self._tier(_("年末一次性救助"), "year_end"),
            self._tier(_("目录外救助"), "outside"),
            self._tier(_("倾斜救助"), "top_up"),
        ]
        shown = [row for at, row in enumerate(found) if at < 2 or row.before or row.after]
        return [*shown, self._tier(_("合计"), *PAID_TIERS, strong=True)]

    def payers(self) -> list[Amounts]:
        """Who pays: the sum of all is the total cost on both sides."""
        given = self.summary["given"]
        medical = ("assistance", "outside", "top_up", "year_end")
        rows = [
            Amounts(_("基本医保基金"), given["basic_paid"], given["basic_paid"]),
            self._tier(_("大病保险资金"), "cii"),
            self._tier(_("医疗救助基金"), *medical, less="county_finance"),
            self._tier(_("县级财政"), "county_finance"),
            self._tier(_("医疗机构"), "borne"),
            self._tier(_("个人"), "burden"),
        ]
        # Mutual aid, insurance and charity are used only as far as something is left to pay.
        rest = [given["total"] - sum(getattr(row, side) for row in rows) for side in ("before", "after")]
        rows.insert(-1, Amounts(_("其他支付（实际用到）"), rest[0], rest[1]))
        return [row for row in rows if row.before or row.after or row.label == rows[2].label]

    def groups(self, name: str) -> list[Group]:
        """Rows by category, county, month or service."""
        rows = self.summary[name]
        labels = _labels(name, [row["key"] for row in rows], self.run.year)
        winners = name in ("category", "county")
        return [
            Group(
                label,
                (row["claims"][0], row["claims"][1]),
                row["before"],
                row["after"],
                row["gained"] if winners else None,
                row["lost"] if winners else None,
            )
            for label, row in zip(labels, rows, strict=True)
        ]

    def classes(self) -> list[SizeClass]:
        """Persons by what they gain or lose."""
        edges = [f"{edge:,}" for edge in EDGES]
        labels = [_("%(low)s—%(high)s 元") % {"low": low, "high": high} for low, high in pairwise(edges)]
        labels.append(_("%(low)s 元以上") % {"low": edges[-1]})
        return [
            SizeClass(label, lost, gained)
            for label, lost, gained in zip(labels, self.summary["losses"], self.summary["gains"], strict=True)
        ]

    # --- charts ---------------------------------------------------------------------------------------------------
    def tier_chart(self) -> charts.Chart:
        rows = [(row.label, row.before, row.after) for row in self.tiers() if not row.strong]
        return charts.pairs(_("各支付层级支出（元）"), self.series, rows, yuan)

    def month_chart(self) -> charts.Chart:
        rows = [(group.label, group.paid.before, group.paid.after) for group in self.groups("month")]
        return charts.pairs(_("各月支出（元）"), self.series, rows, yuan)

    def county_chart(self) -> charts.Chart:
        rows = [(group.label, group.paid.before, group.paid.after) for group in self.groups("county")]
        return charts.pairs(_("各旗县支出（元）"), self.series, rows, yuan)

    def people_chart(self) -> charts.Chart:
        rows = [(one.label, one.lost, one.gained) for one in self.classes()]
        title = _("负担增加（左）与减少（右）的人数，按金额分段")
        return charts.both_ways(title, (_("负担增加"), _("负担减少")), rows, grouped)

    # --- export ---------------------------------------------------------------------------------------------------
    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Header and rows of the whole result as one long table; amounts in fen for `export`."""
        header = [
            _("分组"),
            _("项目"),
            _("对照（元）"),
            _("试算（元）"),
            _("差额（元）"),
            _("负担减少人数"),
            _("负担增加人数"),
        ]
        rows: list[list[Any]] = []

        def add(part: str, one: Amounts, gained: Any = "", lost: Any = "") -> None:
            rows.append([part, one.label, one.before, one.after, one.difference, gained, lost])

        for row in self.tiers():
            add(_("支付层级"), row)
        for row in self.payers():
            add(_("支付方"), row)
        for name, part in parts():
            for group in self.groups(name):
                add(part, group.paid, *("" if n is None else n for n in (group.gained, group.lost)))
        for one in self.classes():
            rows.append([_("人数分布"), one.label, "", "", "", one.gained, one.lost])
        return header, rows


def parts() -> list[tuple[str, str]]:
    """The breakdowns of a result, in the order of the page."""
    return [
        ("category", _("人员类别")),
        ("county", _("旗县")),
        ("month", _("月份")),
        ("service", _("医疗类别")),
    ]


def _labels(name: str, keys: Sequence[Any], year: int) -> list[str]:
    if name == "category":
        return [category_label(key) for key in keys]
    if name == "county":
        names = county_names(list(keys))
        return [names.get(key, key) for key in keys]
    if name == "month":
        return [f"{year}-{key:02d}" for key in keys]
    return [str(Claim.Service(key).label) for key in keys]
