"""Calling people: an explicit list beside the text, so that no text can call anybody by itself."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Block, User
from common.actors import System
from common.problems import Invalid
from messaging import policies
from messaging.models import Chat, Mention, Message

from .threads import join_thread

ALL: Final = "all"
Mentioned = UUID | Literal["all"]


def set_mentions(
    *, actor: User | System, chat: Chat, message: Message, mentions: Sequence[Mentioned]
) -> set[UUID]:
    """Make *mentions* what *message* of the locked *chat* calls, be it new or edited.

    Who is called in a thread follows it.

    Returns:
        Who is called by name that was not before, and has not blocked the author: whom to notify.

    Raises:
        Invalid: one of them is not in the chat.
        NotAllowed: `all` is new and the policy `message.mention_all` says no.
    """
    people = [each for each in dict.fromkeys(mentions) if isinstance(each, UUID)]
    present = set(chat.participants.present().filter(user__in=people).values_list("user", flat=True))
    if unknown := [n for n, each in enumerate(mentions) if each != ALL and each not in present]:
        detail = _("There is no such person in this chat.")
        raise Invalid(
            errors=[{"field": f"mentions.{n}", "code": "unknown_user", "detail": detail} for n in unknown]
        )
    calls_all = ALL in mentions
    if calls_all and not message.mentions_all:
        policies.require(actor, "message.mention_all", chat)
    rows = Mention.objects.filter(message=message)
    before = set(rows.values_list("user", flat=True))
    rows.exclude(user__in=people).delete()
    Mention.objects.bulk_create(
        Mention(message=message, chat=chat, seq=message.seq, user_id=each)
        for each in people
        if each not in before
    )
    message.mentions, message.mentions_all = [str(each) for each in people], calls_all
    message.save(update_fields=["mentions", "mentions_all"])
    added = called_by(message) - before
    if message.thread:
        join_thread(root=message.thread, users=added)
    return added


def called_by(message: Message) -> set[UUID]:
    """Who is called by name, without those who have blocked the author."""
    called = set(Mention.objects.filter(message=message).values_list("user", flat=True))
    if not called:
        return called
    blockers = Block.objects.filter(blocker__in=called, blocked=message.author_id)
    return called - set(blockers.values_list("blocker", flat=True))
