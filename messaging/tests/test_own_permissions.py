"""What a chat settles for itself: who may do what in it, and who may change that."""

import pytest

from accounts.tests.factories import UserFactory
from messaging.models import Chat
from messaging.services import (
    add_participants,
    change_role,
    create_chat,
    leave_chat,
    mark_read,
    send_message,
    update_chat,
)
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = [pytest.mark.django_db, pytest.mark.both_doors]

ROLES = ("owner", "admin", "member")

# From which role up, in a private chat, a group, a channel; written out, not read from the table.
DEFAULTS = {
    "message.send": ("everyone", "everyone", "admins"),
    "message.edit": ("everyone", "everyone", "admins"),
    "message.delete": ("everyone", "everyone", "everyone"),
    "message.react": ("everyone", "everyone", "everyone"),
    "message.thread": ("everyone", "everyone", "admins"),
    "message.attach": ("everyone", "everyone", "admins"),
    "message.mention_all": ("everyone", "admins", "admins"),
    "message.pin": ("everyone", "admins", "admins"),
    "message.delete_others": (None, "admins", "admins"),
    "participant.view": ("everyone", "everyone", "admins"),
    "participant.add": (None, "admins", "admins"),
    "participant.invite": (None, "admins", "admins"),
    "participant.remove": (None, "admins", "admins"),
    "participant.change_role": (None, "owner", "owner"),
    "participant.simulate": (None, "admins", "admins"),
    "chat.update": (None, "admins", "admins"),
    "chat.change_permissions": (None, "admins", "admins"),
    "chat.delete": (None, "owner", "owner"),
}
LETS = {"everyone": set(ROLES), "admins": {"owner", "admin"}, "owner": {"owner"}, None: set()}


def path_of(chat, below=""):
    return f"/api/v1/chats/{chat.pk}{below}"


def with_admin(chat, owner, person):
    change_role(actor=owner, chat=chat, user=person, role="admin")
    return chat


@pytest.fixture
def trio(layla, omar, mina):
    """Layla owns it, Omar is an admin, Mina a member."""
    return with_admin(group_of(layla, omar, mina), layla, omar)


@pytest.fixture
def channel(layla, omar, mina):
    """The same as a channel."""
    chat, _ = create_chat(actor=layla, type="channel", title="Desert news", participants=[omar, mina])
    return with_admin(chat, layla, omar)


def verdicts(response):
    assert response.status_code == 200
    return {
        each["action"]: (each["allowed"], each["level"], each["rule"])
        for each in response.json()["permissions"]
    }


# --- What one may do ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("kind", "column"), [("group", 1), ("channel", 2)])
def test_everybody_is_told_what_they_may_do(kind, column, role, layla, omar, mina, client_of):
    chat, _ = create_chat(actor=layla, type=kind, title="Petra", participants=[omar, mina])
    with_admin(chat, layla, omar)
    person = {"owner": layla, "admin": omar, "member": mina}[role]

    response = client_of(person).get(path_of(chat, "/permissions"))

    assert (response.json()["user"], response.json()["role"]) == (str(person.pk), role)
    assert verdicts(response) == {
        action: (role in LETS[levels[column]], levels[column], "default")
        for action, levels in DEFAULTS.items()
    }


def test_in_a_private_chat_both_may_the_same(layla, omar, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])

    told = [verdicts(client_of(person).get(path_of(chat, "/permissions"))) for person in (layla, omar)]

    expected = {action: (levels[0] is not None, levels[0], "default") for action, levels in DEFAULTS.items()}
    assert told == [expected, expected]


