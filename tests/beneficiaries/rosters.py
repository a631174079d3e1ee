"""Making and sending rosters in tests, and the register as plain rows to compare."""

import csv
import io
from datetime import date
from typing import Any

from django.db import connection

from exchange import services
from exchange.models import InboundFile
from exchange.reader.identity import check_digit

HEADER = ("姓名", "身份证号", "人员类别", "行政区划代码", "户编号", "与户主关系", "认定日期", "退出日期", "联系电话")
MAY, JUNE, JULY = date(2023, 5, 1), date(2023, 6, 1), date(2023, 7, 1)
CITY = "150500000000"


def number(n: int, county: str = "150521") -> str:
    """A different right identity number for each n below 1,000."""
    first = f"{county}19800101{n:03d}"
    return first + check_digit(first)


def line(n: int, **changed: Any) -> dict[str, Any]:
    """A row about person n; keywords replace cells: name, id_number, category, region, household, …"""
    row = {
        "name": f"测试{'甲乙丙丁戊己庚辛壬癸'[n % 10]}",
        "id_number": number(n),
        "category": "低保对象",
        "region": "150521100000",
        "household": f"150521{n // 3:06d}",
        "relation": "户主",
        "valid_from": "2022-03-01",
        "valid_to": "",
        "phone": f"1390000{n:04d}",
    }
    return row | changed


def roster(*rows: dict[str, Any]) -> bytes:
    """The rows as a CSV with Chinese headings."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    writer.writerows(row.values() for row in rows)
    return out.getvalue().encode()


def receive(content: bytes, *, actor: Any = None, month: date = MAY, **given: Any) -> InboundFile:
    defaults = {"kind": "roster", "department": "civil_affairs", "region": CITY, "name": "名单.csv"}
    return services.receive_file(actor=actor, month=month, content=content, **(defaults | given))


def prepare(content: bytes, **given: Any) -> InboundFile:
    """Received, read and compared."""
    return services.prepare_file(file_id=receive(content, **given).pk)


def send(content: bytes, *, actor: Any = None, second: Any = None, **given: Any) -> InboundFile:
    """Received, compared and confirmed."""
    file = prepare(content, actor=actor, **given)
    return services.confirm_file(file_id=file.pk, actor=actor, second=second)


def outcomes(file: InboundFile) -> list[tuple[str, str]]:
    """(outcome, code) of the data rows in order, then of those who are missing."""
    rows = file.every_row.order_by("row", "id_key").values_list("outcome", "code", "row")
    return [(outcome, code) for outcome, code, _row in sorted(rows, key=lambda row: (row[2] is None, row[2] or 0))]


REGISTER = {
    "persons": """
        SELECT p.id_key, p.tail_key, p.name, p.initials, p.sex, p.birth_date, p.region_id, p.rural, h.number,
               h.region_id, p.relation, p.phone_key, p.deceased_on
        FROM beneficiaries_person p LEFT JOIN beneficiaries_household h ON h.id = p.household_id ORDER BY 1""",
    "households": "SELECT number, region_id FROM beneficiaries_household ORDER BY 1, 2",
    "spells": """
        SELECT p.id_key, s.category, s.department, s.region_id, s.valid_from, s.valid_to, s.exit_reason, s.household,
               s.relation, s.phone_key, s.source_row, s.known_from, s.known_to
        FROM beneficiaries_categoryspell s JOIN beneficiaries_person p ON p.id = s.person_id
        ORDER BY 1, 2, 3, 5, s.known_from""",
}


def register() -> dict[str, list[tuple[Any, ...]]]:
    """The whole register but for keys and files: what an undo must bring back."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in REGISTER.items():
            cursor.execute(query)
            found[name] = cursor.fetchall()
    return found
