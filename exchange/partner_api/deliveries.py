"""Deliveries for partners that pull: list, read with its warnings, acknowledge. A partner sees its own alone."""

import json
import uuid
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from exchange import deliveries
from exchange.models import Delivery
from exchange.partner_api.door import PartnerView, Refusal
from exchange.partner_api.models import ApiKey
from exchange.partner_api.schema import operation

PAGE = 50
State = Delivery.State


class DeliverySerializer(serializers.ModelSerializer):
    region = serializers.CharField(source="region_id")

    class Meta:
        model = Delivery
        fields = (
            "id", "number", "kind", "department", "region", "month", "rows", "sha256", "state", "created_at",
            "sent_at", "acknowledged_at",
        )  # fmt: skip


class DeliveriesSerializer(serializers.Serializer):
    results = DeliverySerializer(many=True)
    next_before = serializers.DateTimeField(allow_null=True)


class DeliveryRowsSerializer(DeliverySerializer):
    warnings = serializers.ListField(child=serializers.DictField(child=serializers.CharField(allow_blank=True)))

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "warnings")


class AskedSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=State.choices, required=False)
    before = serializers.DateTimeField(required=False)


class ReceiptSerializer(serializers.Serializer):
    receipt = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")

    def validate_receipt(self, value: str) -> str:
        if "\0" in value:
            raise serializers.ValidationError(_("不能含有空字符；请核对。"))
        return value


def own(key: ApiKey) -> QuerySet[Delivery]:
    """The partner's own deliveries, of the key's region and below."""
    return (
        Delivery.objects.filter(partner_id=key.partner_id, region_id__startswith=key.region.prefix)
        if key.partner_id
        else Delivery.objects.none()
    )


class Deliveries(PartnerView):
    scope = "delivery"

    @operation(
        operation_id="list_deliveries",
        summary="本部门的送达",
        description="最新的在前，每次至多50件；`next_before` 作为 `before` 再取下一页。",
        answers={200: DeliveriesSerializer},
        parameters=(
            OpenApiParameter("state", str, enum=State.values),
            OpenApiParameter("before", {"type": "string", "format": "date-time"}),
        ),
    )
    def get(self, request: Request) -> Response:
        asked = AskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = own(self.key).defer("body").order_by("-created_at", "-id")
        if "state" in asked.validated_data:
            found = found.filter(state=asked.validated_data["state"])
        if "before" in asked.validated_data:
            found = found.filter(created_at__lt=asked.validated_data["before"])
        rows = list(found[: PAGE + 1])
        more = rows[PAGE - 1].created_at if len(rows) > PAGE else None
        return Response({"results": DeliverySerializer(rows[:PAGE], many=True).data, "next_before": more})


class OwnDelivery(PartnerView):
    scope = "delivery"

    def _found(self, pk: uuid.UUID) -> Delivery:
        self.subject = f"delivery:{pk}"
        found = own(self.key).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found


class OneDelivery(OwnDelivery):
    @operation(
        operation_id="read_delivery",
        summary="一件送达及其预警",
        description="领取不等于签收；处理完请调用签收。",
        answers={200: DeliveryRowsSerializer},
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        found = self._found(pk)
        return Response(DeliverySerializer(found).data | {"warnings": deliveries.read_rows(found)})


class Acknowledge(OwnDelivery):
    @operation(
        operation_id="acknowledge_delivery",
        summary="签收",
        description="确认已收到并入库；再次签收得到同样的应答。正在推送中的送达不能这样签收（409）。",
        request=ReceiptSerializer,
        answers={200: DeliverySerializer},
        write=True,
        refusals=(409,),
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        found = self._found(pk)
        given = ReceiptSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        receipt = given.validated_data["receipt"]
        return self.once(request, lambda: self._acknowledged(found, receipt))

    def _acknowledged(self, delivery: Delivery, receipt: str) -> tuple[int, dict[str, Any]]:
        with transaction.atomic():
            held = Delivery.objects.select_for_update().get(pk=delivery.pk)
            if held.state != State.ACKNOWLEDGED:
                try:
                    deliveries.move(held, "acknowledge")
                except deliveries.DeliveryError as error:
                    raise Refusal(409, "state", str(error)) from error
                if held.sent_at is None:
                    held.sent_at = timezone.now()
                held.acknowledged_at, held.next_attempt_at = timezone.now(), None
                held.receipt = receipt or _("接口签收（%(key)s）") % {"key": self.key.prefix}
                held.save(update_fields=["state", "sent_at", "acknowledged_at", "next_attempt_at", "receipt"])
        # As JSON has it: days and moments are texts.
        return 200, json.loads(JSONRenderer().render(DeliverySerializer(held).data))
