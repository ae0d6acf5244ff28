"""The sends of one process's sockets, gathered. Those of fast routes are gathered with what admits them."""

from functools import cache
from typing import Final

from django.db import connection

from common.gathering import Gatherer

from .ground import Send
from .send import Sent, send_messages

MOST: Final = 64  # sends in a batch
WRITERS: Final = {"sqlite": 1, "postgresql": 3}  # where several may write, a lock in one chat stalls no other


def sends() -> Gatherer[Send, Sent]:
    return Gatherer(send_messages, name="send", threads=WRITERS[connection.vendor], most=MOST)


@cache
def _sends() -> Gatherer[Send, Sent]:
    """Those of this process."""
    return sends()


async def gather(send: Send) -> Sent:
    """What became of *send*, which left together with what else this process sends at the same time."""
    return await _sends().put(send)
