"""The table of old paths: each answers as its canonical path, and says so."""

from datetime import date

import pytest
from rest_framework.test import APIClient

from accounts.tests.factories import UserFactory
from common.aliases import Alias, AliasTable
from config.aliases import ALIASES
from messaging.tests.factories import group_of

CONTRACT = {  # api.md §1, the rows whose canonical paths are there
    "auth/signup": "auth/register",
    "auth/refresh-token": "auth/refresh",
    "auth/me": "users/me",
    "auth/profile": "users/me",
    "user": "users/me",
    "user/{rest...}": "users/me/{rest}",
    "account": "users/me",
    "account/{rest...}": "users/me/{rest}",
    "miniapp/auth/telegram": "auth/telegram",
    "miniapp/sync-user": "users/me/telegram",
    "chat/{chat}/upload": "chats/{chat}/files",
    "chats/{chat}/upload": "chats/{chat}/files",
    "upload/image": "files/images",
    "upload/images": "files/images/batch",
    "upload/{id}": "files/{id}",
    "settings/email-notifications": "notifications/preferences",
    "account/notification-settings": "notifications/preferences",
    "messages": "chats",
    "messages/{chat}": "chats/{chat}",
    "messages/{chat}/{rest...}": "chats/{chat}/{rest}",
}


def test_the_table_holds_what_clients_were_promised():
    assert {alias.pattern: alias.canonical for alias in ALIASES} == CONTRACT
    assert [alias.pattern for alias in ALIASES if alias.only_unversioned] == [
        "messages",
        "messages/{chat}",
        "messages/{chat}/{rest...}",
    ]


def filled(path: str, chat: object) -> str:
    rest = "participants"
    for place, value in (("{chat}", chat), ("{id}", chat), ("{rest...}", rest), ("{rest}", rest)):
        path = path.replace(place, str(value))
    return path


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("base", "alias"),
    [("/api/", alias) for alias in ALIASES]
    + [("/api/v1/", alias) for alias in ALIASES if not alias.only_unversioned],
    ids=lambda value: value.pattern if isinstance(value, Alias) else value,
)
def test_an_old_path_answers_as_its_canonical_one(base, alias, method, client_of):
    layla = UserFactory(username="layla")
    client, chat = client_of(layla), group_of(layla).pk

    def ask(path):
        return getattr(client, method)(f"{base}{filled(path, chat)}", headers={"X-Request-ID": "same"})

    old, canonical = ask(alias.pattern), ask(alias.canonical)

    assert (old.status_code, old.content) == (canonical.status_code, canonical.content)
    assert old.headers["Deprecation"] == "@1795219200"  # 2026-11-21, RFC 9745
    assert old.headers["Sunset"] == "Fri, 31 Dec 2027 00:00:00 GMT"
    assert old.headers["Link"] == f'</api/v1/{filled(alias.canonical, chat)}>; rel="successor-version"'
    assert not {"Deprecation", "Sunset", "Link"} & set(canonical.headers)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "status"), [("user", 200), ("account/", 200), ("auth/me/", 200), ("messages/", 200)]
)
def test_old_paths_work_with_a_slash_for_people(old, status, client_of):
    assert client_of(UserFactory()).get(f"/api/{old}").status_code == status


@pytest.mark.django_db
def test_an_old_path_asks_the_same_of_strangers():
    response = APIClient().get("/api/user")

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
    assert response.headers["Deprecation"] == "@1795219200"


def row(pattern: str, canonical: str, **more: object) -> Alias:
    return Alias(pattern, canonical, date(2026, 1, 1), date(2027, 1, 1), **more)


def test_the_row_with_the_most_of_the_paths_own_words_wins():
    table = AliasTable(
        [
            row("old/{rest...}", "new/{rest}"),
            row("old/{id}", "things/{id}"),
            row("old/{id}/photo", "things/{id}/picture"),
            row("old/best", "things?best"),
        ]
    )

    found = {
        path: table.resolve(path, is_versioned=False)[1]
        for path in ("old/best", "old/7", "old/7/photo", "old/7/photo/small", "old", "other/7", "very/old/7")
    }

    assert found == {
        "old/best": "things?best",
        "old/7": "things/7",
        "old/7/photo": "things/7/picture",
        "old/7/photo/small": "new/7/photo/small",
        "old": "old",
        "other/7": "other/7",
        "very/old/7": "very/old/7",
    }


def test_a_row_may_step_aside_for_a_value_or_for_the_versioned_base():
    table = AliasTable(
        [
            row("old/{id}", "things/{id}", unless=lambda values: values["id"] == "7"),
            row("past", "present", only_unversioned=True),
        ]
    )

    assert table.resolve("old/7", is_versioned=False) == (None, "old/7")
    assert table.resolve("old/8", is_versioned=False)[1] == "things/8"
    assert table.resolve("past", is_versioned=False)[1] == "present"
    assert table.resolve("past", is_versioned=True) == (None, "past")
