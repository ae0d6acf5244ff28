"""A client that follows `docs/live.md`, and what the hub gives to its socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from accounts.models import User
from messaging.realtime import ChatFeed
from realtime import log, registry
from realtime.entrants import positions_of
from realtime.sockets import Subscription

from .copies import Copy

Ask = Callable[[str], Copy]  # a chat as the server shows it now
Read = Callable[[str, int], list[log.Line]]  # the lines of a topic beyond a position


class Device:
    def __init__(self, user: User, *, ask: Ask, read: Read) -> None:
        self.user = user
        self.me = str(user.pk)
        self.own = f"user:{user.pk}"
        self.copies: dict[str, Copy] = {}
        self.hidden: set[str] = set()  # messages; a chat's log does not know of them
        self.blocked: set[str] = set()
        self.user_seq: int | None = None  # None: was never here
        self.subscriptions: dict[str, Subscription] = {}
        self.parted: dict[str, int] = {}
        self.is_slow = False
        self.missed: list[str] = []  # topics that moved while it was slow
        self.heard: list[tuple[str, int]] = []  # chat and position of what came in this step
        self._ask, self._read = ask, read

    @property
    def is_here(self) -> bool:
        return bool(self.subscriptions)

    @property
    def is_up_to_date(self) -> bool:
        return self.is_here and not self.is_slow

    # --- Its socket: what `realtime.consumers`, `resume` and the hub do with the log ---

    def connect(self) -> None:
        positions = positions_of([self.user.pk])[self.user.pk]
        self.subscriptions = {name: Subscription(self, at) for name, at in positions.items()}  # type: ignore[arg-type]
        if self.user_seq is None:
            self.user_seq = positions[self.own]
            self.copies = {name[5:]: self._ask(name[5:]) for name in positions if name != self.own}
            return
        for id_, place in ChatFeed().stand(self.user.pk, list(self.copies)).items():
            self._replay(f"chat:{id_}", self.copies[id_].seq, place.seq)
        self._replay(self.own, self.user_seq, positions[self.own])

    def disconnect(self) -> None:
        self.subscriptions, self.parted = {}, {}
        self.is_slow, self.missed = False, []

    def slow_down(self) -> None:
        self.is_slow = True

    def hurry(self) -> None:
        self.is_slow = False

    def catch_up(self, *, backwards: bool) -> None:
        """Hear what moved, the logs in this order or the other: none holds between two of them."""
        topics = list(dict.fromkeys(self.missed))
        self.missed = []
        self._pump(topics[::-1] if backwards else topics)

    def _replay(self, name: str, after: int, upto: int) -> None:
        assert not log.incomplete([(name, after, upto)])
        [lines] = log.replay([log.Part(name, after, upto)])
        for line in lines:
            self.hear(line.text)

    def _pump(self, names: Iterable[str]) -> None:
        waiting = [name for name in names if name in self.subscriptions]
        while waiting:
            name = waiting.pop(0)
            if (subscription := self.subscriptions.get(name)) is None:
                continue
            lines = self._read(name, subscription.position)
            waiting += [move.topic for line in lines if (move := line.move) and self._moves(move)]
            for line in lines:
                end = subscription.end_of(line.seq)
                if subscription.position < end:
                    if end == line.seq:
                        self.hear(line.text)
                    subscription.position = end
            if subscription.is_over:
                self.parted[name] = subscription.position
                del self.subscriptions[name]

    def _moves(self, move: registry.Joins | registry.Leaves) -> bool:
        if self.me not in move.users:
            return False
        is_in = isinstance(move, registry.Joins)
        if is_in and move.topic not in self.subscriptions and move.after >= self.parted.get(move.topic, 0):
            self.subscriptions[move.topic] = Subscription(self, move.after)  # type: ignore[arg-type]
        if subscription := self.subscriptions.get(move.topic):
            if isinstance(move, registry.Joins):
                subscription.go_on_after(move.after)
            else:
                subscription.end_at(move.upto)
        return True

    def hears_in(self, topic: str) -> bool:
        """Whether what passes by there reaches it."""
        subscription = self.subscriptions.get(topic)
        return subscription is not None and subscription.upto is None

    # --- The client: what it makes of a frame ---

    def hear(self, text: str) -> None:
        frame = json.loads(text)
        type_, data = frame["type"], frame["data"]
        if "user_seq" in frame:
            assert frame["user_seq"] == self.user_seq + 1, "a gap in one's own stream"  # type: ignore[operator]
            self.user_seq = frame["user_seq"]
            self._hear_of_oneself(type_, data)
            return
        self.heard.append((frame["chat"], frame["seq"]))
        copy = self.copies.get(frame["chat"])
        if copy is None or frame["seq"] <= copy.seq:
            return
        assert frame["seq"] == copy.seq + 1, "a gap in a chat"
        copy.seq = frame["seq"]
        if type_ == "participant.removed" and data["user"] == self.me:
            del self.copies[frame["chat"]]
        else:
            copy.hear(type_, data, self.me, self.hidden)

    def _hear_of_oneself(self, type_: str, data: dict[str, Any]) -> None:
        match type_:
            case "chat.added" if "last_seq" in data:
                self.copies[data["id"]] = self._ask(data["id"])
            case "chat.removed":
                self.copies.pop(data["chat"], None)
            case "message.hidden":
                self.hidden.add(data["message"])
                if copy := self.copies.get(data["chat"]):
                    copy.hide(data["message"])
            case "mark.moved" if data["chat"] in self.copies:
                copy = self.copies[data["chat"]]
                copy.read_seq = max(copy.read_seq, data["read_seq"])
            case "thread.updated" if data["chat"] in self.copies and data["thread"] not in self.hidden:
                copy = self.copies[data["chat"]]
                copy.stand(data["thread"], following=data["following"], read_seq=data["read_seq"])
            case "user.blocked":
                self.blocked.add(data["user"])
            case "user.unblocked":
                self.blocked.discard(data["user"])
