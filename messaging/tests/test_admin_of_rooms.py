"""The console answers: who may do what here, who is invited, who removed whom; and who looked."""

import pytest

from accounts.models import AuditEntry
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from common.actors import SYSTEM
from common.problems import NotAllowed
from messaging.models import Invitation
from messaging.services import (
    add_participants,
    change_role,
    create_chat,
    create_invitation,
    leave_chat,
    remove_participant,
    send_message,
    update_chat,
)

pytestmark = pytest.mark.django_db

CHATS = "/admin/messaging/chat/"
MESSAGES = "/admin/messaging/message/"
INVITATIONS = "/admin/messaging/invitation/"


@pytest.fixture
def ada():
    return staff(username="ada")


def looks():
    found = AuditEntry.objects.filter(verb__endswith=".looked_at").order_by("id")
    return [(entry.verb, entry.actor, entry.target, entry.details) for entry in found]


def test_a_chats_page_says_what_it_settled(group, layla, ada):
    update_chat(actor=layla, chat=group, permissions={"message.pin": "everyone"}, edit_window=93_784)

    page = console_of(ada).get(f"{CHATS}{group.pk}/change/").content.decode()

    assert "message.pin: everyone" in page
    assert "1 day, 2 hours, 3 minutes, 4 seconds" in page


@pytest.mark.parametrize(("seconds", "told"), [(None, "without end"), (0, "0 seconds"), (172_800, "2 days")])
def test_how_long_messages_may_be_edited_has_a_unit(seconds, told, group, layla, ada):
    update_chat(actor=layla, chat=group, edit_window=seconds)

    page = console_of(ada).get(f"{CHATS}{group.pk}/change/").content.decode()

    assert told in page


def test_a_chats_page_says_who_did_what_to_whom_ever(group, layla, omar, mina, ada):
    add_participants(actor=layla, chat=group, users=[mina])
    remove_participant(actor=layla, chat=group, user=omar)
    add_participants(actor=layla, chat=group, users=[omar])
    change_role(actor=layla, chat=group, user=mina, role="admin")
    remove_participant(actor=mina, chat=group, user=omar)
    add_participants(actor=mina, chat=group, users=[omar])
    leave_chat(actor=mina, chat=group)
    remove_participant(actor=SYSTEM, chat=group, user=omar)

    page = console_of(ada).get(f"{CHATS}{group.pk}/change/").content.decode()

    assert [
        (change.user, change.kind, change.role, change.by)
        for change in group.membership_changes.order_by("id")[2:]
    ] == [
        (mina, "added", "member", layla),
        (omar, "removed", "member", layla),
        (omar, "added", "member", layla),
        (mina, "role", "admin", layla),
        (omar, "removed", "member", mina),
        (omar, "added", "member", mina),
        (mina, "left", "admin", mina),
        (omar, "removed", "member", None),
    ]
    told = page.split("Comings and goings", 1)[1]
    assert (told.count("came in"), told.count("changed role"), told.count("was removed")) == (5, 1, 3)
    assert "the platform" in told


def test_a_chat_begins_with_those_who_opened_it(group, layla, omar):
    private, _ = create_chat(actor=omar, type="private", participants=[layla])

    opened = {
        chat: {(each.user, each.kind, each.role, each.by) for each in chat.membership_changes.all()}
        for chat in (group, private)
    }

    assert opened == {
        group: {(layla, "added", "owner", layla), (omar, "added", "member", layla)},
        private: {(omar, "added", "member", omar), (layla, "added", "member", omar)},
    }


def test_a_refused_removal_is_not_written_down(group, layla, omar, mina):
    add_participants(actor=layla, chat=group, users=[mina])

    with pytest.raises(NotAllowed):
        remove_participant(actor=mina, chat=group, user=omar)

    assert not group.membership_changes.exclude(kind="added").exists()


@pytest.mark.parametrize("times", [1, 9])
def test_a_chats_page_takes_as_many_queries_however_often_people_come_and_go(
    times, group, layla, omar, ada, django_assert_num_queries
):
    for _ in range(times):
        remove_participant(actor=layla, chat=group, user=omar)
        add_participants(actor=layla, chat=group, users=[omar])
    client = console_of(ada)
    client.get(f"{CHATS}{group.pk}/change/")

    with django_assert_num_queries(9):
        client.get(f"{CHATS}{group.pk}/change/")


def test_each_look_at_what_messages_say_is_in_the_audit_log(group, layla):
    message, _ = send_message(actor=layla, chat=group, text="Our secret")
    reader = clerk("view_message", "view_message_text")
    client = console_of(reader)

    client.get(MESSAGES)
    client.get(f"{MESSAGES}{message.pk}/change/")

    assert looks() == [
        ("messages.looked_at", reader.pk, "", {"messages": [str(message.pk)]}),
        ("message.looked_at", reader.pk, str(message.pk), {"chat": str(group.pk)}),
    ]
    assert "secret" not in str(AuditEntry.objects.values_list("details", flat=True))


def test_who_sees_no_words_has_looked_at_nothing(group, layla):
    message, _ = send_message(actor=layla, chat=group, text="Our secret")
    client = console_of(clerk("view_message"))

    pages = [client.get(MESSAGES), client.get(f"{MESSAGES}{message.pk}/change/")]

    assert [page.status_code for page in pages] == [200, 200]
    assert not any(b"secret" in page.content for page in pages)
    assert looks() == []


def test_invitations_are_seen_without_their_link_and_revoked(group, layla, mina, ada):
    link, _ = create_invitation(actor=layla, chat=group)
    create_invitation(actor=layla, chat=group, user=mina)
    client = console_of(ada)

    pages = [client.get(INVITATIONS), client.get(f"{INVITATIONS}{link.pk}/change/")]
    found = client.get(INVITATIONS, {"q": "mina", "open": "yes"})
    done = client.post(
        INVITATIONS, {"action": "revoke", "_selected_action": [str(link.pk)], "answered": "yes"}
    )

    assert [page.status_code for page in pages] == [200, 200]
    assert not any(link.token in page.content.decode() for page in pages)
    assert [row.user for row in found.context["cl"].result_list] == [mina]
    assert done.status_code == 302
    assert Invitation.objects.get(pk=link.pk).revoked_at is not None
    assert client.get(INVITATIONS, {"open": "no"}).context["cl"].result_list[0].pk == link.pk


@pytest.mark.parametrize("invitations", [2, 20])
def test_the_list_of_invitations_takes_as_many_queries_however_many(
    invitations, group, layla, ada, django_assert_max_num_queries
):
    for _ in range(invitations):
        create_invitation(actor=layla, chat=group, user=UserFactory())
    client = console_of(ada)
    client.get(INVITATIONS)

    with django_assert_max_num_queries(
        5
    ):  # cookie session, its user, how many, the rows, the private ones' two
        client.get(INVITATIONS)
