"""Somebody is writing. It is told to whoever is there now, and kept nowhere."""

from datetime import timedelta
from typing import Final

from django.core.cache import cache
from django.utils import timezone

from accounts.models import Block, User
from common.events import pass_by
from common.problems import NotFound
from messaging import policies
from messaging.events import TypingStarted, TypingStopped
from messaging.models import Chat

LASTS: Final = timedelta(seconds=10)  # then it is over without another word; clients repeat every 5 s
REPEATED: Final = 3  # seconds in which saying it again says nothing new
MOST: Final = 100  # members of a chat up to which it is told: beyond it somebody always writes


def tell_typing(*, actor: User, chat: Chat, is_typing: bool) -> None:
    """Tell the others in *chat* that the actor is writing, or has stopped. Nothing touches the log.

    Who block the actor, or are blocked by them, don't hear it.

    Raises:
        NotFound, NotAllowed, NotOpenToYou: the policy `message.send` says no. Who may say nothing is not
            about to.

    Tells `TypingStarted` or `TypingStopped`, where that is news.
    """
    policies.require(actor, "message.send", chat)
    if not Chat.objects.filter(pk=chat.pk, deleted_at=None).exists():
        raise NotFound
    if chat.participant_count > MOST or not _is_news(actor, chat, is_typing=is_typing):
        return
    people = chat.participants.present().values_list("user", flat=True)
    expires_in = round(LASTS.total_seconds() * 1000)
    pass_by(
        TypingStarted(chat=chat.pk, user=actor.pk, expires_at=timezone.now() + LASTS, expires_in=expires_in)
        if is_typing
        else TypingStopped(chat=chat.pk, user=actor.pk),
        hidden_from={actor.pk, *Block.objects.apart_from(actor.pk, people)},
    )


def _is_news(actor: User, chat: Chat, *, is_typing: bool) -> bool:
    """Whether the others don't know it yet, or did not hear it lately."""
    writing, lately = f"typing:{chat.pk}:{actor.pk}", f"typing-told:{chat.pk}:{actor.pk}"
    if not is_typing:
        # Both: of several stops one is told, and a key past its time may still lie there.
        return bool(cache.get(writing)) and cache.delete(writing)
    if cache.add(writing, 1, timeout=LASTS.total_seconds()):
        cache.set(lately, 1, timeout=REPEATED)
        return True
    cache.touch(writing, timeout=LASTS.total_seconds())
    return cache.add(lately, 1, timeout=REPEATED)
