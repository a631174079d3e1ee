"""Answers on a page or over the API become a feedback file: read, compared, confirmed by the bureau, undone."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.vocabulary import Department
from exchange import services as inbound
from exchange.errors import ImportRefused
from exchange.models import InboundFile, Outcome
from monitoring.feedback import Told

COLUMNS: Final = ("warning_no", "id_number", "name", "result", "category", "valid_from", "note", "verified_on")


def submit(
    *, actor: User | None, department: str, region: str, month: date, answers: Sequence[Mapping[str, Any]], name: str
) -> InboundFile:
    """A file of `answers` (values by column of COLUMNS, what is missing is empty), read and compared.

    The very same answers again give the first file. Raises exchange's NotAllowed, ImportRefused.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(answers)
    with transaction.atomic():
        file = inbound.receive_file(
            actor=actor,
            kind=InboundFile.Kind.FEEDBACK,
            department=department,
            region=region,
            month=month,
            name=name,
            content=text.getvalue().encode(),
        )
        return inbound.prepare_file(file_id=file.pk, actor=actor)


def answer(*, actor: User, told: Told, department: str, region: str, said: Mapping[str, Any]) -> InboundFile:
    """One answer typed on the page of what was told. What cannot be taken leaves nothing behind.

    Raises exchange's NotAllowed; ImportRefused with the reason of the comparison.
    """
    typed = {key: "" if value is None else value for key, value in said.items()}
    row = {"warning_no": told.number, "id_number": told.person.id_number, "name": told.person.name, **typed}
    label = Department(department).label
    name = _("%(number)s %(department)s核实反馈.csv") % {"number": told.number, "department": label}
    with transaction.atomic():
        file = submit(
            actor=actor, department=department, region=region, month=said["verified_on"], answers=[row], name=name
        )
        found = file.rows.get()
        if found.outcome in (Outcome.DOUBTFUL, Outcome.ERROR):
            raise ImportRefused(found.reason)
        if found.outcome == Outcome.UNCHANGED and file.state == InboundFile.State.READY:
            raise ImportRefused(_("这一反馈已经登记，内容相同；无须再次填写。"))
    return file
