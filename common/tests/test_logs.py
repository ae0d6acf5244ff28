"""Nothing secret reaches a log."""

import logging

import pytest
from rest_framework.test import APIClient

from accounts.services.codes import Purpose, make_code
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tokens import make_verification
from common.logs import redact
from common.tests.urls import SECRET

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzaWQiOiIxIn0.c2lnbmF0dXJl-_x"


def cleaned(**event):
    return redact(None, "info", event)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"got {JWT} from a client", "got [token] from a client"),
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer [redacted]"),
        ("subprotocol bearer.abc.def", "subprotocol bearer [redacted]"),
        ("Api-Key k-123", "Api-Key [redacted]"),
        ("GET /ws?ticket=Jr3vB0&chat=7", "GET /ws?ticket=[redacted]&chat=7"),
        ("GET /x?a=1&token=abc", "GET /x?a=1&token=[redacted]"),
        ("password=hunter2 user=layla", "password=[redacted] user=layla"),
        ("GET /api/v1/auth/verify-email/eyJ1c2Vy:1abc:xyz", "GET /api/v1/auth/verify-email/[token]"),
        ("GET /api/auth/verify-email/abc?x=1", "GET /api/auth/verify-email/[token]?x=1"),
        ("GET /reset-password/eyJyb3ci:1abc:xyz", "GET /reset-password/[token]"),
        ("POST /let-me-in/eyJyb3ci:1abc:xyz", "POST /let-me-in/[token]"),
        ("POST /not-me/eyJyb3ci:1abc:xyz", "POST /not-me/[token]"),
        ("POST /change-email/eyJyb3ci:1abc:xyz", "POST /change-email/[token]"),
        ("POST /unsubscribe/eyJyb3ci:1abc:xyz", "POST /unsubscribe/[token]"),
        ("GET /x?email=l@example.com&code=042917", "GET /x?email=l@example.com&code=[redacted]"),
        ("ended with code=200", "ended with code=200"),
        ("a message of no secret", "a message of no secret"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out_of_any_text(text, clean):
    assert cleaned(event=text) == {"event": clean}


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "Authorization", "cookie", "SECRET_KEY", "api_key", "api-key", "ticket"]
    + ["access", "refresh", "refresh_token", "code"],
)
def test_what_is_called_a_secret_is_one(name):
    assert cleaned(**{name: "x"}) == {name: "[redacted]"}


@pytest.mark.parametrize(
    "event", [{"code": 200}, {"token": ""}, {"accessible": "yes"}, {"refreshed_at": "now"}, {"count": 3}]
)
def test_what_only_sounds_like_one_stays(event):
    assert cleaned(**event) == event


def test_secrets_are_found_however_deep():
    event = {
        "data": {"user": {"name": "layla", "password": PASSWORD}, "tokens": [JWT]},
        "list": [{"refresh": JWT}, (f"Bearer {JWT}", 5)],
    }

    assert cleaned(**event) == {
        "data": {"user": {"name": "layla", "password": "[redacted]"}, "tokens": "[redacted]"},
        "list": [{"refresh": "[redacted]"}, ["Bearer [redacted]", 5]],
    }


def test_things_that_are_no_json_are_cleaned_as_they_will_be_written(log_lines):
    class Request:
        def __repr__(self):
            return "<Request: GET '/ws?ticket=Jr3vB0'>"

    logging.getLogger("other.library").error("failed", extra={"request": Request(), "raw": b"token=abc"})

    [line] = log_lines()
    assert line["request"] == "<Request: GET '/ws?ticket=[redacted]'>"
    assert line["raw"] == "b'token=[redacted]'"


def test_lines_of_other_libraries_and_traces_are_cleaned_too(log_lines):
    try:
        raise ValueError(f"refused: Bearer {JWT}")
    except ValueError:
        logging.getLogger("other.library").exception("with %s", JWT)

    [line] = log_lines()
    assert line["event"] == "with [token]"
    assert "ValueError: refused: Bearer [redacted]" in line["exception"]
    assert JWT not in str(line)


@pytest.mark.django_db
def test_a_persons_way_in_leaves_no_secret_in_the_log(client, log_lines, committed):
    layla = UserFactory(username="layla", email_verified_at=None)
    verification = make_verification(layla)

    with committed():
        client.post("/api/v1/auth/resend-verification", {"email": "layla@example.com"})
    client.get(f"/api/v1/auth/verify-email/{verification}")
    client.post("/api/v1/auth/verify-email", {"token": verification})
    tokens = client.post("/api/v1/auth/login", {"email": "layla@example.com", "password": PASSWORD}).json()
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    client.get("/api/v1/users/me", headers=bearer)
    ticket = client.post("/api/v1/auth/ws-ticket", headers=bearer).json()["ticket"]
    client.get(f"/nothing?ticket={ticket}&access={tokens['access']}")
    client.post("/api/v1/auth/refresh", {"refresh": tokens["refresh"]})

    written = str(log_lines())
    assert len(log_lines()) >= 8
    for secret in (PASSWORD, verification, tokens["access"], tokens["refresh"], ticket):
        assert secret not in written


@pytest.mark.django_db
def test_a_new_password_leaves_no_secret_in_the_log(client, log_lines, committed):
    layla = UserFactory(username="layla")
    made = make_code(user=layla, purpose=Purpose.RESET_PASSWORD)
    code = {"email": "layla@example.com", "code": made.code}

    client.get(f"/reset-password/{made.token}")
    client.get(f"/api/v1/auth/reset-password?token={made.token}&code={made.code}")
    client.post("/api/v1/auth/reset-password", {"token": made.token, "password": "password1234"})
    client.post("/api/v1/auth/reset-password", code | {"password": "nine foxes at noon"})
    with committed():
        client.post("/api/v1/auth/forgot-password", {"email": "layla@example.com"})

    written = str(log_lines())
    assert len(log_lines()) >= 5
    for secret in ("password1234", "nine foxes at noon", made.token, f"={made.code}", f"'{made.code}'"):
        assert secret not in written


@pytest.mark.django_db
@pytest.mark.urls("common.tests.urls")
def test_not_even_our_own_fault_writes_the_token_of_a_link(log_lines):
    client = APIClient(raise_request_exception=False)

    response = client.get(f"/api/v1/auth/verify-email/{JWT}/fails?ticket=Jr3vB0")

    assert response.status_code == 500
    assert SECRET in str(log_lines())
    assert JWT not in str(log_lines())
    assert "Jr3vB0" not in str(log_lines())
