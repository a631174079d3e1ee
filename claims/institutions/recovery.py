"""追偿函: the bureau's claim to an institution for cost outside the catalogue that it must bear."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.capitals import capital_amount
from accounts.models import User
from accounts.printing import Paper
from accounts.templatetags.tuodi import yuan
from claims.institutions.models import Institution
from policies import selectors as law


def recovery_paper(user: User, institution: Institution, first: date, last: date, claims: Sequence[Any]) -> Paper:
    """The form for these claims (`selectors.borne`), with the clause of each version behind the amounts.

    Patients appear by masked number: the institution finds the stay by its settlement number.
    """
    office = str(user.organisation or "")
    today = timezone.localdate()
    paper = Paper(_("目录外费用追偿函"), office=office, printed_on=today, subject=institution.code)
    paper.paragraph(institution.name + _("："))
    total = sum(claim.now.institution_borne for claim in claims)
    paper.paragraph(
        _(
            "%(first)s至%(last)s，贵机构%(count)s笔费用的目录外费用超过规定占比，超出部分按规定由贵机构承担，不得向患者"
            "收取，医保基金和救助资金不予支付。合计人民币%(amount)s元（大写：%(capital)s）。"
        )
        % {
            "first": first.isoformat(),
            "last": last.isoformat(),
            "count": len(claims),
            "amount": yuan(total),
            "capital": capital_amount(total),
        },
        indent=True,
    )
    paper.facts(
        [
            (_("机构编码"), institution.code),
            (_("机构等级"), institution.get_level_display()),
            (_("收费类别"), institution.get_charge_class_display()),
        ]
    )
    paper.heading(_("依据"))
    for text in _basis(claims):
        paper.paragraph(text)
    paper.heading(_("费用明细"))
    paper.table(
        [_("结算日期"), _("结算号"), _("证件号码"), _("总费用"), _("目录外费用"), _("允许额"), _("由机构承担")],
        [
            [
                claim.settled_on.isoformat(),
                claim.claim_no,
                claim.person.masked_id_number,
                yuan(claim.total),
                yuan(claim.out_of_catalogue),
                yuan(claim.out_of_catalogue - claim.now.institution_borne),
                yuan(claim.now.institution_borne),
            ]
            for claim in claims
        ],
        align="lllrrrr",
        total=[
            _("合计"),
            "",
            "",
            yuan(sum(c.total for c in claims)),
            yuan(sum(c.out_of_catalogue for c in claims)),
            "",
            yuan(total),
        ],
    )
    paper.paragraph(
        _("请核对后在收到本函之日起按约定期限退还或冲减；对个别费用另有批准文件的，请附批准文件书面答复。"), indent=True
    )
    paper.signatures([_("经办人"), _("复核人")], seal=True)
    return paper


def _basis(claims: Sequence[Any]) -> list[str]:
    """The clauses on which the amounts rest, quoted once for each version."""
    found = {}
    for claim in claims:
        version = claim.now.version
        if version.pk not in found:
            document = law.document_of(version)
            clauses = document.control.clauses if document.control else ()
            found[version.pk] = [
                f"{document.clauses[one].article if one in document.clauses else ''}（{one}）："
                f"{document.clauses[one].text}"
                for one in clauses
                if one in document.clauses
            ]
    return [text for texts in found.values() for text in texts]
