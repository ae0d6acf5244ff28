"""The AsyncAPI document of the sockets: valid, whole, and true of what goes over the wire."""

import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from jsonschema import Draft7Validator, Draft202012Validator

from accounts.models import Role, User
from accounts.services import (
    block_user,
    grant_role,
    request_export,
    revoke_role,
    switch_role,
    unblock_user,
    update_profile,
    update_settings,
)
from common.actors import SYSTEM
from common.relay.services import drain
from common.tests.formats import FORMATS
from common.tests.pictures import picture
from files.services import delete_file, take_in_pictures
from messaging.models import Chat, Pin, ScheduledMessage
from messaging.services import (
    accept_invitation,
    add_contact,
    add_participants,
    add_reaction,
    cancel_scheduled,
    change_role,
    create_folder,
    create_invitation,
    delete_folder,
    delete_message,
    edit_message,
    follow_thread,
    hide_message,
    mark_delivered,
    mark_read,
    pin_message,
    reject_request,
    remove_contact,
    remove_participant,
    remove_reaction,
    revoke_invitation,
    save_draft,
    schedule_message,
    send_due_messages,
    send_message,
    set_preferences,
    set_presence,
    tell_typing,
    unpin_message,
    update_chat,
    update_contact,
)
from messaging.tests.factories import group_of
from notifications.models import Notification
from notifications.services import (
    change_notifications,
    change_preferences,
    delete_notification,
    read_notification,
)
from realtime import registry
from realtime.asyncapi import document, every_event
from realtime.tests.clients import enter, in_thread, live
from realtime.tests.frames import faults_of

ROOT = Path(__file__).parent.parent
DOCUMENT = json.loads(json.dumps(document()))
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
ANSWERS = {"hello", "ack", "error", "pong", "heartbeat", "resumed", "reset", "going_away"}

# Those of the product: tests make some of their own.
EVENTS = {event.type for event in every_event()}


def refs(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [ref for each in part.values() for ref in refs(each)]
    return [ref for each in part for ref in refs(each)] if isinstance(part, list) else []


def test_it_is_valid():
    schema = json.loads((ROOT / "tests/asyncapi-3.0.0.schema.json").read_text())

    assert [fault.message for fault in Draft7Validator(schema).iter_errors(DOCUMENT)] == []
    assert list(Draft7Validator(schema).iter_errors(DOCUMENT | {"info": {"title": "x"}}))  # it can tell


def test_every_reference_leads_somewhere():
    for ref in refs(DOCUMENT):
        found = DOCUMENT
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]


def test_it_has_every_event_every_command_and_every_frame_of_the_server():
    commands = {f"command.{name}" for name in [*registry.commands, "auth", "ping", "resume"]}

    assert set(MESSAGES) == commands | EVENTS | ANSWERS
    assert {"message.sent", "typing.start", "file.updated", "profile.updated"} <= EVENTS
    assert "session.revoked" not in EVENTS  # it ends sockets, and is told to none
    for channel in DOCUMENT["channels"].values():
        assert channel["messages"].keys() == MESSAGES.keys()


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_explained_and_its_example_has_its_shape(name):
    message = MESSAGES[name]
    (example,) = message["examples"]
    schema = message["payload"] | {"components": DOCUMENT["components"]}

    assert message["summary"]
    faults = Draft202012Validator(schema, format_checker=FORMATS)
    assert [fault.message for fault in faults.iter_errors(example["payload"])] == []


def test_a_frame_that_is_otherwise_is_seen():
    right = MESSAGES["message.read"]["examples"][0]["payload"]

    assert faults_of(right) == []
    assert faults_of(right | {"surprise": 1})
    assert faults_of(right | {"data": {"user": "Layla", "read_seq": 1}})
    assert faults_of({name: value for name, value in right.items() if name != "chat"})
    assert faults_of({"type": "message.unknown"})


def test_it_is_served(client):
    response = client.get("/api/asyncapi")

    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json() == DOCUMENT


# --- What goes over the wire: every frame that a client of the tests gets is held against the document ------

NOT_TOLD_HERE = {
    "user.online": "told after a pause, to whoever is still there: messaging/tests/test_presence.py has it",
    "user.offline": "as user.online",
    "webhook.paused": "it takes a receiver that is away: notifications/tests/test_webhook_delivery.py has it",
}


