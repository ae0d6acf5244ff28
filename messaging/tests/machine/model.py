"""What ought to be: chats as one would keep them by hand, in people's numbers and messages' positions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

OWNER, ADMIN, MEMBER = "owner", "admin", "member"
RANK: Final = {OWNER: 2, ADMIN: 1, MEMBER: 0}


@dataclass
class Said:
    """A message. Of one that was deleted for all its place is left, and what stands below it."""

    author: int
    text: str
    id: str = ""  # the product's name for it
    calls: tuple[int, ...] = ()
    calls_all: bool = False
    thread: int | None = None  # its root's position
    answers: int | None = None  # the position of what it replies to
    revision: int = 1
    deleted_by: int | None = None
    replies: int = 0
    last_reply: int | None = None
    reactions: dict[str, dict[int, str]] = field(default_factory=dict)  # by emoji: who, and the reaction's id
    hidden_from: set[int] = field(default_factory=set)

    @property
    def is_deleted(self) -> bool:
        return self.deleted_by is not None


@dataclass
class Room:
    """A chat. Who is in it has a role; marks stay with who leaves."""

    is_private: bool
    roles: dict[int, str]
    pair: frozenset[int] = frozenset()
    title: str = ""
    seq: int = 0
    said: dict[int, Said] = field(default_factory=dict)  # by position
    read: dict[int, int] = field(default_factory=dict)
    delivered: dict[int, int] = field(default_factory=dict)
    shown: dict[int, int] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)  # the last position that was for who is gone
    threads: dict[int, dict[int, tuple[bool, int]]] = field(default_factory=dict)  # root, who: follows, read

    def __post_init__(self) -> None:
        for who in self.roles:
            self.mark(who, 0)

    @property
    def ranked(self) -> list[int]:
        """Who is more than a member, the highest first."""
        above = [who for who, role in self.roles.items() if role != MEMBER]
        return sorted(above, key=lambda who: -RANK[self.roles[who]])

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
            for marks in self.threads.values():
                if who in marks:
                    marks[who] = (marks[who][0], before)

    def go(self, who: int) -> None:
        del self.roles[who]
        self.left[who] = self.happens()

    def end(self) -> None:
        self.left |= dict.fromkeys(self.roles, self.seq)
        self.roles.clear()

    # --- Threads ---

    def end_of(self, root: int) -> int:
        return self.said[root].last_reply or root

    def stands(self, who: int, root: int) -> tuple[bool, int]:
        """Whether somebody follows a thread, and how far they have read it."""
        return self.threads.get(root, {}).get(who, (False, root))

    def follow(self, root: int, people: Iterable[int]) -> None:
        """What was said there before they follow it is read for them."""
        for who in people:
            if not self.stands(who, root)[0]:
                self.threads.setdefault(root, {})[who] = (True, self.end_of(root))

    # --- What is unread ---

    def counts_for(self, who: int) -> dict[int, Said]:
        """What others said and is still there for them."""
        return {
            seq: said
            for seq, said in self.said.items()
            if said.author != who and not said.is_deleted and who not in said.hidden_from
        }

    def unread(self, who: int) -> list[int]:
        behind = self.read[who]
        return [seq for seq, said in self.counts_for(who).items() if said.thread is None and seq > behind]

    def unread_below(self, who: int, root: int) -> list[int]:
        """The same of a thread, whether they follow it or not."""
        _, read = self.stands(who, root)
        return [seq for seq, said in self.counts_for(who).items() if said.thread == root and seq > read]

    def unread_in_threads(self, who: int) -> list[int]:
        """Of a thread that they follow, and whose root they have not deleted for themselves."""
        followed = [
            root
            for root, said in self.said.items()
            if self.stands(who, root)[0] and who not in said.hidden_from
        ]
        return sorted(seq for root in followed for seq in self.unread_below(who, root))

    def last_for(self, who: int) -> int | None:
        """What the list of chats shows of it."""
        there = [s for s, said in self.said.items() if said.thread is None and who not in said.hidden_from]
        return max(there, default=None)


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

    def reaches(self, who: int, room: Room) -> bool:
        """Whether somebody may say something there."""
        return who in room.roles and not self.is_silent(room)

    # --- Chats ---

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

    def rename(self, who: int, room: Room, title: str) -> bool:
        if room.is_private or room.roles.get(who, MEMBER) == MEMBER:
            return False
        if room.title != title:
            room.title = title
            room.happens()
        return True

    def leave(self, who: int, room: Room) -> bool:
        if who not in room.roles:
            return False
        if room.roles[who] == OWNER:
            if len(room.roles) > 1:
                return False
            room.end()
        else:
            room.go(who)
        return True

    def delete(self, who: int, room: Room) -> bool:
        if room.roles.get(who) != OWNER:
            return False
        room.end()
        return True

    # --- What is said ---

    def send(
        self,
        who: int,
        room: Room,
        text: str,
        *,
        calls: tuple[int, ...] = (),
        calls_all: bool = False,
        thread: int | None = None,
        answers: int | None = None,
    ) -> bool:
        if not self.reaches(who, room):
            return False
        root = room.said[thread] if thread else None
        if root and (root.thread or who in root.hidden_from):
            return False
        if answers and who in room.said[answers].hidden_from:
            return False
        if not set(calls) <= room.roles.keys() | room.pair:
            return False
        if calls_all and not room.is_private and room.roles[who] == MEMBER:
            return False
        room.come(sorted(room.pair - room.roles.keys()))
        seq = room.happens()
        room.said[seq] = Said(
            who, text, calls=calls, calls_all=calls_all, thread=thread, answers=answers or None
        )
        if thread and root:
            self._reply(room, thread, root, seq)
        return True

    def _reply(self, room: Room, place: int, root: Said, seq: int) -> None:
        reply = room.said[seq]
        room.follow(place, self._called_by(reply))
        if not root.replies:
            interested = {root.author} | self._called_by(root)
            settled = room.threads.get(place, {}).keys()
            room.follow(place, (interested - settled) & room.roles.keys())
        room.follow(place, [reply.author])
        root.replies += 1
        root.last_reply = seq

    def _called_by(self, said: Said) -> set[int]:
        return {each for each in said.calls if (each, said.author) not in self.blocks}

    def edit(self, who: int, room: Room, seq: int, text: str, *, has_seen_newest: bool) -> bool:
        said = room.said[seq]
        if not self.reaches(who, room) or said.author != who or said.is_deleted:
            return False
        if said.text != text:
            if not has_seen_newest:
                return False
            said.text = text
            said.revision += 1
            room.happens()
        return True

    def delete_for_all(self, who: int, room: Room, seq: int) -> bool:
        said = room.said[seq]
        if who not in room.roles:
            return False
        if said.author != who and (
            room.is_private or RANK[room.roles[who]] <= RANK[room.roles.get(said.author, MEMBER)]
        ):
            return False
        if not said.is_deleted:
            said.text, said.calls, said.calls_all, said.answers = "", (), False, None
            said.reactions.clear()
            said.deleted_by = who
            room.happens()
        return True

    def delete_for_me(self, who: int, room: Room, seq: int) -> bool:
        if who not in room.roles:
            return False
        room.said[seq].hidden_from.add(who)
        return True

    def react(self, who: int, room: Room, seq: int, emoji: str) -> bool:
        said = room.said[seq]
        if not self.reaches(who, room) or said.is_deleted:
            return False
        if who not in said.reactions.get(emoji, {}):
            said.reactions.setdefault(emoji, {})[who] = ""
            room.happens()
        return True

    def take_back(self, who: int, room: Room, seq: int, emoji: str) -> bool:
        if who not in room.roles:
            return False
        reactions = room.said[seq].reactions
        if who in reactions.get(emoji, {}):
            del reactions[emoji][who]
            if not reactions[emoji]:
                del reactions[emoji]
            room.happens()
        return True

    def write(self, who: int, room: Room) -> bool:
        if not self.reaches(who, room):
            return False
        others = {each for each in room.roles if each != who and not self.are_apart(who, each)}
        self.heard.append(("typing.start", who, frozenset(others)))
        return True

    # --- How far it has come ---

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

    def move_in_thread(self, who: int, room: Room, root: int, seq: int) -> bool:
        if not self._can_open(who, room, root):
            return False
        follows, read = room.stands(who, root)
        room.threads.setdefault(root, {})[who] = (follows, max(read, min(seq, room.end_of(root))))
        return True

    def follow(self, who: int, room: Room, root: int, *, following: bool) -> bool:
        if not self._can_open(who, room, root):
            return False
        follows, read = room.stands(who, root)
        if following and not follows:
            read = max(read, room.end_of(root))
        room.threads.setdefault(root, {})[who] = (following, read)
        return True

    def _can_open(self, who: int, room: Room, root: int) -> bool:
        said = room.said[root]
        return who in room.roles and said.thread is None and who not in said.hidden_from

    def status(self, reader: int, room: Room, seq: int) -> str:
        """What *reader* sees of a message, as its author or not."""
        said = room.said[seq]
        if said.thread is not None:
            return "sent"
        if said.author == reader:
            read, delivered = self.slowest(reader, room)
        else:
            read, delivered = room.read[reader], room.delivered[reader]
        for status, mark in (("read", read), ("delivered", delivered)):
            if mark is not None and mark >= seq:
                return status
        return "sent"

    def slowest(self, reader: int, room: Room) -> tuple[int | None, int | None]:
        """How far all others have read and received it, as *reader* may know."""
        others = room.roles.keys() - {reader}
        read = None if reader in self.hiding else min((room.shown[each] for each in others), default=None)
        return read, min((room.delivered[each] for each in others), default=None)

    def unread(self, who: int, room: Room) -> dict[str, list[int]]:
        """What is behind each badge."""
        unread = room.unread(who)
        calling = [
            seq
            for seq in unread
            if (room.said[seq].calls_all or who in room.said[seq].calls)
            and (who, room.said[seq].author) not in self.blocks
        ]
        return {
            "unread_count": unread,
            "unread_mentions": calling,
            "thread_unread_count": room.unread_in_threads(who),
        }

    # --- Who is in it ---

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
