"""The bell between processes: a committed event wakes the hubs whose sockets want it.

It carries positions and may be lost; the log holds the truth. Only this module knows the channel layer.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from common.events import Told
from common.gathering import waiting_loop

from . import registry
from .frames import Frame, frame, topic_members

logger = structlog.get_logger(__name__)

EVERY_HUB: Final = "hubs"  # the group of all processes
# Topics that moved at once and are told each to its own group. Of more all processes hear in one stroke: each
# stroke costs its sender as much as a message, and a hub next to nothing to find that nobody here wants it.
FEW: Final = 3
AT_ONCE: Final = 50  # rounds in one stroke: a topic has 41 characters, a round perhaps a hundred of them

Ear = Callable[[list[Told]], None]

_ears: Final[dict[asyncio.AbstractEventLoop, Ear]] = {}  # of the hubs in this process


def ring(told: list[Told]) -> None:
    """Wake everyone who hears one of these topics. Called in the thread of the change, after its commit."""
    moved = {each.topic: each.seq for each in told if _is_move(each)}  # in order: the last one holds
    strokes = [(group_of(each.topic), _stroke(each)) for each in told if not _is_move(each)]
    if len(moved) > FEW:
        strokes.append((EVERY_HUB, {"type": "moved", "topics": moved}))
    else:
        strokes += [
            (group_of(topic), {"type": "moved", "topics": {topic: seq}}) for topic, seq in moved.items()
        ]
    if running := _running():
        running.call_soon_threadsafe(_ears[running], told)
    _send(strokes)


def _running() -> asyncio.AbstractEventLoop | None:
    return next((loop for loop in _ears if loop.is_running()), None)


def _send(strokes: list[tuple[str, dict[str, Any]]]) -> None:
    if running := _running() or waiting_loop():  # the layer lives in a loop: don't wait for it here
        asyncio.run_coroutine_threadsafe(_strike(strokes), running)
    else:
        async_to_sync(_strike)(strokes)


async def _strike(strokes: list[tuple[str, dict[str, Any]]]) -> None:
    layer: Any = get_channel_layer()
    try:
        for group, stroke in strokes:
            await layer.group_send(group, stroke)
    except Exception:  # a dead channel layer: the sweep finds what moved
        logger.warning("bell_failed", exc_info=True)


def _is_move(told: Told) -> bool:
    """Whether the topic's new position says all."""
    return told.seq is not None and told.type not in registry.closes


def _stroke(told: Told) -> dict[str, Any]:
    if told.type in registry.closes:
        return {"type": "close", "session": str(registry.closes[told.type](told))}
    text = frame(told.type, **topic_members(told.topic, None), at=told.at, data=told.data)
    return {"type": "passing", "topic": told.topic, "text": text, "hidden_from": sorted(told.hidden_from)}


@dataclass(frozen=True)
class Round:
    """A frame that stands in no log, for whoever hears one of several topics: once on each socket.

    Attributes:
        hidden_from: people who don't hear it.
    """

    text: Frame
    topics: list[str]
    hidden_from: list[str]


def go_round(rounds: Sequence[Round]) -> None:
    """Tell of these. It may be lost. Called in a thread beside the loop, as `ring` is."""
    parts = [rounds[start : start + AT_ONCE] for start in range(0, len(rounds), AT_ONCE)]
    if parts:
        _send([(EVERY_HUB, {"type": "round", "rounds": [asdict(each) for each in part]}) for part in parts])


def group_of(topic: str) -> str:
    return topic.replace(":", ".")  # a colon has no place in a group's name


class Listener:
    """A hub's ear: one channel for the whole process, in a group for each topic that somebody here hears."""

    def __init__(self) -> None:
        self._layer: Any = get_channel_layer()
        self._unheard: set[str] = set()  # topics whose group could not be entered

    async def open(self, hear_here: Ear) -> None:
        """Begin to listen.

        Args:
            hear_here: called at once, in this loop, with what this process itself tells.
        """
        self._channel = await self._layer.new_channel("hub.")
        _ears[asyncio.get_running_loop()] = hear_here

    def close(self) -> None:
        del _ears[asyncio.get_running_loop()]

    async def hear(self, topic: str) -> None:
        try:
            await self._layer.group_add(group_of(topic), self._channel)
            self._unheard.discard(topic)
        except Exception:  # a dead channel layer: the sweep looks after the topic, and tries again
            logger.warning("bell_unheard", topic=topic, exc_info=True)
            self._unheard.add(topic)

    async def hear_again(self) -> None:
        for topic in list(self._unheard):
            if topic in self._unheard:  # nobody may want it by now
                await self.hear(topic)

    async def forget(self, topic: str) -> None:
        self._unheard.discard(topic)
        try:
            await self._layer.group_discard(group_of(topic), self._channel)
        except Exception:  # a bell that nobody hears harms nobody
            logger.warning("bell_unforgotten", topic=topic, exc_info=True)

    async def next(self) -> dict[str, Any]:
        return await self._layer.receive(self._channel)
