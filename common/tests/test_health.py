"""Is it up, and how well."""

import pytest
from django.db import OperationalError, connection

from files.providers.ffmpeg import is_there

pytestmark = pytest.mark.django_db

HEALTH, READY, LIVE = "/api/health", "/api/health/ready", "/api/health/live"


@pytest.fixture
def no_database():
    """A database that does not answer."""

    def refuse(*args):
        raise OperationalError("connection to server at 10.1.2.3 refused")

    with connection.execute_wrapper(refuse):
        yield


def test_all_is_well(client, settings):
    response = client.get(HEALTH)

    body = response.json()
    assert response.status_code == 200
    assert set(body) == {"status", "version", "uptime", "checks"}
    assert (body["status"], body["version"]) == ("ok", "0.1.0")
    assert body["uptime"] > 0
    assert {name: check["status"] for name, check in body["checks"].items()} == {
        "database": "ok",
        "cache": "ok",
        "broker": "ok" if settings.REDIS_URL else "not_configured",
        "storage": "ok",
        "mail": "ok",
        "geoip": "not_configured",
        "memory": "ok",
        "scanner": "not_configured",
        "media": "ok" if is_there() else "not_configured",
        "push": "ok",
    }
    assert body["checks"]["database"]["engine"] == connection.vendor
    assert body["checks"]["database"]["took_ms"] >= 0
    assert body["checks"]["memory"]["peak_mib"] > 10


def test_ready_asks_for_what_is_needed_and_for_migrations(client):
    response = client.get(READY)

    assert response.status_code == 200
    assert set(response.json()["checks"]) == {"database", "cache", "broker", "migrations"}
    assert response.json()["checks"]["migrations"]["status"] == "ok"


@pytest.mark.parametrize("path", [HEALTH, READY])
def test_without_its_database_it_serves_nothing(path, client, no_database):
    response = client.get(path)

    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["status"] == "failed"
    assert response.json()["checks"]["database"] | {"took_ms": 0} == {
        "status": "failed",
        "took_ms": 0,
        "error": "OperationalError",
    }
    assert "10.1.2.3" not in response.text


def test_a_process_lives_whatever_its_database_does(client, no_database):
    response = client.get(LIVE)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("storage", {"MEDIA_ROOT": "/proc/nowhere"}),
        ("mail", {"EMAIL_URL": "smtp://127.0.0.1:9", "EMAIL_PORT": 9}),
    ],
)
def test_what_it_can_do_without_fails_beside_a_200(name, change, client, settings):
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    for setting, value in change.items():
        setattr(settings, setting, value)

    response = client.get(HEALTH)

    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response.json()["checks"][name]["status"] == "failed"


@pytest.mark.parametrize("path", [HEALTH, READY])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("broker", {"REDIS_URL": "redis://127.0.0.1:9/0"}),
        ("cache", {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}}),
    ],
)
def test_without_its_cache_or_broker_it_serves_nothing(path, name, change, client, settings):
    for setting, value in change.items():
        setattr(settings, setting, value)

    response = client.get(path)

    assert response.status_code == 503
    assert response.json()["checks"][name]["status"] == "failed"


def test_it_is_not_ready_before_its_migrations(client, monkeypatch):
    monkeypatch.setattr(
        "common.health.checks.MigrationExecutor.migration_plan", lambda self, targets: [("accounts", "0002")]
    )

    ready, health = client.get(READY), client.get(HEALTH)

    assert (ready.status_code, health.status_code) == (503, 200)
    assert ready.json()["checks"]["migrations"]["status"] == "failed"


def test_probes_need_no_token_and_take_a_bad_one(client):
    assert client.get(HEALTH, headers={"Authorization": "Bearer x"}).status_code == 200
