"""Rows of files that name a person by another document than the main one."""

from django.db import connection
from psycopg import sql

_FOLLOW = """
UPDATE {table} i SET id_key = p.id_key
FROM beneficiaries_document d JOIN beneficiaries_person p ON p.id = d.person_id
WHERE d.number_key = i.id_key
"""
_OF_FILE = " AND i.file_id = %(file)s"


def follow(table: str, *, file_id: int | None = None) -> int:
    """Puts the key of the person's main number in place of another document's, in a table with a column `id_key`.

    `file_id`: only in the rows of this file, where the table holds those of many.

    So a row finds the person by any of the numbers, also one that came by a merge. Returns how many rows it changed.
    """
    with connection.cursor() as cursor:
        # As text: the audit's wrapper looks at the statement.
        statement = sql.SQL(_FOLLOW).format(table=sql.Identifier(table)).as_string(cursor.connection)
        cursor.execute(statement + (_OF_FILE if file_id is not None else ""), {"file": file_id})
        return cursor.rowcount
