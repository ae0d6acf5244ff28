"""Whether a client has a chat as it is, in one short word for each."""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from accounts.models import User
from messaging import policies
from messaging.models import Chat, Pin

MAX_NAMED: Final = 100  # people in a chat who are named one by one; of more there is the number


def checksums_of(reader: User, chats: Sequence[Any]) -> dict[UUID, str | None]:
    """By chat the SHA-256 over what *reader* sees of its position, what is unread, its people and its pins.

    `docs/live.md` says over what text exactly: clients make it themselves. As many queries for all of them.

    Args:
        chats: rows of `Chat.objects.counted`.

    Returns:
        None of a chat in which something happened meanwhile: its parts may be of different moments.
    """
    ids = [chat.pk for chat in chats]
    people = _people(reader, [chat for chat in chats if chat.participant_count <= MAX_NAMED])
    pins: dict[UUID, list[str]] = defaultdict(list)
    for chat, message in Pin.objects.shown_to(reader.pk).filter(chat__in=ids).values_list("chat", "message"):
        pins[chat].append(f"pin {message}")
    now = dict(Chat.objects.filter(pk__in=ids).values_list("pk", "last_seq"))
    return {
        chat.pk: _digest(chat, people[chat.pk], pins[chat.pk]) if now.get(chat.pk) == chat.last_seq else None
        for chat in chats
    }


def _people(reader: User, chats: Sequence[Chat]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    for participant in policies.people_seen_in(reader, chats):
        found[participant.chat_id].append(f"member {participant.user_id} {participant.role}")
    return found


def _digest(chat: Any, people: list[str], pins: list[str]) -> str:
    lines = [
        f"chat {chat.pk}",
        f"seq {chat.last_seq}",
        f"unread {chat.unread_count}",
        f"members {chat.participant_count}",
        *sorted(people),
        *sorted(pins),
    ]
    return sha256("\n".join(lines).encode()).hexdigest()
