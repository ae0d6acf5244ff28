"""Who asks during a look has the next one, with everybody else who did; newcomers begin a few at a time."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

import pytest

from realtime.servers.manners import BEGIN_AT_ONCE, Turnstile
from realtime.together import Together


class Looks:
    """Squares, a turn of the loop later; of zero there is none."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []

    async def __call__(self, asked: list[int]) -> list[float]:
        self.made.append(asked)
        await asyncio.sleep(0)
        return [1 / each for each in asked]


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_what_is_asked_during_a_look_is_asked_in_the_next():
    async def ask() -> None:
        looks = Looks()
        together = Together(looks, most=3)
        first = together.ask(1)
        await asyncio.sleep(0)  # it looks

        others = [together.ask(each) for each in (2, 4, 5, 8)]

        assert await asyncio.gather(first, *others) == [1, 0.5, 0.25, 0.2, 0.125]
        assert looks.made == [[1], [2, 4, 5], [8]]

    run(ask())


def test_who_is_gone_before_the_answer_takes_it_from_nobody():
    async def ask() -> None:
        together = Together(Looks(), most=3)
        gone, stays = together.ask(2), together.ask(4)
        gone.cancel()

        assert await stays == 0.25

    run(ask())


def test_a_look_that_fails_is_told_to_those_who_asked_and_the_next_is_made():
    async def ask() -> None:
        together = Together(Looks(), most=2)
        asked = [together.ask(each) for each in (0, 2, 4)]

        for each in asked[:2]:
            with pytest.raises(ZeroDivisionError):
                await each
        assert await asked[2] == 0.25

    run(ask())


def test_however_many_come_at_once_a_few_begin_in_each_turn():
    async def come() -> None:
        turnstile, later = Turnstile(), list[int]()
        at_once = [n for n in range(2 * BEGIN_AT_ONCE + 1) if turnstile.passes(partial(later.append, n))]

        begun = [len(at_once)]
        while sum(begun) < 2 * BEGIN_AT_ONCE + 1:
            await asyncio.sleep(0)
            begun.append(len(later) - sum(begun[1:]))

        assert begun == [BEGIN_AT_ONCE, BEGIN_AT_ONCE, 1]
        assert at_once + later == list(range(2 * BEGIN_AT_ONCE + 1))  # first come first served
        for _ in range(3):
            await asyncio.sleep(0)
        assert turnstile.passes(later.clear)

    run(come())


def test_who_comes_later_waits_behind_those_who_wait():
    async def come() -> None:
        turnstile, begun = Turnstile(), list[int]()
        for number in range(2 * BEGIN_AT_ONCE + 1):
            turnstile.passes(partial(begun.append, number))
        await asyncio.sleep(0)

        assert not turnstile.passes(partial(begun.append, -1))
        await asyncio.sleep(0)
        assert begun[-2:] == [2 * BEGIN_AT_ONCE, -1]

    run(come())
