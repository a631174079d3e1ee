"""Rows of files that name a person by another document than the main one."""

from django.db import connection
from psycopg import sql

_FOLLOW = """
UPDATE {table} i SET id_key = p.id_key
FROM beneficiaries_document d JOIN beneficiaries_person p ON p.id = d.person_id
WHERE d.number_key = i.id_key
"""


def follow(table: str) -> int:
    """Puts the key of the person's main number in place of another document's, in a table with a column `id_key`.

    So a row finds the person by any of the numbers, also one that came by a merge. Returns how many rows it changed.
    """
    with connection.cursor() as cursor:
        # As text: the audit's wrapper looks at the statement.
        cursor.execute(sql.SQL(_FOLLOW).format(table=sql.Identifier(table)).as_string(cursor.connection))
        return cursor.rowcount
