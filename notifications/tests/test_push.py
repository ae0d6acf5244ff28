"""A message on its way to one device, whoever its provider is."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services import revoke_session
from accounts.tokens import fingerprint
from common.holdings import Subject
from notifications.models import PushDevice
from notifications.outcomes import Outcome
from notifications.privacy.devices import pushes_kept_for
from notifications.providers.push import PushMessage, provider_for
from notifications.senders.push import push_to
from notifications.services import register_device

from .factories import PushDeviceFactory
from .push_servers import Answer, google_error

pytestmark = pytest.mark.django_db

PAGE = "/dev/pushes"
MESSAGE = PushMessage(title="عمر", body="نغادر عند الفجر.", url="/c/1", data={"chat": "c1"}, language="ar")
GONE = google_error(404, "NOT_FOUND", "Not found.", "UNREGISTERED")


def came_of(device, message=MESSAGE):
    found = PushDevice.objects.select_related("session__user").filter(pk=device.pk).first()
    push = push_to(found, message)
    if isinstance(push, Outcome):
        return push.result, push.code
    outcome = push.send()
    push.settle(outcome)
    return outcome.result, outcome.code


# --- Each by its own provider -------------------------------------------------------------------------------


def test_each_device_is_told_by_its_own_provider(fcm, apns, browsers):
    phone = PushDeviceFactory()
    iphone = PushDeviceFactory(provider="apns", token="ab" * 32, app="example.serai.ios")
    browser = PushDeviceFactory(provider="webpush", token=browsers.endpoint, **browsers.keys)

    assert [came_of(device) for device in (phone, iphone, browser)] == [("sent", "sent")] * 3

    assert len(fcm.received) == len(apns.received) == len(browsers.received) == 1
    assert fcm.received[0]["token"] == phone.token


def test_the_same_message_twice_has_the_same_id_and_place(fcm, apns, browsers):
    """So that a device shows it once, and a receiver can tell."""
    phone = PushDeviceFactory()
    iphone = PushDeviceFactory(provider="apns", token="ab" * 32, app="example.serai.ios")
    browser = PushDeviceFactory(provider="webpush", token=browsers.endpoint, **browsers.keys)

    for device in (phone, iphone, browser) * 2:
        came_of(device)

    assert fcm.received[0]["data"]["id"] == fcm.received[1]["data"]["id"] == str(MESSAGE.id)
    assert fcm.received[0]["android"]["notification"] == fcm.received[1]["android"]["notification"]
    for server, name in ((apns, "apns-id"), (apns, "apns-collapse-id"), (browsers, "Topic")):
        assert server.received[0][0][name] == server.received[1][0][name]


def test_no_token_and_no_key_is_in_the_log(fcm, apns, browsers, log_lines):
    devices = [
        PushDeviceFactory(),
        PushDeviceFactory(provider="apns", token="ab" * 32, app="example.serai.ios"),
        PushDeviceFactory(provider="webpush", token=browsers.endpoint, **browsers.keys),
    ]

    for device in devices:
        came_of(device)

    text = json.dumps(log_lines())
    assert [device.token for device in devices if device.token in text] == []
    assert "ya29" not in text


# --- Who is there -------------------------------------------------------------------------------------------


def test_a_device_that_its_provider_does_not_know_is_retired(fcm):
    device = PushDeviceFactory()
    fcm.next.append(GONE)

    assert came_of(device) == ("gone", "unregistered")

    device.refresh_from_db()
    assert device.gone_at is not None
    assert device.gone_reason == "unregistered"
    assert came_of(device) == ("gone", "device_gone")
    assert fcm.received == []


@pytest.mark.parametrize("status", [400, 401, 403, 405, 413, 429, 500, 503, None])
def test_nothing_else_retires_it(status, fcm):
    device = PushDeviceFactory()
    fcm.next.extend([Answer(status)] * 2)

    assert came_of(device)[0] in ("again", "refused")

    device.refresh_from_db()
    assert device.gone_at is None


def test_one_that_registers_while_its_provider_is_asked_stays(fcm, monkeypatch):
    device = PushDeviceFactory()
    fcm.next.append(GONE)

    class Registering:
        def send(self, row, message):
            register_device(user=row.user, session=row.session, provider="fcm", token=row.token)
            return provider_for("fcm").send(row, message)

    monkeypatch.setattr("notifications.senders.push.provider_for", lambda name: Registering())

    assert came_of(device) == ("gone", "unregistered")
    device.refresh_from_db()
    assert device.gone_at is None


def test_who_has_signed_out_there_is_told_nothing(fcm):
    device = PushDeviceFactory()
    revoke_session(session=device.session, reason="logout")

    assert came_of(device) == ("gone", "signed_out")

    device.refresh_from_db()
    assert device.gone_at is None  # the provider has said nothing of it
    assert fcm.received == []


def test_whose_session_is_over_or_who_is_deactivated_is_told_nothing(fcm):
    over, off = PushDeviceFactory(), PushDeviceFactory(user__is_active=False)
    over.session.expires_at = timezone.now() - timedelta(seconds=1)
    over.session.save()

    assert came_of(over) == came_of(off) == ("gone", "signed_out")
    assert fcm.received == []


def test_what_was_on_its_way_to_one_does_not_come_out_at_the_next(fcm, layla, client_of):
    """The phone has changed hands since."""
    device = PushDeviceFactory()
    token = {"provider": "fcm", "token": device.token}
    assert client_of(layla).post("/api/v1/notifications/devices", token).status_code == 201

    assert came_of(device) == ("gone", "device_forgotten")
    assert fcm.received == []


def test_whether_it_takes_pushes_is_one_rule_for_a_row_and_for_a_query():
    now = timezone.now()
    devices = [PushDeviceFactory() for _ in range(4)]
    devices.append(PushDeviceFactory(user__is_active=False))
    revoke_session(session=devices[1].session, reason="logout")
    PushDevice.objects.filter(pk=devices[2].pk).update(gone_at=now, gone_reason="unregistered")
    devices[3].session.expires_at = now
    devices[3].session.save()

    rows = PushDevice.objects.select_related("session__user").order_by("id")

    assert [row.absence for row in rows] == ["", "signed_out", "device_gone", "signed_out", "signed_out"]
    assert set(PushDevice.objects.alive(at=now)) == {row for row in rows if not row.absence}


def test_a_device_that_never_was_is_gone(fcm):
    assert came_of(PushDevice()) == ("gone", "device_forgotten")


def test_a_provider_whose_account_was_taken_away_waits_for_an_operator(settings):
    device = PushDeviceFactory()
    settings.LOCAL_PUSH = False

    assert came_of(device) == ("again", "provider_not_configured")
    device.refresh_from_db()
    assert device.gone_at is None


# --- On this machine ----------------------------------------------------------------------------------------


def test_without_an_account_it_is_kept_to_be_seen(client):
    device = PushDeviceFactory(name="Pixel")

    assert came_of(device) == ("sent", "sent")

    [push] = client.get(PAGE, headers={"Accept": "application/json"}).json()["results"]
    assert push["user"] == str(device.user_id)
    assert push["device"] == str(device.pk)
    assert push["id"] == str(MESSAGE.id)
    assert (push["title"], push["body"]) == ("عمر", "نغادر عند الفجر.")
    assert push["facts"] == {"chat": "c1", "id": str(MESSAGE.id), "url": "/c/1"}
    assert device.token not in json.dumps(push)


def test_the_page_shows_the_newest_first_and_runs_nothing(client):
    device = PushDeviceFactory()
    came_of(device, PushMessage(title="First", body="<script>alert(1)</script>"))
    came_of(device, PushMessage(title="Second"))
    came_of(device, PushMessage(is_silent=True))

    page = client.get(PAGE).content.decode()

    assert page.index("(silent)") < page.index("Second") < page.index("First")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_page_says_what_to_do_when_there_is_none(client):
    assert "No push yet" in client.get(PAGE).content.decode()


def test_a_browser_is_not_told_silently_here_either():
    device = PushDeviceFactory(provider="webpush", token="https://web.push.apple.com/x")

    assert came_of(device, PushMessage(is_silent=True)) == ("refused", "silent_not_supported")


def test_what_is_kept_of_somebody_goes_with_them(client):
    mine, others = PushDeviceFactory(), PushDeviceFactory()
    came_of(mine)
    came_of(others)

    who = Subject(id=mine.user_id, email=mine.user.email, username=mine.user.username)
    assert pushes_kept_for(who) == 1
    assert pushes_kept_for(who) == 0

    [push] = client.get(PAGE, headers={"Accept": "application/json"}).json()["results"]
    assert push["user"] == str(others.user_id)


def test_a_token_is_found_by_its_hash():
    device = PushDeviceFactory()

    assert PushDevice.objects.get(token_hash=fingerprint(device.token)) == device
