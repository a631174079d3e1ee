"""The API for partners: keys, scopes, limits, idempotency, languages, own deliveries alone, and its whole document."""

from datetime import date

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.checks import schema_check
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Region
from accounts.vocabulary import Department, Role
from beneficiaries.enrolment.models import Enrolment
from claims.entry import services as entries
from claims.entry.models import ClaimEntry
from claims.models import Claim, Institution
from config.api import document
from config.wsgi import application
from exchange.deliveries import create_delivery, partner_of
from exchange.models import Delivery
from exchange.partner_api import door, services
from exchange.partner_api.models import ApiCall, ApiKey, IdempotentAnswer
from tests.claims.makers import identity_number, make_person, make_spell, now, record

pytestmark = pytest.mark.django_db
CITY = "150500000000"
ALL = ["status", "preview", "claim"]


@pytest.fixture(autouse=True)
def no_counts():
    cache.clear()


@pytest.fixture
def hospital(law) -> Institution:
    return Institution.objects.create(
        code="H1", name="市人民医院", region_id="150502000000", level=3, charge_class=2, pay_later=True
    )


@pytest.fixture
def key(hospital) -> services.FreshKey:
    return services.make_key(
        actor=None, label="市人民医院 HIS", region=Region.objects.get(pk=CITY), scopes=ALL, institution="H1"
    )


@pytest.fixture
def person(law):
    one = make_person(name="乌云其其格")
    make_spell(one, "subsistence")
    return one


class Api:
    def __init__(self, client, text: str) -> None:
        self.client, self.text = client, text

    def post(self, name: str, body: object, *args: object, once: str = "", **headers: str):
        more = {"Idempotency-Key": once} if once else {}
        return self.client.post(
            reverse(f"api:{name}", args=args),
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.text}", **more, **headers},
        )

    def get(self, name: str, *args: object, **query: str):
        return self.client.get(
            reverse(f"api:{name}", args=args), query, headers={"Authorization": f"Bearer {self.text}"}
        )


@pytest.fixture
def api(client, key) -> Api:
    return Api(client, key.text)


def who(person) -> dict[str, str]:
    return {"id_number": person.id_number, "name": person.name}


def bill(person, **more: object) -> dict[str, object]:
    return who(person) | {
        "settled_on": "2023-05-01",
        "service": "inpatient",
        "location": "city",
        "total": "51000.00",
        "in_scope": "50000.00",
        "out_of_catalogue": "1000",
        "basic_paid": "20000",
        **more,
    }


def problem(response) -> dict:
    assert response.headers["Content-Type"] == "application/problem+json"
    assert set(response.json()) == {"type", "title", "status", "code", "detail", "errors"}
    return response.json()


# --- what hospitals ask -------------------------------------------------------------------------------------------
def test_s1_22_s3_17_a_hospital_is_told_who_someone_is_today(api, person):
    told = api.post("person_status", who(person)).json()
    (held,) = told["categories"]
    assert (held["category"], held["entitlement"]) == ("subsistence", "direct")
    assert told["pay_later"] == {
        "applies": True,
        "needs_referral": True,
        "clauses": ["S1-22"],
        "note": "经转诊住院，不收押金",
    }
    assert told["enrolment"] is None
    Institution.objects.update(pay_later=False)
    assert not api.post("person_status", who(person)).json()["pay_later"]["applies"]


def test_s0_07_a_hospital_is_told_the_tier_of_the_year(api, person):
    today = timezone.localdate()
    Enrolment.objects.create(person=person, region_id=person.region_id, year=today.year, tier="二档", base=100, due=100)
    told = api.post("person_status", who(person)).json()["enrolment"]
    assert told == {"insurance": "resident", "tier": "二档", "covered": False}


def test_s1_19_on_application_is_said_until_it_is_approved(api, law):
    margin = make_person()
    make_spell(margin, "subsistence_margin")
    told = api.post("person_status", who(margin)).json()
    assert told["categories"][0]["entitlement"] == "on_application"
    assert not told["pay_later"]["applies"]


def test_s3_20_another_documents_category_is_no_entitlement_of_nothing(client, law, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *_given: date(2023, 5, 1))  # the document has an end
    patient = make_person(region="450102000000")
    make_spell(patient, "extreme_poverty")
    text = services.make_key(
        actor=None, label="桂", region=Region.objects.get(pk="450000000000"), scopes=ALL, institution="G1"
    ).text
    told = Api(client, text).post("person_status", who(patient)).json()
    assert told["policy"] == "guangxi-2022", "a policy is in force"
    (one,) = told["categories"]
    assert (one["category"], one["entitlement"]) == ("extreme_poverty", "elsewhere")


def test_the_number_needs_its_name_and_the_region_of_the_key(api, person, law):
    wrong = api.post("person_status", who(person) | {"name": "别人"})
    assert (wrong.status_code, problem(wrong)["code"]) == (404, "person_unknown")
    far = make_person(region="370811000000")
    assert api.post("person_status", who(far)).status_code == 404
    assert api.post("person_status", {"id_number": "15050219900101", "name": "x"}).status_code == 400


