"""What a browser is told with every answer: what the answer may do, who may frame it, what it may reach."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from rest_framework.test import APIClient

from accounts.tests.factories import UserFactory, staff
from accounts.tokens import make_verification

pytestmark = pytest.mark.django_db

DATA = {
    "default-src": {"'none'"},
    "base-uri": {"'none'"},
    "form-action": {"'none'"},
    "frame-ancestors": {"'none'"},
}
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-site",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
}


def policy_of(response) -> dict[str, set[str]]:
    """The directives of the answer's policy, with what each allows."""
    parts = (part.split() for part in response.headers["Content-Security-Policy"].split("; "))
    return {name: set(sources) for name, *sources in parts}


def page_policy(response) -> dict[str, set[str]]:
    """That of our own pages, with the nonce of the style in this one."""
    nonce = response.text.partition('<style nonce="')[2].partition('"')[0]
    assert len(nonce) >= 22
    return DATA | {"style-src": {f"'nonce-{nonce}'"}, "img-src": {"data:"}, "form-action": {"'self'"}}


def answer_to(path, **more):
    return APIClient(raise_request_exception=False, **more).get(path)


# --- Every answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/limits", 200),
        ("/api/limits", 200),
        ("/api/v1/users/me", 401),
        ("/api/v1/nothing", 404),
        ("/api/v9/users/me", 406),
        ("/api/health", 200),
        ("/api/schema", 200),
        ("/api/docs?script", 200),
        ("/nothing", 404),
        ("/static/unfold/js/app.js", 200),
        ("/static/nothing.js", 404),
        ("/static/admin/img/icon-yes.svg", 200),
        ("/dev/outbox", 200),
    ],
)
def test_data_is_no_page_and_is_framed_by_nobody(path, status):
    response = APIClient().get(path, headers={"Accept": "application/json"} if path == "/dev/outbox" else {})
    response.close()  # a file is open until then

    assert response.status_code == status
    assert policy_of(response) == DATA
    assert {name: response.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


@pytest.mark.urls("common.tests.urls")
def test_our_own_fault_is_told_with_all_of_them():
    response = answer_to("/api/v1/fails")

    assert response.status_code == 500
    assert policy_of(response) == DATA
    assert {name: response.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


def test_a_preflight_and_a_body_too_large_have_them_too(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}

    preflight = APIClient().options("/api/v1/auth/login", headers=asked)
    too_large = APIClient().post(
        "/api/v1/auth/login", data=b"x" * (1024 * 1024 + 1), content_type="application/json"
    )

    assert (preflight.status_code, too_large.status_code) == (200, 413)
    assert policy_of(preflight)["default-src"] == {"'none'"}
    assert policy_of(too_large) == DATA


def test_tls_is_insisted_on_where_it_is_set(client):
    """The header is Django's own; read when the middleware is made, so by a client of its own."""
    from django.middleware.security import SecurityMiddleware
    from django.test import RequestFactory, override_settings

    with override_settings(
        SECURE_HSTS_SECONDS=31_536_000, SECURE_HSTS_INCLUDE_SUBDOMAINS=True, SECURE_HSTS_PRELOAD=True
    ):
        answer = SecurityMiddleware(lambda request: client.get("/api/v1/limits"))
        response = answer(RequestFactory().get("/api/v1/limits", secure=True))

    assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


# --- Pages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/api/docs/problems", "/reset-password/x", "/unsubscribe/x", "/api/v1/auth/verify-email/x"]
)
def test_our_own_pages_run_nothing_and_wear_their_own_style_alone(path):
    response = APIClient().get(path, headers={"Accept": "text/html"})

    assert response.headers["Content-Type"].startswith("text/html")
    assert policy_of(response) == page_policy(response)
    assert "<script" not in response.text
    assert " style=" not in response.text


def test_a_page_below_the_api_is_a_page(client):
    token = make_verification(UserFactory(email_verified_at=None))

    response = client.get(f"/api/v1/auth/verify-email/{token}", headers={"Accept": "text/html"})

    assert response.status_code == 200
    assert policy_of(response) == page_policy(response)


def test_a_nonce_is_used_once():
    first, second = (APIClient().get("/api/docs/problems") for _ in range(2))

    assert policy_of(first)["style-src"] != policy_of(second)["style-src"]


def test_the_mails_of_development_may_wear_their_styles_and_run_nothing(client):
    response = client.get("/dev/outbox", headers={"Accept": "text/html"})

    expected = {"style-src": {"'unsafe-inline'"}, "img-src": {"data:"}, "form-action": {"'self'"}}
    assert policy_of(response) == DATA | expected


def test_the_local_provider_may_send_people_back_to_wherever_they_come_from(client):
    response = client.get("/dev/sign-in")

    expected = page_policy(response)
    del expected["form-action"]
    assert policy_of(response) == expected


def test_swagger_ui_runs_our_files_alone(client):
    response = client.get("/api/docs")

    nonce = response.text.partition('<style nonce="')[2].partition('"')[0]
    assert policy_of(response) == DATA | {
        "script-src": {"'self'"},
        "style-src": {"'self'", f"'nonce-{nonce}'"},
        "img-src": {"'self'", "data:"},
        "connect-src": {"'self'"},
    }
    assert "<script>" not in response.text
    assert client.get("/api/docs?script").headers["Content-Type"].startswith("application/javascript")


def test_redoc_runs_our_files_alone(client):
    response = client.get("/api/redoc")

    assert policy_of(response) == DATA | {
        "script-src": {"'self'"},
        "style-src": {"'self'", "'unsafe-inline'"},
        "img-src": {"'self'", "data:"},
        "connect-src": {"'self'"},
        "worker-src": {"blob:"},
    }
    assert "<script>" not in response.text


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/accounts/user/", "/admin/nothing/"])
def test_the_console_runs_our_files_alone(path):
    client = Client()
    if path != "/admin/login/":
        client.force_login(staff(username="ada"))

    response = client.get(path)

    assert response.headers["Content-Type"].startswith("text/html")
    assert policy_of(response) == DATA | {
        "script-src": {"'self'", "'unsafe-eval'"},
        "style-src": {"'self'", "'unsafe-inline'"},
        "img-src": {"'self'", "data:"},
        "font-src": {"'self'"},
        "connect-src": {"'self'"},
        "form-action": {"'self'"},
    }
    assert "<script>" not in response.text
    assert {name: response.headers.get(name) for name in EVERYWHERE} == EVERYWHERE


def test_no_page_anywhere_may_run_what_stands_in_it():
    policies = [policy for _, policy in django_settings.CONTENT_POLICIES]

    assert not [policy for policy in policies if "'unsafe-inline'" in policy.get("script-src", [])]
    assert [path for path, policy in django_settings.CONTENT_POLICIES if "'unsafe-eval'" in str(policy)] == [
        "/admin/"
    ]


def test_no_template_of_ours_carries_a_script_or_a_handler():
    templates = Path(django_settings.ROOT, "templates").rglob("*.html")
    ours = [path for path in templates if "mail" not in path.parts]

    found = [
        (path.name, word)
        for path in ours
        for word in ("<script>", "onclick=", "onload=", "onsubmit=", "javascript:")
        if word in path.read_text()
    ]
    assert ours
    assert found == []
