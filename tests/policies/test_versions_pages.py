"""A version read as a law: clauses beside figures, readings beside clauses, marks beside numbers."""

import pytest
from django.urls import reverse
from django.utils.html import escape

from accounts.services import load_regions
from accounts.vocabulary import Role
from policies import law_page, reading, selectors
from policies.engine.errors import EngineError
from policies.models import PolicyVersion
from policies.services import load_documents

pytestmark = pytest.mark.django_db
NAMES = ("guangxi-2022", "jining-2023", "shannan-2022", "tongliao-2023", "yangcheng-2021", "yangcheng-2022")
READERS = set(Role) - {Role.LIAISON}


@pytest.fixture
def law(users):
    load_regions()
    load_documents(actor=None)
    return users


@pytest.fixture
def shown(law, client):
    client.force_login(law[Role.POLICY_OFFICER])

    def get(name: str, **query: object):
        return client.get(reverse("policies:version", args=[name]), query)

    return get


def text(response) -> str:
    return response.content.decode()


@pytest.mark.parametrize("role", Role)
def test_who_reads_the_law(role, law, client):
    client.force_login(law[role])
    answer = 200 if role in READERS else 403
    assert client.get(reverse("policies:list")).status_code == answer
    assert client.get(reverse("policies:version", args=["jining-2023"])).status_code == answer


def test_the_list_holds_the_versions_of_all_five_regions(law, client, django_assert_max_num_queries):
    client.force_login(law[Role.CASE_WORKER])
    client.get(reverse("policies:list"))
    with django_assert_max_num_queries(18):
        response = client.get(reverse("policies:list"))
    assert {row.name for row in response.context["listing"].page.rows} == set(NAMES)
    assert {"通辽市人民政府办公室", "通政办字〔2022〕143号", "2021-01-01 — 2021-12-31"} <= set(
        part.strip() for part in text(response).replace("<", ">").split(">")
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_clause_stands_with_its_readings_and_every_rule_with_its_figures(name, shown):
    response = shown(name)
    page, document = text(response), selectors.document_of(PolicyVersion.objects.get(name=name))
    for clause in document.clauses.values():
        assert f'id="{clause.id}"' in page
        assert escape(clause.text) in page
    for one in document.readings:
        assert escape(one.text) in page
    for row in response.context["clauses"]:
        assert all(row.clause.id in rule.clauses for rule in row.rules)
        assert row.readings == document.readings_of((row.clause.id,))
    for row in response.context["categories"]:
        assert row.label in page
        assert row.departments, f"nobody certifies {row.label}"
    for rule in document.assistance.rules if document.assistance else ():
        assert escape(rule.name) in page
    cited = {clause for row in response.context["clauses"] for rule in row.rules for clause in rule.clauses}
    assert cited == set(document.clauses), "a clause without a rule beside it"


def test_a_figure_shows_what_it_comes_to_in_the_year_with_its_mark_and_source(shown):
    page = text(shown("tongliao-2023", year=2023))
    assert "全市全体居民人均可支配收入（2022年）28500.00元 × 10% = 2850.00元" in page
    assert "示例值" in page and "已公布" in page
    assert "国家医保局等三部门关于做好2022年城乡居民基本医疗保障工作的通知" in page
    assert "28,500.00" in page
    assert "缺少 2023 年数值" in text(shown("tongliao-2023", year=2024))


def test_a_year_that_is_not_there_falls_back(shown):
    assert shown("tongliao-2023", year="1999").context["year"] in (2023, 2024)
    assert shown("tongliao-2023", year="x").status_code == 200
    assert shown("nowhere-2023").status_code == 404


@pytest.mark.parametrize(
    ("name", "clause", "other"),
    [("jining-2023", "S2-15", "济政办发〔2022〕14号"), ("guangxi-2022", "S3-20", "桂政办发〔2022〕5号")],
)
def test_s2_15_s3_20_what_another_document_governs_is_shown_as_such_and_never_as_zero(name, clause, other, shown):
    response = shown(name)
    (rule,) = response.context["elsewhere"]
    assert clause in rule.clauses
    assert [figure.text for figure in rule.figures] == [other]
    page = text(response)
    assert "不由本文件规定" in page
    named = {part for part, _rules in response.context["parts"]}
    assert ("医疗救助" in named) == (name == "guangxi-2022")
    for _part, rules in response.context["parts"]:
        for one in rules:
            assert all(figure.text not in ("0", "0%", "0元") for figure in one.figures)


def test_s1_19_who_settles_directly_and_who_applies(shown):
    rows = {row.code: row.direct for row in shown("tongliao-2023").context["categories"]}
    direct = {"extreme_poverty", "subsistence", "relapsed_poverty"}
    assert rows == {code: code in direct for code in rows}
    assert list(rows)[:3] == ["extreme_poverty", "subsistence", "relapsed_poverty"]


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_of_every_year_can_be_shown(name, law):
    version = PolicyVersion.objects.get(name=name)
    document = selectors.document_of(version)
    parameters = selectors.parameters_from(version.policy, selectors.figure_rows(version.policy))
    years, _rows = law_page.parameter_rows(document, parameters)
    for year in law_page.governed_years(document, years):
        try:
            rules = reading.Reader(document, parameters, year).rules()
        except EngineError as error:  # pragma: no cover - the page would break
            pytest.fail(str(error))
        for rule in rules:
            assert rule.name and rule.clauses
            for figure in rule.figures:
                assert figure.label and figure.text
