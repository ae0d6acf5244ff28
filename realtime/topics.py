"""A topic that somebody in this process hears: what there is of it, and who is yet to be given what."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from math import inf
from typing import Final

from common.tempo import Tempo

from . import log, metrics
from .frames import Bundle, Frame, bundles
from .sockets import Subscription

MAX_AT_HAND: Final = 512  # lines of a topic: more than come while a busy one is gathered

Passing = tuple[Frame, frozenset[str]]  # and who does not hear it


class Topic:
    """
    Attributes:
        heard: done once the bell rings here for it.
        heard_at: when that was, by the loop's clock; infinity before.
        newest: the highest position heard of.
        passing: what stands in no log, to be given behind the lines that are known already.
        strokes: how often the bell said so: a stroke during a read means that there may be more than that.
        at_hand: lines by position that this process made itself, so that they need not be read; those that
            somebody is yet to be given.
        tempo: of its frames.
        told: up to where somebody was given something, for the figures.
        pump: while somebody is yet to be given something.
    """

    __slots__ = (
        "at_hand",
        "heard",
        "heard_at",
        "name",
        "newest",
        "passing",
        "pump",
        "strokes",
        "subscriptions",
        "tempo",
        "told",
    )

    def __init__(self, name: str, heard: asyncio.Task[None]) -> None:
        self.name = name
        self.heard = heard
        self.heard_at = inf
        heard.add_done_callback(self._is_heard)
        self.newest = 0
        self.strokes = 0
        self.subscriptions: set[Subscription] = set()
        self.passing: list[Passing] = []
        self.at_hand: dict[int, log.Line] = {}
        self.tempo = Tempo()
        self.told = 0
        self.pump: asyncio.Task[None] | None = None

    def _is_heard(self, heard: asyncio.Task[None]) -> None:
        self.heard_at = heard.get_loop().time()

    def take_passing(self) -> list[Passing]:
        passing, self.passing = self.passing, []
        return passing

    def reach(self, position: int, now: float) -> None:
        """It has come to *position*, if that is news."""
        if position > self.newest:
            self.tempo.came(position - self.newest, now)
            self.newest = position

    def offer(self, line: log.Line) -> None:
        self.at_hand[line.seq] = line
        if len(self.at_hand) > MAX_AT_HAND:
            del self.at_hand[next(iter(self.at_hand))]

    def lines_at_hand(self, after: int) -> list[log.Line] | None:
        """Every line beyond *after*, if all are here."""
        wanted = range(after + 1, self.newest + 1)
        if len(wanted) > len(self.at_hand) or any(seq not in self.at_hand for seq in wanted):
            return None
        return [self.at_hand[seq] for seq in wanted]

    # --- Who hears it ---------------------------------------------------------------------------------------

    def listening(self) -> list[Subscription]:
        """Those for whom what passes is."""
        return [each for each in self.subscriptions if not each.is_silent and each.upto is None]

    def behind(self) -> set[int]:
        """The positions of those who lack something."""
        return {
            each.position
            for each in self.subscriptions
            if each.position < each.end_of(self.newest) and not each.socket.is_held
        }

    def give(self, lines: list[log.Line], subscriptions: Iterable[Subscription]) -> None:
        """Give each what they lack of *lines*. Those who lack the same are given the same bytes."""
        given: dict[tuple[int, int], list[Bundle]] = {}  # from where up to where
        for each in subscriptions:
            end = each.end_of(lines[-1].seq) if lines else 0
            if each.position >= end or each.socket.is_held:
                continue
            if not each.is_silent:
                lacking = each.position, end
                if lacking not in given:
                    given[lacking] = bundles(line.text for line in lines if each.position < line.seq <= end)
                for bundle in given[lacking]:
                    each.socket.push_all(bundle)
            each.position = end
        metrics.given(self, lines)

    def pass_on(self, passing: list[Passing]) -> None:
        """Give what passes, behind the lines."""
        if not passing:
            return
        for_all = bundles(text for text, _ in passing)
        some = frozenset().union(*(hidden_from for _, hidden_from in passing))
        for each in self.listening():
            given = for_all
            if some and (user := str(each.socket.caller.user.pk)) in some:
                given = bundles(text for text, hidden_from in passing if user not in hidden_from)
            for bundle in given:
                each.socket.push_passing(bundle)
