"""The main job on real input: rosters and claims in, warnings out by signed calls, feedback back, category held."""

from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.vocabulary import CERTIFIES, Category, Department, Role
from beneficiaries.models import CategorySpell, Person
from claims.models import PersonYear
from exchange import services as exchange
from exchange.models import Delivery
from monitoring import selectors
from monitoring.models import BurdenWarning, DeliveredWarning, Feedback
from policies.services import load_documents
from tests.exchange.outbound import make_partner
from tests.factories import CITY, make_regions, make_user
from tests.worker import wait_until

DATA = Path(__file__).resolve().parent.parent / "data" / "tongliao-small"
CIVIL, RURAL = Department.CIVIL_AFFAIRS, Department.RURAL_REVITALIZATION
MAY = ("--region", "150500", "--month", "2023-05")


def run(capsys, *arguments) -> str:
    call_command(*map(str, arguments))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.mark.worker
def test_s1_04_s1_16_s1_17_from_rosters_and_claims_to_a_certified_category(worker, receivers, capsys):
    make_regions()
    load_documents(actor=None)
    for department in (CIVIL, RURAL, Department.DISABLED_FEDERATION):
        path = DATA / f"{department}-2023-05.csv"
        said = run(capsys, "import_roster", path, *MAY, "--department", department, "--full", "--confirm")
        assert "new=0" not in said
    assert "new=0" not in run(capsys, "import_claims", DATA / "claims-2023-05.csv", "--region", "150500", "--confirm")
    assert PersonYear.objects.filter(year=2023, measure__gt=0).count() > 50

    civil, rural = receivers(), receivers()
    make_partner(civil, batch_size=7)
    make_partner(rural, department=RURAL)
    said = run(capsys, "scan_warnings", "--region", "150500", "--on", "2023-05-31")
    standing = BurdenWarning.objects.filter(state=BurdenWarning.State.OPEN)
    assert said.startswith(f"raised={standing.count()} ") and standing.count() > 10
    said = run(capsys, "push_warnings", *MAY)
    assert said.startswith("deliveries=2 ")
    wait_until(
        lambda: set(Delivery.objects.values_list("state", flat=True)) == {"acknowledged"},
        what=str(list(Delivery.objects.values_list("state", "last_error"))),
    )
    numbers = list(BurdenWarning.objects.filter(state="pushed").values_list("number", flat=True))
    for receiver in (civil, rural):
        assert all(call.verified for call in receiver.calls)
        assert [row["warning_no"] for row in receiver.rows] == numbers
    assert len(civil.applied) == -(-len(numbers) // 7), "in parts of what the partner takes"
    assert len(rural.applied) == 1
    assert DeliveredWarning.objects.count() == 2 * len(numbers)
    assert run(capsys, "push_warnings", *MAY) == "deliveries=0"

    person, row = next(
        (found, row)
        for row in civil.rows
        if row["category"] in CERTIFIES[RURAL]
        for found in [BurdenWarning.objects.get(number=row["warning_no"]).person]
    )
    answer = "\n".join(
        [
            "warning_no\tid_number\tresult\tcategory\tvalid_from\tverified_on",
            f"{row['warning_no']}\t{row['id_number']}\tcertified\t低保边缘家庭成员\t2023年6月5日\t2023/6/12",
        ]
    )
    liaison, clerk = make_user(Role.LIAISON), make_user(Role.CASE_WORKER)
    file = exchange.receive_file(
        actor=liaison,
        kind="feedback",
        department=CIVIL,
        region=CITY,
        month=date(2023, 6, 1),
        name="核实反馈.txt",
        content=answer.encode(),
    )
    file = exchange.prepare_file(file_id=file.pk, actor=liaison)
    assert (file.state, file.counts["new"]) == ("ready", 1), file.message
    exchange.confirm_file(file_id=file.pk, actor=clerk)
    spell = CategorySpell.objects.get(person=person, category="subsistence_margin")
    assert (spell.valid_from, spell.department, spell.source) == (date(2023, 6, 5), CIVIL, file)
    assert Feedback.objects.get().spell == spell
    assert BurdenWarning.objects.get(number=row["warning_no"]).state == BurdenWarning.State.ANSWERED

    client = Client()
    client.force_login(clerk)
    page = client.get(reverse("beneficiaries:person", args=[person.pk])).content.decode()
    assert person.name in page and str(Category.SUBSISTENCE_MARGIN.label) in page
    warning = BurdenWarning.objects.get(number=row["warning_no"])
    page = client.get(reverse("monitoring:warning", args=[warning.pk])).content.decode()
    for words in ("逐月累计", "2023-05", "低保边缘家庭成员", "已纳入", *(d.number for d in Delivery.objects.all())):
        assert words in page


@pytest.mark.django_db
def test_the_months_add_up_to_the_warning(tongliao, capsys):
    load_documents(actor=None)
    for department in (CIVIL, RURAL):
        path = DATA / f"{department}-2023-05.csv"
        run(capsys, "import_roster", path, *MAY, "--department", department, "--full", "--confirm")
    for month in ("05", "06"):
        run(capsys, "import_claims", DATA / f"claims-2023-{month}.csv", "--region", "150500", "--confirm")
    run(capsys, "scan_warnings", "--region", "150500", "--on", "2023-05-31")
    assert BurdenWarning.objects.exclude(state="approaching").count() > 10
    later = PersonYear.objects.filter(last_settled_on__gt=date(2023, 5, 31)).values("person")
    assert BurdenWarning.objects.filter(person__in=later).count() > 3, "their June is not counted in May"
    from monitoring.lines import lines_of

    for warning in BurdenWarning.objects.select_related("person", "version"):
        ruling = lines_of(warning.version, warning.refreshed_on)
        months = selectors.months_of(warning, ruling)
        assert months[-1].total == warning.amount
        assert [month.first for month in months] == [date(2023, 5, 1)]
        lowest = months[-1].distances[0][1]
        assert (lowest > 0) == (warning.state == "approaching")
        said = selectors.explain(warning, ruling)
        assert said[0].amount == warning.amount
        assert ("接近" in said[-1].formula) == (warning.state == "approaching")
    assert Person.objects.count() > 200
