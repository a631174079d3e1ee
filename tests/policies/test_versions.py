"""Versions in the database: loaded once, found by place and day, never changed."""

import shutil
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, ProgrammingError, transaction

from accounts.services import load_regions
from policies import selectors
from policies.engine.errors import MissingParameter
from policies.models import PolicyFigures, PolicyParameter, PolicyVersion
from policies.services import DOCUMENTS, DocumentRefused, figures_now, load_documents

pytestmark = pytest.mark.django_db
NAMES = {"guangxi-2022", "jining-2023", "shannan-2022", "tongliao-2023", "yangcheng-2021", "yangcheng-2022"}


@pytest.fixture
def law(tongliao):
    load_regions()
    return load_documents(actor=None)


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped documents."""
    return shutil.copytree(DOCUMENTS, tmp_path / "documents")


def edit(path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_shipped_documents_are_published_once(law):
    assert set(law.new) == NAMES
    assert set(PolicyVersion.objects.values_list("name", "state")) == {(name, "published") for name in NAMES}
    again = load_documents(actor=None)
    assert (again.new, set(again.unchanged), again.parameters_new, again.parameters_kept) == ([], NAMES, 0, [])
    assert PolicyVersion.objects.count() == 6


def test_a_changed_published_document_is_refused_and_nothing_is_loaded(law, folder):
    path = folder / "tongliao-2023.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('limit = "130000元"', 'limit = "140000元"'), encoding="utf-8"
    )
    with pytest.raises(DocumentRefused, match=r"tongliao-2023\.toml.*不能修改.*另存为新版本"):
        load_documents(actor=None, folder=folder)
    version = PolicyVersion.objects.get(name="tongliao-2023")
    assert "140000元" not in version.body


def test_a_region_that_is_not_there_is_named(tongliao, folder):
    path = folder / "tongliao-2023.toml"
    edit(path, 'region = "150500000000"', 'region = "159900000000"')
    load_regions()
    with pytest.raises(DocumentRefused, match=r"159900000000.*先导入行政区划"):
        load_documents(actor=None, folder=folder)
    assert not PolicyVersion.objects.exists()


def test_the_command_says_what_it_did_and_fails_with_a_sentence(law, capsys):
    call_command("load_policies")
    assert capsys.readouterr().out == "new=0 unchanged=6 parameters_new=0\n"
    with pytest.raises(CommandError, match="没有启用的账户“nobody”"):
        call_command("load_policies", actor="nobody")


def test_a_parameter_that_the_bureau_replaced_is_kept(law):
    mine = PolicyParameter.objects.get(policy="tongliao", key="cii_deductible", year=2023)
    mine.value, mine.status, mine.source = "13500.00", "published", "通辽市医疗保障局"
    mine.save()
    assert load_documents(actor=None).parameters_kept == ["tongliao cii_deductible 2023"]
    mine.refresh_from_db()
    assert mine.value == "13500.00"


@pytest.mark.parametrize(
    "change",
    [
        {"body": "x"},
        {"sha256": "0" * 64},
        {"region_id": "150521000000"},
        {"policy": "jining"},
        {"name": "tongliao-2024"},
        {"title": "x"},
        {"state": "draft"},
        {"state": "submitted"},
        {"validity": selectors.days(date(2022, 1, 1), None)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_published_version_cannot_be_changed(change, law):
    with pytest.raises(IntegrityError, match="tongliao-2023 已发布，不能修改"), transaction.atomic():
        PolicyVersion.objects.filter(name="tongliao-2023").update(**change)


def test_a_published_version_cannot_be_deleted(law):
    with pytest.raises(IntegrityError, match="不能删除"), transaction.atomic():
        PolicyVersion.objects.filter(name="tongliao-2023")._raw_delete("default")


def test_figures_that_were_used_cannot_be_changed_or_deleted(law):
    figures = figures_now(PolicyVersion.objects.get(name="tongliao-2023"))
    for act in (lambda: PolicyFigures.objects.update(rows=[]), figures.delete):
        with pytest.raises((InternalError, ProgrammingError, IntegrityError)), transaction.atomic():
            act()


def test_one_version_a_day_and_region(law):
    held = PolicyVersion.objects.get(name="tongliao-2023")
    held.pk, held.name = None, "tongliao-2023b"
    with pytest.raises(IntegrityError, match="one_published_version_a_day"), transaction.atomic():
        held.save(force_insert=True)


@pytest.mark.parametrize(
    ("region", "day", "name"),
    [
        ("150521101000", date(2023, 1, 1), "tongliao-2023"),
        ("150500000000", date(2030, 1, 1), "tongliao-2023"),
        ("150521000000", date(2022, 12, 31), None),
        ("450100000000", date(2022, 1, 1), "guangxi-2022"),
        ("450100000000", date(2026, 1, 1), None),
        ("140522000000", date(2021, 12, 31), "yangcheng-2021"),
        ("140522000000", date(2022, 1, 1), "yangcheng-2022"),
        ("140500000000", date(2022, 1, 1), None),
        ("110000000000", date(2023, 1, 1), None),
    ],
)
def test_s4_02_the_nearest_version_upward_that_covers_the_day_governs(region, day, name, law):
    one = selectors.version_on(region, day)
    many = selectors.law().on(region, day)
    assert (one.name if one else None) == (many.name if many else None) == name


def test_figures_are_written_once_until_a_parameter_changes(law):
    version = PolicyVersion.objects.get(name="tongliao-2023")
    first = figures_now(version)
    assert figures_now(version) == first
    table = selectors.table_of(version, first.pk, 2023)
    assert selectors.table_of(version, first.pk, 2023) is table
    PolicyParameter.objects.filter(policy="tongliao", key="cii_deductible", year=2023).update(value="9000.00")
    second = figures_now(version)
    assert second != first
    assert selectors.table_of(version, second.pk, 2023).values != table.values
    with pytest.raises(MissingParameter, match="income_all_city 2024"):
        selectors.table_of(version, second.pk, 2025)
