"""Reading the log for every topic of the process that moved, in as few looks as there is time for."""

import asyncio
from itertools import islice

from . import log
from .threads import reading


class Reader:
    """One look at a time: who asks during it has the next one, together with everybody else who did."""

    def __init__(self) -> None:
        self._asked: dict[str, tuple[int, asyncio.Future[list[log.Line]]]] = {}
        self._looking: asyncio.Task[None] | None = None

    def read(self, topic: str, *, after: int) -> asyncio.Future[list[log.Line]]:
        """The next lines of *topic* beyond position *after*. One question of a topic at a time."""
        answer: asyncio.Future[list[log.Line]] = asyncio.get_running_loop().create_future()
        self._asked[topic] = after, answer
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return answer

    async def _look(self) -> None:
        while self._asked:
            asked = dict(islice(self._asked.items(), log.AT_ONCE))
            for topic in asked:
                del self._asked[topic]
            try:
                found = await reading(log.read_each)({topic: after for topic, (after, _) in asked.items()})
            except Exception as error:  # noqa: BLE001 (told to whoever asked)
                for _, answer in asked.values():
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for topic, (_, answer) in asked.items():
                if not answer.done():  # its pump may be cancelled
                    answer.set_result(found[topic])
