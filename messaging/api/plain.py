"""What most sends are: a text and a client id. Recognised without a serializer, or left to that; and sent."""

import re
from typing import Any, Final, NamedTuple
from uuid import UUID

from accounts.models import User
from common.problems import Problem
from messaging import services
from messaging.models import Message

from .serializers import said_just_now

NAMES: Final = {"text", "client_id"}
MAX_CLIENT_ID: Final = 255  # characters
UNKEEPABLE: Final = re.compile("[\x00\ud800-\udfff]")  # no database has a place for them


class Plain(NamedTuple):
    text: str
    client_id: str


def plain(data: Any) -> Plain | None:
    """What *data* says, if `SendInput` would say the same of it; None: ask that.

    No rule stands here: whatever is not certainly right is left to the serializer, which words refusals.
    """
    if not (isinstance(data, dict) and data.keys() <= NAMES):
        return None
    text, client_id = data.get("text"), data.get("client_id", "")
    if not (isinstance(text, str) and isinstance(client_id, str)):
        return None
    is_right = (
        len(text) <= Message.MAX_TEXT
        and text.strip()
        and len(client_id) <= MAX_CLIENT_ID
        and (client_id.strip() or "client_id" not in data)
        and not UNKEEPABLE.search(text)
        and not UNKEEPABLE.search(client_id)
    )
    return Plain(text, client_id) if is_right else None


async def send_plain(*, actor: User, chat: UUID, said: Plain) -> dict[str, Any] | None:
    """Say it, together with what others say at the same time.

    Returns:
        The new message, as its author sees it. None where it is not new, or refused: that changed nothing,
        and the ordinary way has the words for it.

    Raises:
        Exception: what is no refusal; whether it was sent nobody knows.
    """
    return as_said(await services.gather(send_of(actor, chat, said)))


def send_of(actor: User, chat: UUID, said: Plain) -> services.Send:
    content = services.Content(text=said.text)
    return services.Send(actor=actor, chat=chat, client_id=said.client_id, content=content)


def as_said(sent: services.Sent) -> dict[str, Any] | None:
    """As `send_plain` has it."""
    if sent.error and not isinstance(sent.error, Problem):
        raise sent.error
    if sent.message is None or not sent.is_new:
        return None
    return said_just_now(sent.message)
