"""Keys of services that act for a person."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiKey, AuditEntry
from accounts.services import create_api_key, rotate_api_key, set_active
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import ApiKeyFactory, UserFactory, staff
from common.actors import SYSTEM
from common.tests.threads import at_once
from messaging.models import Message

pytestmark = pytest.mark.django_db

KEYS = "/api/v1/auth/api-keys"
CHATS = "/api/v1/chats"
CONSOLE = "/admin/accounts/apikey/"


def service(text: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")
    return client


def key_of(user, *scopes, **more) -> str:
    return create_api_key(user=user, name="Bot", scopes=scopes or ["chats:read"], **more).text


# --- Making one ---------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_only_its_hash_is_kept(layla, client_of):
    response = client_of(layla).post(KEYS, {"name": "Backup", "scopes": ["messages:read", "chats:read"]})

    made, key = response.json(), ApiKey.objects.get()
    assert response.status_code == 201
    assert response.headers["Location"] == f"{KEYS}/{key.pk}"
    assert response.headers["Cache-Control"] == "no-store"
    assert made["key"].startswith(f"serai_{key.prefix}_")
    assert len(made["key"].removeprefix(f"serai_{key.prefix}_")) == 43
    assert made["scopes"] == ["chats:read", "messages:read"]
    assert made["key"].rpartition("_")[2] not in str(list(ApiKey.objects.values()))
    assert "key" not in client_of(layla).get(KEYS).json()["results"][0]


def test_it_lasts_a_year_unless_another_end_is_asked_for(layla):
    with time_machine.travel("2026-11-21T09:00:00Z", tick=False):
        create_api_key(user=layla, name="Bot", scopes=["chats:read"])

    assert ApiKey.objects.get().expires_at.isoformat() == "2027-11-21T09:00:00+00:00"


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"scopes": ["chats:read", "moon:read"]}, "scopes", "unknown_scope"),
        ({"scopes": []}, "scopes", "min_length"),
        ({"scopes": "chats:read"}, "scopes", "not_a_list"),
        ({"scopes": [7]}, "scopes.0", "invalid"),
        ({"name": ""}, "name", "blank"),
        ({"name": "x" * 81}, "name", "max_length"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at", "out_of_range"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at", "out_of_range"),
        ({"expires_at": "tomorrow"}, "expires_at", "invalid"),
        ({"user": "018f3c5e-0000-7000-8000-000000000001"}, "user", "unknown_field"),
    ],
)
def test_a_wrong_field_makes_no_key(wrong, field, code, layla, client_of):
    response = client_of(layla).post(KEYS, {"name": "Bot", "scopes": ["chats:read"]} | wrong)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert not ApiKey.objects.exists()
    assert not AuditEntry.objects.exists()


def test_one_person_has_twenty_at_most_and_those_that_ended_do_not_count(layla, client_of):
    ApiKeyFactory.create_batch(19, user=layla)
    ApiKeyFactory(user=layla, revoked_at=timezone.now())
    ApiKeyFactory(user=layla, expires_at=timezone.now() - timedelta(days=1))
    ApiKeyFactory()
    client, body = client_of(layla), {"name": "Bot", "scopes": ["chats:read"]}

    responses = [client.post(KEYS, body), client.post(KEYS, body)]

    assert [response.status_code for response in responses] == [201, 409]
    assert responses[1].json()["code"] == "too_many_api_keys"
    assert responses[1].json()["limit"] == 20


@pytest.mark.django_db(transaction=True)
def test_two_who_race_for_the_last_place_make_one_key():
    layla = UserFactory()
    ApiKeyFactory.create_batch(19, user=layla)

    def make(_: int) -> str:
        try:
            return key_of(layla)
        except Exception as error:
            return type(error).__name__

    made = at_once(8, make)

    assert made.count("TooManyApiKeys") == 7
    assert ApiKey.objects.count() == 20


# --- Using one ----------------------------------------------------------------------------------------------


def test_a_service_does_what_its_scopes_hold_as_the_person(layla, group):
    client = service(key_of(layla, "messages:write"))

    sent = client.post(f"{CHATS}/{group.pk}/messages", {"text": "Backed up."})
    read = client.get(f"{CHATS}/{group.pk}/messages")

    assert (sent.status_code, read.status_code) == (201, 200)
    assert Message.objects.get().author == layla


@pytest.mark.parametrize(
    ("scopes", "method", "path", "missing"),
    [
        (["chats:read"], "post", CHATS, "chats:write"),
        (["messages:write"], "get", CHATS, "chats:read"),
        (["chats:write"], "get", "/api/v1/users/me", "profile:read"),
        (["profile:read"], "patch", "/api/v1/users/me", "profile:write"),
    ],
)
def test_what_its_scopes_do_not_hold_is_refused_and_named(scopes, method, path, missing, layla):
    response = getattr(service(key_of(layla, *scopes)), method)(path, {})

    assert response.status_code == 403
    assert (response.json()["code"], response.json()["scope"]) == ("scope_missing", missing)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/auth/sessions"),
        ("get", KEYS),
        ("post", KEYS),
        ("post", "/api/v1/auth/ws-ticket"),
        ("post", "/api/v1/auth/logout"),
        ("post", "/api/v1/auth/change-password"),
    ],
)
def test_no_key_opens_what_is_for_people_alone(method, path, layla):
    everything = ["chats:write", "messages:write", "profile:write"]

    response = getattr(service(key_of(layla, *everything)), method)(path, {})

    assert (response.status_code, response.json()["code"]) == (403, "people_only")


def test_another_persons_chat_is_unknown_to_a_service_too(group, mina):
    response = service(key_of(mina, "chats:read")).get(f"{CHATS}/{group.pk}")

    assert response.status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        "serai_",
        "serai__",
        "serai_nobodyknows1_secret",
        "serai_\x00_x",
        "serai_ä_x",
        "serai_" + "x" * 900,
    ],
)
def test_what_is_no_key_is_refused(wrong):
    response = service(wrong).get(CHATS)

    assert (response.status_code, response.json()["code"]) == (401, "api_key_invalid")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="serai"'


def test_the_prefix_with_another_secret_is_refused(layla):
    text = key_of(layla)

    response = service(f"{text[:-1]}{'a' if text[-1] != 'a' else 'b'}").get(CHATS)

    assert response.status_code == 401


def test_a_key_that_is_over_revoked_or_of_somebody_deactivated_is_refused(layla, omar, mina, client_of):
    over, revoked, gone = key_of(layla), key_of(omar), key_of(mina)
    ApiKey.objects.filter(user=layla).update(expires_at=timezone.now())
    client_of(omar).delete(f"{KEYS}/{ApiKey.objects.get(user=omar).pk}")
    set_active(user=mina, active=False, actor=SYSTEM)

    statuses = [service(text).get(CHATS).status_code for text in (over, revoked, gone)]

    assert statuses == [401, 401, 401]


def test_its_last_use_is_noted_once_a_minute(layla):
    with time_machine.travel("2026-11-21T09:00:00Z", tick=False) as clock:
        client = service(key_of(layla))
        client.get(CHATS, REMOTE_ADDR="192.0.2.7")
        clock.shift(30)
        client.get(CHATS, REMOTE_ADDR="192.0.2.8")

        key = ApiKey.objects.get()
        assert key.last_used_at.isoformat() == "2026-11-21T09:00:00+00:00"
        assert key.last_used_address == "192.0.2.7"


# --- Another secret -----------------------------------------------------------------------------------------


def test_both_secrets_work_for_a_day_then_the_new_one_alone(layla, client_of):
    old = key_of(layla)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        response = client_of(layla).post(f"{KEYS}/{ApiKey.objects.get().pk}/rotate", {})
        new = response.json()["key"]

        assert response.status_code == 200
        assert [service(text).get(CHATS).status_code for text in (old, new)] == [200, 200]
        clock.shift(timedelta(days=1))
        assert [service(text).get(CHATS).status_code for text in (old, new)] == [401, 200]


def test_without_overlap_the_old_secret_stops_at_once(layla, client_of):
    old = key_of(layla)

    client_of(layla).post(f"{KEYS}/{ApiKey.objects.get().pk}/rotate", {"overlap": 0})

    assert service(old).get(CHATS).status_code == 401


def test_of_two_rotations_only_the_last_secret_and_the_one_before_work(layla):
    first = create_api_key(user=layla, name="Bot", scopes=["chats:read"])
    second = rotate_api_key(key=first.key)
    third = rotate_api_key(key=first.key)

    statuses = [service(shown.text).get(CHATS).status_code for shown in (first, second, third)]

    assert statuses == [401, 200, 200]


@pytest.mark.parametrize("overlap", [-1, 604_801, "long", None])
def test_a_wrong_overlap_changes_nothing(overlap, layla, client_of):
    before = ApiKeyFactory(user=layla)

    response = client_of(layla).post(f"{KEYS}/{before.pk}/rotate", {"overlap": overlap})

    assert response.status_code == 400
    assert ApiKey.objects.get().secret_hash == before.secret_hash


# --- Ending one ---------------------------------------------------------------------------------------------


def test_it_is_revoked_once_and_leaves_the_list(layla, client_of):
    key, client = ApiKeyFactory(user=layla), client_of(layla)

    statuses = [client.delete(f"{KEYS}/{key.pk}").status_code for _ in range(2)]

    assert statuses == [204, 404]
    assert client.get(KEYS).json()["results"] == []
    assert list(AuditEntry.objects.values_list("verb", "subject")) == [("api_key.revoked", layla.pk)]


def test_nobody_touches_anothers_key(omar, client_of):
    key, client = ApiKeyFactory(), client_of(omar)

    statuses = [
        client.delete(f"{KEYS}/{key.pk}").status_code,
        client.post(f"{KEYS}/{key.pk}/rotate", {}).status_code,
    ]

    assert statuses == [404, 404]
    key.refresh_from_db()
    assert key.revoked_at is None


@pytest.mark.parametrize("keys", [1, 20])
def test_the_list_takes_two_queries(keys, layla, client_of, django_assert_num_queries):
    ApiKeyFactory.create_batch(keys, user=layla)
    client = client_of(layla)

    with django_assert_num_queries(2):  # the session and its user, the keys
        response = client.get(KEYS)

    assert len(response.json()["results"]) == keys


# --- The console --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [5, 50])
def test_the_list_of_keys_takes_the_same_queries_however_long(keys, django_assert_num_queries):
    ApiKeyFactory.create_batch(keys)
    client = console_of(staff())
    client.get(CONSOLE)

    with django_assert_num_queries(4):  # the cookie session, its user, how many, the rows
        response = client.get(CONSOLE, {"all": ""})

    assert response.status_code == 200


@pytest.mark.parametrize("words", ["Backup", "layla@example", "key00", "the id", "the person"])
def test_keys_are_found_by_name_prefix_person_and_id(words, layla):
    key = ApiKeyFactory(user=layla, name="Backup", prefix="key000abcdef")
    ApiKeyFactory(name="Other", prefix="zzzz00abcdef")
    by = {"the id": str(key.pk), "the person": str(layla.pk)}

    response = console_of(staff()).get(CONSOLE, {"q": by.get(words, words)})

    assert list(response.context["cl"].result_list) == [key]


@pytest.mark.parametrize(("state", "found"), [("works", ["one"]), ("ended", ["gone", "over", "revoked"])])
def test_keys_are_filtered_by_state(state, found):
    ApiKeyFactory(name="one")
    ApiKeyFactory(name="revoked", revoked_at=timezone.now())
    ApiKeyFactory(name="over", expires_at=timezone.now())
    ApiKeyFactory(name="gone", user=UserFactory(is_active=False))

    response = console_of(staff()).get(CONSOLE, {"state": state})

    assert sorted(key.name for key in response.context["cl"].result_list) == found


def test_staff_revoke_a_key_and_it_is_written_down():
    key, ada = ApiKeyFactory(), staff()

    response = console_of(ada).post(f"{CONSOLE}{key.pk}/revoke/", {"answered": "yes"})

    assert response.status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    entry = AuditEntry.objects.get(verb="api_key.revoked")
    assert (entry.actor, entry.subject) == (ada.pk, key.user_id)


def test_staff_who_may_only_look_revoke_nothing():
    key = ApiKeyFactory()

    response = console_of(clerk("view_apikey")).post(f"{CONSOLE}{key.pk}/revoke/", {"answered": "yes"})

    assert response.status_code == 403
    key.refresh_from_db()
    assert key.revoked_at is None
