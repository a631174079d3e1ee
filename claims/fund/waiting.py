"""What waits for someone in the fund: for a second person, and supplements for an order."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import User
from accounts.waiting import Pending, Waiting
from claims.fund.differences.selectors import unordered
from claims.fund.selectors import DECIDABLE, to_decide


def waiting(user: User) -> list[Pending | Waiting]:
    """Budgets, entries by hand and overrides that somebody else proposed; supplements that nobody has ordered."""
    labels = (_("待复核的预算"), _("待复核的手工分录"), _("待复核的超预算申请"))
    page = reverse("fund:waiting")
    found: list[Pending | Waiting] = [
        Pending(Act.FUND_APPROVE, label, page, to_decide(user, model))
        for model, label in zip(DECIDABLE, labels, strict=True)
    ]
    supplements = f"{reverse('fund:differences')}?state=to_pay"
    return [*found, Pending(Act.FUND_WRITE, _("待下达的补支付"), supplements, unordered(user))]
