"""The OpenAPI document is complete and true of its own examples. `make prove-schema` asks a server."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from common.api.documents import document
from common.tests.formats import FORMATS

DOCUMENT = json.loads(json.dumps(document()))
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def media_of(operation: dict[str, Any]) -> dict[str, Any]:
    """What is sent, and what is answered under each status, of one operation."""
    bodies = {"request": operation["requestBody"]} if "requestBody" in operation else {}
    return {
        f"{where} {media_type}": media
        for where, body in {**bodies, **operation["responses"]}.items()
        for media_type, media in body.get("content", {}).items()
    }


def test_it_is_openapi_3_1():
    assert DOCUMENT["openapi"] == "3.1.0"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_described_with_examples_and_refusals(name):
    operation = OPERATIONS[name]

    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    assert {"400", "403", "404", "405", "406", "500"} <= operation["responses"].keys()
    assert [where for where, media in media_of(operation).items() if not media.get("examples")] == []
    asked = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    assert [each["name"] for each in asked if not each.get("description")] == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_example_has_the_shape_that_the_operation_promises(name):
    for where, media in media_of(OPERATIONS[name]).items():
        validator = Draft202012Validator(
            media["schema"] | {"components": DOCUMENT["components"]},  # what its references point into
            format_checker=FORMATS,
        )
        for example in media["examples"].values():
            faults = [f"{where}: {fault.message}" for fault in validator.iter_errors(example["value"])]
            assert faults == [], "mend the example in api/examples.py of the app"


def test_every_format_that_is_named_can_be_checked():
    """What a checker doesn't know it lets pass."""
    named = set(re.findall(r'"format": "([^"]+)"', json.dumps(DOCUMENT)))

    assert named - FORMATS.checkers.keys() <= {"binary", "double", "int64", "uri-reference"}


def test_every_operation_but_the_strangers_asks_for_a_token():
    open_to_all = [name for name, operation in OPERATIONS.items() if operation["security"] == [{}]]

    assert sorted(open_to_all) == [
        "get /api/health",
        "get /api/health/live",
        "get /api/health/ready",
        "get /api/v1/auth/verify-email/{token}",
        "post /api/v1/auth/forgot-password",
        "post /api/v1/auth/login",
        "post /api/v1/auth/mfa/challenge",
        "post /api/v1/auth/passkeys/login",
        "post /api/v1/auth/refresh",
        "post /api/v1/auth/register",
        "post /api/v1/auth/resend-verification",
        "post /api/v1/auth/reset-password",
        "post /api/v1/auth/telegram",
        "post /api/v1/auth/verify-email",
    ]


def test_every_unsafe_operation_takes_an_idempotency_key_but_those_that_give_tokens():
    unsafe = {name: each for name, each in OPERATIONS.items() if not name.startswith("get ")}

    without = []
    for name, operation in unsafe.items():
        if "Idempotency-Key" not in [parameter["name"] for parameter in operation.get("parameters", [])]:
            without.append(name)
            continue
        assert {"409", "422"} <= operation["responses"].keys()
        assert {
            status
            for status, response in operation["responses"].items()
            if "Idempotency-Replayed" not in response["headers"]
        } == {"429", "500", "502", "503"} & operation["responses"].keys()

    assert sorted(without) == [
        "delete /api/v1/auth/api-keys/{id}",
        "delete /api/v1/auth/mfa/passkeys/{id}",
        "delete /api/v1/auth/mfa/totp",
        "delete /api/v1/auth/social/{provider}",
        "delete /api/v1/webhooks/{id}",
        "patch /api/v1/auth/mfa/passkeys/{id}",
        "patch /api/v1/webhooks/{id}",
        "post /api/v1/auth/api-keys",
        "post /api/v1/auth/api-keys/{id}/rotate",
        "post /api/v1/auth/login",
        "post /api/v1/auth/mfa/challenge",
        "post /api/v1/auth/mfa/passkeys",
        "post /api/v1/auth/mfa/recovery-codes",
        "post /api/v1/auth/mfa/totp",
        "post /api/v1/auth/passkeys/login",
        "post /api/v1/auth/refresh",
        "post /api/v1/auth/social/{provider}",
        "post /api/v1/auth/step-up",
        "post /api/v1/auth/telegram",
        "post /api/v1/auth/ws-ticket",
        "post /api/v1/webhooks",
        "post /api/v1/webhooks/{id}/rotate",
        "put /api/v1/auth/mfa/passkeys/{id}",
        "put /api/v1/auth/mfa/totp",
        "put /api/v1/webhooks/{id}",
    ]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("*/*", "application/json"), ("application/yaml", "application/yaml")],
)
def test_it_is_served_as_json_or_as_yaml(client, accept, content_type):
    response = client.get("/api/schema", HTTP_ACCEPT=accept)

    assert response.status_code == 200
    assert response["Content-Type"].partition(";")[0] == content_type


@pytest.mark.parametrize("page", ["/api/docs", "/api/redoc", "/api/docs/problems"])
def test_the_documentation_pages_load_nothing_from_other_hosts(client, page):
    response = client.get(page)

    html = response.content.decode()
    assert response.status_code == 200
    assert 'src="http' not in html
    assert 'href="http' not in html
