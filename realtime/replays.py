"""What many missed is read and encoded once for all of them.

Who comes back after a deploy lacks what everybody lacks who comes back: the same lines of the same topics,
each from about the same position. So lines that one socket was given are kept for a moment for the next one.
"""

import asyncio
from collections import defaultdict
from typing import Final

from . import log
from .frames import Bundle, bundles
from .missed import Missed
from .threads import entering
from .together import Together

KEPT: Final = 15.0  # seconds: a storm is over by then. What changes without a word, as names do, is as old
AT_ONCE: Final = 8  # portions that are read in one look
MAX_LINES: Final = 25_000  # some 40 MB of them


class Portion:
    """Lines of a topic beyond position *after*, up to *end*, as they are told when it stands at *newest*."""

    def __init__(self, part: log.Part, *, newest: int, reading: asyncio.Future[list[log.Line]]) -> None:
        self.topic, self.after, self.end = part.topic, part.after, part.upto
        self.newest = newest
        self.reading = reading
        self._bundles: dict[tuple[int, int], list[Bundle]] = {}

    @property
    def lines(self) -> int:
        """How many it has, at most."""
        return self.end - self.after

    def serves(self, missed: Missed, after: int) -> bool:
        # By the newest position that this person found: a later line may have changed what these show.
        return self.newest == missed.place.seq and self.after <= after < self.end

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
        self._reader = Together(_read, most=AT_ONCE)
        self._portions: dict[Portion, None] = {}  # the oldest first
        self._of_topic: dict[str, list[Portion]] = defaultdict(list)
        self._lines = 0

    async def next(self, missed: Missed, *, after: int, left: int | None) -> tuple[list[Bundle], int]:
        """What comes behind position *after* of what is *missed*, and how far that comes.

        Args:
            left: where they left the topic, if they did: then it is for nobody else.

        Raises:
            LookupError: the log doesn't have it any more.
        """
        part = log.Part(missed.topic, after, min(missed.upto, after + log.PORTION), left)
        if left is not None:
            return await self._portion(part, missed).give(after=after, upto=missed.upto)
        of_topic = self._of_topic.get(missed.topic, ())
        portion = next((each for each in of_topic if each.serves(missed, after)), None)
        if portion is None:
            portion = self._portion(part, missed)
            self._keep(portion)
        try:
            return await portion.give(after=after, upto=missed.upto)
        except Exception:
            self._forget(portion)  # the next one asks anew
            raise

    def _portion(self, part: log.Part, missed: Missed) -> Portion:
        return Portion(part, newest=missed.place.seq, reading=self._reader.ask(part))

    def _keep(self, portion: Portion) -> None:
        self._portions[portion] = None
        self._of_topic[portion.topic].append(portion)
        self._lines += portion.lines
        while self._lines > MAX_LINES:
            self._forget(next(iter(self._portions)))
        portion.reading.add_done_callback(lambda _: self._forget_soon(portion))

    def _forget_soon(self, portion: Portion) -> None:
        asyncio.get_running_loop().call_later(KEPT, self._forget, portion)

    def _forget(self, portion: Portion) -> None:
        if portion not in self._portions:  # newer ones have taken its place
            return
        del self._portions[portion]
        self._lines -= portion.lines
        of_topic = self._of_topic[portion.topic]
        of_topic.remove(portion)
        if not of_topic:
            del self._of_topic[portion.topic]


async def _read(parts: list[log.Part]) -> list[list[log.Line]]:
    return await entering(log.replay)(parts)
