"""Answers over the API: a partner's program sends what its department found out, and asks what became of it."""

from datetime import date
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.vocabulary import Category
from exchange.errors import ExchangeError
from exchange.models import InboundFile, Outcome, Partner
from exchange.partner_api.door import PartnerView, Refusal
from exchange.partner_api.schema import operation
from monitoring.answering import services
from monitoring.books.api import month_field
from monitoring.models import Feedback

MOST = 2000
HEADER = 1  # lines above the first answer in the file that is made of them
FOUND = (Outcome.DOUBTFUL, Outcome.ERROR)


class AnswerSerializer(serializers.Serializer):
    """What was found out about one warning, or one numbered row of another list."""

    warning_no = serializers.RegexField(r"^[0-9A-Za-z-]{1,40}$", help_text="预警号，或名单行的编号")
    id_number = serializers.RegexField(r"^[0-9A-Z]{8,18}[Xx]?$")
    result = serializers.ChoiceField(choices=Feedback.Result.values)
    category = serializers.ChoiceField(choices=Category.values, required=False, help_text="结果为 certified 时必填")
    valid_from = serializers.DateField(required=False, help_text="认定日期；结果为 certified 时必填")
    note = serializers.CharField(required=False, max_length=500)
    verified_on = serializers.DateField(required=False)


class AnswersSerializer(serializers.Serializer):
    month = month_field()
    answers = AnswerSerializer(many=True, min_length=1, max_length=MOST)


class CountsSerializer(serializers.Serializer):
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    doubtful = serializers.IntegerField()
    error = serializers.IntegerField()


class RowSerializer(serializers.Serializer):
    index = serializers.IntegerField(help_text="answers 中的位置，从0起")
    outcome = serializers.ChoiceField(choices=[one.value for one in FOUND])
    code = serializers.CharField()
    reason = serializers.CharField()


class TakenSerializer(serializers.Serializer):
    """What became of the answers; they count once the bureau has confirmed them."""

    id = serializers.IntegerField()
    month = serializers.CharField()
    state = serializers.ChoiceField(choices=InboundFile.State.values)
    counts = CountsSerializer()
    rows = RowSerializer(many=True, help_text="不能采用的各条及原因")


def told(file: InboundFile) -> dict[str, Any]:
    """The file as the partner sees it."""
    wrong = file.rows.filter(outcome__in=FOUND, row__isnull=False).order_by("row")
    return {
        "id": file.pk,
        "month": f"{file.month:%Y-%m}",
        "state": file.state,
        "counts": {name: file.counts.get(name, 0) for name in CountsSerializer().fields},
        "rows": [
            {"index": row - HEADER - 1, "outcome": outcome, "code": code, "reason": reason}
            for row, outcome, code, reason in wrong.values_list("row", "outcome", "code", "reason")
        ],
    }


class Answering(PartnerView):
    scope = "delivery"

    def _partner(self) -> Partner:
        partner = self.key.partner
        if partner is None or not partner.organisation.region_id.startswith(self.key.region.prefix):
            raise Refusal(403, "partner", _("这个密钥不属于交换伙伴；请联系当地医保局系统管理员。"))
        self.subject = f"partner:{partner.pk}"
        return partner


class Answers(Answering):
    @operation(
        operation_id="send_feedback",
        summary="报送核实反馈",
        description=f"每次至多{MOST}条。应答说明哪些不能采用及原因；其余经医保局确认后生效，用返回的 id 查询。",
        request=AnswersSerializer,
        answers={202: TakenSerializer},
        write=True,
    )
    def post(self, request: Request) -> Response:
        given = AnswersSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        where = self._partner().organisation
        month = date.fromisoformat(f"{given.validated_data['month']}-01")

        def work() -> tuple[int, dict[str, Any]]:
            try:
                file = services.submit(
                    actor=None,
                    department=where.department,
                    region=where.region_id,
                    month=month,
                    answers=given.validated_data["answers"],
                    name=_("接口（%(key)s）核实反馈.csv") % {"key": self.key.prefix},
                )
            except ExchangeError as error:
                raise Refusal(422, "feedback", str(error)) from error
            return 202, told(file)

        return self.once(request, work)


class OneAnswers(Answering):
    @operation(
        operation_id="read_feedback",
        summary="查询报送的核实反馈",
        description="`state` 为 `confirmed` 即已生效。",
        answers={200: TakenSerializer},
    )
    def get(self, request: Request, pk: int) -> Response:
        where = self._partner().organisation
        own = {"kind": InboundFile.Kind.FEEDBACK, "department": where.department, "region_id": where.region_id}
        found = InboundFile.objects.filter(pk=pk, **own).first()
        if found is None:
            raise Http404
        return Response(told(found))
