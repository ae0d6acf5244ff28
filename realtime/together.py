"""Looks at the database that are made for many at once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """One look at a time: who asks during it has the next one, together with everybody else who did.

    Args:
        look: the answers to these questions, in their order.
        most: questions in one look.
    """

    def __init__(self, look: Callable[[list[Question]], Awaitable[Sequence[Answer]]], *, most: int) -> None:
        self._look = look
        self._most = most
        self._asked: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._looking: asyncio.Task[None] | None = None

    def ask(self, question: Question) -> "asyncio.Future[Answer]":
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked.append((question, answer))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._answer_all())
        return answer

    async def _answer_all(self) -> None:
        while self._asked:
            asked = [self._asked.popleft() for _ in range(min(self._most, len(self._asked)))]
            try:
                found = await self._look([question for question, _ in asked])
            except Exception as error:  # noqa: BLE001 (told to whoever asked)
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), each in zip(asked, found, strict=True):
                if not answer.done():  # who asked may be gone
                    answer.set_result(each)
