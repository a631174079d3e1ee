"""What makes next month's roster quick: the last word of a department on a spell, as a hash."""

from django.db import models


class SpellEcho(models.Model):
    """The row that an open spell says, as two keyed hashes: of its cells as they stood in the file, and of what they
    mean.

    Derived, never looked at by people: a row of the department's next file with the same cells is unchanged, without a
    look at what they mean. Triggers of spells and persons (migration `echoes_of_cells`) delete it as soon as the spell
    is altered, or the person gets another name or dies; a row without echo is compared column by column. That of a
    superseded spell stays for a while: an undone file brings the spell back.
    """

    spell_id = models.BigIntegerField(primary_key=True, help_text="beneficiaries.CategorySpell")
    department = models.CharField(max_length=30)
    said = models.UUIDField(help_text="exchange.reader.Batch.said")
    content = models.UUIDField(help_text="exchange.reader.Batch.digests")

    def __str__(self) -> str:
        return str(self.spell_id)
