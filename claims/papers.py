"""The printed statements (一单制结算单) of one claim and of a person's year (S1-18)."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.capitals import capital_amount
from accounts.models import User
from accounts.printing import Paper
from accounts.templatetags.tuodi import ymd, yuan
from beneficiaries.designations.selectors import said
from claims import selectors, statements
from claims.later.year_statement import YearStatement
from claims.models import Claim, PersonYear
from policies.engine.codes import category_label


def _paper(user: User, title: str, number: str, landscape: bool = False) -> Paper:
    office = str(user.organisation or "")
    return Paper(title, office=office, printed_on=timezone.localdate(), number=number, landscape=landscape)


def _money(amount: int | None) -> str:
    return "" if amount is None else yuan(amount)


def claim_paper(user: User, claim: Claim, shown: selectors.Settled) -> Paper:
    """Every tier with formula, reading and clause, what is paid in capital characters, and the clauses' own words."""
    statement = statements.of_settlement(shown.settlement, claim, shown.categories)
    paid = selectors.paid_by_us(shown.settlement)
    paper = _paper(user, _("医疗保障一单制结算单"), claim.claim_no)
    person = claim.person
    paper.facts(
        [
            (_("姓名"), person.name),
            (_("证件号码"), person.masked_id_number),
            (_("参保地区"), claim.region.name),
            (_("结算日期"), ymd(claim.settled_on)),
            (_("医疗类别"), claim.get_service_display()),
            (_("就医"), f"{claim.get_location_display()} {_('%(n)s 级机构') % {'n': claim.hospital_level}}"),
            (_("定点机构"), claim.institution),
            (_("转诊"), claim.get_referred_display()),
            (_("适用类别"), category_label(shown.settlement.category)),
            *((_("视同类别"), said(one)) for one in shown.named),
            (_("政策文件"), statement.document.title),
        ]
    )
    lines = [*statement.lines, statement.left]
    rows = [[one.label, _working(one), _money(one.amount), one.clause] for one in lines[:-1]]
    strong = [index for index, one in enumerate(statement.lines) if one.strong]
    left = statement.left
    paper.table(
        [_("项目"), _("算式"), _("金额（元）"), _("条款")],
        rows,
        "llrl",
        widths=(24, 50, 14, 12),
        total=[left.label, _working(left), _money(left.amount), left.clause],
        strong=strong,
    )
    paper.facts([(_("保障支付合计"), yuan(paid)), (_("大写"), capital_amount(paid))])
    if shown.settlement.superseded_at is not None:
        paper.note(_("这一结算已被后来的结算取代，仅供备查。"))
    paper.heading(_("所依据的条款"))
    for quote in statement.quotes:
        paper.paragraph(f"{quote.clause.id}　{quote.clause.article}　{quote.clause.text}", size=9)
        for reading in quote.readings:
            paper.note(_("理解：%(text)s") % {"text": reading.text})
    paper.signatures([_("经办人"), _("复核人"), _("领取人")], seal=True)
    return paper


def _working(entry: statements.Entry) -> str:
    parts: Iterable[str] = (entry.formula, entry.reading, *entry.marks)
    return "\n".join(part for part in parts if part)


def year_paper(user: User, year: PersonYear, statement: YearStatement) -> Paper:
    """Every claim of the year with its tiers, what was paid at year end and later, and the sums."""
    title = _("%(year)s 年度医疗保障一单制结算单") % {"year": year.year}
    paper = _paper(user, title, "", landscape=True)
    person = year.person
    paper.facts(
        [
            (_("姓名"), person.name),
            (_("证件号码"), person.masked_id_number),
            (_("参保地区"), person.region.name),
            (_("笔数"), year.claims),
            (_("保障支付合计"), yuan(statement.paid)),
            (_("大写"), capital_amount(statement.paid)),
        ]
    )
    head = [_("结算日期"), _("结算号"), _("医疗类别"), _("适用类别"), _("总费用"), _("基本医保"), _("大病保险")]
    head += [_("医疗救助"), _("目录外救助"), _("倾斜救助"), _("其他支付"), _("个人负担")]
    rows: list[list[Any]] = [_year_row(claim) for claim in statement.claims]
    if statement.year_end:
        end = statement.year_end
        rows.append([f"{year.year}-12-31", _("年末一次性救助"), _("门诊慢特病"), end.category_label])
        rows[-1] += ["", "", "", yuan(end.paid), "", "", "", yuan(-end.paid)]
    names = ("total", "basic_paid", "cii_paid", "assistance", "out_of_catalogue_assistance", "top_up", "other_paid")
    sums = [yuan(statement.totals[name]) for name in (*names, "personal_burden")]
    paper.table(head, rows, "llll" + "r" * 8, total=[_("合计"), "", "", "", *sums], size=8)
    if statement.year_end_lines:
        paper.heading(_("年末一次性救助"))
        lines = [[one.label, one.formula, _money(one.amount), one.clause] for one in statement.year_end_lines]
        paper.table([_("项目"), _("算式"), _("金额（元）"), _("条款")], lines, "llrl")
    if statement.adjustments:
        paper.heading(_("补支付与追回"))
        paper.table(
            [_("编号"), _("结算号"), _("方向"), _("支付层级"), _("支付方"), _("条款"), _("金额（元）")],
            [
                [
                    one.number,
                    one.claim.claim_no if one.claim else _("年末"),
                    one.get_kind_display(),
                    one.get_tier_display(),
                    one.get_payer_display(),
                    "、".join(one.clauses),
                    yuan(one.signed),
                ]
                for one in statement.adjustments
            ],
            "llllllr",
        )
    paper.signatures([_("经办人"), _("复核人"), _("领取人")], seal=True)
    return paper


def _year_row(claim: Any) -> list[Any]:
    now = claim.now
    shown = [ymd(claim.settled_on), claim.claim_no, claim.get_service_display()]
    shown.append(now.category_label if now else _("未结算"))
    amounts = [claim.total, claim.basic_paid]
    tiers = ("cii_paid", "assistance", "out_of_catalogue_assistance", "top_up")
    amounts += [getattr(now, name) if now else None for name in tiers]
    amounts += [claim.other_paid, now.personal_burden if now else None]
    return shown + [_money(amount) for amount in amounts]
