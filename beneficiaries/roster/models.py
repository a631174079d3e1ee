"""What makes next month's roster quick: the last word of a department on a spell, as a hash."""

from django.db import models


class SpellEcho(models.Model):
    """The row that an open spell says, as a keyed hash of its normalised content.

    Derived, never looked at by people: a row of the department's next file with the same hash is unchanged, without a
    look at its columns. Triggers of spells and persons (migration `spell_echoes`) delete it as soon as the spell is
    superseded, or the person gets another name or dies; a row without echo is compared column by column.
    """

    spell_id = models.BigIntegerField(primary_key=True, help_text="beneficiaries.CategorySpell")
    person_id = models.BigIntegerField(db_index=True)
    department = models.CharField(max_length=30)
    region_code = models.CharField(max_length=12)
    digest = models.UUIDField()

    def __str__(self) -> str:
        return str(self.spell_id)
