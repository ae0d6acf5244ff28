"""Whether pushes can be sent, as health says it."""

from typing import Any

import pytest

pytestmark = pytest.mark.django_db


def push(client: Any) -> dict[str, Any]:
    response = client.get("/api/health")
    assert (response.status_code, response.json()["status"]) == (200, "ok"), "it serves without it"
    return response.json()["checks"]["push"] | {"took_ms": 0}


def test_in_development_pushes_stay_here(client: Any) -> None:
    assert push(client) == {"status": "ok", "took_ms": 0, "engine": "local"}


def test_without_an_account_none_are_sent(client: Any, settings: Any) -> None:
    settings.LOCAL_PUSH = False

    assert push(client) == {"status": "not_configured", "took_ms": 0}


def test_it_names_those_whom_we_have_an_account_with(
    client: Any, settings: Any, fcm: Any, browsers: Any
) -> None:
    assert push(client) == {"status": "ok", "took_ms": 0, "engine": "fcm, webpush"}
