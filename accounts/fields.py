"""Model fields: a column of cipher text; a key whose target is checked a statement at a time."""

from typing import Any

from django.db import models

from accounts import crypto


class CheckedForeignKey(models.ForeignKey):
    """A foreign key that the database checks for all rows of a statement at once, where rows come by the million.

    A constraint would ask for each row again, when the transaction ends. The model carries the trigger that asks once
    (`accounts.integrity`); who looks for what points at a row counts it as a constraint (`holds`).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **(kwargs | {"db_constraint": False}))

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs


def holds(field: Any) -> bool:
    """Whether rows with this foreign key keep what it points at in place."""
    of_history = hasattr(field.model, "pgh_tracked_model")
    return bool(field.db_constraint) or (isinstance(field, CheckedForeignKey) and not of_history)


class EncryptedTextField(models.Field):
    """Text in Python, AES-GCM cipher text (bytea) in the database; `purpose` binds it to its column.

    It cannot be searched or sorted: keep a blind index beside it (`accounts.crypto.blind_index`).
    """

    def __init__(self, *args: Any, purpose: str = "", **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "purpose": self.purpose}

    def get_internal_type(self) -> str:
        return "BinaryField"

    def db_type(self, connection: Any) -> str:
        return "bytea"

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None or isinstance(value, bytes):
            return value
        return crypto.encrypt(str(value), self.purpose) if value != "" else b""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if prepared else self.get_prep_value(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        return crypto.decrypt(value, self.purpose) if len(value) else ""

    def to_python(self, value: Any) -> Any:
        return value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted: search its blind index")
        return super().get_lookup(lookup_name)