@pytest.mark.parametrize(
    ("asker", "status"), [("layla", 200), ("omar", 200), ("mina", 403), ("stranger", 404)]
)
def test_who_runs_a_chat_sees_what_somebody_else_may(asker, status, trio, layla, omar, mina, client_of):
    people = {"layla": layla, "omar": omar, "mina": mina, "stranger": UserFactory()}
    about = omar if asker == "mina" else mina

    response = client_of(people[asker]).get(path_of(trio, "/permissions"), {"user": str(about.pk)})

    assert response.status_code == status
    if status == 200:
        assert (response.json()["role"], verdicts(response)["chat.update"]) == (
            "member",
            (False, "admins", "default"),
        )
    if status == 403:
        assert response.json()["denied_by"] == {
            "action": "participant.simulate",
            "role": "member",
            "rule": "default",
        }


@pytest.mark.parametrize(
    ("user", "status"), [("0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01", 404), ("omar", 400), ("", 400)]
)
def test_nobody_is_asked_about_who_is_not_there(user, status, trio, layla, client_of):
    assert client_of(layla).get(path_of(trio, "/permissions"), {"user": user}).status_code == status


# --- Settling it --------------------------------------------------------------------------------------------


def test_a_chat_opens_and_closes_what_it_wants(trio, layla, mina, client_of):
    own = {"participant.add": "everyone", "message.send": "admins"}

    response = client_of(layla).patch(path_of(trio), {"settings": {"permissions": own}})

    assert response.status_code == 200
    assert response.json()["settings"] == {
        "members_can_add": True,
        "send": "admins",
        "permissions": own,
        "edit_window": 172_800,
        "no_forward": False,
    }
    assert types(log_of(trio)) == [(1, "participant.updated"), (2, "chat.updated")]
    mine = verdicts(client_of(mina).get(path_of(trio, "/permissions")))
    assert mine["participant.add"] == (True, "everyone", "chat")
    assert mine["message.send"] == (False, "admins", "chat")
    # Who may not send says nothing in any other way either.
    for way in ("message.edit", "message.thread", "message.attach"):
        assert mine[way] == (False, "admins", "chat")
    refused = client_of(mina).post(path_of(trio, "/messages"), {"text": "Hello?"})
    assert (refused.status_code, refused.json()["denied_by"]) == (
        403,
        {"action": "message.send", "role": "member", "rule": "chat"},
    )


def test_null_gives_an_action_back_to_the_default(trio, layla, client_of):
    update_chat(actor=layla, chat=trio, permissions={"message.pin": "everyone", "message.send": "owner"})

    response = client_of(layla).patch(path_of(trio), {"settings": {"permissions": {"message.send": None}}})

    assert response.json()["settings"]["permissions"] == {"message.pin": "everyone"}
    assert response.json()["settings"]["send"] == "everyone"


@pytest.mark.parametrize(
    ("asked", "permissions"),
    [
        ({"send": "admins"}, {"message.send": "admins"}),
        ({"send": "everyone"}, {"message.send": "everyone"}),
        ({"members_can_add": True}, {"participant.add": "everyone"}),
        ({"members_can_add": False}, {}),
    ],
    ids=str,
)
def test_old_and_short_settings_are_the_same_table(asked, permissions, trio, layla, client_of):
    response = client_of(layla).patch(path_of(trio), {"settings": asked})

    assert response.json()["settings"]["permissions"] == permissions
    assert Chat.objects.get().permissions == permissions


def test_closing_to_members_what_the_owner_keeps_changes_nothing(trio, layla):
    update_chat(actor=layla, chat=trio, permissions={"participant.add": "owner"})

    chat = update_chat(actor=layla, chat=trio, members_can_add=False)

    assert chat.permissions == {"participant.add": "owner"}


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({}, {"participant.change_role": "admins"}),  # the owner's
        ({}, {"message.send": "owner"}),  # would be out of their own reach
        ({"message.pin": "owner"}, {"message.pin": "everyone"}),
        ({"message.pin": "owner"}, {"message.pin": None}),
    ],
    ids=str,
)
def test_an_admin_changes_nothing_above_themselves(before, change, trio, layla, omar, client_of):
    update_chat(actor=layla, chat=trio, permissions=before)
    told = log_of(trio)

    response = client_of(omar).patch(path_of(trio), {"title": "Mine", "settings": {"permissions": change}})

    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    assert response.json()["denied_by"] == {
        "action": next(iter(change)),
        "role": "admin",
        "rule": "chat" if before else "default",
    }
    assert (Chat.objects.get().permissions, Chat.objects.get().title) == (before, "Wadi Rum")
    assert log_of(trio) == told