def test_a_preview_is_what_settling_gives_and_writes_nothing(api, person):
    record(person, "2023-02-01", 20000, 5000)
    told = api.post("claim_preview", bill(person)).json()
    assert Claim.objects.count() == 1
    claim = record(person, "2023-05-01", 50000, 20000, 1000, institution="H1", charge_class=2)
    settled = now(claim)
    assert told["assistance"] == f"{settled.assistance / 100:.2f}"
    assert told["personal_burden"] == f"{settled.personal_burden / 100:.2f}"
    assert told["lines"][-1]["amount"] == told["personal_burden"]


def test_a_bill_waits_for_a_second_person_and_its_sender_sees_what_became_of_it(api, person, users):
    sent = api.post("claims", bill(person), once="a1")
    assert (sent.status_code, sent.json()["state"]) == (201, "submitted")
    entry = ClaimEntry.objects.get()
    assert (entry.sent_by, entry.entered_by, Claim.objects.count()) == ("市人民医院 HIS", None, 0)
    claim = entries.confirm(actor=users[Role.REVIEWER], entry=entry)
    assert (claim.hospital_level, claim.charge_class, claim.institution) == (3, 2, "H1")
    seen = api.get("claim", sent.json()["number"]).json()
    assert (seen["state"], seen["claim_no"]) == ("confirmed", claim.claim_no)
    other = services.make_key(
        actor=None, label="别家", region=Region.objects.get(pk=CITY), scopes=ALL, institution="H2"
    ).text
    assert Api(api.client, other).get("claim", sent.json()["number"]).status_code == 404


def test_what_the_law_refuses_is_422_with_the_field(api, person):
    Institution.objects.update(exit_on=date(2023, 1, 1), exit_reason="x")
    refused = api.post("claim_preview", bill(person))
    assert (refused.status_code, problem(refused)["errors"][0]["field"]) == (422, "institution")
    amounts = api.post("claim_preview", bill(person, basic_paid="60000"))
    assert problem(amounts)["errors"][0]["field"] in ("institution", "basic_paid")


# --- idempotency, language, limits, keys --------------------------------------------------------------------------
def test_the_same_key_and_body_get_the_first_answer_and_another_body_is_refused(api, person):
    first = api.post("claims", bill(person), once="same")
    again = api.post("claims", bill(person), once="same")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert ClaimEntry.objects.count() == 1
    other = api.post("claims", bill(person, total="52000"), once="same")
    assert (other.status_code, problem(other)["code"]) == (422, "idempotency_key")
    assert api.post("claims", bill(person)).status_code == 400, "a write needs the header"
    assert api.post("claims", bill(person), once="second").status_code == 422, "the same bill is not taken twice"
    assert IdempotentAnswer.objects.count() == 1, "a refused write may be tried again with its key"


def test_an_answer_is_kept_sealed(api, person):
    from django.db import connection

    api.post("claims", bill(person), once="sealed")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM exchange_idempotentanswer")
        assert b"submitted" not in bytes(cursor.fetchone()[0])


def test_errors_speak_the_callers_language(api, person):
    chinese = problem(api.post("person_status", {}))
    assert (chinese["title"], len(chinese["errors"])) == ("请求不正确", 2)
    english = api.post("person_status", {}, **{"Accept-Language": "en-GB,zh;q=0.5"})
    assert english.headers["Content-Language"] == "en"
    assert problem(english)["errors"][0]["message"].isascii()


def test_each_key_has_its_own_limit_a_minute(api, key, person, monkeypatch):
    ApiKey.objects.filter(pk=key.key.pk).update(per_minute=2)
    minute = 28_000_000
    monkeypatch.setattr(door.time, "time", lambda: minute * 60 + 59.5)
    assert [api.post("person_status", who(person)).status_code for _n in range(4)] == [200, 200, 429, 429]
    refused = api.post("person_status", who(person))
    assert (problem(refused)["code"], refused.headers["Retry-After"]) == ("throttled", "1")
    monkeypatch.setattr(door.time, "time", lambda: (minute + 1) * 60.0)
    assert api.post("person_status", who(person)).status_code == 200, "the next minute counts from nothing"


