"""The month's books over the API: what a partner was told by a month's end, and what it holds, held against that."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Region
from beneficiaries.models import id_key
from exchange.partner_api.door import PartnerView, Refusal
from exchange.partner_api.schema import operation
from monitoring.books import services
from monitoring.books.selectors import told_by
from monitoring.models import Reconciliation
from monitoring.selectors import month_end
from policies.engine.money import format_yuan

PAGE = 1000
MOST = 20_000
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"


def month_field() -> serializers.RegexField:
    """`2023-05`."""
    return serializers.RegexField(MONTH, max_length=7)


class AskedSerializer(serializers.Serializer):
    month = month_field()
    after = serializers.IntegerField(required=False, min_value=0, max_value=2**62, default=0)


class ToldSerializer(serializers.Serializer):
    """A warning as the partner knows it by our lists: `told`, or `withdrawn` since."""

    warning_no = serializers.CharField()
    id_number = serializers.CharField()
    kind = serializers.CharField()
    amount = serializers.CharField(help_text="元")
    line = serializers.CharField(help_text="元")
    state = serializers.ChoiceField(choices=["told", "withdrawn"])
    delivery = serializers.CharField(help_text="最后一次告知它的送达文号")


class BooksSerializer(serializers.Serializer):
    month = serializers.CharField()
    department = serializers.CharField()
    region = serializers.CharField()
    told = serializers.IntegerField(help_text="截至月末在册的预警数，不含已撤回的")
    results = ToldSerializer(many=True)
    next_after = serializers.IntegerField(allow_null=True)


class HeldWarningSerializer(serializers.Serializer):
    warning_no = serializers.RegexField(r"^[0-9A-Za-z-]{1,40}$")
    id_number = serializers.RegexField(r"^[0-9]{17}[0-9Xx]$")


class HoldSerializer(serializers.Serializer):
    month = month_field()
    warnings = HeldWarningSerializer(many=True, max_length=MOST)


class ComparedSerializer(serializers.ModelSerializer):
    month = serializers.SerializerMethodField()
    region = serializers.CharField(source="region_id")
    agrees = serializers.BooleanField()
    missing = serializers.ListField(child=serializers.CharField(), help_text="我方推送过而贵方没有")
    unknown = serializers.ListField(child=serializers.CharField(), help_text="贵方持有而我方没有推送过")
    different = serializers.ListField(child=serializers.CharField(), help_text="预警号相同而证件号码不同")
    withdrawn = serializers.ListField(child=serializers.CharField(), help_text="我方已撤回而贵方仍持有")

    class Meta:
        model = Reconciliation
        fields = (
            "month", "department", "region", "told", "held", "agrees", "missing", "unknown", "different", "withdrawn",
        )  # fmt: skip

    def get_month(self, found: Reconciliation) -> str:
        return f"{found.month:%Y-%m}"


class Books(PartnerView):
    scope = "delivery"

    def _whose(self) -> tuple[Region, str]:
        partner = self.key.partner
        if partner is None or not partner.organisation.region_id.startswith(self.key.region.prefix):
            raise Refusal(403, "partner", _("这个密钥不属于交换伙伴；请联系当地医保局系统管理员。"))
        self.subject = f"partner:{partner.pk}"
        return partner.organisation.region, partner.organisation.department

    @operation(
        operation_id="read_books",
        summary="截至月末告知过的全部预警",
        description="每条预警是最后一次告知的样子；每次至多1000条，`next_after` 作为 `after` 再取下一页。",
        answers={200: BooksSerializer},
        parameters=(
            OpenApiParameter("month", {"type": "string", "pattern": MONTH}, required=True),
            OpenApiParameter("after", {"type": "integer", "minimum": 0}),
        ),
    )
    def get(self, request: Request) -> Response:
        asked = AskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        month, after = _first(asked.validated_data["month"]), asked.validated_data["after"]
        region, department = self._whose()
        every = told_by(region, department, month_end(month))
        standing = sum(not withdrawal for withdrawal in every.values_list("withdrawal", flat=True))
        rows = list(
            every.filter(warning_id__gt=after)
            .select_related("warning__person", "delivery")
            .defer("delivery__body")[: PAGE + 1]
        )
        results = [
            {
                "warning_no": one.warning.number,
                "id_number": one.warning.person.id_number,
                "kind": one.warning.kind,
                "amount": format_yuan(one.amount),
                "line": format_yuan(one.line),
                "state": "withdrawn" if one.withdrawal else "told",
                "delivery": one.delivery.number,
            }
            for one in rows[:PAGE]
        ]
        body = {
            "month": f"{month:%Y-%m}",
            "department": department,
            "region": region.code,
            "told": standing,
            "results": results,
            "next_after": rows[PAGE - 1].warning_id if len(rows) > PAGE else None,
        }
        return Response(BooksSerializer(body).data)

    @operation(
        operation_id="compare_books",
        summary="对账",
        description="报送贵方到月末持有的全部预警（至多20000条），应答逐条写明两边的不同；结果同时登记在医保局的月度页面。",
        request=HoldSerializer,
        answers={200: ComparedSerializer},
        write=True,
    )
    def post(self, request: Request) -> Response:
        given = HoldSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        month = _first(given.validated_data["month"])
        held = {one["warning_no"]: id_key(one["id_number"].upper()) for one in given.validated_data["warnings"]}
        region, department = self._whose()

        def work() -> tuple[int, dict[str, Any]]:
            name = _("接口（%(key)s）") % {"key": self.key.prefix}
            found = services.compare(
                region=region, department=department, month=month, held=held, name=name, actor=None
            )
            return 200, dict(ComparedSerializer(found).data)

        return self.once(request, work)


def _first(text: str) -> date:
    return date.fromisoformat(f"{text}-01")
