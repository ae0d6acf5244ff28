"""Threads: replies below one message of the main line, read and followed by themselves."""

from collections.abc import Callable, Iterable
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.actors import System
from common.events import emit
from common.problems import Invalid, NotFound
from messaging.events import ThreadUpdated
from messaging.models import Chat, Message, Participant, ThreadMark


def root_in(chat: Chat, thread: UUID, *, actor: User | System) -> Message:
    """The message of the locked *chat* that *thread* names, to be replied to.

    Raises:
        Invalid: the actor sees no such message there, or it stands in a thread itself.
    """
    there = chat.messages.filter(pk=thread)
    if isinstance(actor, User):
        there = there.not_hidden_from(actor.pk)
    root = there.first()
    if root is None:
        raise Invalid.field("thread", "unknown_message", _("There is no such message in this chat."))
    if root.thread_id:
        raise Invalid.field("thread", "in_thread", _("What stands in a thread can't begin one."))
    return root


def count_reply(*, root: Message, reply: Message, called: Callable[[], set[UUID]]) -> None:
    """Note on *root* that *reply* was sent, under the chat's lock, so that no reply is lost to another.

    Its author follows the thread from here on; with the first reply also whoever wrote the root or is
    *called* by it, if they are still there and did not say otherwise.

    Emits `ThreadUpdated` to those who did not follow it before.
    """
    before, is_first = thread_seq(root), root.reply_count == 0
    if is_first and (interested := called() | ({root.author_id} if root.author_id else set())):
        settled = ThreadMark.objects.filter(root=root, user__in=interested).values("user")
        there = Participant.objects.present().filter(chat=root.chat_id, user__in=interested)
        _follow(root, there.exclude(user__in=settled).values_list("user", flat=True), before)
    if reply.author_id:
        _follow(root, [reply.author_id], before)
    root.reply_count += 1
    root.last_reply_seq, root.last_reply_at = reply.seq, reply.created_at
    root.save(update_fields=["reply_count", "last_reply_seq", "last_reply_at"])


def join_thread(*, root: Message, users: Iterable[UUID]) -> None:
    """Have *users*, who are called in a thread, follow it. The chat's lock is held.

    Emits `ThreadUpdated` to those who did not follow it before.
    """
    _follow(root, users, thread_seq(root))


@transaction.atomic
def follow_thread(*, actor: User, root: Message, following: bool) -> ThreadMark:
    """Have the unread replies of a thread counted for the actor, or no longer.

    What was said before somebody follows it is read for them. Doing it twice changes and tells nothing.

    Raises:
        NotFound: they are not in the chat, or have deleted the root for themselves.

    Emits `ThreadUpdated` to the actor's own devices, if it changed.
    """
    root = _readable(actor, root)
    mark = _own_mark(actor, root)
    if mark.is_following != following:
        mark.is_following = following
        mark.read_seq = max(mark.read_seq, thread_seq(root)) if following else mark.read_seq
        mark.save(update_fields=["is_following", "read_seq"])
        _tell(mark)
    return mark


@transaction.atomic
def mark_thread_read(*, actor: User, root: Message, seq: int) -> ThreadMark:
    """Move the actor's mark in a thread to *seq*, at most to its newest reply. It never moves back.

    Raises:
        NotFound: they are not in the chat, or have deleted the root for themselves.

    Emits `ThreadUpdated` to the actor's own devices, if it moved.
    """
    root = _readable(actor, root)
    mark = _own_mark(actor, root)
    target = min(seq, thread_seq(root))
    if target > mark.read_seq:
        mark.read_seq = target
        mark.save(update_fields=["read_seq"])
        _tell(mark)
    return mark


def thread_seq(root: Message) -> int:
    """The newest position of a thread: its root's own while nobody has replied."""
    return root.last_reply_seq or root.seq


def _readable(actor: User, root: Message) -> Message:
    if not Participant.objects.present().filter(chat=root.chat_id, user=actor).exists():
        raise NotFound
    there = Message.objects.main_line().not_hidden_from(actor.pk)
    fresh = there.filter(pk=root.pk, chat__deleted_at=None).first()
    if fresh is None:
        raise NotFound
    return fresh


def _own_mark(actor: User, root: Message) -> ThreadMark:
    """The actor's row, locked; one that had none begins where the thread does."""
    new = ThreadMark(chat_id=root.chat_id, root=root, user=actor, read_seq=root.seq)
    ThreadMark.objects.bulk_create([new], ignore_conflicts=True)
    return ThreadMark.objects.select_for_update().get(root=root, user=actor)


def _follow(root: Message, users: Iterable[UUID], before: int) -> None:
    people = set(users)
    if not people:
        return
    known = ThreadMark.objects.filter(root=root, user__in=people, is_following=True)
    new = people - set(known.values_list("user", flat=True))
    if not new:
        return
    ThreadMark.objects.bulk_create(
        [
            ThreadMark(chat_id=root.chat_id, root=root, user_id=user, read_seq=before, is_following=True)
            for user in sorted(new)
        ],
        update_conflicts=True,  # who read it once, or followed it, has a row
        unique_fields=["root", "user"],
        update_fields=["read_seq", "is_following"],
    )
    told = ThreadUpdated(chat=root.chat_id, thread=root.pk, following=True, read_seq=before)
    emit(told, audience=new)


def _tell(mark: ThreadMark) -> None:
    emit(
        ThreadUpdated(
            chat=mark.chat_id, thread=mark.root_id, following=mark.is_following, read_seq=mark.read_seq
        ),
        audience=[mark.user_id],
    )
