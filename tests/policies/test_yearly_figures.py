"""Yearly figures: who writes them, what they must be, what is missing, and what a change leaves as it was."""

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from policies import parameters, selectors
from policies.models import PolicyParameter, PolicyVersion
from policies.parameters import ParameterRefused, Value
from policies.services import figures_now, load_documents
from tests.policies.law import load_law, officer

GOOD = Value("28,900", "published", "通辽市2022年统计公报")


@pytest.fixture
def actor(tongliao):
    load_documents(actor=None)
    return officer("figures")


def held(key: str = "income_all_city", year: int = 2022) -> PolicyParameter:
    return PolicyParameter.objects.get(policy="tongliao", key=key, year=year)


def put(actor, value: Value = GOOD, key: str = "income_all_city", year: int = 2022, reason: str = "换成公布数"):
    return parameters.set_parameter(actor=actor, policy="tongliao", key=key, year=year, value=value, reason=reason)


def test_an_illustration_gives_way_to_the_published_figure(actor):
    row = put(actor)
    assert (row.value, row.status, row.source) == ("28900", "published", GOOD.source)
    newest, first = parameters.history(row)
    assert (newest["value"], newest["reason"], first["value"], first["reason"]) == (
        "28900",
        "换成公布数",
        "28500.00",
        "",
    )


def test_what_was_settled_keeps_its_figures(actor):
    version = PolicyVersion.objects.get(name="tongliao-2023")
    used = figures_now(version)
    before = selectors.table_of(version, used.pk, 2023).values
    assert [one.pk for one in parameters.settled_with(held())] == [used.pk]
    put(actor)
    assert parameters.settled_with(held()) == []
    assert selectors.table_of(version, used.pk, 2023).values == before
    later = figures_now(version)
    assert later.pk != used.pk
    assert selectors.table_of(version, later.pk, 2023).values != before


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        (Value("", "published", "x"), "value", "请填写数值"),
        (Value("二万", "published", "x"), "value", "不是数"),
        (Value("-5", "published", "x"), "value", "不是数"),
        (Value("1.234", "published", "x"), "value", "位数过多"),
        (Value("1", "guess", "x"), "status", "已公布或者示例值"),
        (Value("1", "published", " "), "source", "来源"),
    ],
)
def test_what_a_figure_must_be(actor, value, field, words):
    with pytest.raises(ParameterRefused, match=words) as refused:
        put(actor, value)
    assert refused.value.field == field
    assert held().value == "28500.00"


def test_a_change_needs_a_reason_and_a_first_figure_does_not(actor):
    with pytest.raises(ParameterRefused, match="理由"):
        put(actor, reason=" ")
    assert put(actor, year=2025, reason="").year == 2025


def test_ratios_are_typed_in_per_cent(actor):
    elsewhere = officer("jining", "370800000000")
    row = parameters.set_parameter(
        actor=elsewhere, policy="jining", key="cii_ratio", year=2026, value=Value("62.5%", "published", "通知")
    )
    assert row.value == "0.625"
    with pytest.raises(ParameterRefused, match="100%"):
        parameters.set_parameter(
            actor=elsewhere, policy="jining", key="cii_ratio", year=2027, value=Value("101%", "published", "通知")
        )


def test_an_empty_cap_means_none(actor):
    row = put(actor, Value("", "published", "通知"), key="cii_cap", year=2025)
    need = selectors.document_of(PolicyVersion.objects.get(name="tongliao-2023")).needs["大病保险最高支付限额"]
    assert (row.value, parameters.show(need, row)) == ("", "不设")


def test_only_officers_of_the_region_write(actor, users):
    for one in (officer("county", "150521000000"), officer("other", "370800000000"), users[Role.CASE_WORKER]):
        with pytest.raises(ParameterRefused, match="地区"):
            put(one)


def test_a_year_is_added_whole_or_not_at_all(actor):
    good = {"income_all_city": Value("33000", "published", "公报"), "cii_cap": Value("", "published", "通知")}
    wrong = good | {"income_rural_city": Value("?", "published", "公报")}
    with pytest.raises(ParameterRefused) as refused:
        parameters.add_year(actor=actor, policy="tongliao", year=2025, values=wrong)
    assert refused.value.field == "value-income_rural_city"
    assert not PolicyParameter.objects.filter(policy="tongliao", year=2025).exists()
    assert parameters.add_year(actor=actor, policy="tongliao", year=2025, values=good) == 2


def test_what_is_missing_is_listed(actor):
    (sheet,) = parameters.sheets(actor, "tongliao")
    missing = {(need.key, year) for need, year in sheet.missing}
    assert ("cii_cap", 2025) in missing
    assert ("cii_cap", 2023) not in missing
    load_law()
    assert parameters.sheets(actor, "tongliao")[0].missing == []


def test_the_pages_ask_a_fixed_number_of_times(client, actor, django_assert_max_num_queries):
    client.force_login(actor)
    for name, arguments in (("parameters_all", []), ("parameters", ["tongliao"])):
        url = reverse(f"policies:{name}", args=arguments)
        client.get(url)  # documents are read once and kept
        with django_assert_max_num_queries(8):
            assert client.get(url).status_code == 200


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(client, actor):
    client.force_login(actor)
    url = reverse("policies:parameter", args=["tongliao", "income_all_city", 2022])
    response = client.post(url, {"value": "两万", "status": "published", "source": "公报", "reason": "换"})
    text = response.content.decode()
    assert response.status_code == 422
    assert 'value="两万"' in text
    assert "不是数" in text
    response = client.post(url, {"value": "28900", "status": "published", "source": "公报", "reason": "换"})
    assert response.status_code == 302
    assert held().value == "28900"


def test_the_year_form(client, actor):
    client.force_login(actor)
    url = reverse("policies:parameter_year", args=["tongliao"])
    assert "还没有填写任何数值" in client.post(url, {"year": "2025", **blank()}).content.decode()
    typed = {"year": "2025", **blank(), "value-residents": "2800000", "source-residents": ""}
    response = client.post(url, typed)
    assert response.status_code == 422
    assert "来源" in response.content.decode()
    assert client.post(url, typed | {"source-residents": "公报"}).status_code == 302
    assert held("residents", 2025).value == "2800000"


def blank() -> dict[str, str]:
    keys = {one.key for one in PolicyParameter.objects.filter(policy="tongliao")}
    return {f"status-{key}": "published" for key in keys}