def much_happens(layla: User, omar: User, mina: User, group: Chat) -> None:
    """Whatever can happen to three people, in the group of two of them and around it."""
    first, _ = send_message(actor=layla, chat=group, text="We leave at dawn.")
    second, _ = send_message(actor=layla, chat=group, text="By car.")
    edit_message(actor=layla, message=first, text="We leave at noon.")
    pin_message(actor=layla, message=second)
    unpin_message(actor=layla, pin=Pin.objects.get())
    add_reaction(actor=omar, message=first, emoji="👍")
    remove_reaction(actor=omar, message=first, emoji="👍")
    follow_thread(actor=omar, root=first, following=True)
    hide_message(actor=omar, message=second)
    delete_message(actor=layla, message=second)
    mark_delivered(actor=omar, chat=group, seq=1)
    mark_read(actor=omar, chat=group, seq=1)
    save_draft(actor=layla, chat=group, text="We leave at", version=0)
    set_preferences(actor=layla, chat=group, favourite=1)
    folder = create_folder(actor=layla, title="Trips", chats=[group])
    delete_folder(folder=folder)
    update_chat(actor=layla, chat=group, title="Petra")
    change_role(actor=layla, chat=group, user=omar, role="admin")
    set_presence(actor=layla, status="busy")

    invitation, _ = create_invitation(actor=layla, chat=group, user=mina)
    revoke_invitation(actor=layla, invitation=invitation)
    link, _ = create_invitation(actor=layla, chat=group, approval=True)
    accept_invitation(actor=mina, invitation=link)
    reject_request(actor=layla, chat=group, user=mina)
    other = group_of(layla, omar)
    for when in (1, 2):
        schedule_message(
            actor=omar, chat=other, text="Later.", scheduled_for=timezone.now() + timedelta(hours=when)
        )
    cancel_scheduled(actor=omar, scheduled=ScheduledMessage.objects.latest("scheduled_for"))
    update_chat(actor=layla, chat=other, permissions={"message.send": "admins"})
    ScheduledMessage.objects.update(scheduled_for=timezone.now(), look_at=timezone.now())
    send_due_messages()
    remove_participant(actor=layla, chat=other, user=omar)
    add_participants(actor=layla, chat=group, users=[mina])

    contact, _ = add_contact(actor=layla, user=omar)
    update_contact(actor=layla, contact=contact, alias="Omar the guide")
    remove_contact(actor=layla, contact=contact)
    update_profile(actor=layla, user=layla, status_text="On the road")
    update_settings(user=layla, changes={"privacy": {"found_by_email": True}})
    block_user(actor=layla, user=mina)
    unblock_user(actor=layla, user=mina)
    grant_role(actor=SYSTEM, user=layla, role=Role.CREATOR)
    switch_role(user=layla, role=Role.CREATOR)
    revoke_role(actor=SYSTEM, user=layla, role=Role.CREATOR)

    drain(consumer="notifications")
    told = Notification.objects.of(layla.pk).get(kind="role_granted")
    read_notification(actor=layla, notification=told)
    delete_notification(actor=layla, notification=told)
    change_notifications(actor=layla, action="read")
    change_preferences(user=layla, digest="daily")

    request_export(user=layla)
    (file,) = take_in_pictures(owner=layla, files=[("camp.png", BytesIO(picture()))])
    delete_file(actor=layla, file=file)

    tell_typing(actor=omar, chat=group, is_typing=True)
    tell_typing(actor=omar, chat=group, is_typing=False)


@pytest.mark.django_db(transaction=True)
@live
async def test_every_event_is_told_as_the_document_says(layla, omar, mina, group):
    clients = [await enter(person) for person in (layla, omar, mina)]

    await in_thread(much_happens)(layla, omar, mina, group)

    frames = await clients[0].until("typing.stop")
    for client in clients:
        await client.say("resume", user=0, chats={str(group.pk): 0})
        frames += await client.until("resumed")
    told = {frame["type"] for frame in frames}
    assert told - ANSWERS - NOT_TOLD_HERE.keys() == EVENTS - NOT_TOLD_HERE.keys()
