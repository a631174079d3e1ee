"""The admin's second door to the register: who may read persons, masked, with exports on record."""

import pytest
from django.urls import reverse

from accounts.models import ReadRecord
from accounts.vocabulary import Role
from beneficiaries.models import Person
from beneficiaries.resources import PersonResource, SpellResource
from exchange.models import ImportRule
from tests.beneficiaries.rosters import line, number, roster, send
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_exports_mask_numbers_and_neutralise_formulas(tongliao):
    send(roster(line(1)))
    Person.objects.update(relation="=1+1")
    table = PersonResource().export(Person.objects.all())
    assert table.headers[:2] == ["姓名", "证件号码"]
    assert table.dict[0]["与户主关系"] == "'=1+1"
    spells = SpellResource().export(Person.objects.get().spells.all())
    assert spells.dict[0]["人员类别"] == "低保对象" and spells.dict[0]["来源"] == "名单.csv"
    assert number(1) not in table.csv + spells.csv and "150521********" in table.csv


def test_an_administrator_without_a_persons_role_sees_no_register_but_sets_the_rule(client, tongliao):
    send(roster(line(1)))
    client.force_login(make_user(Role.ADMINISTRATOR, is_staff=True))
    assert client.get(reverse("admin:beneficiaries_person_changelist")).status_code == 403
    client.post(reverse("admin:exchange_importrule_add"), {"region": "150521000000", "exit_share": "30"})
    assert ImportRule.objects.get().exit_share == 30
    assert (
        client.post(reverse("admin:exchange_importrule_add"), {"region": tongliao.pk, "exit_share": "101"}).status_code
        == 200
    )
    assert ImportRule.objects.count() == 1


def test_who_may_read_persons_looks_them_up_and_an_export_is_recorded(client, tongliao):
    send(roster(line(1)))
    user = make_user(Role.ADMINISTRATOR, Role.CASE_WORKER, username="both", is_staff=True)
    client.force_login(user)
    page = client.get(reverse("admin:beneficiaries_person_changelist")).content.decode()
    assert number(1) not in page and "150521********" in page
    detail = client.get(reverse("admin:beneficiaries_person_change", args=[Person.objects.get().pk])).content.decode()
    assert number(1) not in detail
    given = {"format": "0", "resource": "0", "personresource_name": "on", "personresource_id_number": "on"}
    answer = client.post(reverse("admin:beneficiaries_person_export"), given)
    assert answer.status_code == 200 and number(1).encode() not in answer.content
    assert ReadRecord.objects.get(what=ReadRecord.What.EXPORT).user == user
