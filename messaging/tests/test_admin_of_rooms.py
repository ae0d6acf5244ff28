"""The console answers: who may do what here, who is invited, who removed whom; and who looked."""

import pytest

from accounts.models import AuditEntry
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from messaging.models import Invitation
from messaging.services import create_invitation, remove_participant, send_message, update_chat

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


def test_a_chats_page_says_who_removed_whom_and_what_it_settled(group, layla, omar, ada):
    update_chat(actor=layla, chat=group, permissions={"message.pin": "everyone"})
    remove_participant(actor=layla, chat=group, user=omar)

    page = console_of(ada).get(f"{CHATS}{group.pk}/change/").content.decode()

    row = group.participants.get(user=omar)
    assert (row.removed_by, row.was_removed, row.added_by) == (layla, True, layla)
    assert row.left_at is not None
    assert "message.pin: everyone" in page
    assert "removed by" in page.lower()


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
