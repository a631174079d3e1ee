"""What the year will have cost by its end, with the method in words."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Region
from claims.fund import selectors


@dataclass(frozen=True)
class Forecast:
    """`spent` and `expected` of the months, fen; `method` says how; months from `known` on are expected."""

    year: int
    known: int
    spent: list[int]
    expected: list[int]
    method: str

    @property
    def total(self) -> int:
        return sum(self.expected)


def forecast(region: Region, year: int, today: date | None = None) -> Forecast:
    """This year's pace on last year's seasons; without a comparable last year the pace alone, month for month."""
    today = today or timezone.localdate()
    known = 12 if today.year > year else 0 if today.year < year else today.month - 1
    spent, before = selectors.months(region, year), selectors.months(region, year - 1)
    so_far, then = sum(spent[:known]), sum(before[:known])
    if known == 12:
        return Forecast(year, 12, spent, spent, _("全年已结束，按账面支出。"))
    if known == 0:
        return Forecast(year, 0, spent, list(before), _("本年还没有完整的月份，按上年各月支出预计。"))
    if then > 0 and sum(before[known:]) > 0:
        rest = [so_far * month // then for month in before[known:]]
        method = _("本年1至%(known)s月支出是上年同期的%(ratio)s%%，其余各月按上年当月支出乘以这一比例预计。") % {
            "known": known,
            "ratio": f"{so_far * 100 / then:.1f}",
        }
    else:
        rest = [so_far // known] * (12 - known)
        method = _("没有可比的上年支出，其余各月按本年1至%(known)s月的月均支出预计。") % {"known": known}
    # What the present month has spent already is a floor.
    rest = [max(guess, done) for guess, done in zip(rest, spent[known:], strict=True)]
    return Forecast(year, known, spent, spent[:known] + rest, method)
