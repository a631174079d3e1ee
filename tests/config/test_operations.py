"""Health for machines, figures, the log's lines, retention; backup and restore in test_backup.py."""

import json
import logging
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import Job
from config.logs import JsonFormatter
from config.operations import health, retention
from config.operations.tasks import pulse
from exchange.models import InboundFile, StagedRow


@pytest.fixture
def lively(monkeypatch, db):
    """A site whose worker and beat are well."""
    monkeypatch.setattr(health, "_worker", lambda: health.Check("worker", True))
    pulse()
    yield
    cache.delete(health.PULSE_KEY)


def ready(client) -> tuple[int, dict]:
    response = client.get("/readyz")
    return response.status_code, {name: check["ok"] for name, check in response.json()["checks"].items()}


def test_a_site_that_is_well_says_so(client, lively):
    assert client.get("/healthz").content == b"ok\n"
    assert ready(client) == (
        200,
        {"database": True, "broker": True, "worker": True, "beat": True, "deliveries": True},
    )


def test_no_worker_no_beat(client, db):
    cache.delete(health.PULSE_KEY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "SECONDS", 0.1)
        status, parts = ready(client)
    assert status == 503 and not parts["worker"] and not parts["beat"] and parts["database"] and parts["broker"]


def test_a_pulse_that_is_old_is_late(client, lively):
    moment = timezone.now() - timedelta(seconds=health.BEAT_LATE_SECONDS + 1)
    cache.set(health.PULSE_KEY, moment.isoformat())
    status, parts = ready(client)
    assert status == 503 and [name for name, ok in parts.items() if not ok] == ["beat"]


def test_a_broker_that_is_gone(client, lively, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    status, parts = ready(client)
    assert status == 503 and not parts["broker"] and not parts["worker"] and parts["database"]
    assert client.get("/healthz").status_code == 200, "the load balancer keeps a process that can serve"


def test_a_delivery_that_has_not_gone_for_a_day(client, lively, tongliao):
    from tests.exchange.outbound import make_delivery, make_partner

    delivery = make_delivery(make_partner())
    assert ready(client)[0] == 200
    type(delivery).objects.update(state="waiting", created_at=timezone.now() - timedelta(days=2))
    status, parts = ready(client)
    assert status == 503 and not parts["deliveries"]


def test_figures_are_for_this_machine_or_the_token(client, db, settings):
    text = client.get("/metrics").content.decode()
    assert "# TYPE tuodi_deliveries gauge" in text and "tuodi_queue_length" in text
    assert "django_http_requests_total_by_method" in text
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 403
    settings.METRICS_TOKEN = "a-token"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer a-token"}).status_code == 200


def test_figures_behind_a_proxy_need_the_token(client, db, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert client.get("/metrics").status_code == 403


def test_a_request_leaves_one_line_without_its_query(client, db, caplog):
    with caplog.at_level(logging.INFO, "tuodi.request"):
        response = client.get("/login/?q=%E5%BC%A0%E4%B8%89", headers={"X-Request-ID": "abcdef-123"})
    (record,) = [r for r in caplog.records if r.name == "tuodi.request"]
    line = json.loads(JsonFormatter().format(record))
    assert response.headers["X-Request-ID"] == "abcdef-123"
    assert {key: line[key] for key in ("page", "method", "status", "account")} == {
        "page": "accounts:login",
        "method": "GET",
        "status": 200,
        "account": None,
    }
    assert "张三" not in json.dumps(line, ensure_ascii=False) and "q=" not in json.dumps(line)


def test_a_request_s_own_number_is_made_where_none_that_is_fit_came(client, db):
    made = client.get("/healthz", headers={"X-Request-ID": "a b\n"}).headers["X-Request-ID"]
    assert len(made) == 32 and made.isalnum()


def test_what_served_its_time_goes_and_the_rest_stays(tongliao, settings):
    old = timezone.now() - timedelta(days=settings.RETENTION_STAGED_DAYS + 1)
    jobs = [
        Job.objects.create(kind="x", title="x", region=tongliao, state=state, finished_at=at)
        for state, at in (("done", old), ("done", timezone.now()), ("running", None))
    ]
    files = [
        InboundFile.objects.create(
            kind="roster",
            department="civil_affairs",
            region=tongliao,
            month="2023-05-01",
            name="名单",
            state=state,
            uploaded_at=old,
            sha256="0" * 64,
        )
        for state in ("confirmed", "ready")
    ]
    for file in files:
        StagedRow.objects.create(file=file, row=2)
    counts = retention.tidy()
    assert (counts["jobs"], counts["staged_rows"]) == (1, 1)
    assert set(Job.objects.values_list("pk", flat=True)) == {jobs[1].pk, jobs[2].pk}
    assert [row.file_id for row in StagedRow.objects.all()] == [files[1].pk]
    assert set(retention.tidy().values()) == {0}


def test_browsers_find_the_picture_where_a_page_names_none(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302 and answer.url.endswith(".svg") and "/static/tuodi/icon" in answer.url
