"""The pages of a draft: saved section by section, two people at once, refusals that lose nothing."""

import pytest
from django.urls import reverse

from accounts.vocabulary import Role
from policies import drafting
from policies.models import PolicyVersion
from tests.factories import make_user
from tests.policies.law import edit, load_law, make_draft, officer
from tests.policies.test_editor import typed


@pytest.fixture
def officers(tongliao):
    load_law()
    return [officer(f"page-{n}") for n in range(2)]


@pytest.fixture
def draft(officers) -> PolicyVersion:
    return make_draft(officers[0])


def url(draft: PolicyVersion, slug: str) -> str:
    return reverse("policies:draft_section", args=[draft.name, slug])


def send(client, draft, slug, opened, **changes):
    data = typed(opened.body, slug, **changes)
    data["opened"] = opened.sha256
    return client.post(url(draft, slug), data)


def body(draft: PolicyVersion) -> str:
    return PolicyVersion.objects.get(pk=draft.pk).body


def test_sections_of_two_people_come_together(client, officers, draft):
    edit(officers[1], draft, 'limit = "50000元"', 'limit = "60000元"')
    client.force_login(officers[0])
    assert send(client, draft, "tests", draft, **{"need_test.months": "6个月"}).status_code == 302
    assert 'months = "6个月"' in body(draft)
    assert 'limit = "60000元"' in body(draft)


def test_the_same_section_of_two_people_is_asked_about(client, officers, draft):
    edit(officers[1], draft, 'months = "12个月"', 'months = "9个月"')
    client.force_login(officers[0])
    response = send(client, draft, "tests", draft, **{"need_test.months": "6个月"})
    assert response.status_code == 409
    assert 'months = "9个月"' in body(draft)
    text = response.content.decode()
    assert 'value="6个月"' in text
    assert "另一人修改了这一节" in text
    now = PolicyVersion.objects.get(pk=draft.pk)
    assert send(client, draft, "tests", now, **{"need_test.months": "6个月"}).status_code == 302
    assert 'months = "6个月"' in body(draft)


@pytest.mark.parametrize(
    ("slug", "do", "what"),
    [
        ("duties", "add:duties", 8),
        ("duties", "remove:duties[2]", 6),
        ("duties", "raise:duties[2]", 7),
        ("duties", "remove:duties[99]", 7),
        ("duties", "nonsense:[x", 7),
    ],
)
def test_rows_are_added_and_removed_with_what_was_typed(client, officers, draft, slug, do, what):
    client.force_login(officers[0])
    assert send(client, draft, slug, draft, **{"duties[1].name": "先治后付", "do": do}).status_code == 302
    assert body(draft).count("[[duties]]") == what
    assert 'name = "先治后付"' in body(draft)


def test_a_submitted_draft_is_not_edited(client, officers, draft):
    drafting.submit_draft(actor=officers[0], version=draft)
    client.force_login(officers[0])
    assert client.get(url(draft, "document")).status_code == 302
    assert send(client, draft, "tests", draft, **{"need_test.months": "6个月"}).status_code == 302
    assert 'months = "12个月"' in body(draft)


def test_findings_and_moves_stand_on_the_page(client, officers, draft):
    edit(officers[0], draft, 'ratio = "100%"', 'ratio = "全部"')
    client.force_login(officers[0])
    page = reverse("policies:draft", args=[draft.name])
    text = client.get(page).content.decode()
    assert "医疗救助 › 救助规则 第1条 › 救助比例" in text
    assert 'data-opens="submit"' not in text
    assert client.get(reverse("policies:version", args=[draft.name])).headers["Location"] == page
    response = client.post(reverse("policies:submit", args=[draft.name]))
    assert response.status_code == 422
    assert "须改正" in response.content.decode()
    assert draft.name in client.get(reverse("policies:list")).content.decode()


def test_readers_of_the_region_see_it_and_no_button(client, users, draft):
    client.force_login(users[Role.SUPERVISOR])
    text = client.get(reverse("policies:draft", args=[draft.name])).content.decode()
    assert "发布前检查" in text
    assert 'data-opens="' not in text.split('id="content"')[1].split("</main>")[0]
    client.force_login(make_user(Role.SUPERVISOR, username="far", region="370800000000"))
    assert client.get(reverse("policies:draft", args=[draft.name])).status_code == 404
    assert client.get(reverse("policies:version", args=["tongliao-2023"])).status_code == 200


def test_a_draft_is_begun_on_a_page(client, officers):
    client.force_login(officers[0])
    page = reverse("policies:new_draft", args=["tongliao-2023"])
    response = client.post(page, {"name": "jining-2024", "valid_from": "2024-01-01"})
    assert response.status_code == 422
    assert "tongliao-" in response.content.decode()
    response = client.post(page, {"name": "tongliao-2024", "valid_from": "2024-01-01"})
    assert response.headers["Location"] == reverse("policies:draft_section", args=["tongliao-2024", "document"])


def test_the_lists_ask_a_fixed_number_of_times(client, officers, draft, django_assert_max_num_queries):
    client.force_login(officers[0])
    for n in range(5):
        make_draft(officers[0], name=f"tongliao-203{n}")
    page = reverse("policies:list")
    client.get(page)
    with django_assert_max_num_queries(8):
        client.get(page)


def test_two_versions_are_compared_on_a_page(client, officers, draft):
    edit(officers[0], draft, 'limit = "50000元"', 'limit = "60000元"')
    client.force_login(officers[1])
    page = reverse("policies:compare")
    text = client.get(page, {"old": "tongliao-2023", "new": draft.name}).content.decode()
    assert "<del>50000元</del>" in text
    assert "<ins>60000元</ins>" in text
    assert "选择两个版本" in client.get(page, {"old": "tongliao-2023"}).content.decode()
    edit(officers[0], draft, 'limit = "60000元"', 'limit = "六万"')
    assert "还没有写完" in client.get(page, {"old": "tongliao-2023", "new": draft.name}).content.decode()
