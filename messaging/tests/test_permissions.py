"""Who may do what: every role, every action, both types of chat, asked over the API."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import UserFactory
from common.models import LogEntry
from messaging.models import Chat, Participant
from messaging.services import change_role, create_chat, remove_participant, send_message

pytestmark = pytest.mark.django_db

# What they try, as (method, path below the chat, body); {…} is the id of whoever that is.
ACTIONS = {
    "read the chat": ("get", "", None),
    "read its messages": ("get", "/messages", None),
    "see who is in it": ("get", "/participants", None),
    "see somebody in it": ("get", "/participants/{other}", None),
    "send": ("post", "/messages", {"text": "Hello"}),
    "mark as read": ("post", "/read", {"seq": 1}),
    "reply in a thread": ("post", "/messages", {"text": "Hello", "thread": "{first}"}),
    "see the threads": ("get", "/threads", None),
    "call somebody": ("post", "/messages", {"text": "Hello", "mentions": ["{other}"]}),
    "call everybody": ("post", "/messages", {"text": "Hello", "mentions": ["all"]}),
    "save a draft": ("put", "/drafts", {"text": "Hello", "version": 0}),
    "see one's drafts": ("get", "/drafts", None),
    "schedule": ("post", "/scheduled", {"text": "Hello", "scheduled_for": "{tomorrow}"}),
    "see what one scheduled": ("get", "/scheduled", None),
    "rename": ("patch", "", {"title": "Petra"}),
    "add a member": ("post", "/participants", {"user": "{newcomer}"}),
    "add an admin": ("post", "/participants", {"user": "{newcomer}", "role": "admin"}),
    "add an owner": ("post", "/participants", {"user": "{newcomer}", "role": "owner"}),
    "remove a member": ("delete", "/participants/{other}", None),
    "remove an admin": ("delete", "/participants/{second_admin}", None),
    "remove the owner": ("delete", "/participants/{owner}", None),
    "make somebody an admin": ("patch", "/participants/{other}", {"role": "admin"}),
    "make somebody the owner": ("put", "/participants/{other}", {"role": "owner"}),
    "leave": ("delete", "?leave=true", None),
    "delete": ("delete", "?leave=false", None),
}

ROLES = ("owner", "admin", "member", "removed", "stranger")

IN_A_GROUP = {
    #                           owner admin member removed stranger
    "read the chat":           (200, 200, 200, 404, 404),
    "read its messages":       (200, 200, 200, 404, 404),
    "see who is in it":        (200, 200, 200, 404, 404),
    "see somebody in it":      (200, 200, 200, 404, 404),
    "send":                    (201, 201, 201, 404, 404),
    "mark as read":            (200, 200, 200, 404, 404),
    "reply in a thread":       (201, 201, 201, 404, 404),
    "see the threads":         (200, 200, 200, 404, 404),
    "call somebody":           (201, 201, 201, 404, 404),
    "call everybody":          (201, 201, 403, 404, 404),
    "save a draft":            (200, 200, 200, 404, 404),
    "see one's drafts":        (200, 200, 200, 404, 404),
    "schedule":                (201, 201, 201, 404, 404),
    "see what one scheduled":  (200, 200, 200, 404, 404),
    "rename":                  (200, 200, 403, 404, 404),
    "add a member":            (201, 201, 403, 404, 404),
    "add an admin":            (201, 403, 403, 404, 404),
    "add an owner":            (403, 403, 403, 404, 404),
    "remove a member":         (204, 204, 403, 404, 404),
    "remove an admin":         (204, 403, 403, 404, 404),
    "remove the owner":        (409, 403, 403, 404, 404),  # of themselves: hand over first
    "make somebody an admin":  (200, 403, 403, 404, 404),
    "make somebody the owner": (200, 403, 403, 404, 404),
    "leave":                   (409, 204, 204, 404, 404),
    "delete":                  (204, 204, 204, 404, 404),
}  # fmt: skip

WHERE_MEMBERS_ADD = {
    "add a member":            (201, 201, 201, 404, 404),
    "add an admin":            (201, 403, 403, 404, 404),
    "add an owner":            (403, 403, 403, 404, 404),
    "rename":                  (200, 200, 403, 404, 404),
    "remove a member":         (204, 204, 403, 404, 404),
}  # fmt: skip

WHERE_ADMINS_SEND = {
    "send":                    (201, 201, 403, 404, 404),
    "read its messages":       (200, 200, 200, 404, 404),
    "mark as read":            (200, 200, 200, 404, 404),
}  # fmt: skip

IN_A_CHANNEL = {
    #                           owner admin member removed stranger
    "read the chat":           (200, 200, 200, 404, 404),
    "read its messages":       (200, 200, 200, 404, 404),
    "see who is in it":        (200, 200, 200, 404, 404),  # of other members nothing
    "see somebody in it":      (200, 200, 404, 404, 404),
    "send":                    (201, 201, 403, 404, 404),
    "mark as read":            (200, 200, 200, 404, 404),
    "reply in a thread":       (201, 201, 403, 404, 404),
    "see the threads":         (200, 200, 200, 404, 404),
    "call somebody":           (201, 201, 403, 404, 404),
    "call everybody":          (201, 201, 403, 404, 404),
    "save a draft":            (200, 200, 200, 404, 404),
    "see one's drafts":        (200, 200, 200, 404, 404),
    "schedule":                (201, 201, 403, 404, 404),
    "see what one scheduled":  (200, 200, 200, 404, 404),
    "rename":                  (200, 200, 403, 404, 404),
    "add a member":            (201, 201, 403, 404, 404),
    "add an admin":            (201, 403, 403, 404, 404),
    "add an owner":            (403, 403, 403, 404, 404),
    "remove a member":         (204, 204, 404, 404, 404),
    "remove an admin":         (204, 403, 403, 404, 404),
    "remove the owner":        (409, 403, 403, 404, 404),
    "make somebody an admin":  (200, 403, 404, 404, 404),
    "make somebody the owner": (200, 403, 404, 404, 404),
    "leave":                   (409, 204, 204, 404, 404),
    "delete":                  (204, 204, 204, 404, 404),
}  # fmt: skip

IN_A_PRIVATE_CHAT = {
    #                           member stranger
    "read the chat":           (200, 404),
    "read its messages":       (200, 404),
    "see who is in it":        (200, 404),
    "see somebody in it":      (200, 404),
    "send":                    (201, 404),
    "mark as read":            (200, 404),
    "reply in a thread":       (201, 404),
    "see the threads":         (200, 404),
    "call somebody":           (201, 404),
    "call everybody":          (201, 404),
    "save a draft":            (200, 404),
    "see one's drafts":        (200, 404),
    "schedule":                (201, 404),
    "see what one scheduled":  (200, 404),
    "rename":                  (403, 404),
    "add a member":            (403, 404),
    "add an admin":            (403, 404),
    "add an owner":            (403, 404),
    "remove a member":         (403, 404),
    "make somebody an admin":  (403, 404),
    "make somebody the owner": (403, 404),
    "leave":                   (204, 404),
    "delete":                  (204, 404),  # for oneself: nobody deletes it for the other
}  # fmt: skip

# What leaves the log as it was although it is done.
SILENT = {
    "read the chat",
    "read its messages",
    "see who is in it",
    "see somebody in it",
    "see the threads",
    "see one's drafts",
    "see what one scheduled",
}


def attempt(client: APIClient, chat: Chat, action: str, people: dict[str, User]):
    method, path, body = ACTIONS[action]
    ids = {name: str(person.pk) for name, person in people.items()}
    ids |= {
        "first": str(chat.messages.get(text="First").pk),
        "tomorrow": (timezone.now() + timedelta(days=1)).isoformat(),
    }

    def filled(value):
        if isinstance(value, list):
            return [filled(each) for each in value]
        return value.format(**ids) if isinstance(value, str) else value

    body = body and {name: filled(value) for name, value in body.items()}
    return getattr(client, method)(f"/api/v1/chats/{chat.pk}{path.format(**ids)}", body)


def state():
    return (
        list(Chat.objects.values().order_by("pk")),
        list(Participant.objects.values().order_by("pk")),
        LogEntry.objects.count(),
    )


def tried(client_of, chat, role, action, people, status):
    before = state()

    response = attempt(client_of(people[role]), chat, action, people)

    assert response.status_code == status, response.content
    assert (state() == before) is (status >= 400 or action in SILENT)


@pytest.fixture
def crowd():
    """A person for each role of a group; `other` is the member that things are done to."""
    names = ["owner", "admin", "second_admin", "member", "other", "removed", "stranger", "newcomer"]
    return {name: UserFactory(username=name) for name in names}


def group_with(people, **more):
    inside = [people[name] for name in ("admin", "second_admin", "member", "other", "removed")]
    chat, _ = create_chat(
        actor=people["owner"], participants=inside, **({"type": "group", "title": "Wadi Rum"} | more)
    )
    for admin in ("admin", "second_admin"):
        change_role(actor=people["owner"], chat=chat, user=people[admin], role="admin")
    remove_participant(actor=people["owner"], chat=chat, user=people["removed"])
    send_message(actor=people["owner"], chat=chat, text="First")
    return chat


def rows(table, roles):
    return [
        pytest.param(action, role, status, id=f"{role}: {action}")
        for action, statuses in table.items()
        for role, status in zip(roles, statuses, strict=True)
    ]


def test_the_tables_leave_no_action_out():
    assert IN_A_GROUP.keys() == IN_A_CHANNEL.keys() == ACTIONS.keys()
    assert ACTIONS.keys() - IN_A_PRIVATE_CHAT.keys() == {"remove an admin", "remove the owner"}  # has none


@pytest.mark.parametrize(("action", "role", "status"), rows(IN_A_GROUP, ROLES))
def test_in_a_group(action, role, status, crowd, client_of):
    tried(client_of, group_with(crowd), role, action, crowd, status)


@pytest.mark.parametrize(("action", "role", "status"), rows(WHERE_MEMBERS_ADD, ROLES))
def test_in_a_group_whose_members_may_add_people(action, role, status, crowd, client_of):
    tried(client_of, group_with(crowd, members_can_add=True), role, action, crowd, status)


@pytest.mark.parametrize(("action", "role", "status"), rows(WHERE_ADMINS_SEND, ROLES))
def test_in_a_group_that_is_read_only(action, role, status, crowd, client_of):
    tried(client_of, group_with(crowd, send="admins"), role, action, crowd, status)


@pytest.mark.parametrize(("action", "role", "status"), rows(IN_A_CHANNEL, ROLES))
def test_in_a_channel(action, role, status, crowd, client_of):
    tried(client_of, group_with(crowd, type="channel"), role, action, crowd, status)


@pytest.mark.parametrize(("action", "role", "status"), rows(IN_A_PRIVATE_CHAT, ("member", "stranger")))
def test_in_a_private_chat(action, role, status, crowd, client_of):
    chat, _ = create_chat(actor=crowd["member"], type="private", participants=[crowd["other"]])
    send_message(actor=crowd["other"], chat=chat, text="First")

    tried(client_of, chat, role, action, crowd, status)


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_without_signing_in(action, crowd, client):
    chat = group_with(crowd)
    before = state()

    response = attempt(client, chat, action, crowd)

    assert response.status_code == 401
    assert state() == before
