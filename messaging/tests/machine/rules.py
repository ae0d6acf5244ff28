"""The machine: a rule does one thing twice, in the model and in the product; then both are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
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
from messaging.models import Chat, Message, Reaction
from messaging.services import (
    add_participants,
    add_reaction,
    change_role,
    create_chat,
    delete_chat,
    delete_message,
    edit_message,
    follow_thread,
    hide_message,
    leave_chat,
    mark_delivered,
    mark_read,
    mark_thread_read,
    remove_participant,
    remove_reaction,
    send_message,
    tell_typing,
    update_chat,
)
from realtime import log

from .copies import ALL, Copy, Note
from .devices import Device
from .looks import Seen, glance, reading
from .model import ADMIN, MEMBER, OWNER, Model, Room

PEOPLE: Final = 3  # few, so that they meet: what goes wrong goes wrong between two or three
DEVICES: Final = (0, 0, 1, 2)  # whose each is: the first person has two
ROOMS: Final = 3  # with people in them

person = st.integers(0, PEOPLE - 1)
actor = st.integers(0, 4 * PEOPLE - 1)  # anybody, or somebody in the room, or who made what is there: `_who`
device = st.integers(0, len(DEVICES) - 1)
away = st.sampled_from([1, 2, 1, 2, 1, 2, 0])  # steps on to somebody else, seldom to oneself
room = st.integers(0, 2 * ROOMS - 1)  # any, or one that has people in it: `_at`
position = st.integers(0, 30)
seldom, hardly_ever = (st.sampled_from([False] * often + [True]) for often in (3, 15))  # or little is left
which = st.integers(0, 30)  # of the messages of a room
words = st.sampled_from(["Salam", "We leave at dawn.", "By train?"])
faces = st.sampled_from(["🐪", "👍"])
has_room = precondition(lambda self: self.model.rooms)
has_said = precondition(lambda self: any(each.said for each in self.model.rooms))


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
        self._seen: dict[int, dict[str, Seen]] = {}
        self._lines: dict[tuple[str, int], list[log.Line]] = {}
        self.devices = [self._device_of(who) for who in DEVICES]
        for device in self.devices:
            device.connect()

    def _device_of(self, who: int) -> Device:
        return Device(
            self.people[who],
            ask=lambda id_: deepcopy(self._look_of(who)[id_].copy),
            read=self._read_once,
        )

    def teardown(self) -> None:
        try:
            self._forget()
            for device in self.devices:
                if not device.is_here:
                    device.connect()
                elif device.is_slow:
                    device.hurry()
                    device.catch_up(backwards=True)
            self._compare()
            self._compare_in_full()
        finally:
            events._listeners[:] = self._listeners
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)

    # --- A step ---

    def _do(self, is_allowed: bool, act: Callable[[], Any]) -> None:  # noqa: FBT001
        """Have *act* done, which the model has done already; then look at everything with everybody's eyes.

        What was refused changed nothing: if it did, the next look sees it, or the last of all.
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
        self._name(made)
        self._forget()
        self._pass_by()
        topics = list(dict.fromkeys(each.topic for each in self.told if each.seq is not None))
        for number, device in enumerate(self.devices):
            device.missed += topics
            if not device.is_slow:
                device.catch_up(backwards=number % 2 == 0)
        self._compare()

    def _name(self, made: Any) -> None:
        """Note under which id the product has what was made."""
        match made:
            case (Chat() as chat, _) if chat not in self.chats:
                self.chats.append(chat)
            case (Message() as message, _):
                number = next(n for n, chat in enumerate(self.chats) if chat.pk == message.chat_id)
                self.model.rooms[number].said[message.seq].id = str(message.pk)
            case (Reaction() as reaction, True):
                everything = [said for room in self.model.rooms for said in room.said.values()]
                said = next(each for each in everything if each.id == str(reaction.message_id))
                who = next(n for n, user in enumerate(self.people) if user.pk == reaction.user_id)
                said.reactions[reaction.emoji][who] = str(reaction.pk)

    # --- What is there now, asked once a step ---

    def _forget(self) -> None:
        self._seen.clear()
        self._lines.clear()
        for device in self.devices:
            device.heard.clear()

    def _look_of(self, who: int) -> dict[str, Seen]:
        if who not in self._seen:
            self._seen[who] = glance(self.people[who].pk, shows_reading=who not in self.model.hiding)
        return self._seen[who]

    def _read_once(self, topic: str, after: int) -> list[log.Line]:
        """As the hub: a line is written once for all who hear it."""
        if (topic, after) not in self._lines:
            self._lines[topic, after] = log.read(topic, after=after)
        return self._lines[topic, after]

    # --- What it is held against ---

    def _pass_by(self) -> None:
        """What stands in no log reached whom it should, and nobody else."""
        passing = [each for each in self.told if each.seq is None and each.topic.startswith("chat:")]
        who = {str(user.pk): number for number, user in enumerate(self.people)}
        assert len(passing) == len(self.model.heard)
        for told, (type_, actor, people) in zip(passing, self.model.heard, strict=True):
            assert (told.type, who[told.data["user"]]) == (type_, actor)
            for owner, device in zip(DEVICES, self.devices, strict=True):
                if device.is_up_to_date:
                    hears = device.hears_in(told.topic) and str(device.user.pk) not in told.hidden_from
                    assert hears is (owner in people), f"{type_} and person {owner}"
        self.model.heard.clear()

    def _compare(self) -> None:
        """What everybody sees at a glance is as in the model, and what their devices have is the same."""
        for who in range(PEOPLE):
            seen = self._look_of(who)
            here = [
                device
                for owner, device in zip(DEVICES, self.devices, strict=True)
                if owner == who and device.is_up_to_date
            ]
            theirs = {str(c.pk) for c, r in zip(self.chats, self.model.rooms, strict=True) if who in r.roles}
            assert seen.keys() == theirs
            for device in here:
                assert device.copies.keys() == theirs
            for chat, room in zip(self.chats, self.model.rooms, strict=True):
                if who not in room.roles:
                    self._heard_no_more(who, room, chat)
                    continue
                now = seen[str(chat.pk)]
                self._is_as_in_the_model(now, who, room)
                for device in here:
                    copy = device.copies[str(chat.pk)]
                    assert copy == now.copy, "what was there and what happened since is not what is there now"
                    assert copy.badges(device.me, device.blocked) == now.badges

    def _compare_in_full(self) -> None:
        """What the API writes is the same, and what no glance tells is as in the model."""
        users = User.objects.in_bulk([user.pk for user in self.people])  # their settings may have changed
        for who, user in enumerate(self.people):
            seen = reading(users[user.pk])
            assert seen.keys() == self._look_of(who).keys()
            for chat, room in zip(self.chats, self.model.rooms, strict=True):
                if who not in room.roles:
                    continue
                now = seen[str(chat.pk)]
                self._is_as_in_the_model(now, who, room)
                last = room.last_for(who)
                assert now.last == (room.said[last].id if last else None)
                assert now.statuses == {
                    said.id: self.model.status(who, room, seq)
                    for seq, said in room.said.items()
                    if who not in said.hidden_from
                }

    def _is_as_in_the_model(self, now: Seen, who: int, room: Room) -> None:
        unread = self.model.unread(who, room)
        assert now.copy == self._copy(who, room)
        assert now.explained == {name: [room.said[seq].id for seq in seqs] for name, seqs in unread.items()}
        assert now.badges == {name: len(seqs) for name, seqs in unread.items()}
        assert now.mine == (room.read[who], room.delivered[who])
        assert now.others == self.model.slowest(who, room)
        assert now.threads == {
            said.id: len(room.unread_below(who, seq))
            for seq, said in room.said.items()
            if said.thread is None and who not in said.hidden_from
        }

    def _copy(self, who: int, room: Room) -> Copy:
        """What somebody has of a chat, by the model."""
        ids = [str(user.pk) for user in self.people]
        return Copy(
            seq=room.seq,
            title=room.title,
            read_seq=room.read[who],
            roles={ids[each]: role for each, role in room.roles.items()},
            said={
                said.id: self._note(who, room, seq)
                for seq, said in room.said.items()
                if who not in said.hidden_from
            },
            threads={
                room.said[root].id: room.stands(who, root)
                for root in room.threads
                if who not in room.said[root].hidden_from and room.stands(who, root) != (False, root)
            },
        )

    def _note(self, who: int, room: Room, seq: int) -> Note:
        ids = [str(user.pk) for user in self.people]
        said = room.said[seq]
        answered = room.said[said.answers] if said.answers else None
        return Note(
            seq=seq,
            author=ids[said.author],
            text=said.text,
            thread=room.said[said.thread].id if said.thread else None,
            answers=answered and (answered.id, answered.text, answered.is_deleted),
            mentions=[*(ids[each] for each in said.calls), *([ALL] if said.calls_all else [])],
            revision=said.revision,
            deleted_by=None if said.deleted_by is None else ids[said.deleted_by],
            replies=(said.replies, said.last_reply),
            reactions={emoji: len(people) for emoji, people in said.reactions.items()},
            mine={people[who]: emoji for emoji, people in said.reactions.items() if who in people},
        )

    def _heard_no_more(self, who: int, room: Room, chat: Chat) -> None:
        """Who is not in it has heard nothing of it now but what was before they went, the last thing that."""
        for owner, device in zip(DEVICES, self.devices, strict=True):
            if owner == who:
                assert all(seq <= room.left.get(who, 0) for id_, seq in device.heard if id_ == str(chat.pk))

    # --- Whom and what a rule is about: more often than not what can be done, or most would be refused ---

    def _at(self, number: int) -> tuple[Room, Chat]:
        alive = [n for n, room in enumerate(self.model.rooms) if room.roles]
        number = alive[number % len(alive)] if alive and number >= ROOMS else number % len(self.chats)
        return self.model.rooms[number], self.chats[number]

    def _who(self, number: int, room: Room, *makers: int) -> int:
        if number < PEOPLE or not room.roles:
            return number % PEOPLE
        among = list(makers) if makers and number >= 2 * PEOPLE else sorted(room.roles)
        return among[number % len(among)]

    def _one_of(self, number: int, nth: int) -> tuple[Room, Chat, int, Message] | None:
        """A message of a room, with its place; None where nothing was said."""
        room, chat = self._at(number)
        if not room.said:
            speaking = [n for n, each in enumerate(self.model.rooms) if each.said and each.roles]
            if not speaking:
                return None
            room, chat = self.model.rooms[speaking[0]], self.chats[speaking[0]]
        seq = list(room.said)[nth % len(room.said)]
        return room, chat, seq, Message(pk=room.said[seq].id, chat_id=chat.pk)

    @property
    def has_space(self) -> bool:
        return sum(bool(each.roles) for each in self.model.rooms) < ROOMS

    # --- Chats ---

    @initialize(others=st.sets(person, min_size=2), slow=st.sets(device))
    def begin(self, others: set[int], slow: set[int]) -> None:
        for number in slow:
            self.devices[number].slow_down()
        self.open_group(0, others)
        self.send(0, 0, "Salam")

    @precondition(lambda self: self.has_space)
    @rule(owner=person, others=st.sets(person, min_size=2))
    def open_group(self, owner: int, others: set[int]) -> None:
        people = [self.people[each] for each in sorted(others)]
        self._do(
            self.model.open_group(owner, others),
            lambda: create_chat(actor=self.people[owner], type="group", title="Petra", participants=people),
        )

    @rule(who=person, steps=away)
    def open_private(self, who: int, steps: int) -> None:
        other = (who + steps) % PEOPLE
        if not self.has_space and {who, other} not in [each.pair for each in self.model.rooms]:
            return
        self._do(
            self.model.open_private(who, other),
            lambda: create_chat(actor=self.people[who], type="private", participants=[self.people[other]]),
        )

    @has_room
    @rule(who=actor, number=room, title=st.sampled_from(["Petra", "Wadi Rum", "Amman"]))
    def rename(self, who: int, number: int, title: str) -> None:
        room, chat = self._at(number)
        who = self._who(who, room, *room.ranked)
        self._do(
            self.model.rename(who, room, title),
            lambda: update_chat(actor=self.people[who], chat=chat, title=title),
        )

    @has_room
    @rule(who=actor, number=room, really=seldom)
    def leave(self, who: int, number: int, really: bool) -> None:
        room, chat = self._at(number)
        who = self._who(who, room)
        if really:
            self._do(self.model.leave(who, room), lambda: leave_chat(actor=self.people[who], chat=chat))

    @has_room
    @rule(who=actor, number=room, really=hardly_ever)
    def delete(self, who: int, number: int, really: bool) -> None:
        room, chat = self._at(number)
        who = self._who(who, room)
        if really:
            self._do(self.model.delete(who, room), lambda: delete_chat(actor=self.people[who], chat=chat))

    # --- What is said ---

    @has_room
    @rule(who=actor, number=room, text=words)
    def send(self, who: int, number: int, text: str) -> None:
        room, chat = self._at(number)
        self._send(self._who(who, room), room, chat, text)

    @has_room
    @rule(who=actor, number=room, text=words, calls=st.sets(person), calls_all=st.booleans())
    def call(self, who: int, number: int, text: str, calls: set[int], calls_all: bool) -> None:  # noqa: FBT001
        room, chat = self._at(number)
        self._send(self._who(who, room), room, chat, text, calls=tuple(sorted(calls)), calls_all=calls_all)

    @has_said
    @rule(who=actor, number=room, nth=which, text=words, calls=st.sets(person, max_size=1))
    def reply_in_thread(self, who: int, number: int, nth: int, text: str, calls: set[int]) -> None:
        if there := self._one_of(number, nth):
            room, chat, seq, _ = there
            thread = (
                room.said[seq].thread or seq if nth % 4 else seq
            )  # seldom below what is in a thread itself
            self._send(self._who(who, room), room, chat, text, thread=thread, calls=tuple(sorted(calls)))

    @has_said
    @rule(who=actor, number=room, nth=which, text=words)
    def answer(self, who: int, number: int, nth: int, text: str) -> None:
        if there := self._one_of(number, nth):
            room, chat, seq, _ = there
            self._send(self._who(who, room), room, chat, text, answers=seq)

    def _send(
        self,
        who: int,
        room: Room,
        chat: Chat,
        text: str,
        *,
        calls: tuple[int, ...] = (),
        calls_all: bool = False,
        thread: int | None = None,
        answers: int | None = None,
    ) -> None:
        said: dict[str, Any] = {
            "mentions": [*(self.people[each].pk for each in calls), *[ALL][: int(calls_all)]]
        }
        said |= {"thread": UUID(room.said[thread].id)} if thread else {}
        said |= {"reply_to": UUID(room.said[answers].id)} if answers else {}
        self._do(
            self.model.send(
                who, room, text, calls=calls, calls_all=calls_all, thread=thread, answers=answers
            ),
            lambda: send_message(actor=self.people[who], chat=chat, text=text, **said),
        )

    @has_said
    @rule(
        who=actor,
        number=room,
        nth=which,
        text=words,
        has_seen_newest=st.sampled_from([True, True, True, False]),
    )
    def edit(self, who: int, number: int, nth: int, text: str, has_seen_newest: bool) -> None:  # noqa: FBT001
        if there := self._one_of(number, nth):
            room, _, seq, message = there
            who = self._who(who, room, room.said[seq].author)
            revision = room.said[seq].revision if has_seen_newest else 0
            self._do(
                self.model.edit(who, room, seq, text, has_seen_newest=has_seen_newest),
                lambda: edit_message(actor=self.people[who], message=message, text=text, revision=revision),
            )

    @has_said
    @rule(who=actor, number=room, nth=which)
    def delete_for_all(self, who: int, number: int, nth: int) -> None:
        if there := self._one_of(number, nth):
            room, _, seq, message = there
            who = self._who(who, room, room.said[seq].author)
            self._do(
                self.model.delete_for_all(who, room, seq),
                lambda: delete_message(actor=self.people[who], message=message),
            )

    @has_said
    @rule(who=actor, number=room, nth=which)
    def delete_for_me(self, who: int, number: int, nth: int) -> None:
        if there := self._one_of(number, nth):
            room, _, seq, message = there
            who = self._who(who, room, room.said[seq].author)
            self._do(
                self.model.delete_for_me(who, room, seq),
                lambda: hide_message(actor=self.people[who], message=message),
            )

    @has_said
    @rule(who=actor, number=room, nth=which, emoji=faces)
    def react(self, who: int, number: int, nth: int, emoji: str) -> None:
        if there := self._one_of(number, nth):
            room, _, seq, message = there
            who = self._who(who, room, room.said[seq].author)
            self._do(
                self.model.react(who, room, seq, emoji),
                lambda: add_reaction(actor=self.people[who], message=message, emoji=emoji),
            )

    @has_said
    @rule(who=actor, number=room, nth=which, emoji=faces)
    def take_back(self, who: int, number: int, nth: int, emoji: str) -> None:
        if there := self._one_of(number, nth):
            room, _, seq, message = there
            who = self._who(who, room, *room.said[seq].reactions.get(emoji, {}))
            self._do(
                self.model.take_back(who, room, seq, emoji),
                lambda: remove_reaction(actor=self.people[who], message=message, emoji=emoji),
            )

    @has_room
    @rule(who=actor, number=room)
    def write(self, who: int, number: int) -> None:
        room, chat = self._at(number)
        who = self._who(who, room)
        user, chat = self.people[who], Chat.objects.get(pk=chat.pk)
        with TestCase.captureOnCommitCallbacks(), suppress(Problem):  # heard by nobody: what comes is news
            tell_typing(actor=user, chat=chat, is_typing=False)
        self._do(
            self.model.write(who, room),
            lambda: tell_typing(actor=user, chat=chat, is_typing=True),
        )

    # --- How far it has come ---

    @has_room
    @rule(who=actor, number=room, seq=position)
    def read(self, who: int, number: int, seq: int) -> None:
        room, chat = self._at(number)
        who = self._who(who, room)
        self._do(
            self.model.move(who, room, seq, is_read=True),
            lambda: mark_read(actor=self.people[who], chat=chat, seq=seq),
        )

    @has_room
    @rule(who=actor, number=room, seq=position)
    def receive(self, who: int, number: int, seq: int) -> None:
        room, chat = self._at(number)
        who = self._who(who, room)
        self._do(
            self.model.move(who, room, seq, is_read=False),
            lambda: mark_delivered(actor=self.people[who], chat=chat, seq=seq),
        )

    @has_said
    @rule(who=actor, number=room, nth=which, seq=position)
    def read_thread(self, who: int, number: int, nth: int, seq: int) -> None:
        if there := self._one_of(number, nth):
            room, _, seq, message = there
            who, root = self._who(who, room), room.said[seq].thread or seq if nth % 4 else seq
            message.pk = room.said[root].id
            self._do(
                self.model.move_in_thread(who, room, root, seq),
                lambda: mark_thread_read(actor=self.people[who], root=message, seq=seq),
            )

    @has_said
    @rule(who=actor, number=room, nth=which, following=st.booleans())
    def follow(self, who: int, number: int, nth: int, following: bool) -> None:  # noqa: FBT001
        if there := self._one_of(number, nth):
            room, _, seq, message = there
            who, root = self._who(who, room), room.said[seq].thread or seq if nth % 4 else seq
            message.pk = room.said[root].id
            self._do(
                self.model.follow(who, room, root, following=following),
                lambda: follow_thread(actor=self.people[who], root=message, following=following),
            )

    # --- Who is in it ---

    @has_room
    @rule(who=actor, number=room, other=actor)
    def add(self, who: int, number: int, other: int) -> None:
        room, chat = self._at(number)
        absent = sorted(set(range(PEOPLE)) - room.roles.keys())
        who, other = self._who(who, room, *room.ranked), self._who(other, room, *absent)
        self._do(
            self.model.add(who, room, other),
            lambda: add_participants(actor=self.people[who], chat=chat, users=[self.people[other]]),
        )

    @has_room
    @rule(who=actor, number=room, other=actor)
    def remove(self, who: int, number: int, other: int) -> None:
        room, chat = self._at(number)
        members = sorted(room.roles.keys() - set(room.ranked))
        who, other = self._who(who, room, *room.ranked), self._who(other, room, *members)
        self._do(
            self.model.remove(who, room, other),
            lambda: remove_participant(actor=self.people[who], chat=chat, user=self.people[other]),
        )

    @has_room
    @rule(who=actor, number=room, other=actor, role=st.sampled_from([OWNER, ADMIN, MEMBER]))
    def change_role(self, who: int, number: int, other: int, role: str) -> None:
        room, chat = self._at(number)
        who, other = self._who(who, room, *room.ranked[:1]), self._who(other, room)
        self._do(
            self.model.change_role(who, room, other, role),
            lambda: change_role(actor=self.people[who], chat=chat, user=self.people[other], role=role),
        )

    # --- People ---

    @rule(who=person, steps=away)
    def block(self, who: int, steps: int) -> None:
        other = (who + steps) % PEOPLE
        if who != other:
            self.model.blocks.add((who, other))
        self._do(who != other, lambda: block_user(actor=self.people[who], user=self.people[other]))

    @rule(who=person, steps=away, nth=which)
    def unblock(self, who: int, steps: int, nth: int) -> None:
        other = (who + steps) % PEOPLE
        if self.model.blocks and nth % 4:
            who, other = sorted(self.model.blocks)[nth % len(self.model.blocks)]
        self.model.blocks.discard((who, other))
        self._do(True, lambda: unblock_user(actor=self.people[who], user=self.people[other]))  # noqa: FBT003

    @rule(who=person, shows=st.booleans())
    def show_reading(self, who: int, shows: bool) -> None:  # noqa: FBT001
        (self.model.hiding.discard if shows else self.model.hiding.add)(who)
        changes = {"privacy": {"read_receipts": shows}}
        self._do(True, lambda: update_settings(user=self.people[who], changes=changes))  # noqa: FBT003

    @rule(number=device, really=seldom)
    def come_or_go(self, number: int, really: bool) -> None:
        device = self.devices[number]
        if really:
            self._do(True, device.disconnect if device.is_here else device.connect)  # noqa: FBT003

    @rule(number=device, slow=st.booleans())
    def slow_down_or_catch_up(self, number: int, slow: bool) -> None:  # noqa: FBT001
        """What comes meanwhile it hears at once, later: leaving, coming back and what was between."""
        device = self.devices[number]
        if device.is_here and device.is_slow is not slow:
            self._do(True, device.slow_down if slow else device.hurry)  # noqa: FBT003
