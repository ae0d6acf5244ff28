"""Idempotency keys: what is sent again is answered again, to the same caller, and not done again."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.http import StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Session, User
from accounts.tests.factories import PASSWORD, UserFactory
from common import idempotency
from common.api.views import ApiView
from common.idempotency import Answer, Claim
from common.models import KeptAnswer
from common.problems import IdempotencyKeyInUse, IdempotencyKeyReused, LimitReached, Problem
from common.tasks import purge_answers
from common.tests.threads import at_once
from config import urls
from messaging.models import Chat, Message
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "0198c5b2-7d44-7000-8000-00000000000a"}
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHATS = "/api/v1/chats"
GROUP = {"type": "group", "title": "Wadi Rum"}


@pytest.fixture
def layla() -> User:
    return UserFactory(username="layla")


@pytest.fixture
def omar() -> User:
    return UserFactory(username="omar")


def was_replayed(response) -> bool:
    return response.headers.get("Idempotency-Replayed") == "true"


# --- The repeat ---------------------------------------------------------------------------------------------


def test_the_repeat_gets_the_first_answer_and_does_nothing(layla, client_of):
    client = client_of(layla)

    first = client.post(CHATS, GROUP, headers=KEY)
    again = client.post(CHATS, GROUP, headers=KEY)

    assert (first.status_code, was_replayed(first)) == (201, False)
    assert (again.status_code, was_replayed(again)) == (201, True)
    assert again.content == first.content
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == "application/json"
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert Chat.objects.count() == 1


def test_without_a_key_nothing_is_kept(layla, client_of):
    client = client_of(layla)

    client.post(CHATS, GROUP)
    client.post(CHATS, GROUP)

    assert Chat.objects.count() == 2
    assert not KeptAnswer.objects.exists()


def test_reading_takes_no_key(layla, client_of):
    response = client_of(layla).get(CHATS, headers={"Idempotency-Key": ""})

    assert response.status_code == 200
    assert not KeptAnswer.objects.exists()


def test_the_order_of_fields_makes_no_other_body(layla, client_of):
    client = client_of(layla)

    client.post(CHATS, {"type": "group", "title": "Wadi Rum"}, headers=KEY)
    again = client.post(CHATS, {"title": "Wadi Rum", "type": "group"}, headers=KEY)

    assert was_replayed(again)
    assert Chat.objects.count() == 1


def test_an_answer_without_a_body_is_repeated_where_the_thing_is_gone(layla, omar, client_of):
    chat = group_of(layla, omar)
    client = client_of(omar)
    me = f"{CHATS}/{chat.pk}/participants/{omar.pk}"

    first = client.delete(me, headers=KEY)
    again = client.delete(me, headers=KEY)
    without = client.delete(me)

    assert (first.status_code, was_replayed(first)) == (204, False)
    assert (again.status_code, again.content, was_replayed(again)) == (204, b"", True)
    assert without.status_code == 404


def test_a_refusal_is_kept_as_it_was(layla, omar, client_of):
    chat = group_of(layla, omar)
    client = client_of(omar)

    first = client.patch(f"{CHATS}/{chat.pk}", {"title": "Mine"}, headers=KEY)
    chat.participants.filter(user=omar).update(role="admin")
    again = client.patch(f"{CHATS}/{chat.pk}", {"title": "Mine"}, headers=KEY)

    assert (first.status_code, first.json()["code"]) == (403, "not_allowed")
    assert (again.status_code, again.content, was_replayed(again)) == (403, first.content, True)
    assert again.headers["Content-Type"] == "application/problem+json"
    assert Chat.objects.get().title == chat.title


# --- What a key stands for ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHATS, {"type": "group", "title": "Petra"}),
        (CHATS, {}),
        (f"{CHATS}?leave=true", GROUP),
    ],
)
def test_another_request_under_a_used_key_is_refused(path, body, layla, client_of):
    client = client_of(layla)
    client.post(CHATS, GROUP, headers=KEY)

    response = client.post(path, body, headers=KEY)

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert not was_replayed(response)
    assert Chat.objects.count() == 1


def test_somebody_elses_key_is_another_key(layla, omar, client_of):
    mine = client_of(layla).post(CHATS, GROUP, headers=KEY)

    theirs = client_of(omar).post(CHATS, GROUP, headers=KEY)

    assert (theirs.status_code, was_replayed(theirs)) == (201, False)
    assert theirs.json()["id"] != mine.json()["id"]


def test_a_key_stays_mine_in_another_session(layla, client_of):
    first = client_of(layla).post(CHATS, GROUP, headers=KEY)

    again = client_of(layla).post(CHATS, GROUP, headers=KEY)

    assert was_replayed(again)
    assert again.content == first.content


def test_another_path_and_another_method_are_other_operations(layla, omar, client_of):
    one, other = group_of(layla, omar), group_of(layla, omar)
    client = client_of(layla)
    body = {"title": "Petra"}

    responses = [
        client.patch(f"{CHATS}/{one.pk}", body, headers=KEY),
        client.patch(f"{CHATS}/{other.pk}", body, headers=KEY),
        client.put(f"{CHATS}/{one.pk}", body, headers=KEY),
    ]

    assert [(each.status_code, was_replayed(each)) for each in responses] == [(200, False)] * 3
    assert KeptAnswer.objects.count() == 3


def test_every_door_of_an_operation_is_the_same_and_dresses_the_answer_itself(layla, omar, client_of):
    chat = group_of(layla, omar)
    client = client_of(layla)

    first = client.post(
        f"{CHATS}/{chat.pk}/messages", {"text": "At dawn.", "client_id": "c1"}, headers=KEY
    ).json()
    old_path = client.post(
        f"/api/messages/{chat.pk}/messages/", {"text": "At dawn.", "clientId": "c1"}, headers=KEY
    )
    camel = client.post(
        f"{CHATS}/{chat.pk}/messages",
        {"text": "At dawn.", "clientId": "c1"},
        headers=KEY | {"Accept": "application/json; case=camel"},
    )

    assert (old_path.status_code, was_replayed(old_path)) == (201, True)
    assert old_path.json()["success"] is True
    assert old_path.json()["authorName"] == first["author_name"]
    assert old_path.headers["Deprecation"]
    assert (camel.status_code, was_replayed(camel)) == (201, True)
    assert camel.json()["clientId"] == "c1"
    assert "success" not in camel.json()
    assert Message.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a" * 256, "two words", "kämel", "\x07"])
def test_a_malformed_key_is_refused(key, layla, client_of):
    response = client_of(layla).post(CHATS, GROUP, headers={"Idempotency-Key": key})

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_invalid")
    assert not Chat.objects.exists()
    assert not KeptAnswer.objects.exists()


def test_a_key_may_have_255_characters(layla, client_of):
    client = client_of(layla)

    client.post(CHATS, GROUP, headers={"Idempotency-Key": "~" * 255})
    again = client.post(CHATS, GROUP, headers={"Idempotency-Key": "~" * 255})

    assert was_replayed(again)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"type": "group", "title": "' + b"a" * 1024 * 1024 + b'"}', "application/json", 413),
        (b"{", "application/json", 400),
        (b"type=group", "application/x-www-form-urlencoded", 415),
    ],
)
def test_what_can_not_be_read_claims_nothing(body, content_type, status, layla, client_of):
    response = client_of(layla).generic("POST", CHATS, body, content_type, headers=KEY)

    assert response.status_code == status
    assert not KeptAnswer.objects.exists()


def test_a_session_that_ended_gets_nothing_replayed(layla, client_of):
    client = client_of(layla)
    client.post(CHATS, GROUP, headers=KEY)
    Session.objects.update(revoked_at=datetime.now(UTC))

    again = client.post(CHATS, GROUP, headers=KEY)

    assert (again.status_code, again.json()["code"]) == (401, "session_ended")
    assert "Wadi Rum" not in again.content.decode()


# --- Strangers and secrets ----------------------------------------------------------------------------------

REGISTER = {"email": "noor@example.com", "password": "seven camels at dawn", "username": "noor"}


def test_a_strangers_repeat_is_answered_where_the_name_is_taken_by_now(client):
    first = client.post("/api/v1/auth/register", REGISTER, headers=KEY)
    again = client.post("/api/v1/auth/register", REGISTER, headers=KEY)
    without = client.post("/api/v1/auth/register", REGISTER | {"email": "other@example.com"})

    assert first.status_code == 201
    assert (again.status_code, again.content, was_replayed(again)) == (201, first.content, True)
    assert without.json()["code"] == "username_taken"
    assert User.objects.count() == 1


def test_a_stranger_elsewhere_or_with_another_body_gets_nothing_of_it(client):
    client.post("/api/v1/auth/register", REGISTER, headers=KEY)

    elsewhere = client.post("/api/v1/auth/register", REGISTER, headers=KEY, REMOTE_ADDR="2001:db8::7")
    guess = client.post("/api/v1/auth/register", REGISTER | {"password": "eight camels at dawn"}, headers=KEY)

    assert not was_replayed(elsewhere)
    assert guess.json()["code"] == "idempotency_key_reused"
    assert "noor" not in guess.content.decode()


def test_neither_key_nor_what_was_sent_can_be_read_from_the_table(client):
    client.post("/api/v1/auth/register", REGISTER, headers=KEY)

    row = KeptAnswer.objects.values().get()

    assert KEY["Idempotency-Key"] not in str(row)
    assert REGISTER["password"] not in str(row)


def test_signing_in_is_kept_nowhere(client):
    UserFactory(email="layla@example.com")
    credentials = {"email": "layla@example.com", "password": PASSWORD}

    first = client.post("/api/v1/auth/login", credentials, headers=KEY)
    again = client.post("/api/v1/auth/login", credentials, headers=KEY)
    refreshed = client.post("/api/v1/auth/refresh", {"refresh": again.json()["refresh"]}, headers=KEY)

    assert [each.status_code for each in (first, again, refreshed)] == [200, 200, 200]
    assert first.json()["session"] != again.json()["session"]
    assert [each.headers["Cache-Control"] for each in (first, again, refreshed)] == ["no-store"] * 3
    assert not KeptAnswer.objects.exists()


def test_a_ticket_is_new_each_time(layla, client_of):
    client = client_of(layla)

    tickets = [client.post("/api/v1/auth/ws-ticket", headers=KEY).json()["ticket"] for _ in range(2)]

    assert tickets[0] != tickets[1]
    assert not KeptAnswer.objects.exists()


# --- What is not kept ---------------------------------------------------------------------------------------


class WaywardView(ApiView):
    """Does what its turn says, then `done`."""

    turns: list[object] = []
    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> object:
        turn = self.turns.pop(0) if self.turns else Response({"done": True})
        if isinstance(turn, Exception):
            raise turn
        return turn


wayward = [path("api/v1/wayward", WaywardView.as_view()), *urls.urlpatterns]


class Urls:
    urlpatterns = wayward
    handler400, handler403 = urls.handler400, urls.handler403
    handler404, handler500 = urls.handler404, urls.handler500


@pytest.mark.parametrize(
    ("turn", "status"),
    [
        (RuntimeError("the caravan is lost"), 500),
        (Response({"done": False}, status=503), 503),
        (Response({"not": "json", "but": object()}), 500),
        (LimitReached(headers={"Retry-After": "7"}), 429),
        (StreamingHttpResponse(iter([b"one"])), 200),
    ],
)
@override_settings(ROOT_URLCONF=Urls)
def test_our_fault_the_moment_and_a_stream_are_not_kept(turn, status, client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr(WaywardView, "turns", [turn])

    first = client.post("/api/v1/wayward", headers=KEY)
    again = client.post("/api/v1/wayward", headers=KEY)
    third = client.post("/api/v1/wayward", headers=KEY)

    assert first.status_code == status
    assert (again.status_code, again.json(), was_replayed(again)) == (200, {"done": True}, False)
    assert (third.json(), was_replayed(third)) == ({"done": True}, True)


# --- Time ---------------------------------------------------------------------------------------------------


def claim(content: bytes = b"{}") -> Claim | Answer:
    return idempotency.claim(caller="user 1", operation="POST /api/v1/x", key="k", content=content)


DONE = Answer(status=201, body='{"id":1}', content_type=None, headers={"Location": "/x/1"})


def test_a_key_is_kept_for_24_hours_and_then_free():
    with time_machine.travel(NOON, tick=False) as clock:
        idempotency.keep(claim=claim(), answer=DONE)

        clock.shift(timedelta(hours=24))
        within = claim()
        clock.shift(timedelta(seconds=1))
        after = claim(b'{"another": "body"}')

    assert within == DONE
    assert isinstance(after, Claim)


def test_a_running_request_is_not_run_again_until_its_claim_is_abandoned():
    with time_machine.travel(NOON, tick=False) as clock:
        dead = claim()

        clock.shift(timedelta(seconds=60))
        with pytest.raises(IdempotencyKeyInUse) as refused:
            claim()
        clock.shift(timedelta(seconds=1))
        with pytest.raises(IdempotencyKeyReused):
            claim(b'{"another": "body"}')
        heir = claim()

    assert refused.value.headers == {"Retry-After": "1"}
    assert isinstance(heir, Claim)
    assert heir.holder != dead.holder


def test_who_lost_the_claim_neither_answers_for_it_nor_frees_it():
    with time_machine.travel(NOON, tick=False) as clock:
        slow = claim()
        clock.shift(timedelta(seconds=61))
        heir = claim()

        idempotency.keep(claim=slow, answer=DONE)
        idempotency.let_go(claim=slow)

    row = KeptAnswer.objects.get()
    assert (row.holder, row.status) == (heir.holder, None)


def test_an_answer_that_comes_while_its_claim_is_taken_over_wins(monkeypatch):
    with time_machine.travel(NOON, tick=False) as clock:
        slow = claim()
        clock.shift(timedelta(seconds=61))

        def is_abandoned(row: KeptAnswer, *, at: datetime) -> bool:
            idempotency.keep(claim=slow, answer=DONE)  # after the row was read
            return True

        monkeypatch.setattr(KeptAnswer, "is_abandoned", is_abandoned)
        found = claim()

    assert found == DONE


def test_a_running_request_is_told_over_http(layla, client_of, monkeypatch):
    client = client_of(layla)
    inner = []

    def create_chat(**given):
        inner.append(client.post(CHATS, GROUP, headers=KEY))
        raise LimitReached

    monkeypatch.setattr("messaging.services.create_chat", create_chat)

    client.post(CHATS, GROUP, headers=KEY)

    [response] = inner
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_in_use")
    assert response.headers["Retry-After"] == "1"
    assert not was_replayed(response)


def test_what_no_repeat_gets_any_more_is_dropped():
    with time_machine.travel(NOON, tick=False) as clock:
        idempotency.keep(claim=claim(), answer=DONE)

        clock.shift(timedelta(hours=24))
        early = purge_answers.delay().get()
        clock.shift(timedelta(seconds=1))
        late = purge_answers.delay().get()

    assert (early, late) == (0, 1)
    assert not KeptAnswer.objects.exists()


# --- At once ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_runs(layla, client_of):
    clients = [client_of(layla) for _ in range(8)]

    responses = at_once(8, lambda number: clients[number].post(CHATS, GROUP, headers=KEY))

    done = [each for each in responses if each.status_code == 201]
    refused = [each for each in responses if each.status_code == 409]
    assert len(done) + len(refused) == 8
    assert [was_replayed(each) for each in done].count(False) == 1
    assert len({each.content for each in done}) == 1
    assert Chat.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_abandoned_claim_has_one_heir():
    key = secrets.token_hex(8)

    def take(_number: int) -> str:
        try:
            return type(
                idempotency.claim(caller="user 1", operation="POST /x", key=key, content=b"")
            ).__name__
        except Problem as problem:
            return problem.code

    idempotency.claim(caller="user 1", operation="POST /x", key=key, content=b"")
    KeptAnswer.objects.update(at=datetime.now(UTC) - timedelta(minutes=2))

    taken = at_once(8, take)

    assert sorted(taken) == ["Claim", *["idempotency_key_in_use"] * 7]
