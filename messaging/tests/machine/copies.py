"""A chat as a client keeps it: taken once, then moved on by what the server tells, as `docs/live.md` says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from messaging.models import Message

ALL = "all"


@dataclass
class Note:
    """A message."""

    seq: int
    author: str
    text: str
    thread: str | None = None
    answers: tuple[str, str, bool] | None = None  # which message, what it says, whether it was deleted
    mentions: list[str] = field(default_factory=list)
    revision: int = 1
    deleted_by: str | None = None
    replies: tuple[int, int | None] = (0, None)  # how many there are below it, the position of the last
    reactions: dict[str, int] = field(default_factory=dict)  # in the order of first use
    mine: dict[str, str] = field(default_factory=dict)  # one's own: emoji by id

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Note:
        """What the API or a frame shows of a message."""
        answered, replies = data["reply_to"], data["replies"]
        return cls(
            seq=data["seq"],
            author=str(data["author"]),
            text=data["text"],
            thread=data["thread"] and str(data["thread"]),
            answers=answered and (str(answered["id"]), answered["text"], answered["deleted"]),
            mentions=data["mentions"],
            revision=data["revision"],
            deleted_by=data["deleted_by"] and str(data["deleted_by"]),
            replies=(replies["count"], replies["last_seq"]) if replies else (0, None),
            reactions={each["emoji"]: each["count"] for each in data["reactions"]},
            mine={str(each["id"]): each["emoji"] for each in data["reactions"] if each.get("mine")},
        )


@dataclass
class Copy:
    """A chat. Messages and threads are by their ids, people too."""

    seq: int
    title: str
    read_seq: int
    roles: dict[str, str] = field(default_factory=dict)
    said: dict[str, Note] = field(default_factory=dict)
    threads: dict[str, tuple[bool, int]] = field(default_factory=dict)  # whether followed, read up to

    # --- What happened ---

    def hear(self, type_: str, data: dict[str, Any], me: str, hidden: Collection[str]) -> None:
        """Take in an event of the chat."""
        match type_:
            case "message.sent":
                self._take(data, hidden)
            case "message.updated" | "message.deleted":
                if data["id"] in self.said:
                    mine = self.said[data["id"]].mine if data["reactions"] else {}
                    self.said[data["id"]] = Note.of(data)
                    self.said[data["id"]].mine = mine
                self._mend_answers(data)
            case "reaction.added" | "reaction.removed" if data["message"] in self.said:
                note = self.said[data["message"]]
                note.reactions = {each["emoji"]: each["count"] for each in data["reactions"]}
                if type_ == "reaction.removed":
                    note.mine.pop(data["reaction"], None)
                elif data["user"] == me and data["emoji"]:
                    note.mine[data["reaction"]] = data["emoji"]
            case "chat.updated":
                self.title = data["title"]
            case "participant.added" | "participant.updated" if "role" in data:
                self.roles[data["user"]] = data["role"]
            case "participant.removed":
                self.roles.pop(data["user"], None)

    def _take(self, data: dict[str, Any], hidden: Collection[str]) -> None:
        if (root := self.said.get(data["thread"])) and data["seq"] > (root.replies[1] or 0):
            root.replies = (root.replies[0] + 1, data["seq"])
        if data["id"] not in hidden:
            self.said[data["id"]] = Note.of(data)
            self._forget_where_it_begins(data["id"])

    def _mend_answers(self, data: dict[str, Any]) -> None:
        shown = (data["id"], data["text"][: Message.EXCERPT], data["deleted_at"] is not None)
        for note in self.said.values():
            if note.answers and note.answers[0] == data["id"]:
                note.answers = shown

    def stand(self, thread: str, *, following: bool, read_seq: int) -> None:
        """Take in where one stands in a thread, of whose root one may not have heard yet."""
        self.threads[thread] = (following, read_seq)
        self._forget_where_it_begins(thread)

    def _forget_where_it_begins(self, thread: str) -> None:
        """Who follows nothing and has read nothing stands nowhere."""
        if (root := self.said.get(thread)) and self.threads.get(thread) == (False, root.seq):
            del self.threads[thread]

    def hide(self, id_: str) -> None:
        self.said.pop(id_, None)
        self.threads.pop(id_, None)

    # --- What a client makes of it ---

    def badges(self, me: str, blocked: Collection[str]) -> dict[str, int]:
        """How much is unread, counted from what there is."""
        theirs = [each for each in self.said.values() if each.author != me and each.deleted_by is None]
        unread = [each for each in theirs if each.thread is None and each.seq > self.read_seq]
        calling = [each for each in unread if {me, ALL} & set(each.mentions) and each.author not in blocked]
        return {
            "unread_count": len(unread),
            "unread_mentions": len(calling),
            "thread_unread_count": sum(each.thread is not None and self._owes(each) for each in theirs),
        }

    def _owes(self, reply: Note) -> bool:
        follows, read = self.threads.get(reply.thread or "", (False, 0))
        return follows and reply.seq > read
