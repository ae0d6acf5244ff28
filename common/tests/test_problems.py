"""Every refusal is problem+json, inside a view and outside, and tells nothing internal."""

import re

import pytest
from rest_framework.test import APIClient

from accounts.tests.consoles import console_of
from accounts.tests.factories import UserFactory, staff
from common.problems import every_problem
from common.tests.urls import SECRET

pytestmark = pytest.mark.django_db

CODES = {
    "account_exists": 409,
    "address_denied": 403,
    "address_rule_exists": 409,
    "already_sent": 409,
    "api_key_invalid": 401,
    "authenticator_app_on": 409,
    "bad_request": 400,
    "body_too_large": 413,
    "cannot_act_on_equal": 403,
    "challenge_invalid": 400,
    "channel_mandatory": 409,
    "chat_full": 409,
    "contacts_full": 409,
    "checksum_mismatch": 460,
    "client_id_conflict": 409,
    "code_invalid": 400,
    "too_many_folders": 409,
    "too_many_invitations": 409,
    "already_in_chat": 409,
    "invitation_ended": 410,
    "removed_before": 403,
    "request_rejected": 403,
    "current_password_wrong": 403,
    "edit_window_over": 409,
    "draft_conflict": 409,
    "email_not_verified": 403,
    "erasure_begun": 409,
    "export_not_ready": 409,
    "export_too_soon": 429,
    "file_not_quarantined": 409,
    "file_withheld": 409,
    "idempotency_key_in_use": 409,
    "idempotency_key_invalid": 400,
    "idempotency_key_reused": 422,
    "identity_taken": 409,
    "invalid": 400,
    "invalid_credentials": 401,
    "last_superuser": 409,
    "last_way_in": 409,
    "limit_reached": 429,
    "link_invalid": 401,
    "login_delayed": 429,
    "malformed": 400,
    "message_was_deleted": 409,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "not_allowed": 403,
    "not_authenticated": 401,
    "not_forwardable": 403,
    "not_found": 404,
    "not_open_to_you": 403,
    "owner_must_hand_over": 409,
    "passkey_limit_reached": 409,
    "passkey_refused": 403,
    "people_only": 403,
    "pin_limit_reached": 409,
    "provider_not_configured": 503,
    "provider_unavailable": 502,
    "provider_unknown": 404,
    "publication_time_taken": 409,
    "quota_exceeded": 409,
    "range_not_satisfiable": 416,
    "reaction_limit_reached": 409,
    "reset_token_invalid": 400,
    "revision_conflict": 412,
    "role_not_held": 403,
    "scope_missing": 403,
    "second_factor_needed": 409,
    "second_factor_wrong": 403,
    "server_fault": 500,
    "session_ended": 401,
    "sign_in_refused": 403,
    "social_email_missing": 409,
    "social_sign_in_failed": 400,
    "staff_stay": 409,
    "temporarily_unavailable": 503,
    "step_up_required": 403,
    "telegram_data_invalid": 401,
    "terms_not_accepted": 403,
    "token_invalid": 401,
    "token_reused": 401,
    "too_many_api_keys": 409,
    "too_many_uploads": 409,
    "too_many_webhooks": 409,
    "webhook_paused": 409,
    "events_too_old": 410,
    "tus_version_unsupported": 412,
    "too_many_copies": 409,
    "too_many_scheduled": 409,
    "unknown_command": 400,
    "unknown_version": 406,
    "unsupported_media_type": 415,
    "upload_closed": 410,
    "upload_in_too_many_pieces": 409,
    "upload_offset_conflict": 409,
    "username_taken": 400,
    "verification_token_expired": 400,
    "verification_token_invalid": 400,
    "version_incomplete": 409,
    "version_label_taken": 409,
    "version_published": 409,
    "version_superseded": 409,
    "would_lock_out": 409,
}


