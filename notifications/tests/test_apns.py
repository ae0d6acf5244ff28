"""Apple Push Notification service, spoken to over HTTP/2 as its documents say."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
import time_machine
from django.utils import timezone

from notifications.models import PushDevice
from notifications.providers.push import PushMessage, wire
from notifications.providers.push.apns import ApnsProvider

from .push_servers import APNS_KEY, KEY_ID, TEAM_ID, TOPIC, Answer, pem

ID = UUID("0198c5b2-7d44-7000-8000-000000000000")
TOKEN = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0"
WORDS = {"title": "Omar", "body": "We leave at dawn.", "url": "/c/1"}


def phone(**more) -> PushDevice:
    return PushDevice(provider="apns", token=TOKEN, app=TOPIC, **{"seen_at": timezone.now(), **more})


@pytest.fixture
def made(apns):
    """Makes the provider, with changes."""

    def make(**more) -> ApnsProvider:
        given = {
            "url": apns.url,
            "sandbox_url": "https://localhost:1",
            "key": pem(APNS_KEY),
            "key_id": KEY_ID,
            "team_id": TEAM_ID,
        }
        return ApnsProvider(**{**given, **more})

    return make


@pytest.fixture
def provider(made):
    return made()


def came_of(provider, device=None, **more):
    outcome = provider.send(device or phone(), PushMessage(id=ID, **(WORDS | more)))
    return outcome.result, outcome.code


def refused(status, reason, **more):
    return Answer(status, {"reason": reason, **more})


# --- What is sent -------------------------------------------------------------------------------------------


def test_a_message_is_told_in_words_with_its_id_and_place(apns, provider):
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

    [(headers, payload, _)] = apns.received
    assert (outcome.result, outcome.code) == ("sent", "sent")
    assert headers[":path"] == f"/3/device/{TOKEN}"
    assert headers["apns-id"] == str(ID)
    assert headers["apns-topic"] == TOPIC
    assert headers["apns-push-type"] == "alert"
    assert headers["apns-priority"] == "10"
    assert headers["apns-expiration"] == str(1_795_338_000 + 3600)
    assert len(headers["apns-collapse-id"]) == 32
    assert payload == {
        "aps": {"alert": {"title": "Omar", "body": "We leave at dawn."}, "badge": 3, "sound": "default"},
        "id": str(ID),
        "url": "/c/1",
        "collapse": "chat c1",
        "chat": "c1",
        "badge": "3",
    }


def test_what_takes_the_place_of_what_goes_by_its_collapse_key_alone(apns, provider):
    for message in (
        PushMessage(title="1", collapse="chat c1"),
        PushMessage(title="2", collapse="chat c1"),
        PushMessage(title="3", collapse="chat c2"),
        PushMessage(title="4"),
        PushMessage(title="5"),
    ):
        provider.send(phone(), message)

    places = [headers["apns-collapse-id"] for headers, _, _ in apns.received]
    assert places[0] == places[1]
    assert len(set(places)) == 4


def test_what_is_not_urgent_lets_the_phone_sleep(apns, provider):
    came_of(provider, expires_in=timedelta(0))

    [(headers, _, _)] = apns.received
    assert headers["apns-priority"] == "5"
    assert headers["apns-expiration"] == "0"


def test_a_silent_one_is_a_background_push(apns, provider):
    assert came_of(provider, is_silent=True, is_urgent=True) == ("sent", "sent")

    [(headers, payload, _)] = apns.received
    assert headers["apns-push-type"] == "background"
    assert headers["apns-priority"] == "5"
    assert payload["aps"] == {"content-available": 1}
    assert payload["id"] == str(ID)


def test_a_silent_one_with_a_number_is_an_alert_since_a_number_is_seen(apns, provider):
    assert came_of(provider, is_silent=True, badge=0) == ("sent", "sent")

    [(headers, payload, _)] = apns.received
    assert headers["apns-push-type"] == "alert"
    assert headers["apns-priority"] == "5"
    assert payload["aps"] == {"content-available": 1, "badge": 0}


@pytest.mark.parametrize("letter", ["a", "ش", "👩‍👩‍👧", '"'])
def test_a_long_body_is_shortened_to_what_fits_and_nothing_else_is(letter, apns, provider):
    assert came_of(provider, body=letter * 5000) == ("sent", "sent")

    [(_, payload, size)] = apns.received
    assert 4096 - 2 * len(letter.encode()) - 2 <= size <= 4096
    assert payload["id"] == str(ID)
    assert payload["aps"]["alert"]["title"] == "Omar"
    body = payload["aps"]["alert"]["body"]
    assert body.endswith("…")
    assert body[:-1] == (letter * 5000)[: len(body) - 1].rstrip()


def test_what_cannot_fit_is_not_sent(apns, provider):
    assert came_of(provider, data={"long": "x" * 5000}) == ("refused", "payload_too_large")
    assert apns.received == []


def test_an_app_that_is_built_for_development_is_reached_elsewhere(apns, made):
    provider = made(url="https://localhost:1", sandbox_url=apns.url)

    assert came_of(provider, phone(is_sandbox=True)) == ("sent", "sent")
    assert came_of(provider, phone()) == ("again", "unreachable")


# --- One connection, one token ------------------------------------------------------------------------------


def test_many_messages_go_by_one_connection_under_one_token(apns, provider):
    outcomes = [came_of(provider) for _ in range(20)]

    assert outcomes == [("sent", "sent")] * 20
    assert apns.connections == 1
    assert len(apns.tokens) == 1


def test_many_at_once_go_by_a_connection_each_and_hear_their_own_answer(apns, provider):
    """Each is answered with its own number, some after a while."""
    numbers = range(200)

    def send(number):
        message = PushMessage(title=str(number), data={"number": str(number)})
        return provider.send(phone(), message).answer

    apns.echoes = True
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, numbers))

    assert answers == [str(number) for number in numbers]
    assert apns.connections <= 16
    assert len(apns.tokens) == 1


def test_the_token_is_signed_anew_after_three_quarters_of_an_hour(apns, provider):
    begin = timezone.now()
    with time_machine.travel(begin, tick=False) as clock:
        came_of(provider)
        clock.move_to(begin + timedelta(minutes=44))
        came_of(provider)
        assert len(apns.tokens) == 1

        clock.move_to(begin + timedelta(minutes=46))
        came_of(provider)

    assert len(apns.tokens) == 2
    claims = jwt.decode(apns.tokens[1], options={"verify_signature": False})
    assert set(claims) == {"iss", "iat"}


def test_it_is_signed_anew_when_apple_finds_it_too_old(apns, provider):
    begin = timezone.now()
    with time_machine.travel(begin, tick=False) as clock:
        came_of(provider)
        apns.expired.add(apns.tokens[0])
        clock.move_to(begin + timedelta(minutes=21))

        assert came_of(provider) == ("sent", "sent")

    assert len(apns.tokens) == 2


def test_but_not_within_twenty_minutes_of_the_last(apns, provider):
    came_of(provider)
    apns.expired.add(apns.tokens[0])

    assert came_of(provider) == ("again", "expired_provider_token")
    assert len(apns.tokens) == 1


def test_a_key_that_apple_does_not_know_waits_for_an_operator(apns, made):
    stranger = made(key_id="OTHER12345")

    assert came_of(stranger) == ("again", "invalid_provider_token")


def test_another_connection_is_opened_where_one_is_cut(apns, provider):
    came_of(provider)
    apns.next.append(Answer(None))

    assert came_of(provider) == ("again", "broken_off")
    assert came_of(provider) == ("sent", "sent")
    assert apns.connections == 2


# --- What its answers mean ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "result", "code"),
    [
        (refused(410, "Unregistered"), "gone", "unregistered"),
        (refused(410, "ExpiredToken"), "gone", "expired_token"),
        (Answer(410), "gone", "http_410"),
        (refused(400, "BadDeviceToken"), "refused", "bad_device_token"),  # also of the other environment
        (refused(400, "DeviceTokenNotForTopic"), "refused", "device_token_not_for_topic"),
        (refused(400, "TopicDisallowed"), "refused", "topic_disallowed"),
        (refused(400, "IdleTimeout"), "again", "idle_timeout"),
        (refused(404, "BadPath"), "refused", "bad_path"),
        (refused(405, "MethodNotAllowed"), "refused", "method_not_allowed"),
        (refused(413, "PayloadTooLarge"), "refused", "payload_too_large"),
        (refused(403, "InvalidProviderToken"), "again", "invalid_provider_token"),
        (refused(403, "Forbidden"), "again", "forbidden"),
        (refused(429, "TooManyRequests"), "again", "too_many_requests"),
        (refused(429, "TooManyProviderTokenUpdates"), "again", "too_many_provider_token_updates"),
        (refused(500, "InternalServerError"), "again", "internal_server_error"),
        (refused(503, "ServiceUnavailable"), "again", "service_unavailable"),
        (refused(503, "Shutdown"), "again", "shutdown"),
        (Answer(502, b"<html>"), "again", "http_502"),
        (Answer(400, b"[7]"), "refused", "http_400"),
        (refused(400, "x" * 99), "refused", "x" * 32),
        (refused(410, "Unregistered", timestamp="soon"), "gone", "unregistered"),
    ],
)
def test_what_an_answer_means(answer, result, code, apns, provider):
    apns.next.append(answer)

    assert came_of(provider) == (result, code)


def test_a_phone_that_registered_since_is_not_meant(apns, provider):
    now = timezone.now()
    gone_at = int(now.timestamp() * 1000)
    apns.next.extend([refused(410, "Unregistered", timestamp=gone_at)] * 2)

    assert came_of(provider, phone(seen_at=now + timedelta(seconds=1))) == ("again", "registered_since")
    assert came_of(provider, phone(seen_at=now - timedelta(seconds=1))) == ("gone", "unregistered")


def test_it_is_left_alone_for_as_long_as_it_asks(apns, provider):
    answer = refused(429, "TooManyRequests")
    answer.headers = {"retry-after": "60"}
    apns.next.append(answer)

    with time_machine.travel("2026-11-22T09:00:00Z", tick=False):
        outcome = provider.send(phone(), PushMessage(**WORDS))

    assert outcome.not_before.isoformat() == "2026-11-22T09:01:00+00:00"


# --- When it does not answer --------------------------------------------------------------------------------


def test_no_answer_is_tried_again(apns, made, monkeypatch):
    monkeypatch.setattr(wire, "TIMEOUT", 0.3)
    apns.next.append(Answer(200, after=1.0))

    assert came_of(made()) == ("again", "timeout")


def test_a_huge_answer_is_read_no_further_than_it_can_mean_something(apns, provider):
    apns.next.append(Answer(500, b"x" * 60_000))
    began = time.monotonic()

    assert came_of(provider) == ("again", "http_500")
    assert time.monotonic() - began < 5


def test_a_server_that_nobody_vouches_for_hears_nothing(apns, monkeypatch, made):
    monkeypatch.delenv("SSL_CERT_FILE")

    assert came_of(made()) == ("again", "unreachable")
    assert apns.received == []
