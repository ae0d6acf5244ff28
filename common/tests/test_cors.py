"""Browsers of other origins: the listed ones may use the API, with tokens, and remember that they may."""

import pytest
from rest_framework.test import APIClient

from accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

APP = "https://app.example"
ME = "/api/v1/users/me"
LOGIN = "/api/v1/auth/login"
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture(autouse=True)
def listed(settings):
    settings.CORS_ALLOWED_ORIGINS = [APP]


def cors_of(response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.lower().startswith("access-")}


@pytest.mark.parametrize("path", [ME, LOGIN, "/api/users/me/", "/api/chat/7/upload", "/api/v1/nothing"])
def test_a_preflight_is_answered_before_anything_is_asked_and_remembered(path, client):
    response = client.options(path, headers={"Origin": APP, **ASKED})

    assert (response.status_code, response.content) == (200, b"")
    assert cors_of(response) == {
        "access-control-allow-origin": APP,
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": (
            "Authorization, Content-Type, Idempotency-Key, If-Match, X-API-Version, X-Request-ID, "
            "X-HTTP-Method-Override, Upload-Checksum, Tus-Resumable, Upload-Length, Upload-Offset, "
            "Upload-Metadata"
        ),
        "access-control-expose-headers": (
            "X-Request-ID, API-Version, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
            "Location, Link, Deprecation, Sunset, Idempotency-Replayed, Upload-Expires, Upload-File, "
            "Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata"
        ),
        "access-control-max-age": "7200",
    }
    assert response.headers["Vary"] == "origin"
    assert response.headers["X-Request-ID"]


def test_preflights_count_under_no_limit(address, settings):
    settings.LIMITS = dict.fromkeys(settings.LIMITS, "1/15m")
    stranger = APIClient(REMOTE_ADDR=address)

    preflights = [stranger.options(LOGIN, headers={"Origin": APP, **ASKED}) for _ in range(3)]
    first = stranger.post(LOGIN, {}, headers={"Origin": APP})
    second = stranger.post(LOGIN, {}, headers={"Origin": APP})

    assert [response.status_code for response in preflights] == [200, 200, 200]
    assert [first.status_code, second.status_code] == [400, 429]


def test_a_preflight_is_not_sent_on_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    response = client.options(ME, headers={"Origin": APP, **ASKED})

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://app.example", f"{APP}:8443", f"{APP}.evil.example", "null", "["],
)
def test_any_other_origin_is_told_nothing(origin, client):
    preflight = client.options(ME, headers={"Origin": origin, **ASKED})
    refused = client.get(ME, headers={"Origin": origin})

    assert cors_of(preflight) == {}
    assert cors_of(refused) == {}
    assert "origin" in refused.headers["Vary"]  # what a cache holds for one is not for another


def test_an_answer_can_be_read_with_its_headers_but_never_by_cookie(client_of):
    client = client_of(UserFactory(username="layla"))

    response = client.get(ME, headers={"Origin": APP})

    assert response.json()["username"] == "layla"
    assert response.headers["access-control-allow-origin"] == APP
    assert "X-Request-ID" in response.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in response.headers


def test_refusals_and_faults_can_be_read_too(client, monkeypatch):
    client.raise_request_exception = False

    refused = client.get(ME, headers={"Origin": APP})
    missing = client.get("/api/v1/nothing", headers={"Origin": APP})
    old = client.get("/api/v2/users/me", headers={"Origin": APP})
    monkeypatch.setattr("accounts.services.sign_in", None)
    fault = client.post(LOGIN, {"email": "a@example.com", "password": "x"}, headers={"Origin": APP})

    answers = (refused, missing, old, fault)
    assert [response.status_code for response in answers] == [401, 404, 406, 500]
    assert {response.headers["access-control-allow-origin"] for response in answers} == {APP}


def test_options_without_a_preflights_question_is_no_method_here(client_of):
    response = client_of(UserFactory()).options(ME, headers={"Origin": APP})

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/admin/login/", "/dev/outbox"])
def test_pages_are_for_our_own_host(path, client):
    response = client.get(path, headers={"Origin": APP})

    assert response.status_code == 200
    assert cors_of(response) == {}
