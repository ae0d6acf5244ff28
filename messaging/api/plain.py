"""What most sends are: a text and a client id. Recognised without a serializer, or left to that."""

import re
from typing import Any, Final, NamedTuple

from messaging.models import Message

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
