"""People, devices and chats in any order of events, held against a model small enough to trust.

`test_state_machine.py` runs it shortly, `make prove-states` for long. A rule does one thing twice, in the
model and in the product; then everything that anybody can see is compared. To add a use case: a method of
`Model` that says whether it is allowed and what it changes, and a rule that calls both.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db import transaction
from django.test import TestCase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from accounts.models import User
from accounts.services import block_user, unblock_user, update_settings
from common import events
from common.problems import Problem
from messaging.api.serializers import ChatSerializer, MessageForReaderSerializer, ParticipantSerializer
from messaging.models import Chat, Participant
from messaging.realtime import ChatFeed
from messaging.services import (
    add_participants,
    badges_of,
    change_role,
    create_chat,
    delete_chat,
    leave_chat,
    mark_delivered,
    mark_read,
    remove_participant,
    send_message,
    tell_typing,
    update_chat,
)
from realtime import log, registry
from realtime.consumers import positions_of
from realtime.sockets import Subscription

PEOPLE: Final = 3  # few, so that they meet: what goes wrong goes wrong between two or three
DEVICES: Final = (0, 0, 1, 2)  # whose each is: the first person has two
ROOMS: Final = 3
OWNER, ADMIN, MEMBER = "owner", "admin", "member"
RANK: Final = {OWNER: 2, ADMIN: 1, MEMBER: 0}


# --- The model ----------------------------------------------------------------------------------------------


@dataclass
class Room:
    """A chat as one would keep it by hand. Who is in it has a role; marks stay with who leaves."""

    is_private: bool
    roles: dict[int, str]
    pair: frozenset[int] = frozenset()
    title: str = ""
    seq: int = 0
    said: dict[int, tuple[int, str]] = field(default_factory=dict)  # position: author, text
    read: dict[int, int] = field(default_factory=dict)
    delivered: dict[int, int] = field(default_factory=dict)
    shown: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for who in self.roles:
            self.mark(who, 0)

    def mark(self, who: int, seq: int) -> None:
        self.read[who] = self.delivered[who] = self.shown[who] = seq

    def happens(self) -> int:
        self.seq += 1
        return self.seq

    def come(self, people: Iterable[int]) -> None:
        before = self.seq
        for who in people:
            self.happens()
            self.roles[who] = MEMBER
            self.mark(who, before)

    def go(self, who: int) -> None:
        del self.roles[who]
        self.happens()

    def unread(self, who: int) -> list[int]:
        return [seq for seq, (author, _) in self.said.items() if seq > self.read[who] and author != who]


# Who hears something that passes by: its type, who did it, and the people.
Heard = tuple[str, int, frozenset[int]]


class Model:
    """What is allowed, and what comes of it. Each method says whether it was allowed."""

    def __init__(self) -> None:
        self.rooms: list[Room] = []
        self.blocks: set[tuple[int, int]] = set()  # who, whom
        self.hiding: set[int] = set()
        self.heard: list[Heard] = []

    def are_apart(self, one: int, other: int) -> bool:
        return bool({(one, other), (other, one)} & self.blocks)

    def is_silent(self, room: Room) -> bool:
        return room.is_private and self.are_apart(*room.pair)

    def open_group(self, owner: int, others: set[int]) -> bool:
        others = others - {owner}
        if any(self.are_apart(owner, other) for other in others):
            return False
        self.rooms.append(Room(False, {owner: OWNER} | dict.fromkeys(sorted(others), MEMBER), title="Petra"))
        return True

    def open_private(self, who: int, other: int) -> bool:
        if who == other or (other, who) in self.blocks:
            return False
        pair = frozenset({who, other})
        room = next((each for each in self.rooms if each.pair == pair), None)
        if room is None:
            self.rooms.append(Room(True, {who: MEMBER, other: MEMBER}, pair=pair))
        elif who not in room.roles:
            room.come([who])
        return True

    def send(self, who: int, room: Room, text: str) -> bool:
        if who not in room.roles or self.is_silent(room):
            return False
        room.come(sorted(room.pair - room.roles.keys()))
        room.said[room.happens()] = (who, text)
        return True

    def move(self, who: int, room: Room, seq: int, *, is_read: bool) -> bool:
        if who not in room.roles:
            return False
        seq = min(seq, room.seq)
        has_read, has_arrived = is_read and seq > room.read[who], seq > room.delivered[who]
        room.delivered[who] = max(seq, room.delivered[who])
        if has_read:
            room.read[who] = seq
        if self.is_silent(room):
            return True
        if has_read and who not in self.hiding:
            room.shown[who] = seq
            self.heard.append(("message.read", who, frozenset(room.roles.keys() - self.hiding)))
        elif has_arrived:
            self.heard.append(("message.delivered", who, frozenset(room.roles)))
        return True

    def write(self, who: int, room: Room) -> bool:
        if who not in room.roles or self.is_silent(room):
            return False
        others = {each for each in room.roles if each != who and not self.are_apart(who, each)}
        self.heard.append(("typing.start", who, frozenset(others)))
        return True

    def add(self, who: int, room: Room, other: int) -> bool:
        if room.is_private or room.roles.get(who, MEMBER) == MEMBER:
            return False
        if other not in room.roles:
            if self.are_apart(who, other):
                return False
            room.come([other])
        return True

    def remove(self, who: int, room: Room, other: int) -> bool:
        if room.is_private or not {who, other} <= room.roles.keys():
            return False
        if RANK[room.roles[who]] <= RANK[room.roles[other]]:
            return False
        room.go(other)
        return True

    def leave(self, who: int, room: Room) -> bool:
        if who not in room.roles:
            return False
        if room.roles[who] == OWNER:
            if len(room.roles) > 1:
                return False
            room.roles.clear()
        else:
            room.go(who)
        return True

    def delete(self, who: int, room: Room) -> bool:
        if room.roles.get(who) != OWNER:
            return False
        room.roles.clear()
        return True

    def change_role(self, who: int, room: Room, other: int, role: str) -> bool:
        if room.roles.get(who) != OWNER or other not in room.roles:
            return False
        if room.roles[other] == role:
            return True
        if other == who:
            return False
        if role == OWNER:
            room.roles[who] = ADMIN
            room.happens()
        room.roles[other] = role
        room.happens()
        return True

    def rename(self, who: int, room: Room, title: str) -> bool:
        if room.is_private or room.roles.get(who, MEMBER) == MEMBER:
            return False
        if room.title != title:
            room.title = title
            room.happens()
        return True

    def status(self, reader: int, room: Room, seq: int) -> str:
        """What *reader* sees of a message, as its author or not."""
        if room.said[seq][0] == reader:
            others = room.roles.keys() - {reader}
            read = [room.shown[each] for each in others] if reader not in self.hiding else []
            delivered = [room.delivered[each] for each in others]
        else:
            read, delivered = [room.read[reader]], [room.delivered[reader]]
        for status, marks in (("read", read), ("delivered", delivered)):
            if marks and min(marks) >= seq:
                return status
        return "sent"


# --- What a client has --------------------------------------------------------------------------------------


@dataclass
class Copy:
    """A chat as a client keeps it."""

    seq: int
    title: str
    read_seq: int
    roles: dict[str, str]
    said: dict[int, tuple[str, str]]  # position: author, text

    def unread_by(self, user: str) -> int:
        return sum(seq > self.read_seq and author != user for seq, (author, _) in self.said.items())


@dataclass
class Fresh:
    """The same as the server tells it to whoever asks now, and what it alone can tell."""

    copy: Copy
    unread_count: int
    statuses: dict[int, str]


def fresh(user: User, pk: UUID | str) -> Fresh | None:
    """A chat as *user* gets it; None if it is not there for them."""
    chat = Chat.objects.for_reader(user).filter(pk=pk).first()
    if chat is None:
        return None
    context = {"reader": user, "chat": chat}
    shown: Any = ChatSerializer(chat, context=context).data
    messages = chat.messages.shown_to(user.pk).order_by("seq")
    said: Any = MessageForReaderSerializer(messages, many=True, context=context).data
    people: Any = ParticipantSerializer(chat.participants.listed(), many=True).data
    return Fresh(
        copy=Copy(
            seq=shown["last_seq"],
            title=shown["title"],
            read_seq=shown["read_seq"],
            roles={str(person["user"]): person["role"] for person in people},
            said={each["seq"]: (str(each["author"]), each["text"]) for each in said},
        ),
        unread_count=shown["unread_count"],
        statuses={each["seq"]: each["status"] for each in said},
    )


class Device:
    """A client that follows `docs/live.md`, and what the hub gives to its socket."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.own = f"user:{user.pk}"
        self.copies: dict[str, Copy] = {}
        self.user_seq: int | None = None  # None: was never here
        self.subscriptions: dict[str, Subscription] = {}
        self.parted: dict[str, int] = {}
        self.heard: list[tuple[str, int]] = []  # chat and position of what came in this step

    @property
    def is_here(self) -> bool:
        return bool(self.subscriptions)

    # --- Its socket: what `realtime.consumers`, `resume` and the hub do with the log ---

    def connect(self) -> None:
        positions = positions_of(self.user.pk)
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

    def _replay(self, name: str, after: int, upto: int) -> None:
        assert log.has_all(name, after=after, upto=upto)
        for line in log.read(name, after=after, upto=upto):
            self.hear(line.text)

    def pump(self, names: Iterable[str]) -> None:
        waiting = [name for name in names if name in self.subscriptions]
        while waiting:
            name = waiting.pop(0)
            if (subscription := self.subscriptions.get(name)) is None:
                continue
            lines = log.read(name, after=subscription.position)
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
        if str(self.user.pk) not in move.users:
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
        match type_:
            case "message.sent":
                copy.said[copy.seq] = (str(data["author"]), data["text"])
            case "chat.updated":
                copy.title = data["title"]
            case "participant.added" | "participant.updated" if "role" in data:
                copy.roles[data["user"]] = data["role"]
            case "participant.removed" if data["user"] == str(self.user.pk):
                del self.copies[frame["chat"]]
            case "participant.removed":
                copy.roles.pop(data["user"], None)

    def _hear_of_oneself(self, type_: str, data: dict[str, Any]) -> None:
        match type_:
            case "chat.added" if "last_seq" in data:
                self.copies[data["id"]] = self._ask(data["id"])
            case "chat.removed":
                self.copies.pop(data["chat"], None)
            case "mark.moved" if data["chat"] in self.copies:
                copy = self.copies[data["chat"]]
                copy.read_seq = max(copy.read_seq, data["read_seq"])

    def _ask(self, id_: str) -> Copy:
        found = fresh(self.user, id_)
        assert found is not None, "told of a chat that is not there"
        return found.copy


