"""What happens in a thread in the same moment: real threads, each with a connection of its own."""

import pytest

from messaging.models import Message, ThreadMark
from messaging.services import follow_thread, mark_thread_read, send_message
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of
from messaging.tests.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(layla, omar, mina):
    return send_message(actor=layla, chat=group_of(layla, omar, mina), text="We leave at dawn.")[0]


def test_twenty_who_reply_at_once_are_all_counted(root, layla, omar, mina):
    people = [layla, omar, mina]

    at_once(
        [
            lambda n=n: send_message(actor=people[n % 3], chat=root.chat, text=f"{n}", thread=root.pk)
            for n in range(20)
        ]
    )

    root.refresh_from_db()
    assert (root.reply_count, root.last_reply_seq) == (20, 21)
    assert [seq for seq, _, _ in log_of(root.chat)] == list(range(1, 22))
    assert root.last_reply_at == Message.objects.get(seq=21).created_at
    assert ThreadMark.objects.filter(root=root, is_following=True).count() == 3
    told = [type_ for person in people for _, type_, _ in stream_of(person)]
    assert told.count("thread.updated") == 3


def test_marks_moved_at_once_end_at_the_furthest(root, layla, omar):
    for _ in range(10):
        send_message(actor=layla, chat=root.chat, text="Reply", thread=root.pk)

    at_once([lambda seq=seq: mark_thread_read(actor=omar, root=root, seq=seq) for seq in range(2, 12)])

    assert ThreadMark.objects.get(root=root, user=omar).read_seq == 11


def test_following_at_once_is_told_once(root, omar):
    at_once([lambda: follow_thread(actor=omar, root=root, following=True).pk for _ in range(10)])

    assert ThreadMark.objects.filter(root=root, user=omar, is_following=True).count() == 1
    assert [type_ for _, type_, _ in stream_of(omar)].count("thread.updated") == 1