def test_an_admin_settles_what_admins_may(trio, omar, client_of):
    response = client_of(omar).patch(
        path_of(trio), {"settings": {"permissions": {"message.pin": "everyone"}}}
    )

    assert response.status_code == 200


def test_members_settle_nothing_unless_the_chat_lets_them_and_then_no_more_than_their_own(
    trio, layla, mina, client_of
):
    client = client_of(mina)
    change = {"settings": {"permissions": {"message.pin": "everyone"}}}
    closed = client.patch(path_of(trio), change)
    update_chat(actor=layla, chat=trio, permissions={"chat.change_permissions": "everyone"})

    still_closed = client.patch(path_of(trio), change)

    assert closed.json()["denied_by"]["action"] == "chat.change_permissions"
    assert still_closed.json()["denied_by"]["action"] == "message.pin"
    assert Chat.objects.get().permissions == {"chat.change_permissions": "everyone"}


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"permissions": {"chat.delete": "everyone"}}, "settings.permissions.chat.delete", "unknown_action"),
        ({"permissions": {"fly": "everyone"}}, "settings.permissions.fly", "unknown_action"),
        ({"permissions": {"message.pin": "nobody"}}, "settings.permissions.message.pin", "invalid_choice"),
        ({"permissions": {"message.pin": 1}}, "settings.permissions.message.pin", "invalid_choice"),
        ({"permissions": ["message.pin"]}, "settings.permissions", "not_a_dict"),
        ({"permissions": None}, "settings.permissions", "null"),
        ({"send": None}, "settings.send", "null"),
        ({"send": "nobody"}, "settings.send", "invalid_choice"),
    ],
    ids=str,
)
def test_what_no_chat_can_settle_is_refused(asked, field, code, trio, layla, client_of):
    told = log_of(trio)

    response = client_of(layla).patch(path_of(trio), {"settings": asked})

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [(field, code)]
    assert log_of(trio) == told


def test_no_other_door_settles_what_no_chat_can(trio, layla):
    with pytest.raises(ValueError, match="no permissions of a chat"):
        update_chat(actor=layla, chat=trio, permissions={"chat.delete": "everyone"})


def test_admins_who_may_change_roles_make_admins_and_no_owners(trio, layla, omar, mina, client_of):
    noor = UserFactory(username="noor")
    add_participants(actor=layla, chat=trio, users=[noor])
    update_chat(actor=layla, chat=trio, permissions={"participant.change_role": "admins"})
    client = client_of(omar)

    def give(user, role):
        return client.patch(path_of(trio, f"/participants/{user.pk}"), {"role": role})

    made, owner = give(mina, "admin"), give(noor, "owner")
    equal, higher = give(mina, "member"), give(layla, "member")

    assert (made.status_code, made.json()["role"]) == (200, "admin")
    for refused in (owner, equal, higher):
        assert (refused.status_code, refused.json()["code"]) == (403, "cannot_act_on_equal")
        assert refused.json()["denied_by"] == {
            "action": "participant.change_role",
            "role": "admin",
            "rule": "rank",
        }
    roles = dict(trio.participants.values_list("user__username", "role"))
    assert roles == {"layla": "owner", "omar": "admin", "mina": "admin", "noor": "member"}


# --- Channels -----------------------------------------------------------------------------------------------


