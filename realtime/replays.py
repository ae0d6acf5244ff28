"""What many missed is read and encoded once for all of them.

Who comes back after a deploy lacks what everybody lacks who comes back: the same lines of the same topics,
each from about the same position. So lines that one socket was given are kept for a moment for the next one.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from . import log
from .frames import Bundle, bundles
from .missed import Missed
from .threads import entering

KEPT: Final = 1.0  # seconds: a storm is over in a few, and what shows in a line may change without a word
MAX_PORTIONS: Final = 32  # a few hundred lines each


class Portion:
    """Lines of a topic beyond position *after*, up to *end*, as they are told when it stands at *newest*.

    Args:
        left: where those left it for whom they are, if they did.
    """

    def __init__(self, topic: str, *, newest: int, after: int, end: int, left: int | None) -> None:
        self.topic, self.newest, self.after, self.end = topic, newest, after, end
        self.reading = asyncio.ensure_future(entering(log.replay)(topic, after=after, upto=end, left=left))
        self._bundles: dict[tuple[int, int], list[Bundle]] = {}

    def serves(self, missed: Missed, after: int) -> bool:
        # By the newest position that this person found: a later line may have changed what these show.
        is_same = self.topic == missed.topic and self.newest == missed.place.seq
        return is_same and self.after <= after < self.end

    async def give(self, *, after: int, upto: int) -> tuple[list[Bundle], int]:
        """What it has between these positions, and how far that comes."""
        lines = await asyncio.shield(self.reading)  # others wait for it too
        wanted = [line for line in lines if after < line.seq <= upto]
        if not wanted:
            raise LookupError(f"{self.topic} was cut at {after} during a replay")
        reached = wanted[-1].seq
        if (after, reached) not in self._bundles:
            self._bundles[after, reached] = bundles(line.text for line in wanted)
        return self._bundles[after, reached], reached


class Replays:
    """The portions of a process that somebody was given a moment ago."""

    def __init__(self) -> None:
        self._portions: deque[Portion] = deque(maxlen=MAX_PORTIONS)

    async def next(self, missed: Missed, *, after: int, left: int | None) -> tuple[list[Bundle], int]:
        """What comes behind position *after* of what is *missed*, and how far that comes.

        Args:
            left: where they left the topic, if they did: then it is for nobody else.

        Raises:
            LookupError: the log doesn't have it any more.
        """
        end = min(missed.upto, after + log.PORTION)
        if left is not None:
            alone = Portion(missed.topic, newest=missed.place.seq, after=after, end=end, left=left)
            return await alone.give(after=after, upto=missed.upto)
        portion = next((each for each in self._portions if each.serves(missed, after)), None)
        if portion is None:
            portion = Portion(missed.topic, newest=missed.place.seq, after=after, end=end, left=None)
            self._portions.append(portion)
            asyncio.get_running_loop().call_later(KEPT, self._forget, portion)
        try:
            return await portion.give(after=after, upto=missed.upto)
        except Exception:
            self._forget(portion)  # the next one asks anew
            raise

    def _forget(self, portion: Portion) -> None:
        with suppress(ValueError):  # newer ones have taken its place
            self._portions.remove(portion)
