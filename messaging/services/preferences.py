"""What a chat is to one of the people in it."""

from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.events import emit
from common.problems import Invalid, NotFound
from messaging.events import PreferencesUpdated
from messaging.models import Chat, Participant


class Preferences(TypedDict, total=False):
    """What is left out stays.

    muted_until: aware UTC; `Participant.FOR_GOOD`, or None to hear it again.
    favourite: its place among the person's favourites; those of the same place by activity.
    """

    archived: bool
    muted_until: datetime | None
    marked_unread: bool
    favourite: int | None


@transaction.atomic
def set_preferences(*, actor: User, chat: Chat, **wanted: Unpack[Preferences]) -> None:
    """Archive, mute, mark as unread, make a favourite: for the actor alone.

    Raises:
        NotFound: they are not in the chat.
        Invalid: muted until a time that is over.

    Emits `PreferencesUpdated` to the actor's own devices, if anything changed.
    """
    until = wanted.get("muted_until")
    if until is not None and until <= timezone.now():
        raise Invalid.field("until", "past", "That time is over.")
    me = Participant.objects.present().select_for_update().filter(chat=chat, user=actor).first()
    now = Chat.objects.with_preferences(actor).filter(pk=chat.pk).first()
    if me is None or now is None:
        raise NotFound
    before: Any = {
        "archived": now.is_archived,  # type: ignore[attr-defined]
        "muted_until": me.muted_until,
        "marked_unread": me.marked_unread,
        "favourite": me.favourite,
    }
    after = before | wanted
    if after == before:
        return
    # Written again whatever changed: another end of the silence must not change what it was meant for.
    me.archived_seq = now.last_seq if after["archived"] else None
    me.muted_until, me.marked_unread = after["muted_until"], after["marked_unread"]
    me.favourite = after["favourite"]
    me.save(update_fields=["archived_seq", "muted_until", "marked_unread", "favourite"])
    emit(PreferencesUpdated(chat=chat.pk), audience=[actor.pk])


def clear_unread(me: Participant) -> None:
    """Whoever reads a chat has seen that they had marked it. The caller holds the row's lock.

    Emits `PreferencesUpdated`, if it was marked.
    """
    if me.marked_unread:
        me.marked_unread = False
        me.save(update_fields=["marked_unread"])
        emit(PreferencesUpdated(chat=me.chat_id), audience=[me.user_id])


def accept(me: Participant) -> bool:
    """Whoever answers a stranger has accepted; their message tells their devices. The caller holds a lock.

    Returns:
        Whether it had waited until now.
    """
    if not me.is_request:
        return False
    me.is_request = False
    me.save(update_fields=["is_request"])
    return True
