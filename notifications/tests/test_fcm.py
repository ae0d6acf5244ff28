"""Firebase Cloud Messaging, spoken to as its documents say."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import httpx2
import jwt
import pytest
import time_machine
from django.utils import timezone

from notifications.models import PushDevice
from notifications.providers.push import PushMessage, wire
from notifications.providers.push.fcm import FcmProvider, content_of

from .push_servers import OTHER_KEY, Answer, google_error, pem

ID = UUID("0198c5b2-7d44-7000-8000-000000000000")
TOKEN = "dGhlIHRva2Vu:APA91bE0x"
WORDS = {"title": "Omar", "body": "We leave at dawn.", "url": "https://serai.example/c/1"}


def phone() -> PushDevice:
    return PushDevice(provider="fcm", token=TOKEN, seen_at=timezone.now())


@pytest.fixture
def provider(fcm) -> FcmProvider:
    return FcmProvider(account=fcm.account, url=fcm.url)


def came_of(provider, **more):
    outcome = provider.send(phone(), PushMessage(id=ID, **(WORDS | more)))
    return outcome.result, outcome.code


# --- What is sent -------------------------------------------------------------------------------------------


def test_a_message_is_told_in_words_with_its_id_and_place(fcm, provider):
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False):
        outcome = provider.send(
            phone(),
            PushMessage(
                id=ID,
                **WORDS,
                data={"chat": "c1"},
                collapse="chat c1",
                badge=3,
                is_urgent=True,
                expires_in=timedelta(hours=1),
            ),
        )

    [message] = fcm.received
    place = message["android"]["collapse_key"]
    assert (outcome.result, outcome.code, outcome.answer) == (
        "sent",
        "sent",
        "projects/serai-test/messages/1",
    )
    assert len(place) == 32
    assert message == {
        "token": TOKEN,
        "data": {
            "id": str(ID),
            "url": "https://serai.example/c/1",
            "collapse": "chat c1",
            "chat": "c1",
            "badge": "3",
        },
        "notification": {"title": "Omar", "body": "We leave at dawn."},
        "android": {
            "collapse_key": place,
            "priority": "HIGH",
            "ttl": "3600s",
            "notification": {"tag": place, "notification_count": 3},
        },
        "apns": {
            "headers": {
                "apns-push-type": "alert",
                "apns-priority": "10",
                "apns-expiration": str(1_795_338_000 + 3600),
                "apns-collapse-id": place,
            },
            "payload": {"aps": {"badge": 3, "sound": "default"}},
        },
        "webpush": {
            "headers": {"TTL": "3600", "Urgency": "high"},
            "fcm_options": {"link": "https://serai.example/c/1"},
        },
    }


def test_a_silent_one_has_no_words(fcm, provider):
    assert came_of(provider, title="", body="", is_silent=True, is_urgent=True) == ("sent", "sent")

    [message] = fcm.received
    assert "notification" not in message
    assert "notification" not in message["android"]
    assert message["data"]["id"] == str(ID)
    assert message["apns"]["headers"]["apns-push-type"] == "background"
    assert message["apns"]["headers"]["apns-priority"] == "5"
    assert message["apns"]["payload"] == {"aps": {"content-available": 1}}


def test_a_path_of_ours_is_no_link(fcm, provider):
    came_of(provider, url="/c/1")

    assert "fcm_options" not in fcm.received[0]["webpush"]


def test_now_or_never_is_kept_for_nobody(fcm, provider):
    came_of(provider, expires_in=timedelta(0))

    assert fcm.received[0]["android"]["ttl"] == "0s"
    assert fcm.received[0]["apns"]["headers"]["apns-expiration"] == "0"


@pytest.mark.parametrize("letter", ["a", "ش", "👩‍👩‍👧", '"'])
def test_a_long_body_is_shortened_to_what_fits_and_nothing_else_is(letter, fcm, provider):
    assert came_of(provider, body=letter * 5000) == ("sent", "sent")

    [message] = fcm.received
    body = message["notification"]["body"]
    text = content_of(phone(), PushMessage(id=ID, **(WORDS | {"body": letter * 5000})))
    bare = len(json.dumps({"message": {"token": TOKEN}}, separators=(",", ":")))
    assert 4096 - len(letter.encode()) * 2 - 2 <= len(text) - bare <= 4096
    assert body == letter * (len(body[:-1]) // len(letter)) + "…"
    assert message["data"]["id"] == str(ID)
    assert message["notification"]["title"] == "Omar"


def test_a_long_title_too(fcm, provider):
    assert came_of(provider, title="b" * 9000) == ("sent", "sent")

    [message] = fcm.received
    assert message["notification"]["body"] == ""
    assert message["notification"]["title"].endswith("b…")


def test_what_cannot_fit_is_not_sent(fcm, provider):
    assert came_of(provider, data={"long": "x" * 5000}) == ("refused", "payload_too_large")
    assert fcm.received == []


# --- Our token ----------------------------------------------------------------------------------------------


def test_one_token_is_fetched_for_many_messages(fcm, provider):
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: came_of(provider), range(40)))

    assert outcomes == [("sent", "sent")] * 40
    assert fcm.tokens == ["ya29.0"]
    assert len(fcm.received) == 40


def test_it_is_fetched_anew_five_minutes_before_it_ends(fcm, provider):
    begin = timezone.now()
    with time_machine.travel(begin, tick=False) as clock:
        came_of(provider)
        clock.move_to(begin + timedelta(seconds=3599 - 301))
        came_of(provider)
        assert len(fcm.tokens) == 1

        clock.move_to(begin + timedelta(seconds=3599 - 299))
        came_of(provider)

    assert len(fcm.tokens) == 2


def test_it_is_fetched_anew_when_google_takes_it_no_more(fcm, provider):
    came_of(provider)
    fcm.revoked.add("ya29.0")

    assert came_of(provider) == ("sent", "sent")
    assert len(fcm.tokens) == 2


def test_many_at_once_fetch_one_when_it_is_taken_no_more(fcm, provider):
    came_of(provider)
    fcm.revoked.add("ya29.0")

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: came_of(provider), range(16)))

    assert outcomes == [("sent", "sent")] * 16
    assert len(fcm.tokens) == 2


def test_where_the_new_one_is_not_taken_either_it_waits(fcm, provider):
    refusal = google_error(401, "UNAUTHENTICATED", "Invalid credentials.")
    fcm.next.extend([refusal, refusal])

    assert came_of(provider) == ("again", "unauthenticated")
    assert len(fcm.tokens) == 2


def test_an_account_that_google_does_not_know_waits_and_is_not_asked_for_each_message(fcm):
    stranger = FcmProvider(account=fcm.account | {"private_key": pem(OTHER_KEY)}, url=fcm.url)

    outcome = stranger.send(phone(), PushMessage(id=ID, **WORDS))
    fcm.next_tokens.append(Answer(None))

    assert (outcome.result, outcome.code) == ("again", "token_refused")
    assert "Signature verification failed" in outcome.answer
    assert came_of(stranger) == ("again", "token_refused")
    assert len(fcm.next_tokens) == 1
    assert fcm.received == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(503), "token_refused"),
        (Answer(200, b"<html>"), "token_refused"),
        (Answer(200, {"access_token": 7, "expires_in": 3599}), "token_refused"),
        (Answer(200, {"access_token": "t", "expires_in": "soon"}), "token_refused"),
        (Answer(None), "broken_off"),
    ],
)
def test_no_token_no_message(answer, code, fcm, provider):
    fcm.next_tokens.append(answer)

    assert came_of(provider) == ("again", code)
    assert fcm.received == []


def test_the_assertion_says_who_asks_for_what(fcm, provider, monkeypatch):
    sent = []
    monkeypatch.setattr(
        "notifications.providers.push.fcm.urlencode", lambda asked: sent.append(asked) or "grant_type=x"
    )
    fcm.next_tokens.append(Answer(400, {"error": "invalid_grant"}))

    came_of(provider)

    claims = jwt.decode(sent[0]["assertion"], options={"verify_signature": False})
    assert claims["aud"] == fcm.account["token_uri"]
    assert claims["exp"] - claims["iat"] == 3600


# --- What its answers mean ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "result", "code"),
    [
        (
            google_error(404, "NOT_FOUND", "Not found.", "UNREGISTERED"),
            "gone",
            "unregistered",
        ),
        (google_error(404, "NOT_FOUND", "Project not found."), "again", "project_not_found"),
        (Answer(404, b"<html>"), "again", "project_not_found"),
        (google_error(400, "INVALID_ARGUMENT", "Bad.", "INVALID_ARGUMENT"), "refused", "invalid_argument"),
        (
            google_error(403, "PERMISSION_DENIED", "No.", "SENDER_ID_MISMATCH"),
            "refused",
            "sender_id_mismatch",
        ),
        (google_error(403, "PERMISSION_DENIED", "FCM API is off."), "again", "permission_denied"),
        (
            google_error(401, "UNAUTHENTICATED", "No.", "THIRD_PARTY_AUTH_ERROR"),
            "again",
            "third_party_auth_error",
        ),
        (google_error(429, "RESOURCE_EXHAUSTED", "Slow.", "QUOTA_EXCEEDED"), "again", "quota_exceeded"),
        (google_error(500, "INTERNAL", "Ours.", "INTERNAL"), "again", "internal"),
        (google_error(503, "UNAVAILABLE", "Ours.", "UNAVAILABLE"), "again", "unavailable"),
        (Answer(502, b"<!DOCTYPE html>"), "again", "http_502"),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/"}), "again", "http_302"),
        (Answer(400, {"error": "text"}), "refused", "http_400"),
        (Answer(400, {"error": {"details": [7], "status": 7}}), "refused", "7"),
        (Answer(None), "again", "broken_off"),
    ],
)
def test_what_an_answer_means(answer, result, code, fcm, provider):
    fcm.next.append(answer)

    assert came_of(provider) == (result, code)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), ("999999999", 21_600), ("Sun, 22 Nov 2026 09:05:00 GMT", 300)],
)
def test_it_is_left_alone_for_as_long_as_it_asks(asked, seconds, fcm, provider):
    refusal = google_error(429, "RESOURCE_EXHAUSTED", "Slow.", "QUOTA_EXCEEDED")
    refusal.headers = {"Retry-After": asked}
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False):
        came_of(provider)
        fcm.next.append(refusal)

        outcome = provider.send(phone(), PushMessage(id=ID, **WORDS))

        assert outcome.not_before == timezone.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize("asked", ["soon", "-1", "Sun, 22 Nov 2020 09:05:00 GMT", "1.5", ""])
def test_what_it_asks_without_sense_is_not_heard(asked, fcm, provider):
    fcm.next.append(Answer(503, headers={"Retry-After": asked}))

    assert provider.send(phone(), PushMessage(id=ID, **WORDS)).not_before is None


def test_what_it_said_is_shown_without_the_token_and_not_at_length(fcm, provider):
    fcm.next.append(google_error(400, "INVALID_ARGUMENT", f"No such token: {TOKEN}\0 " + "x" * 900))

    answer = provider.send(phone(), PushMessage(id=ID, **WORDS)).answer

    assert answer.startswith("No such token: … xxx")
    assert len(answer) == 300


# --- When it does not answer --------------------------------------------------------------------------------


def test_nobody_there_is_tried_again(fcm):
    away = FcmProvider(account=fcm.account, url="http://127.0.0.1:1")

    assert came_of(away) == ("again", "unreachable")


def test_no_answer_is_tried_again(fcm, monkeypatch):
    monkeypatch.setattr(wire, "TIMEOUT", 0.2)
    provider = FcmProvider(account=fcm.account, url=fcm.url)
    fcm.next.append(Answer(200, after=1.0))

    assert came_of(provider) == ("again", "timeout")


def test_a_huge_answer_is_read_no_further_than_it_can_mean_something(fcm, provider):
    fcm.next.append(Answer(500, b"x" * 20_000_000))
    began = time.monotonic()

    outcome = provider.send(phone(), PushMessage(id=ID, **WORDS))

    assert (outcome.result, outcome.code) == ("again", "http_500")
    assert len(outcome.answer) == 300
    assert time.monotonic() - began < 5


def test_an_answer_that_drips_is_not_waited_for(fcm, provider, monkeypatch):
    def drip(self):
        for _ in range(100):
            time.sleep(0.05)
            yield b" "

    came_of(provider)
    monkeypatch.setattr(wire, "ANSWER_WITHIN", 0.2)
    monkeypatch.setattr(httpx2.Response, "iter_raw", drip)
    began = time.monotonic()

    assert came_of(provider) == ("again", "timeout")
    assert time.monotonic() - began < 2