def problem_of(response):
    """The body of a refusal, after what holds for all of them."""
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == response.status_code
    assert body["type"] == f"http://testserver/api/docs/problems#{body['code']}"
    assert body["title"]
    assert body["detail"]
    assert (body.get("request_id") or body["requestId"]) == response.headers["X-Request-ID"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("get", "/api/v1/nothing", {}, 404, "not_found"),
        ("get", "/api/nothing", {}, 404, "not_found"),
        ("get", "/api/v1", {}, 404, "not_found"),
        ("get", "/api", {}, 404, "not_found"),
        ("get", "/nothing", {}, 404, "not_found"),
        ("get", "/nothing/\0", {}, 404, "not_found"),
        ("get", "/api/v1/chats/no-id", {}, 404, "not_found"),
        ("get", "/api/v1/auth/login", {}, 405, "method_not_allowed"),
        ("options", "/api/v1/users/me", {}, 405, "method_not_allowed"),
        ("trace", "/api/v1/users/me", {}, 405, "method_not_allowed"),
        ("get", "/api/v1/users/me", {"headers": {"Accept": "image/png"}}, 406, "not_acceptable"),
        (
            "post",
            "/api/v1/auth/login",
            {"data": b"{}", "content_type": "text/plain"},
            415,
            "unsupported_media_type",
        ),
        (
            "post",
            "/api/v1/auth/login",
            {"data": b"a=b", "content_type": "multipart/form-data"},
            415,
            "unsupported_media_type",
        ),
        ("post", "/api/v1/auth/login", {"data": b"{", "content_type": "application/json"}, 400, "malformed"),
        (
            "post",
            "/api/v1/auth/login",
            {"data": b"NaN", "content_type": "application/json"},
            400,
            "malformed",
        ),
        (
            "post",
            "/api/v1/auth/login",
            {"data": b"\xff", "content_type": "application/json"},
            400,
            "malformed",
        ),
        ("post", "/api/v1/auth/login", {"data": b"[]", "content_type": "application/json"}, 400, "invalid"),
        ("post", "/api/v1/auth/login", {"data": b"null", "content_type": "application/json"}, 400, "invalid"),
        ("post", "/api/v1/auth/login", {"data": b'"x"', "content_type": "application/json"}, 400, "invalid"),
    ],
)
def test_a_request_that_can_not_be_served_gets_a_problem(method, path, more, status, code, client_of):
    client = client_of(UserFactory())

    response = getattr(client, method)(path, **more)

    assert response.status_code == status
    assert problem_of(response)["code"] == code


def test_a_body_of_a_mebibyte_is_read_and_a_larger_one_is_not(client):
    start, end = b'{"email": "', b'"}'
    fits = start + b"x" * (1024 * 1024 - len(start + end)) + end

    responses = [
        client.post("/api/v1/auth/login", data=body, content_type="application/json")
        for body in (fits, fits + b" ")
    ]

    assert [problem_of(response)["code"] for response in responses] == ["invalid", "body_too_large"]
    assert responses[1].status_code == 413
    assert responses[1].json()["limit"] == 1_048_576


def test_a_method_that_a_path_does_not_take_is_told_with_those_it_takes(client_of):
    response = client_of(UserFactory()).post("/api/v1/users/me")

    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"DELETE", "GET", "HEAD", "PATCH", "PUT"}


def test_a_refusal_names_what_it_wants_to_see(client):
    response = client.get("/api/v1/users/me")

    assert problem_of(response) | {"request_id": ""} == {
        "type": "http://testserver/api/docs/problems#not_authenticated",
        "title": "Sign in first: this needs an access token.",
        "status": 401,
        "detail": "Sign in first: this needs an access token.",
        "code": "not_authenticated",
        "request_id": "",
    }
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="serai"'


@pytest.mark.urls("common.tests.urls")
def test_a_problem_may_carry_a_detail_headers_and_members_of_its_own(client):
    response = client.get("/api/v1/refuses")

    body = problem_of(response)
    assert (response.status_code, body["detail"], body["camels"]) == (429, "The caravan rests.", 3)
    assert response.headers["Retry-After"] == "7"


@pytest.mark.urls("common.tests.urls")
@pytest.mark.parametrize(
    "path", ["/api/v1/fails", "/api/fails", "/page/fails", "/api/v1/auth/verify-email/x/fails"]
)
def test_our_own_fault_is_noted_under_the_request_id_and_not_told(path, log_lines):
    client = APIClient(raise_request_exception=False)

    response = client.get(path, headers={"X-Request-ID": "r-1"})

    assert response.status_code == 500
    assert problem_of(response)["code"] == "server_fault"
    assert SECRET not in response.text
    assert "Traceback" not in response.text
    [noted] = [line for line in log_lines() if line["event"] == "request_failed"]
    assert noted["request_id"] == "r-1"
    assert f"RuntimeError: {SECRET}" in noted["exception"]


@pytest.mark.urls("common.tests.urls")
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/page/forbidden", 403, "not_allowed"), ("/page/suspicious", 400, "bad_request")],
)
def test_refusals_outside_the_api_are_problems_too(path, status, code):
    response = APIClient(raise_request_exception=False).get(path)

    assert response.status_code == status
    assert problem_of(response)["code"] == code
    assert SECRET not in response.text


def test_staff_get_a_page_where_there_is_none():
    response = console_of(staff()).get("/admin/accounts/nothing/")

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_every_code_is_known_once_with_a_title_of_its_own():
    problems = [problem for problem in every_problem() if not problem.__module__.endswith("tests")]
    titles = [str(problem.title) for problem in problems]

    assert sorted(problem.code for problem in problems) == sorted(CODES)
    assert {problem.code: problem.status for problem in problems} == CODES
    assert len(set(titles)) == len(titles)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", problem.code) for problem in problems)


def test_every_code_is_in_the_documents(client):
    response = client.get("/api/docs/problems")

    assert response.status_code == 200
    listed = re.findall(r'<tr id="(\w+)"><td>(\d+)</td>', response.text)
    assert {code: int(status) for code, status in listed} == CODES


def test_titles_come_in_the_language_that_is_asked_for_and_codes_do_not(client):
    response = client.get("/api/v1/users/me", headers={"Accept-Language": "ar"})

    assert problem_of(response)["code"] == "not_authenticated"