# --- The machine --------------------------------------------------------------------------------------------

person = st.integers(0, PEOPLE - 1)
room = st.integers(0, ROOMS - 1)
position = st.integers(0, 30)
has_room = precondition(lambda self: self.model.rooms)


class Conversations(RuleBasedStateMachine):
    """One example is one transaction, taken back at its end. `people` are there before."""

    people: ClassVar[list[User]] = []
    steps: ClassVar[int] = 0
    came_of_it: ClassVar[Counter[str]] = Counter()  # how often it was which event, or a refusal

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self._listeners, self.told = list(events._listeners), list[events.Told]()
        events._listeners[:] = [self.told.extend]
        self.model = Model()
        self.chats: list[Chat] = []
        self.devices = [Device(self.people[who]) for who in DEVICES]
        for device in self.devices:
            device.connect()

    def teardown(self) -> None:
        try:
            for device in self.devices:
                if not device.is_here:
                    device.connect()
            self._look_at(range(len(self.chats)), range(PEOPLE))
        finally:
            events._listeners[:] = self._listeners
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)

    # --- A step ---

    def _do(
        self, is_allowed: bool, act: Callable[[], Any], *rooms: int, eyes: Iterable[int] = range(PEOPLE)
    ) -> None:
        """Have *act* done, which the model has done already; then look at *rooms* with everybody's *eyes*.

        What was refused changed nothing: if it did, the next look at the room sees it, or the last of all.
        """
        Conversations.steps += 1
        self.told.clear()
        with TestCase.captureOnCommitCallbacks() as callbacks:
            try:
                made, was_allowed = act(), True
            except Problem:
                made, was_allowed = None, False
        assert was_allowed is is_allowed
        for callback in callbacks:
            if callback.__module__ == events.__name__:
                callback()
        Conversations.came_of_it.update([each.type for each in self.told] if is_allowed else ["refused"])
        if not is_allowed:
            assert self.told == []
            return
        for device in self.devices:
            device.heard.clear()
        if isinstance(made, tuple) and isinstance(made[0], Chat) and made[0] not in self.chats:
            self.chats.append(made[0])
            rooms = (len(self.chats) - 1,)
        self._pass_by()
        topics = list(dict.fromkeys(each.topic for each in self.told if each.seq is not None))
        for number, device in enumerate(self.devices):
            device.pump(topics if number % 2 else topics[::-1])  # no order holds between two logs
        self._look_at(rooms, eyes)

    def _pass_by(self) -> None:
        """What stands in no log reached whom it should, and nobody else."""
        passing = [each for each in self.told if each.seq is None and each.topic.startswith("chat:")]
        who = {str(user.pk): number for number, user in enumerate(self.people)}
        assert len(passing) == len(self.model.heard)
        for told, (type_, actor, people) in zip(passing, self.model.heard, strict=True):
            assert (told.type, who[told.data["user"]]) == (type_, actor)
            for owner, device in zip(DEVICES, self.devices, strict=True):
                if device.is_here:
                    hears = device.hears_in(told.topic) and str(device.user.pk) not in told.hidden_from
                    assert hears is (owner in people), f"{type_} and person {owner}"
        self.model.heard.clear()

    def _look_at(self, rooms: Iterable[int], eyes: Iterable[int]) -> None:
        users = User.objects.in_bulk([user.pk for user in self.people])  # their settings may have changed
        for number in rooms:
            self._look_at_room(self.model.rooms[number], self.chats[number], users, eyes)

    def _look_at_room(self, room: Room, chat: Chat, users: dict[UUID, User], eyes: Iterable[int]) -> None:
        rows = {row.user_id: row for row in Participant.objects.present().filter(chat=chat)}
        for who in eyes:
            person = self.people[who]
            now = fresh(users[person.pk], chat.pk)
            assert (now is not None) is (who in room.roles)
            copies = [
                device.copies.get(str(chat.pk))
                for owner, device in zip(DEVICES, self.devices, strict=True)
                if owner == who and device.is_here
            ]
            if now is None:
                assert copies == [None] * len(copies)
                self._nobody_else_heard(who, room, chat)
                continue
            self._is_as_in_the_model(now, who, room)
            badge = badges_of(rows[person.pk], explain=True)["unread_count"]
            assert badge.ids is not None
            assert now.unread_count == badge.count == len(badge.ids) == len(room.unread(who))
            for copy in copies:
                assert copy == now.copy, "what was there and what happened since is not what is there now"
                assert copy.unread_by(str(person.pk)) == now.unread_count

    def _is_as_in_the_model(self, now: Fresh, who: int, room: Room) -> None:
        ids = [str(user.pk) for user in self.people]
        assert now.copy == Copy(
            seq=room.seq,
            title=room.title,
            read_seq=room.read[who],
            roles={ids[each]: role for each, role in room.roles.items()},
            said={seq: (ids[author], text) for seq, (author, text) in room.said.items()},
        )
        assert now.statuses == {seq: self.model.status(who, room, seq) for seq in room.said}

    def _nobody_else_heard(self, who: int, room: Room, chat: Chat) -> None:
        """Who is not in it has heard nothing of this step but that they went."""
        for owner, device in zip(DEVICES, self.devices, strict=True):
            if owner == who:
                left = Participant.objects.filter(chat=chat, user=device.user).values_list(
                    "left_seq", flat=True
                )
                upto = next((seq for seq in left if seq is not None), 0)
                assert all(seq <= upto for id_, seq in device.heard if id_ == str(chat.pk))

    def _at(self, number: int) -> tuple[int, Room, Chat]:
        number %= len(self.chats)
        return number, self.model.rooms[number], self.chats[number]

    # --- Chats ---

    @initialize(others=st.sets(person, min_size=1))
    def begin(self, others: set[int]) -> None:
        self.open_group(0, others)

    @precondition(lambda self: len(self.model.rooms) < ROOMS)
    @rule(owner=person, others=st.sets(person))
    def open_group(self, owner: int, others: set[int]) -> None:
        people = [self.people[each] for each in sorted(others)]
        self._do(
            self.model.open_group(owner, others),
            lambda: create_chat(actor=self.people[owner], type="group", title="Petra", participants=people),
        )

    @rule(who=person, other=person)
    def open_private(self, who: int, other: int) -> None:
        pairs = [each.pair for each in self.model.rooms]
        there = [number for number, pair in enumerate(pairs) if pair == {who, other}]
        if len(pairs) >= ROOMS and not there:
            return
        self._do(
            self.model.open_private(who, other),
            lambda: create_chat(actor=self.people[who], type="private", participants=[self.people[other]]),
            *there,
        )

    @has_room
    @rule(who=person, number=room, title=st.sampled_from(["Petra", "Wadi Rum"]))
    def rename(self, who: int, number: int, title: str) -> None:
        number, room, chat = self._at(number)
        self._do(
            self.model.rename(who, room, title),
            lambda: update_chat(actor=self.people[who], chat=chat, title=title),
            number,
        )

    @has_room
    @rule(who=person, number=room)
    def leave(self, who: int, number: int) -> None:
        number, room, chat = self._at(number)
        self._do(self.model.leave(who, room), lambda: leave_chat(actor=self.people[who], chat=chat), number)

    @has_room
    @rule(who=person, number=room, really=st.integers(0, 4))
    def delete(self, who: int, number: int, really: int) -> None:
        number, room, chat = self._at(number)
        if really == 0:  # seldom: what is deleted can't be played with any more
            self._do(
                self.model.delete(who, room),
                lambda: delete_chat(actor=self.people[who], chat=chat),
                number,
            )

    # --- What is said, and how far it has come ---

    @has_room
    @rule(who=person, number=room, text=st.sampled_from(["Salam", "We leave at dawn."]))
    def send(self, who: int, number: int, text: str) -> None:
        number, room, chat = self._at(number)
        self._do(
            self.model.send(who, room, text),
            lambda: send_message(actor=self.people[who], chat=chat, text=text),
            number,
        )

    @has_room
    @rule(who=person, number=room, seq=position)
    def read(self, who: int, number: int, seq: int) -> None:
        number, room, chat = self._at(number)
        self._do(
            self.model.move(who, room, seq, is_read=True),
            lambda: mark_read(actor=self.people[who], chat=chat, seq=seq),
            number,
        )

    @has_room
    @rule(who=person, number=room, seq=position)
    def receive(self, who: int, number: int, seq: int) -> None:
        number, room, chat = self._at(number)
        self._do(
            self.model.move(who, room, seq, is_read=False),
            lambda: mark_delivered(actor=self.people[who], chat=chat, seq=seq),
            number,
        )

    @has_room
    @rule(who=person, number=room)
    def write(self, who: int, number: int) -> None:
        number, room, chat = self._at(number)
        actor, chat = self.people[who], Chat.objects.get(pk=chat.pk)
        with TestCase.captureOnCommitCallbacks(), suppress(Problem):  # heard by nobody: what comes is news
            tell_typing(actor=actor, chat=chat, is_typing=False)
        self._do(
            self.model.write(who, room),
            lambda: tell_typing(actor=actor, chat=chat, is_typing=True),
            number,
        )

    # --- Who is in it ---

    @has_room
    @rule(who=person, number=room, other=person)
    def add(self, who: int, number: int, other: int) -> None:
        number, room, chat = self._at(number)
        self._do(
            self.model.add(who, room, other),
            lambda: add_participants(actor=self.people[who], chat=chat, users=[self.people[other]]),
            number,
        )

    @has_room
    @rule(who=person, number=room, other=person)
    def remove(self, who: int, number: int, other: int) -> None:
        number, room, chat = self._at(number)
        self._do(
            self.model.remove(who, room, other),
            lambda: remove_participant(actor=self.people[who], chat=chat, user=self.people[other]),
            number,
        )

    @has_room
    @rule(who=person, number=room, other=person, role=st.sampled_from([OWNER, ADMIN, MEMBER]))
    def change_role(self, who: int, number: int, other: int, role: str) -> None:
        number, room, chat = self._at(number)
        self._do(
            self.model.change_role(who, room, other, role),
            lambda: change_role(actor=self.people[who], chat=chat, user=self.people[other], role=role),
            number,
        )

    # --- People ---

    @rule(who=person, other=person)
    def block(self, who: int, other: int) -> None:
        if who != other:
            self.model.blocks.add((who, other))
        self._do(who != other, lambda: block_user(actor=self.people[who], user=self.people[other]))

    @rule(who=person, other=person)
    def unblock(self, who: int, other: int) -> None:
        self.model.blocks.discard((who, other))
        self._do(True, lambda: unblock_user(actor=self.people[who], user=self.people[other]))

    @rule(who=person, shows=st.booleans())
    def show_reading(self, who: int, shows: bool) -> None:
        (self.model.hiding.discard if shows else self.model.hiding.add)(who)
        changes = {"privacy": {"read_receipts": shows}}
        self._do(
            True,
            lambda: update_settings(user=self.people[who], changes=changes),
            *range(len(self.chats)),
            eyes=[who],
        )

    @rule(number=st.integers(0, len(DEVICES) - 1))
    def come_or_go(self, number: int) -> None:
        device = self.devices[number]
        self._do(
            True,
            device.disconnect if device.is_here else device.connect,
            *range(len(self.chats)),
            eyes=[DEVICES[number]],
        )
