"""Identities that compared lists doubt go on to the tax office (S1-27)."""

from datetime import UTC, date, datetime

import pytest

from accounts.models import Region
from beneficiaries.comparisons.models import ComparisonRow
from beneficiaries.enrolment import relay
from beneficiaries.enrolment.errors import EnrolmentError
from exchange.deliveries import read_rows
from exchange.models import InboundFile
from tests.beneficiaries.enrolment.people import COUNTY, person

pytestmark = pytest.mark.usefixtures("law")


@pytest.mark.parametrize(("result", "changed"), [("name_differs", "name"), ("deceased", "deceased")])
def test_s1_27_what_a_list_says_of_an_identity_goes_to_tax_once(result, changed):
    banner = Region.objects.get(code=COUNTY)
    one = person("subsistence", name="白玉兰")
    file = InboundFile.objects.create(
        kind="list", department="public_security", region=banner, month=date(2023, 5, 1), name="比对.csv", sha256="0",
        confirmed_at=datetime(2023, 5, 10, 4, tzinfo=UTC),
    )  # fmt: skip
    told = dict(file=file, department="public_security", region=banner, month=file.month, person=one)
    told |= dict(id_number=one.id_number, id_key=one.id_key, known_name=one.name, occurred_on=date(2023, 4, 30))
    ComparisonRow.objects.create(row=2, result=result, name="白玉岚", **told)
    ComparisonRow.objects.create(row=3, result="matched", name=one.name, **told)
    assert (relay.pending(banner, 2023).rows, relay.pending(banner, 2022).rows) == (1, 0)
    assert relay.pending(banner, 2023).since == date(2023, 5, 10)
    delivery = relay.relay_enrolment(actor=None, region=banner, year=2023)
    [row] = read_rows(delivery)
    assert (row["id_number"], row["name"], row["said_name"]) == (one.id_number, "白玉兰", "白玉岚")
    assert (row["changed"], row["said_by"], row["changed_on"]) == (changed, "public_security", "2023-04-30")
    assert (row["due"], row["status"]) == ("", "")
    assert relay.pending(banner, 2023).rows == 0
    with pytest.raises(EnrolmentError, match="没有需要"):
        relay.relay_enrolment(actor=None, region=banner, year=2023)
