"""Settings: typed, stored where they differ, changed side by side."""

import pytest

from accounts.models import User
from accounts.registries import settings_of
from accounts.services import update_settings
from common.tests.threads import at_once
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db

SETTINGS = "/api/v1/users/me/settings"
DEFAULTS = {
    "last_seen_visibility": "everyone",
    "who_may_add_me": "everyone",
    "read_receipts": True,
    "found_by_email": False,
    "public_portfolio": False,
}


def test_nothing_chosen_is_the_defaults(layla, client_of):
    response = client_of(layla).get(SETTINGS)

    assert (response.status_code, response.json()) == (200, {"privacy": DEFAULTS})
    layla.refresh_from_db()
    assert layla.settings == {}


@pytest.mark.parametrize("method", ["patch", "put"])
def test_both_ways_of_changing_leave_alone_what_is_not_sent(method, layla, client_of):
    client = client_of(layla)
    client.patch(SETTINGS, {"privacy": {"found_by_email": True}})

    response = getattr(client, method)(SETTINGS, {"privacy": {"who_may_add_me": "nobody"}})

    changed = {"privacy": DEFAULTS | {"found_by_email": True, "who_may_add_me": "nobody"}}
    assert (response.status_code, response.json()) == (200, changed)
    assert client.get(SETTINGS).json() == changed


def test_only_what_differs_is_stored_with_the_version_of_its_form(layla):
    update_settings(user=layla, changes={"privacy": {"read_receipts": False, "found_by_email": False}})
    layla.refresh_from_db()
    assert layla.settings == {"version": 1, "values": {"privacy": {"read_receipts": False}}}

    update_settings(user=layla, changes={"privacy": {"read_receipts": True}})
    layla.refresh_from_db()
    assert layla.settings == {"version": 1, "values": {}}


def test_what_no_section_knows_any_more_is_left_aside(layla):
    layla.settings = {
        "version": 1,
        "values": {"gone": {"a": 1}, "privacy": {"gone": 2, "read_receipts": False}},
    }

    assert settings_of(layla) == {"privacy": DEFAULTS | {"read_receipts": False}}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"theme": {"dark": True}}, "theme", "unknown_field"),
        ({"privacy": {"unknown": True}}, "privacy.unknown", "unknown_field"),
        ({"privacy": {"read_receipts": "yes"}}, "privacy.read_receipts", "invalid"),
        ({"privacy": {"read_receipts": None}}, "privacy.read_receipts", "null"),
        ({"privacy": {"who_may_add_me": "friends"}}, "privacy.who_may_add_me", "invalid_choice"),
        ({"privacy": {"who_may_add_me": ["nobody"]}}, "privacy.who_may_add_me", "invalid_choice"),
        ({"privacy": []}, "privacy", "invalid"),
        ({"privacy": None}, "privacy", "null"),
        ([], "body", "invalid"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_changes(body, field, code, layla, client_of):
    response = client_of(layla).patch(SETTINGS, body)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    layla.refresh_from_db()
    assert layla.settings == {}
    assert stream_of(layla) == []


def test_a_change_is_told_to_ones_other_devices_once(layla, client_of):
    client = client_of(layla)

    for _ in range(2):
        client.patch(SETTINGS, {"privacy": {"read_receipts": False}})

    assert stream_of(layla) == [(1, "settings.updated", {})]


def test_the_older_door_takes_camel_case(layla, client_of):
    response = client_of(layla).patch("/api/user/settings", {"privacy": {"whoMayAddMe": "nobody"}})

    assert response.json()["privacy"]["whoMayAddMe"] == "nobody"


@pytest.mark.django_db(transaction=True)
def test_changes_of_different_settings_at_once_all_survive(layla, client_of):
    changes = [
        {"last_seen_visibility": "nobody"},
        {"who_may_add_me": "contacts"},
        {"read_receipts": False},
        {"found_by_email": True},
    ]
    clients = [client_of(layla) for _ in changes]

    responses = at_once(4, lambda n: clients[n].patch(SETTINGS, {"privacy": changes[n]}))

    assert [response.status_code for response in responses] == [200] * 4
    assert settings_of(User.objects.get())["privacy"] == DEFAULTS | {
        "last_seen_visibility": "nobody",
        "who_may_add_me": "contacts",
        "read_receipts": False,
        "found_by_email": True,
    }
