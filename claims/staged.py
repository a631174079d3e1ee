"""Claims of a file that waits to be confirmed, typed as they will be stored: read, compared and written as sets."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from exchange.models import InboundFile

# What is stored of a claim (columns of Claim); all of it is compared for "unchanged".
FACTS: Final[dict[str, type[models.Field]]] = {
    "service": models.TextField,
    "settled_on": models.DateField,
    "institution": models.TextField,
    "insurance": models.TextField,
    "hospital_level": models.SmallIntegerField,
    "charge_class": models.SmallIntegerField,
    "location": models.TextField,
    "referred": models.TextField,
    "major_disease": models.BooleanField,
    "control_waived": models.BooleanField,
    "chronic_management": models.TextField,
    "total": models.BigIntegerField,
    "in_scope": models.BigIntegerField,
    "out_of_catalogue": models.BigIntegerField,
    "basic_paid": models.BigIntegerField,
    "other_paid": models.BigIntegerField,
    "platform_cii": models.BigIntegerField,
    "platform_assistance": models.BigIntegerField,
    "disease_code": models.TextField,
    "disease_name": models.TextField,
    "tilted_basic": models.BooleanField,
    "supplementary_paid": models.BigIntegerField,
}


class StagedClaim(models.Model):
    """暂存费用: what a row of a file says of a claim; its outcome stands in `exchange.StagedRow` of the same row.

    A faulty row has empty facts where they could not be read. Identity numbers are cipher text with a blind index.
    """

    pk = models.CompositePrimaryKey("file_id", "row")
    file = models.ForeignKey(InboundFile, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    row = models.PositiveIntegerField()
    outcome = models.TextField(help_text="error, or empty: not compared yet")
    code = models.TextField()
    field = models.TextField()
    reason = models.TextField()
    values = models.JSONField()
    id_number = models.BinaryField(null=True)
    id_key = models.UUIDField(null=True)
    name = models.TextField()
    county = models.TextField(null=True, help_text="in which the identity number was given out")
    claim_no = models.TextField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("暂存费用")

    def __str__(self) -> str:
        return f"{self.file_id}:{self.row}"


for _name, _kind in FACTS.items():
    StagedClaim.add_to_class(_name, _kind(null=True))
