"""The sends of one process, gathered: those of sockets and of fast routes leave together."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from django.db import connection
from prometheus_client import Histogram

from common.gathering import Gatherer

from .ground import Send
from .send import Sent, send_messages

MOST: Final = 64  # sends in a batch
WRITERS: Final = {"sqlite": 1, "postgresql": 3}  # where several may write, a lock in one chat stalls no other


BATCHES: Final = Histogram(
    "serai_message_batch_size", "Plain messages sent in one call.", buckets=(1, 2, 4, 8, 16, 32, 64)
)


def sends() -> Gatherer[Send, Sent]:
    return Gatherer(_send, name="send", threads=WRITERS[connection.vendor], most=MOST)


def _send(batch: Sequence[Send]) -> list[Sent]:
    BATCHES.observe(len(batch))
    try:
        return send_messages(batch)
    except Exception as error:  # noqa: BLE001 (the database is away: who waits must hear of it)
        return [Sent(error=error)] * len(batch)


@cache
def _sends() -> Gatherer[Send, Sent]:
    """Those of this process."""
    return sends()


async def gather(send: Send) -> Sent:
    """What became of *send*, which left together with what else this process sends at the same time."""
    return await _sends().put(send)
