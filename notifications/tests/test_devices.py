"""Apps and browsers that take pushes: registering, refreshing, moving, forgetting."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.services import create_api_key, revoke_session
from accounts.tests.factories import SessionFactory, UserFactory
from common.actors import SYSTEM
from common.tests.threads import at_once
from notifications.models import PushDevice
from notifications.services import purge_devices, register_device, retire_device
from notifications.tasks import purge_push_devices

from .factories import PushDeviceFactory

pytestmark = pytest.mark.django_db

DEVICES = "/api/v1/notifications/devices"
KEYS = f"{DEVICES}/keys"
PHONE = {"provider": "fcm", "token": "dGhlIHRva2VuIG9m:APA91bE0x"}
IPHONE = {"provider": "apns", "token": "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0"}
BROWSER = {
    "provider": "webpush",
    "token": "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABn",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}


def of(device) -> str:
    return f"{DEVICES}/{device.pk}"


def refused(response):
    return response.status_code, [(error["field"], error["code"]) for error in response.json()["errors"]]


# --- Registering --------------------------------------------------------------------------------------------


def test_a_phone_is_registered_for_the_session_it_is_sent_in(layla, client_of):
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False):
        client = client_of(layla)
        response = client.post(DEVICES, PHONE | {"name": "Pixel", "timezone": "Asia/Amman", "language": "ar"})

    device = PushDevice.objects.get()
    assert response.status_code == 201
    assert response.headers["Location"] == of(device)
    assert response.json() == {
        "id": str(device.pk),
        "provider": "fcm",
        "name": "Pixel",
        "app": "",
        "is_sandbox": False,
        "language": "ar",
        "timezone": "Asia/Amman",
        "session": str(client.session_row.pk),
        "created_at": "2026-11-22T09:00:00Z",
        "seen_at": "2026-11-22T09:00:00Z",
    }
    assert (device.user, device.token) == (layla, PHONE["token"])


def test_a_browser_brings_the_keys_of_its_subscription(layla, client_of):
    response = client_of(layla).post(DEVICES, BROWSER)

    device = PushDevice.objects.get()
    assert response.status_code == 201
    assert device.token == BROWSER["token"]
    assert {"p256dh": device.p256dh, "auth": device.auth} == BROWSER["keys"]
    assert not device.hears_silently


def test_a_token_of_apples_is_kept_in_small_letters_with_its_app(layla, client_of, apns):
    response = client_of(layla).post(DEVICES, IPHONE | {"token": IPHONE["token"].upper(), "is_sandbox": True})

    device = PushDevice.objects.get()
    assert response.status_code == 201
    assert device.token == IPHONE["token"]
    assert (device.app, device.is_sandbox) == ("example.serai.ios", True)


def test_what_an_app_does_not_say_of_its_build_the_setting_says(layla, client_of, apns, settings):
    settings.PUSH = settings.PUSH | {"apns": settings.PUSH["apns"] | {"sandbox": True}}
    client = client_of(layla)

    assert client.post(DEVICES, IPHONE).json()["is_sandbox"] is True
    assert client.post(DEVICES, PHONE).json()["is_sandbox"] is False
    assert client.post(DEVICES, IPHONE | {"is_sandbox": False}).json()["is_sandbox"] is False


def test_tokens_and_secrets_are_told_to_nobody_and_not_readable_in_the_database(layla, client_of):
    client = client_of(layla)
    answers = client.post(DEVICES, BROWSER).text + client.get(DEVICES).text
    answers += client.get(of(PushDevice.objects.get())).text

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_pushdevice")
        stored = str(cursor.fetchall())

    for secret in (BROWSER["token"], BROWSER["keys"]["auth"]):
        assert secret not in answers
        assert secret not in stored


def test_the_same_token_again_refreshes_the_row(layla, client_of):
    first, later = client_of(layla), client_of(layla)
    made = first.post(DEVICES, PHONE | {"name": "Pixel"}).json()
    PushDevice.objects.update(gone_at=timezone.now(), gone_reason="unregistered")

    response = later.post(DEVICES, PHONE | {"name": "Pixel 9"})

    device = PushDevice.objects.get()
    assert response.status_code == 200
    assert response.headers["Location"] == of(device)
    assert response.json()["id"] == made["id"]
    assert response.json()["name"] == device.name == "Pixel 9"
    assert device.session == later.session_row
    assert (device.gone_at, device.gone_reason) == (None, "")
    assert device.seen_at.isoformat() > made["seen_at"]


def test_what_is_not_said_again_stays_as_it_was(layla, client_of, apns):
    client = client_of(layla)
    device = client.post(DEVICES, IPHONE | {"is_sandbox": True}).json()
    client.patch(f"{DEVICES}/{device['id']}", {"name": "Mine", "timezone": "Asia/Amman", "language": "ar"})

    again = client.post(DEVICES, IPHONE).json()

    said = (again["name"], again["timezone"], again["language"], again["app"], again["is_sandbox"])
    assert said == ("Mine", "Asia/Amman", "ar", "example.serai.ios", True)


def test_nothing_that_one_person_said_of_a_phone_is_left_for_the_next(layla, omar, client_of):
    client_of(layla).post(DEVICES, PHONE | {"name": "Layla's", "timezone": "Asia/Amman", "language": "ar"})

    handed_on = client_of(omar).post(DEVICES, PHONE).json()

    assert (handed_on["name"], handed_on["timezone"], handed_on["language"]) == ("", "", "")


def test_a_phone_that_changes_hands_is_another_device(layla, omar, client_of):
    """What was on its way to the one must not come out at the other."""
    before = client_of(layla).post(DEVICES, PHONE).json()["id"]

    response = client_of(omar).post(DEVICES, PHONE)

    device = PushDevice.objects.get()
    assert response.status_code == 201
    assert device.user == omar
    assert str(device.pk) != before


def test_the_same_token_of_another_provider_is_something_else(layla, client_of):
    client = client_of(layla)
    token = "a" * 64
    client.post(DEVICES, {"provider": "fcm", "token": token})
    client.post(DEVICES, {"provider": "apns", "token": token})

    assert PushDevice.objects.count() == 2


def test_of_more_than_twenty_the_one_unused_longest_is_forgotten_and_first_those_that_are_gone(layla, omar):
    now = timezone.now()
    session = SessionFactory(user=layla)
    others = PushDeviceFactory(user=omar, seen_at=now - timedelta(days=99))
    devices = [
        PushDeviceFactory(user=layla, session=session, seen_at=now - timedelta(days=n)) for n in range(20)
    ]
    retire_device(device=devices[3], reason="unregistered", actor=SYSTEM)

    register_device(user=layla, session=session, provider="fcm", token="a-token-of-the-21st")
    assert not PushDevice.objects.filter(pk=devices[3].pk).exists()
    register_device(user=layla, session=session, provider="fcm", token="a-token-of-the-22nd")

    left = set(PushDevice.objects.filter(user=layla).values_list("pk", flat=True))
    assert len(left) == 20
    assert devices[19].pk not in left
    assert devices[18].pk in left
    assert PushDevice.objects.filter(pk=others.pk).exists()


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"token": PHONE["token"]}, "provider", "required"),
        (PHONE | {"provider": "pigeon"}, "provider", "invalid_choice"),
        ({"provider": "fcm"}, "token", "required"),
        (PHONE | {"token": ""}, "token", "blank"),
        (PHONE | {"token": 7}, "token", "invalid"),
        (PHONE | {"token": "with a space in it"}, "token", "token_invalid"),
        (PHONE | {"token": "x" * 4097}, "token", "max_length"),
        (PHONE | {"token": "ｔｏｋｅｎ-of-an-app-000"}, "token", "token_invalid"),
        (PHONE | {"keys": BROWSER["keys"]}, "keys", "keys_mismatch"),
        (PHONE | {"app": "example.serai.ios"}, "app", "not_of_apns"),
        (PHONE | {"is_sandbox": True}, "is_sandbox", "not_of_apns"),
        (PHONE | {"name": "x" * 81}, "name", "max_length"),
        (PHONE | {"timezone": "Mars/Olympus"}, "timezone", "unknown_timezone"),
        (PHONE | {"language": "tlh"}, "language", "invalid_choice"),
        (PHONE | {"user": str(uuid4())}, "user", "unknown_field"),
        (PHONE | {"session": str(uuid4())}, "session", "unknown_field"),
        (IPHONE | {"token": "../../3/device/00fc"}, "token", "token_invalid"),
        (IPHONE | {"token": "00fc"}, "token", "token_invalid"),
        (IPHONE | {"app": "com.somebody.else"}, "app", "unknown_app"),
        (IPHONE | {"is_sandbox": "yes"}, "is_sandbox", "invalid"),
        ({"provider": "webpush", "token": BROWSER["token"]}, "keys", "keys_mismatch"),
        (BROWSER | {"keys": {"p256dh": BROWSER["keys"]["p256dh"]}}, "keys.auth", "required"),
        (BROWSER | {"keys": BROWSER["keys"] | {"p256dh": "BCVx"}}, "keys.p256dh", "key_invalid"),
        (BROWSER | {"keys": BROWSER["keys"] | {"auth": "BTBZ"}}, "keys.auth", "key_invalid"),
        (BROWSER | {"keys": BROWSER["keys"] | {"more": "x"}}, "keys.more", "unknown_field"),
        (BROWSER | {"keys": "x"}, "keys", "invalid"),
        (BROWSER | {"token": "http://updates.push.services.mozilla.com/x"}, "token", "endpoint_not_allowed"),
        (BROWSER | {"token": "https://169.254.169.254/"}, "token", "endpoint_not_allowed"),
        (BROWSER | {"token": "https://localhost:8000/admin/"}, "token", "endpoint_not_allowed"),
    ],
)
def test_a_wrong_field_registers_nothing(body, field, code, layla, client_of):
    assert refused(client_of(layla).post(DEVICES, body)) == (400, [(field, code)])
    assert not PushDevice.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"null", b"\xff"])
def test_a_body_that_is_none_is_refused(body, layla, client_of):
    response = client_of(layla).post(DEVICES, body, content_type="application/json")

    assert response.status_code == 400
    assert not PushDevice.objects.exists()


def test_a_huge_body_is_refused(layla, client_of):
    body = json.dumps(PHONE | {"name": "x" * 2_000_000})

    assert client_of(layla).post(DEVICES, body, content_type="application/json").status_code == 413


def test_strangers_and_keys_of_services_register_nothing(layla, client):
    assert client.post(DEVICES, PHONE).status_code == 401
    key = create_api_key(user=layla, name="Bot", scopes=["profile:write"])
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {key.text}")

    assert client.post(DEVICES, PHONE).status_code == 403
    assert client.get(DEVICES).status_code == 403
    assert not PushDevice.objects.exists()


@pytest.mark.parametrize("body", [PHONE, IPHONE, BROWSER], ids=lambda body: body["provider"])
def test_without_an_account_production_takes_no_devices(body, layla, client_of, settings):
    settings.LOCAL_PUSH = False

    response = client_of(layla).post(DEVICES, body)

    assert response.status_code == 503
    assert response.json()["code"] == "provider_not_configured"
    assert response.json()["provider"] == body["provider"]
    assert not PushDevice.objects.exists()


# --- What a device needs to know ----------------------------------------------------------------------------


def test_a_browser_gets_the_key_it_subscribes_under(layla, client_of, browsers, settings):
    response = client_of(layla).get(KEYS)

    assert response.status_code == 200
    assert response.json()["providers"] == ["fcm", "apns", "webpush"]
    assert len(response.json()["application_server_key"]) == 87

    settings.LOCAL_PUSH = False
    assert client_of(layla).get(KEYS).json()["providers"] == ["webpush"]


def test_development_has_a_key_too_and_production_none_of_itself(layla, client_of, settings):
    client = client_of(layla)

    assert len(client.get(KEYS).json()["application_server_key"]) == 87
    settings.LOCAL_PUSH = False
    assert client.get(KEYS).json() == {"providers": [], "application_server_key": None}


# --- Mine, and nobody else's --------------------------------------------------------------------------------


def test_i_see_those_that_may_be_sent_something(layla, omar, client_of):
    client = client_of(layla)
    first, second = (PushDeviceFactory(user=layla, session=client.session_row) for _ in range(2))
    PushDeviceFactory(user=omar)
    gone = PushDeviceFactory(user=layla)
    retire_device(device=gone, reason="unregistered", actor=SYSTEM)
    signed_out = PushDeviceFactory(user=layla)
    revoke_session(session=signed_out.session, reason="logout")
    PushDeviceFactory(
        user=layla, session=SessionFactory(user=layla, expires_at=timezone.now() - timedelta(seconds=1))
    )

    listed = [device["id"] for device in client.get(DEVICES).json()["results"]]

    assert listed == [str(second.pk), str(first.pk)]


def test_signing_in_on_the_same_phone_again_makes_it_hear_again(layla, client_of):
    client = client_of(layla)
    client.post(DEVICES, PHONE)
    revoke_session(session=client.session_row, reason="logout")
    assert not PushDevice.objects.alive(at=timezone.now()).exists()

    assert client_of(layla).post(DEVICES, PHONE).status_code == 200

    assert PushDevice.objects.alive(at=timezone.now()).count() == 1


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_another_persons_device_is_not_there(method, layla, omar, client_of):
    device = PushDeviceFactory(user=omar)

    response = getattr(client_of(layla), method)(of(device), {"name": "Mine"} if method != "get" else None)

    assert response.status_code == 404
    assert PushDevice.objects.get().name == ""


@pytest.mark.parametrize("method", ["put", "patch"])
def test_its_name_language_and_zone_can_be_changed(method, layla, client_of):
    device = PushDeviceFactory(user=layla, name="Pixel", language="en")
    client = client_of(layla)

    for _ in range(2):
        response = getattr(client, method)(of(device), {"language": "", "timezone": "Asia/Amman"})

        assert response.status_code == 200
        assert response.json()["name"] == "Pixel"
        assert response.json()["language"] == ""
        assert response.json()["timezone"] == "Asia/Amman"


def test_changing_nothing_changes_nothing(layla, client_of):
    device = PushDeviceFactory(user=layla, name="Pixel")

    assert client_of(layla).patch(of(device), {}).json()["name"] == "Pixel"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"token": "x" * 20}, "token", "unknown_field"),
        ({"provider": "apns"}, "provider", "unknown_field"),
        ({"name": 7}, "name", "invalid"),
        ({"name": None}, "name", "null"),
        ({"timezone": "Nowhere"}, "timezone", "unknown_timezone"),
    ],
)
def test_nothing_else_of_it_can(body, field, code, layla, client_of):
    device = PushDeviceFactory(user=layla, name="Pixel")

    assert refused(client_of(layla).patch(of(device), body)) == (400, [(field, code)])


def test_it_is_forgotten_once(layla, client_of):
    device = PushDeviceFactory(user=layla)
    client = client_of(layla)

    assert client.delete(of(device)).status_code == 204
    assert client.delete(of(device)).status_code == 404
    assert not PushDevice.objects.exists()


def test_the_list_takes_the_same_queries_however_many_there_are(
    layla, client_of, django_assert_max_num_queries
):
    client = client_of(layla)
    client.get(DEVICES)
    for _ in range(15):
        PushDeviceFactory(user=layla, session=client.session_row)

    with django_assert_max_num_queries(3):
        assert len(client.get(DEVICES).json()["results"]) == 15


# --- Going --------------------------------------------------------------------------------------------------


def test_one_that_registered_since_is_not_retired(layla):
    device = PushDeviceFactory(user=layla)
    register_device(user=layla, session=device.session, provider="fcm", token=device.token)

    assert not retire_device(device=device, reason="unregistered", actor=SYSTEM)
    assert PushDevice.objects.get().gone_at is None


def test_retiring_twice_is_once(layla):
    device = PushDeviceFactory(user=layla)

    assert retire_device(device=device, reason="unregistered", actor=SYSTEM)
    assert not retire_device(device=device, reason="http_410", actor=SYSTEM)
    assert PushDevice.objects.get().gone_reason == "unregistered"


def test_those_gone_a_month_ago_are_forgotten(layla):
    now = timezone.now()
    old, young = PushDeviceFactory(user=layla), PushDeviceFactory(user=layla)
    there = PushDeviceFactory(user=layla)
    PushDevice.objects.filter(pk=old.pk).update(gone_at=now - timedelta(days=31), gone_reason="x")
    PushDevice.objects.filter(pk=young.pk).update(gone_at=now - timedelta(days=29), gone_reason="x")

    assert purge_push_devices() == 1
    assert purge_devices(at=now) == 0
    assert set(PushDevice.objects.values_list("pk", flat=True)) == {young.pk, there.pk}


def test_it_goes_with_its_session(layla):
    device = PushDeviceFactory(user=layla)

    device.session.delete()

    assert not PushDevice.objects.exists()


# --- At the same moment -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_phone_that_registers_many_times_at_once_is_one_device(layla):
    session = SessionFactory(user=layla)

    made = at_once(
        8, lambda _: register_device(user=layla, session=session, provider="fcm", token="one-token-of-all")
    )

    assert PushDevice.objects.count() == 1
    assert sorted(is_new for _, is_new in made) == [False] * 7 + [True]


@pytest.mark.django_db(transaction=True)
def test_a_phone_that_many_people_register_at_once_is_one_persons():
    people = [UserFactory() for _ in range(6)]
    sessions = [SessionFactory(user=person) for person in people]

    at_once(
        6,
        lambda n: register_device(
            user=people[n], session=sessions[n], provider="fcm", token="one-token-of-all"
        ),
    )

    assert PushDevice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_phones_at_once_are_twenty_at_most(layla):
    session = SessionFactory(user=layla)
    for _ in range(18):
        PushDeviceFactory(user=layla, session=session)

    at_once(
        8,
        lambda n: register_device(user=layla, session=session, provider="fcm", token=f"a-token-of-many-{n}"),
    )

    assert PushDevice.objects.count() == 20
