"""Calls of hospitals: status, preview, a bill, what became of it."""

import uuid
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from beneficiaries.models import Person, id_key
from claims import statements
from claims.api import answers
from claims.api import serializers as shapes
from claims.entry import services as entries
from claims.entry.models import ClaimEntry
from claims.errors import ClaimError, ClaimRefused
from claims.institutions.models import Institution
from claims.institutions.selectors import by_code
from claims.services import NewClaim, preview_claim
from exchange.partner_api.door import PartnerView, Refusal
from exchange.partner_api.schema import operation
from exchange.reader import names
from policies.engine.money import format_yuan


class HospitalView(PartnerView):
    """Finds the person of the key's region by number and name together."""

    def person(self, data: dict[str, Any]) -> Person:
        found = Person.objects.select_related("region").filter(id_key=id_key(data["id_number"])).first()
        fits = found is not None and found.region_id.startswith(self.key.region.prefix)
        # The name must fit too: a number alone tells nobody who holds it.
        if found is None or not fits or names.normalise(data["name"]) != names.normalise(found.name):
            raise Refusal(404, "person_unknown", _("本地区没有这个证件号码和姓名的人员；请核对，或由参保地办理。"))
        self.subject = f"person:{found.pk}"
        return found

    def institution(self) -> Institution | None:
        return by_code(self.key.institution)

    def bill(self, request: Request) -> tuple[Person, NewClaim]:
        given = shapes.BillSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        claim = given.claim(self.institution(), self.key.institution)
        return self.person(given.validated_data), claim


class Status(HospitalView):
    scope = "status"

    @operation(
        operation_id="person_status",
        summary="人员今天的身份和待遇",
        description="证件号码和姓名都在请求体中，须与登记相符。说明各类别能否直接结算，以及是否先诊疗后付费。",
        request=shapes.WhoSerializer,
        answers={200: shapes.StatusSerializer},
    )
    def post(self, request: Request) -> Response:
        given = shapes.WhoSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        person = self.person(given.validated_data)
        return Response(answers.status_of(person, self.institution(), timezone.localdate()))


class Preview(HospitalView):
    scope = "preview"

    @operation(
        operation_id="preview_claim",
        summary="结算预览",
        description="按此人本年已登记的费用和今天的认定试算，什么也不写入。",
        request=shapes.BillSerializer,
        answers={200: shapes.PreviewSerializer},
    )
    def post(self, request: Request) -> Response:
        person, claim = self.bill(request)
        try:
            outcome = preview_claim(person=person, claim=claim)
        except ClaimError as error:
            raise refused(error) from error
        steps, statement = outcome.steps, statements.of_outcome(outcome)
        lines = [*statement.lines, statement.left]
        return Response(
            {
                "policy": outcome.ruling.version.name,
                "category": outcome.category,
                "cii_paid": format_yuan(steps.cii.paid),
                "assistance": format_yuan(steps.assistance.paid),
                "out_of_catalogue_assistance": format_yuan(steps.outside),
                "top_up": format_yuan(steps.top_up.paid),
                "institution_borne": format_yuan(steps.control.borne),
                "over_control": bool(steps.control.over),
                "personal_burden": format_yuan(steps.personal_burden),
                "lines": [
                    {
                        "label": str(line.label),
                        "formula": str(line.formula),
                        "amount": None if line.amount is None else format_yuan(line.amount),
                        "clauses": list(line.clauses),
                    }
                    for line in lines
                ],
            }
        )


class Claims(HospitalView):
    scope = "claim"

    @operation(
        operation_id="send_claim",
        summary="报送一笔费用",
        description="登记为待复核的费用；医保局复核后结算。用返回的 number 查询结果。",
        request=shapes.BillSerializer,
        answers={201: shapes.SentSerializer},
        write=True,
    )
    def post(self, request: Request) -> Response:
        person, claim = self.bill(request)
        return self.once(request, lambda: (201, self._sent(person, claim)))

    def _sent(self, person: Person, claim: NewClaim) -> dict[str, Any]:
        try:
            entry = entries.submit(actor=None, entry=None, person=person, claim=claim, sent_by=self.key.label)
        except ClaimError as error:
            raise refused(error) from error
        # Which key sent it stands beside the bill: by it the sender finds it again.
        entry.values |= {"api_key": self.key.prefix, "institution": self.key.institution}
        entry.save(update_fields=["values"])
        return sent(entry)


class OneClaim(HospitalView):
    scope = "claim"

    @operation(
        operation_id="read_claim",
        summary="报送的费用现在怎样",
        description="只能查本密钥（或轮换前的密钥）报送的费用。",
        answers={200: shapes.SentSerializer},
    )
    def get(self, request: Request, number: uuid.UUID) -> Response:
        key = self.key
        mine = [key.prefix, *([key.replaces.prefix] if key.replaces else [])]
        entry = ClaimEntry.objects.select_related("claim").filter(number=number, values__api_key__in=mine).first()
        if entry is None:
            raise Http404
        self.subject = f"entry:{entry.pk}"
        return Response(sent(entry))


def sent(entry: ClaimEntry) -> dict[str, Any]:
    return {
        "number": str(entry.number),
        "state": entry.state,
        "state_label": str(entry.get_state_display()),
        "reason": entry.reason,
        "claim_no": entry.claim.claim_no if entry.claim else "",
    }


def refused(error: ClaimError) -> Refusal:
    """A bill that cannot be taken, as 422 with its field."""
    return Refusal(422, "claim_refused", str(error), error.field if isinstance(error, ClaimRefused) else "")