@pytest.mark.parametrize("header", ["", "Bearer x", "Bearer tuodi_000000000000_x", "Basic abc", "Bearer tuodi__\x00"])
def test_without_a_valid_key_nobody_comes_in(client, law, header):
    more = {"Authorization": header} if header else {}
    response = client.post(reverse("api:person_status"), {}, content_type="application/json", headers=more)
    assert (response.status_code, problem(response)["status"]) == (401, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_does_what_it_was_made_for_alone(client, hospital, person):
    text = services.make_key(
        actor=None, label="查询", region=Region.objects.get(pk=CITY), scopes=["status"], institution="H1"
    ).text
    assert Api(client, text).post("claim_preview", bill(person)).status_code == 403


def test_a_rotated_key_works_on_beside_the_new_one_and_a_revoked_one_does_not(client, key, person):
    fresh = services.rotate_key(actor=None, key=key.key)
    assert [Api(client, text).post("person_status", who(person)).status_code for text in (key.text, fresh.text)] == [
        200,
        200,
    ]
    ApiKey.objects.filter(pk=key.key.pk).update(expires_at=timezone.now())
    assert Api(client, key.text).post("person_status", who(person)).status_code == 401
    services.revoke_key(actor=None, key=fresh.key)
    assert Api(client, fresh.text).post("person_status", who(person)).status_code == 401
    assert key.text not in str(ApiKey.objects.values()), "only its digest is kept"


def test_every_call_is_on_record_without_its_body(api, key, person):
    api.post("person_status", who(person))
    api.post("person_status", {})
    client_call, faulty = ApiCall.objects.order_by("id")
    assert (client_call.key_id, client_call.status, client_call.subject) == (key.key.pk, 200, f"person:{person.pk}")
    assert (faulty.status, faulty.subject) == (400, "")
    assert person.id_number not in str(list(ApiCall.objects.values()))


# --- deliveries ---------------------------------------------------------------------------------------------------
@pytest.fixture
def partner(law):
    return partner_of(department=Department.CIVIL_AFFAIRS, region=Region.objects.get(pk=CITY))


def deliver(partner) -> Delivery:
    return create_delivery(
        actor=None, partner=partner, kind="warnings", month=date(2023, 5, 1), columns=["warning_no"], rows=[["W1"]]
    )


def test_a_partner_pulls_and_acknowledges_its_own_deliveries_alone(client, partner):
    mine = deliver(partner)
    theirs = deliver(partner_of(department=Department.RURAL_REVITALIZATION, region=Region.objects.get(pk=CITY)))
    text = services.make_key(
        actor=None, label="民政", region=Region.objects.get(pk=CITY), scopes=["delivery"], partner=partner
    ).text
    api = Api(client, text)
    assert [one["number"] for one in api.get("deliveries").json()["results"]] == [mine.number]
    assert api.get("delivery", mine.pk).json()["warnings"] == [{"warning_no": "W1"}]
    assert api.get("delivery", theirs.pk).status_code == 404
    assert api.post("delivery_acknowledge", {}, theirs.pk, once="x").status_code == 404
    first = api.post("delivery_acknowledge", {"receipt": "民政 2023-88"}, mine.pk, once="k")
    again = api.post("delivery_acknowledge", {"receipt": "民政 2023-88"}, mine.pk, once="k")
    assert (first.json()["state"], again.json()) == ("acknowledged", first.json())
    mine.refresh_from_db()
    assert mine.receipt == "民政 2023-88"


# --- the administrator's pages ------------------------------------------------------------------------------------
def test_a_key_is_shown_once(client, users, hospital):
    client.force_login(users[Role.ADMINISTRATOR])
    form = {"label": "医院", "region": CITY, "institution": "H1", "scopes": ["status"], "per_minute": "60"}
    made = client.post(reverse("exchange:key_new"), form)
    key = ApiKey.objects.get()
    text = made.context["text"]
    assert text.startswith(f"tuodi_{key.prefix}_")
    page = client.get(reverse("exchange:key", args=[key.pk])).content.decode()
    assert text not in page
    rotated = client.post(reverse("exchange:key_rotate", args=[key.pk])).content.decode()
    assert "旧密钥还可使用14天" in rotated
    assert client.post(reverse("exchange:key_revoke", args=[key.pk])).status_code == 302
    assert "医院" in client.get(reverse("exchange:keys")).content.decode()
    refused = client.post(reverse("exchange:key_new"), form | {"institution": "", "scopes": ["delivery"]})
    assert "须选择交换伙伴" in refused.content.decode()


def test_the_document_is_served_without_a_script(client, db):
    page = client.get(reverse("api:index"))
    assert "<script" not in page.content.decode().split("<main")[1]
    assert "claims/preview" in page.content.decode()
    told = client.get(reverse("api:openapi")).json()
    assert told["openapi"].startswith("3.")
    assert schema_check(None) == [], "`check --deploy` is silent about the document"
    assert not [address for address in told["paths"] if "id_number" in address]


# --- the whole document, by a machine -----------------------------------------------------------------------------
schema = schemathesis.openapi.from_dict(document())
schema.config.output.sanitization.enabled = False
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture
def kept_connection():
    """A bare WSGI call would close the connection that holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def everything(law, kept_connection) -> str:
    """A key that may do everything, without a limit that the machine would reach."""
    partner = partner_of(department=Department.CIVIL_AFFAIRS, region=Region.objects.get(pk=CITY))
    make_person(identity_number(990))
    return services.make_key(
        actor=None,
        label="机器",
        region=Region.objects.get(pk=CITY),
        scopes=[*ALL, "delivery"],
        partner=partner,
        institution="H1",
        per_minute=6000,
    ).text


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_no_call_breaks_the_server_or_gets_an_undocumented_answer(case, everything):
    response = case.call(app=application, headers={"Authorization": f"Bearer {everything}", "Host": "localhost"})
    case.validate_response(response, checks=CHECKS)
