"""Browsers, told through a push service as the RFCs say, and opened by another library than ours."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import http_ece
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone

from notifications.models import PushDevice
from notifications.providers.push import PushMessage, wire
from notifications.providers.push.encryption import MAX_TEXT, seal
from notifications.providers.push.webpush import (
    WebPushProvider,
    allowed_endpoint,
    is_public_key,
    is_secret,
    origin_of,
)

from .push_servers import SUBJECT, VAPID_KEY, Answer, b64, pem, point, unb64

ID = UUID("0198c5b2-7d44-7000-8000-000000000000")
WORDS = {"title": "عمر", "body": "نغادر عند الفجر.", "url": "https://serai.example/c/1", "language": "ar"}
HOSTS = ["fcm.googleapis.com", "*.push.apple.com", "localhost:8443"]


@pytest.fixture
def provider(browsers):
    return WebPushProvider(key=pem(VAPID_KEY), subject=SUBJECT)


def browser_at(browsers, **more) -> PushDevice:
    given = {"provider": "webpush", "token": browsers.endpoint, **browsers.keys, "seen_at": timezone.now()}
    return PushDevice(**{**given, **more})


def came_of(provider, device, **more):
    outcome = provider.send(device, PushMessage(id=ID, **(WORDS | more)))
    return outcome.result, outcome.code


# --- What is sent -------------------------------------------------------------------------------------------


def test_a_message_is_told_in_words_with_its_id_and_place(browsers, provider):
    message = PushMessage(
        id=ID,
        **WORDS,
        data={"chat": "c1"},
        collapse="chat c1",
        badge=3,
        is_urgent=True,
        expires_in=timedelta(hours=1),
    )

    outcome = provider.send(browser_at(browsers), message)

    [(headers, told, _)] = browsers.received
    assert (outcome.result, outcome.code) == ("sent", "sent")
    assert outcome.answer == f"{browsers.url}/m/1"
    assert headers["TTL"] == "3600"
    assert headers["Urgency"] == "high"
    assert len(headers["Topic"]) == 32
    assert told == {
        "id": str(ID),
        "title": "عمر",
        "body": "نغادر عند الفجر.",
        "url": "https://serai.example/c/1",
        "collapse": "chat c1",
        "chat": "c1",
        "badge": "3",
        "tag": headers["Topic"],
        "lang": "ar",
        "dir": "rtl",
    }


@pytest.mark.parametrize("letter", ["a", "ش", "👩‍👩‍👧", '"'])
def test_a_long_body_is_shortened_to_what_every_push_service_takes(letter, browsers, provider):
    assert came_of(provider, browser_at(browsers), body=letter * 5000) == ("sent", "sent")

    [(_, told, size)] = browsers.received
    assert 4096 - 2 * len(letter.encode()) - 2 <= size <= 4096
    assert told["body"].endswith("…")
    assert told["id"] == str(ID)
    assert told["title"] == "عمر"


def test_what_cannot_fit_is_not_sent(browsers, provider):
    assert came_of(provider, browser_at(browsers), data={"long": "x" * 5000}) == (
        "refused",
        "payload_too_large",
    )


def test_a_browser_is_not_told_silently(browsers, provider):
    assert came_of(provider, browser_at(browsers), is_silent=True) == ("refused", "silent_not_supported")
    assert browsers.received == []


# --- Encryption ---------------------------------------------------------------------------------------------


def test_it_is_encrypted_as_the_example_of_rfc_8291():
    """Appendix A."""
    own = int.from_bytes(unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")

    sealed = seal(
        b"When I grow up, I want to be a watermelon",
        public_key=unb64(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        secret=unb64("BTBZMqHH6r4Tts7J_aSIgg"),
        salt=unb64("DGv6ra1nlYgDCS1FRnbzlw"),
        own_key=ec.derive_private_key(own, ec.SECP256R1()),
    )

    assert b64(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize("size", [0, 1, 1000, MAX_TEXT])
def test_whatever_its_size_the_browser_opens_it(size):
    browser, secret = ec.generate_private_key(ec.SECP256R1()), b"sixteen bytes!!!"

    sealed = seal(b"x" * size, public_key=point(browser), secret=secret)

    assert len(sealed) == size + 103
    opened = http_ece.decrypt(sealed, private_key=browser, auth_secret=secret, version="aes128gcm")
    assert opened == b"x" * size


def test_the_same_is_encrypted_differently_each_time():
    browser, secret = ec.generate_private_key(ec.SECP256R1()), b"sixteen bytes!!!"

    sealed = {seal(b"x", public_key=point(browser), secret=secret) for _ in range(5)}

    assert len({each[:16] for each in sealed}) == len({each[21:86] for each in sealed}) == 5


def test_more_than_one_record_is_refused():
    browser = ec.generate_private_key(ec.SECP256R1())

    with pytest.raises(ValueError, match="too many"):
        seal(b"x" * (MAX_TEXT + 1), public_key=point(browser), secret=b"sixteen bytes!!!")


def test_keys_that_are_none_are_refused(browsers, provider):
    for wrong in ({"p256dh": b64(b"\4" * 65)}, {"p256dh": "*"}, {"p256dh": ""}, {"auth": "a"}):
        assert came_of(provider, browser_at(browsers, **wrong)) == ("refused", "keys_invalid")
    assert browsers.received == []


def test_what_keys_are(browsers):
    assert is_public_key(browsers.keys["p256dh"])
    assert is_public_key(browsers.keys["p256dh"] + "=")
    assert is_secret(browsers.keys["auth"])
    assert is_secret(browsers.keys["auth"] + "==")
    for wrong in ("", "*", "é", b64(b"\4" * 65), b64(point(VAPID_KEY)[:33]), b64(b"\0"), "a b"):
        assert not is_public_key(wrong)
    compressed = bytes([2 + point(VAPID_KEY)[64] % 2]) + point(VAPID_KEY)[1:33]
    assert not is_public_key(b64(compressed))
    for wrong in ("", "*", b64(b"fifteen bytes!!"), b64(b"seventeen bytes!!"), "a"):
        assert not is_secret(wrong)


# --- Our token ----------------------------------------------------------------------------------------------


def test_one_token_is_signed_for_many_messages(browsers, provider):
    device = browser_at(browsers)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: came_of(provider, device), range(40)))

    assert outcomes == [("sent", "sent")] * 40
    assert len(set(browsers.tokens)) == 1


def test_it_is_signed_anew_an_hour_before_it_ends(browsers, provider):
    begin = timezone.now()
    with time_machine.travel(begin, tick=False) as clock:
        came_of(provider, browser_at(browsers))
        clock.move_to(begin + timedelta(hours=10, minutes=59))
        came_of(provider, browser_at(browsers))
        assert len(set(browsers.tokens)) == 1

        clock.move_to(begin + timedelta(hours=11, minutes=1))
        came_of(provider, browser_at(browsers))

    assert len(set(browsers.tokens)) == 2


def test_it_is_signed_anew_when_it_is_taken_no_more(browsers, provider):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        came_of(provider, browser_at(browsers))
        browsers.revoked.add(browsers.tokens[0])
        clock.shift(timedelta(seconds=2))

        assert came_of(provider, browser_at(browsers)) == ("sent", "sent")

    assert len(set(browsers.tokens)) == 2


def test_each_push_service_has_a_token_of_its_own(browsers, provider):
    assert provider._token_for("https://a.example").get() != provider._token_for("https://b.example").get()


def test_a_key_that_the_browser_did_not_subscribe_under_waits_for_an_operator(browsers):
    other = WebPushProvider(key=pem(ec.generate_private_key(ec.SECP256R1())), subject=SUBJECT)

    assert came_of(other, browser_at(browsers)) == ("again", "http_403")


# --- What its answers mean ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "result", "code"),
    [
        (Answer(200), "sent", "sent"),
        (Answer(202), "sent", "sent"),
        (Answer(404), "gone", "http_404"),
        (Answer(410, b"gone"), "gone", "http_410"),
        (Answer(400, b"bad TTL"), "refused", "http_400"),
        (Answer(413), "refused", "payload_too_large"),
        (Answer(403), "again", "http_403"),
        (Answer(429, headers={"Retry-After": "60"}), "again", "http_429"),
        (Answer(500), "again", "http_500"),
        (Answer(502), "again", "http_502"),
        (Answer(301, headers={"Location": "http://169.254.169.254/"}), "again", "http_301"),
        (Answer(None), "again", "broken_off"),
    ],
)
def test_what_an_answer_means(answer, result, code, browsers, provider):
    browsers.next.append(answer)

    assert came_of(provider, browser_at(browsers)) == (result, code)


def test_where_the_new_token_is_not_taken_either_it_waits(browsers, provider):
    browsers.next.extend([Answer(401), Answer(401)])

    assert came_of(provider, browser_at(browsers)) == ("again", "http_401")


def test_what_it_said_is_shown_without_the_address(browsers, provider):
    browsers.next.append(Answer(400, f"Nobody at {browsers.endpoint}".encode()))

    assert provider.send(browser_at(browsers), PushMessage(**WORDS)).answer == "Nobody at …"


def test_no_answer_is_tried_again(browsers, monkeypatch):
    monkeypatch.setattr(wire, "TIMEOUT", 0.3)
    provider = WebPushProvider(key=pem(VAPID_KEY), subject=SUBJECT)
    browsers.next.append(Answer(201, after=1.0))

    assert came_of(provider, browser_at(browsers)) == ("again", "timeout")


# --- Whom we call -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://fcm.googleapis.com/fcm/send/dQw4:APA91",
        "https://FCM.googleapis.com:443/fcm/send/x",
        "https://web.push.apple.com/QGi",
        "https://a.b.push.apple.com/",
        "https://localhost:8443/x",
    ],
)
def test_push_services_that_we_know_are_called(address):
    assert allowed_endpoint(address, HOSTS)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "https://",
        "http://fcm.googleapis.com/fcm/send/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evil.example/fcm.googleapis.com",
        "https://evil.example#@fcm.googleapis.com/",
        "https://evil.example\\@fcm.googleapis.com/",
        "https://fcm.googleapis.com@evil.example/",
        "https://user:password@fcm.googleapis.com/x",
        "https://fcm.googleapis.com/x#part",
        "https://push.apple.com/x",
        "https://evilpush.apple.com/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://fcm.googleapis.com/\r\nX: y",
        "https://fcm.googleapis.com/ x",
        "https://fcm.googleapis.com./x",
        "https://ｆｃｍ.googleapis.com/x",
        "https://fcm.googleapis.com:99999/x",
        "ftp://fcm.googleapis.com/x",
        "https://fcm.googleapis.com/" + "x" * 2048,
    ],
)
def test_nobody_else_is(address):
    assert not allowed_endpoint(address, HOSTS)


def test_an_address_that_is_no_push_services_any_more_is_not_called(browsers, provider, settings):
    settings.PUSH = settings.PUSH | {"webpush": settings.PUSH["webpush"] | {"hosts": ["fcm.googleapis.com"]}}

    assert came_of(provider, browser_at(browsers)) == ("refused", "endpoint_not_allowed")
    assert browsers.received == []


def test_the_push_services_of_the_large_browsers_are_known():
    for host in (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "web.push.apple.com",
        "wns2-par02p.notify.windows.com",
    ):
        assert allowed_endpoint(f"https://{host}/x")


def test_the_origin_is_what_a_token_is_for():
    assert origin_of("https://FCM.googleapis.com:443/x?y") == "https://fcm.googleapis.com"
    assert origin_of("https://localhost:8443/x") == "https://localhost:8443"
