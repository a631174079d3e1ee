"""Rows that come along with another query: gathered by the database as JSON, instances of their model again.

A page that shows ten kinds of rows of one person asks for each kind once; what is gathered costs no query of its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.functions import JSONObject

M = TypeVar("M", bound=Model)


def gathered(rows: QuerySet[Any], *names: str) -> ArraySubquery:
    """For an annotation: the rows in their order, each as the named columns (`by__name` for one of a related row)."""
    return ArraySubquery(rows.values(gathered_row=JSONObject(**{name: name for name in names})))


def rebuilt(model: type[M], found: Iterable[Mapping[str, Any]]) -> list[M]:
    """Instances with what was gathered; a related row's column stays an attribute of its name (`one.by__name`)."""
    made = []
    for row in found:
        own = {name: _value(model, name, value) for name, value in row.items() if "__" not in name}
        one = model(**own)
        for name in row.keys() - own.keys():
            setattr(one, name, row[name])
        made.append(one)
    return made


def _value(model: type[Model], name: str, value: Any) -> Any:
    """A column's value in Python as the database would give it, from JSON (bytes come as `\\x…`)."""
    field: Any = model._meta.get_field(name)
    if hasattr(field, "from_db_value") and isinstance(value, str) and value.startswith("\\x"):
        return field.from_db_value(bytes.fromhex(value[2:]), None, connection)
    return field.to_python(value)
