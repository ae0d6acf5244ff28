"""What is settled on arrival: one id from the client's header through the log to the task."""

import re

import pytest
from django_structlog.celery.steps import DjangoStructLogInitStep

from accounts.tests.factories import UserFactory
from config.celery import app as celery_app

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"


@pytest.mark.parametrize("given", ["r-1", "0198c5b2-7d44-7000-8000-00000000000f", "a.b:c_D", "x" * 128])
def test_a_sane_id_is_kept(given, client):
    response = client.get(ME, headers={"X-Request-ID": given})

    assert response.headers["X-Request-ID"] == given
    assert response.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "<script>", "é", 'a","evil":"b'])
def test_any_other_id_is_replaced(given, client):
    response = client.get(ME, headers={"X-Request-ID": given})

    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])
    assert response.json()["request_id"] == response.headers["X-Request-ID"]


def test_every_request_has_an_id_of_its_own(client):
    ids = {client.get(path).headers["X-Request-ID"] for path in (ME, ME, "/nothing", "/api/health/live")}

    assert len(ids) == 4


def test_a_request_is_one_line_with_who_what_and_how_it_ended(client_of, log_lines):
    client = client_of(UserFactory())

    client.get(ME, headers={"X-Request-ID": "r-1"}, REMOTE_ADDR="203.0.113.7")

    [line] = log_lines()
    assert line | {"timestamp": ""} == {
        "event": "request_finished",
        "level": "info",
        "logger": "django_structlog.middlewares.request",
        "request_id": "r-1",
        "address": "203.0.113.7",
        "request": "GET /api/v1/users/me",
        "code": 200,
        "user": str(client.session_row.user_id),
        "session": str(client.session_row.pk),
        "timestamp": "",
    }


def test_a_made_up_id_is_the_same_in_the_answer_and_in_the_log(client, log_lines):
    response = client.get(ME)

    [line] = log_lines()
    assert line["request_id"] == response.headers["X-Request-ID"]


def test_one_request_leaves_nothing_behind_in_the_next_ones_line(client_of, client, log_lines):
    client_of(UserFactory()).get(ME)

    client.get(ME, headers={"X-Request-ID": "r-2"})

    assert [("user" in line, "session" in line) for line in log_lines()] == [(True, True), (False, False)]
    assert log_lines()[1]["request_id"] == "r-2"


@pytest.mark.django_db(transaction=True)
def test_the_id_goes_with_a_task_to_the_worker_that_runs_it(client, monkeypatch):
    UserFactory(username="layla", email_verified_at=None)
    published = []
    monkeypatch.setattr(
        "kombu.Producer.publish", lambda self, body, **more: published.append(more["headers"])
    )

    celery_app.conf.task_always_eager = False
    try:
        client.post(
            "/api/v1/auth/resend-verification",
            {"email": "layla@example.com"},
            headers={"X-Request-ID": "r-1"},
        )
    finally:
        celery_app.conf.task_always_eager = True

    [headers] = published
    assert headers["task"] == "accounts.tasks.resend_verification"
    assert headers["__django_structlog__"]["request_id"] == "r-1"
    assert DjangoStructLogInitStep in celery_app.steps["worker"]  # binds it there
