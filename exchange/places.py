"""The places of the exchange: tabs above its lists, and where a mended file goes."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.models import User
from exchange.models import InboundFile


def places(user: User, active: str) -> list[dict[str, Any]]:
    """What comes in, who has sent, what goes out and to whom: those that the user may see."""
    found = [
        ("exchange:list", _("来文"), Act.ROSTER_READ),
        ("exchange:arrivals", _("到齐情况"), Act.ROSTER_READ),
        ("exchange:inquiries", _("待部门核实"), Act.ROSTER_READ),
        ("beneficiaries:comparisons", _("名单比对"), Act.ROSTER_READ),
        ("exchange:deliveries", _("送达"), Act.DELIVERY_READ),
        ("exchange:partners", _("交换伙伴"), Act.PARTNER_ADMIN),
        ("exchange:keys", _("接口密钥"), Act.PARTNER_ADMIN),
    ]
    return [
        {"label": label, "url": reverse(name), "active": name.removeprefix("exchange:") == active}
        for name, label, act in found
        if user.may(act)
    ]


def upload_address(file: InboundFile, *, mode: str = "") -> str:
    """Where a mended file is sent, with what was said of this one; in another mode if given."""
    said = {"kind": file.kind, "department": file.department, "mode": mode or file.mode}
    asked = said | {"region": file.region_id, "month": f"{file.month:%Y-%m}"}
    return f"{reverse('exchange:upload')}?{urlencode(asked)}"
