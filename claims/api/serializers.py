"""What hospitals send and get. Amounts are decimal texts in yuan, days ISO."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from beneficiaries.enrolment.models import Insurance
from claims.models import Claim
from claims.services import NewClaim
from exchange import reader

MOST = 1_000_000_000  # yuan
ENTERED = [one for one in Claim.Referred.choices if one[0] != "excepted"]


class Text(serializers.CharField):
    """Without control characters: PostgreSQL keeps no zero byte, and no name has one."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text.isprintable():
            raise serializers.ValidationError(_("不能含有控制字符；请核对。"))
        return text


class Yuan(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=11, decimal_places=2, min_value=Decimal(0), **kwargs)

    def to_internal_value(self, data: Any) -> int:  # type: ignore[override]
        return int(super().to_internal_value(data) * 100)


class WhoSerializer(serializers.Serializer):
    """The person, in the body alone: never in an address."""

    id_number = Text(max_length=24)
    name = Text(max_length=80)

    def validate_id_number(self, value: str) -> str:
        try:
            return reader.identity.parse(value, today=timezone.localdate()).number
        except reader.FieldError as error:
            raise serializers.ValidationError(str(error)) from error


class BillSerializer(WhoSerializer):
    claim_no = Text(max_length=60, required=False, default="", allow_blank=True)
    settled_on = serializers.DateField()
    service = serializers.ChoiceField(choices=Claim.Service.choices)
    location = serializers.ChoiceField(choices=Claim.Location.choices)
    referred = serializers.ChoiceField(choices=ENTERED, default="not_needed")
    hospital_level = serializers.IntegerField(min_value=1, max_value=3, required=False)
    charge_class = serializers.IntegerField(min_value=1, max_value=3, required=False)
    major_disease = serializers.BooleanField(default=False)
    total = Yuan()
    in_scope = Yuan()
    out_of_catalogue = Yuan(required=False)
    basic_paid = Yuan()
    other_paid = Yuan(required=False)

    def claim(self, institution: Any, code: str) -> NewClaim:
        """The bill; level and class of the register's institution where the sender says none."""
        data = dict(self.validated_data)
        level = data.get("hospital_level") or (institution.level if institution else None)
        if level is None:
            raise serializers.ValidationError({"hospital_level": [_("机构没有登记；请填写机构等级。")]})
        charge = data.get("charge_class") or (institution.charge_class if institution else 1)
        return NewClaim(
            service=data["service"],
            settled_on=data["settled_on"],
            hospital_level=level,
            charge_class=charge,
            location=data["location"],
            referred=data["referred"],
            major_disease=data["major_disease"],
            institution=code,
            claim_no=data["claim_no"],
            total=data["total"],
            in_scope=data["in_scope"],
            out_of_catalogue=data.get("out_of_catalogue", 0),
            basic_paid=data["basic_paid"],
            other_paid=data.get("other_paid", 0),
            chronic_management="per_visit" if data["service"] == "chronic" else "",
        )


# --- answers ------------------------------------------------------------------------------------------------------
class HeldSerializer(serializers.Serializer):
    category = serializers.CharField()
    label = serializers.CharField()
    department = serializers.CharField()
    valid_from = serializers.DateField()
    entitlement = serializers.ChoiceField(
        choices=["direct", "approved", "on_application", "elsewhere", "none"],
        help_text="direct 直接结算；approved 申请已批准；on_application 须先申请；elsewhere 由其他文件规定",
    )
    note = serializers.CharField(allow_blank=True)


class PayLaterSerializer(serializers.Serializer):
    applies = serializers.BooleanField(help_text="本机构对此人不收住院押金")
    needs_referral = serializers.BooleanField()
    clauses = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)


class EnrolmentSerializer(serializers.Serializer):
    insurance = serializers.ChoiceField(
        choices=Insurance.values, help_text="resident 居民；employee 职工；elsewhere 外地"
    )
    tier = serializers.CharField(allow_blank=True, help_text="缴费档次")
    covered = serializers.BooleanField()


class YearSerializer(serializers.Serializer):
    year = serializers.IntegerField()
    claims = serializers.IntegerField()
    in_scope = serializers.CharField()
    assistance = serializers.CharField()
    personal_burden = serializers.CharField()


class StatusSerializer(serializers.Serializer):
    on = serializers.DateField()
    region = serializers.CharField()
    policy = serializers.CharField(allow_blank=True)
    categories = HeldSerializer(many=True)
    pay_later = PayLaterSerializer()
    enrolment = EnrolmentSerializer(allow_null=True, help_text="当年基本医保；没有登记时为 null")
    year = YearSerializer()


class LineSerializer(serializers.Serializer):
    label = serializers.CharField()
    formula = serializers.CharField(allow_blank=True)
    amount = serializers.CharField(allow_null=True)
    clauses = serializers.ListField(child=serializers.CharField())


class PreviewSerializer(serializers.Serializer):
    policy = serializers.CharField()
    category = serializers.CharField()
    cii_paid = serializers.CharField()
    assistance = serializers.CharField()
    out_of_catalogue_assistance = serializers.CharField()
    top_up = serializers.CharField()
    institution_borne = serializers.CharField()
    over_control = serializers.BooleanField()
    personal_burden = serializers.CharField()
    lines = LineSerializer(many=True)


class SentSerializer(serializers.Serializer):
    number = serializers.UUIDField()
    state = serializers.CharField()
    state_label = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    claim_no = serializers.CharField(allow_blank=True, help_text="复核后由医保局编的结算号")
