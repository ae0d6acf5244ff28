"""Push devices at the staff console."""

import pytest

from accounts.models import AuditEntry
from accounts.services import revoke_session
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from common.actors import SYSTEM
from notifications.models import PushDevice
from notifications.services import register_device, retire_device

from .factories import PushDeviceFactory

pytestmark = pytest.mark.django_db

CONSOLE = "/admin/notifications/pushdevice/"


def page_of(device) -> str:
    return f"{CONSOLE}{device.pk}/change/"


def act(client, device, name="retire"):
    return client.post(CONSOLE, {"action": name, "_selected_action": [str(device.pk)], "answered": "yes"})


def test_the_list_says_whose_what_and_why_and_never_the_token():
    phone = PushDeviceFactory(name="Pixel", user__username="layla")
    gone = PushDeviceFactory(name="Old phone")
    retire_device(device=gone, reason="unregistered", actor=SYSTEM)
    out = PushDeviceFactory(name="Lent phone")
    revoke_session(session=out.session, reason="logout")
    client = console_of(staff())

    page = client.get(CONSOLE).content.decode()

    for words in ("layla", "Pixel", "takes pushes", "unregistered", "gone", "signed out"):
        assert words in page
    for device in (phone, gone, out):
        one = client.get(page_of(device)).content.decode()
        assert device.token not in page + one
        assert device.token_hash not in page + one
        assert f"/admin/notifications/delivery/?q={device.pk}" in one


@pytest.mark.parametrize(
    ("state", "names"),
    [("alive", {"Pixel"}), ("gone", {"Old phone"}), ("signed_out", {"Lent phone"})],
)
def test_it_is_narrowed_by_state(state, names):
    PushDeviceFactory(name="Pixel")
    retire_device(device=PushDeviceFactory(name="Old phone"), reason="unregistered", actor=SYSTEM)
    revoke_session(session=PushDeviceFactory(name="Lent phone").session, reason="logout")

    response = console_of(staff()).get(CONSOLE, {"state": state})

    assert {device.name for device in response.context["cl"].result_list} == names


def test_it_is_found_by_person_and_by_ids():
    device = PushDeviceFactory(user__username="layla")
    PushDeviceFactory()
    client = console_of(staff())

    for words in ("layla", device.user.email, device.pk, device.user_id, device.session_id):
        found = client.get(CONSOLE, {"q": str(words)}).context["cl"].result_list
        assert list(found) == [device]


def test_the_list_takes_the_same_queries_however_many_there_are(django_assert_max_num_queries):
    client = console_of(staff())
    PushDeviceFactory()
    client.get(CONSOLE)
    for _ in range(10):
        PushDeviceFactory()

    with django_assert_max_num_queries(12):
        assert len(client.get(CONSOLE).context["cl"].result_list) == 11


def test_staff_end_pushes_to_a_device_until_it_registers_again():
    ada, device = staff(), PushDeviceFactory()
    client = console_of(ada)

    act(client, device)
    act(client, device)

    device.refresh_from_db()
    assert device.gone_reason == "staff"
    entry = AuditEntry.objects.get(verb="push_device.retired")
    assert (entry.actor, entry.subject, entry.target) == (ada.pk, device.user_id, str(device.pk))
    register_device(user=device.user, session=device.session, provider="fcm", token=device.token)
    assert PushDevice.objects.get().gone_at is None


def test_a_question_comes_first():
    device = PushDeviceFactory()

    response = console_of(staff()).post(CONSOLE, {"action": "retire", "_selected_action": [str(device.pk)]})

    assert "Send nothing to this device" in response.content.decode()
    assert PushDevice.objects.get().gone_at is None


def test_who_may_only_look_changes_nothing():
    device = PushDeviceFactory()
    client = console_of(clerk("view_pushdevice"))

    assert client.get(page_of(device)).status_code == 200
    act(client, device)

    assert PushDevice.objects.get().gone_at is None


def test_nobody_else_sees_them():
    device = PushDeviceFactory()

    assert console_of(clerk()).get(page_of(device)).status_code == 403
    assert console_of(UserFactory()).get(CONSOLE).status_code == 302


@pytest.mark.parametrize("path", ["add/", "{}/delete/"])
def test_nothing_is_added_or_deleted_by_hand(path):
    device = PushDeviceFactory()

    assert console_of(staff()).get(CONSOLE + path.format(device.pk)).status_code == 403