def test_in_a_channel_those_who_run_it_send_and_members_read(channel, layla, omar, mina, client_of):
    statuses = [
        client_of(person).post(path_of(channel, "/messages"), {"text": "News"}).status_code
        for person in (layla, omar, mina)
    ]

    page = client_of(mina).get(path_of(channel, "/messages")).json()

    assert statuses == [201, 201, 403]
    assert [each["author_name"] for each in page["results"]] == ["Layla", "Omar"]
    assert client_of(mina).get(path_of(channel)).json()["settings"] == {
        "members_can_add": False,
        "send": "admins",
        "permissions": {},
        "edit_window": 172_800,
        "no_forward": False,
    }


def test_members_of_a_channel_see_who_runs_it_and_themselves(channel, layla, omar, mina, client_of):
    noor = UserFactory(username="noor")
    add_participants(actor=layla, chat=channel, users=[noor])

    def names(person):
        people = client_of(person).get(path_of(channel, "/participants")).json()["results"]
        return [each["username"] for each in people]

    assert names(mina) == ["layla", "omar", "mina"]
    assert names(omar) == ["layla", "omar", "mina", "noor"]
    assert client_of(mina).get(path_of(channel, f"/participants/{noor.pk}")).status_code == 404
    assert client_of(mina).get(path_of(channel)).json()["participant_count"] == 4
    update_chat(actor=layla, chat=channel, permissions={"participant.view": "everyone"})
    assert names(mina) == ["layla", "omar", "mina", "noor"]


@pytest.mark.django_db(transaction=True)
@live
async def test_members_of_a_channel_hear_of_no_other_member(layla, omar, mina):
    channel, _ = await in_thread(create_chat)(
        actor=layla, type="channel", title="Desert news", participants=[mina]
    )
    minas = await enter(mina)

    await in_thread(add_participants)(actor=layla, chat=channel, users=[omar])
    await in_thread(mark_read)(actor=omar, chat=channel, seq=1)
    await in_thread(change_role)(actor=layla, chat=channel, user=omar, role="admin")
    await in_thread(send_message)(actor=omar, chat=channel, text="News")

    added, updated, sent = [await minas.next() for _ in range(3)]
    assert (added["type"], added["seq"]) == ("participant.added", 1)
    # As it is when the frame is made: an admin by now, or nobody whom she may see.
    assert added["data"]["user"] in (None, str(omar.pk))
    assert (updated["data"]["user"], updated["data"]["role"]) == (str(omar.pk), "admin")
    assert sent["data"]["text"] == "News"


@pytest.mark.django_db(transaction=True)
@live
async def test_a_member_who_comes_and_goes_in_a_channel_is_nobody_to_the_others(layla, omar, mina):
    channel, _ = await in_thread(create_chat)(
        actor=layla, type="channel", title="Desert news", participants=[mina]
    )
    minas, omars = await enter(mina), await enter(omar)

    await in_thread(add_participants)(actor=layla, chat=channel, users=[omar])
    his = await omars.until("participant.added")
    await in_thread(mark_read)(actor=omar, chat=channel, seq=1)
    await in_thread(leave_chat)(actor=omar, chat=channel)

    added, removed = await minas.next(), await minas.next()
    assert (added["type"], added["data"]) == ("participant.added", {"user": None, "by": None})
    assert (removed["type"], removed["data"]) == ("participant.removed", {"user": None, "by": None})
    assert [frame["type"] for frame in his] == ["chat.added", "participant.added"]
    assert await minas.so_far() == []  # not even that he reads


def test_the_last_one_who_leaves_a_channel_deletes_it(layla, client_of):
    channel, _ = create_chat(actor=layla, type="channel", title="Alone")

    response = client_of(layla).delete(path_of(channel), QUERY_STRING="leave=true")

    assert response.status_code == 204
    assert Chat.objects.get().deleted_at is not None


def test_a_channel_needs_a_title(layla, client_of):
    response = client_of(layla).post("/api/v1/chats", {"type": "channel"})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "title")
