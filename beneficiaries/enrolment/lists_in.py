"""Short lists of people that an officer brings along (temporary groups): read by the exchange's own reader."""

import re
from typing import BinaryIO, Final

from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.models import Person, id_key
from exchange import reader

SCHEMA: Final = reader.Schema("people", "人员名单", reader.CONTRIBUTIONS.columns[:2])
LIMIT: Final = 5_000
_BETWEEN = re.compile(r"[\s,，;；、]+")


def persons_named(user: User | None, *, numbers: str = "", file: BinaryIO | None = None) -> list[Person]:
    """The registered persons of typed numbers and of a file, in order, each once.

    Raises EnrolmentError that names (masked by their place in the list) what is wrong: nothing is taken by halves.
    """
    wanted: dict[str, str] = {}
    wrong: list[str] = []
    for text in filter(None, _BETWEEN.split(numbers)):
        try:
            wanted[reader.identity.normalise(text)] = _("输入的第 %(n)s 个") % {"n": len(wanted) + len(wrong) + 1}
        except reader.FieldError as error:
            wrong.append(f"{_('输入的第 %(n)s 个') % {'n': len(wanted) + len(wrong) + 1}}：{error}")
    if file is not None:
        _read(file, wanted, wrong)
    if wrong:
        raise EnrolmentError("；".join(wrong[:5]))
    if not wanted:
        raise EnrolmentError(_("请填写身份证号，或者选择名单文件。"))
    if len(wanted) > LIMIT:
        raise EnrolmentError(_("一次最多 %(n)s 人；请分几次加入。") % {"n": LIMIT})
    keys = {id_key(number): where for number, where in wanted.items()}
    people = Person.objects.all() if user is None else access.in_region(user, Person.objects.all(), "region_id")
    found = {one.id_key: one for one in people.filter(id_key__in=list(keys))}
    missing = [where for key, where in keys.items() if key not in found]
    if missing:
        raise EnrolmentError(
            _("登记簿中没有（或不在您的管辖范围内）：%(places)s；请先登记。") % {"places": "、".join(missing[:10])}
        )
    return [found[key] for key in keys]


def _read(file: BinaryIO, wanted: dict[str, str], wrong: list[str]) -> None:
    try:
        for batch in reader.read(file, SCHEMA, reader.Context()).batches():
            for at, line in enumerate(batch.lines):
                where = _("第 %(row)s 行") % {"row": line}
                if at in batch.problems:
                    wrong.append(f"{where}：{batch.problems[at][0].reason}")
                else:
                    wanted.setdefault(batch.columns["id_number"][at], where)
    except reader.FileRefused as refused:
        raise EnrolmentError(str(refused)) from refused
