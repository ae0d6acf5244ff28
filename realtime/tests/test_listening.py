"""The clock of a pong: it counts the time in which we listened, and no other."""

from collections.abc import Callable
from typing import Any

import pytest

from realtime.servers import manners
from realtime.servers.manners import Listening


class Loop:
    """An event loop that turns when a test says so."""

    def __init__(self) -> None:
        self.due: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def call_later(self, _delay: float, call: Callable[..., None], *given: Any) -> None:
        self.due.append((call, given))

    def turn(self, times: int) -> None:
        for _ in range(times):
            [(call, given)] = self.due
            self.due.clear()
            call(*given)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(manners, "PONG_WITHIN", 10.0)
    monkeypatch.setattr(manners, "LISTENS_EVERY", 0.5)
    return Loop()


def test_a_pong_has_the_time_in_which_the_process_listened(loop):
    listening = Listening()
    listening.begin(loop)
    loop.turn(6)
    pinged_at = listening.seconds

    loop.turn(17)
    assert listening.owed(pinged_at) == 0.5

    loop.turn(1)
    assert listening.owed(pinged_at) == 0.0


def test_while_the_loop_is_kept_from_turning_no_time_is_over(loop):
    listening = Listening()
    listening.begin(loop)
    loop.turn(4)

    assert listening.seconds == 2.0
    assert listening.owed(listening.seconds) == 9.0
