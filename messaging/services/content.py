"""What somebody says, whatever door it comes through."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypedDict
from uuid import UUID

import orjson

from messaging.models import Message

from .mentions import ALL, Mentioned


class Said(TypedDict, total=False):
    """The same as keyword arguments of `send_message`."""

    text: str
    kind: str
    thread: UUID
    silent: bool
    mentions: Sequence[Mentioned]
    reply_to: UUID
    quote: str
    no_forward: bool
    forwarded: Message
    files: Sequence[UUID]


@dataclass(frozen=True, kw_only=True)
class Content:
    """One message before it is one."""

    text: str = ""
    kind: str = Message.Kind.TEXT
    thread: UUID | None = None  # the message below which it is said
    silent: bool = False  # nobody is woken by it
    mentions: Sequence[Mentioned] = ()  # people in the chat, or `all` of them
    reply_to: UUID | None = None
    quote: str = ""
    no_forward: bool = False
    forwarded: Message | None = None
    files: Sequence[UUID] = ()

    def columns(self) -> dict[str, Any]:
        """What of it stands in the message's own row, but for whence it was forwarded."""
        return {
            "text": self.text,
            "kind": self.kind_there,
            "quote": self.quote,
            "no_forward": self.no_forward,
            "silent": self.silent,
        }

    def provenance(self) -> dict[str, Any]:
        """The rest of that, by the names of relations."""
        source = self.forwarded
        if source is None:
            return {}
        first = source.forwarded_at is None
        return {
            "forwarded_from": source,
            "forwarded_author": source.author if first else source.forwarded_author,
            "forwarded_at": source.created_at if first else source.forwarded_at,
        }

    def fingerprint(self, chat: UUID) -> str:
        """What makes two sends the same message, as it was sent: a later edit changes nothing here.

        What was left out stays out, so that a message from before a feature is still the same as its retry.
        """
        # A forward says what it forwards, which may be edited between a try and the next.
        said: list[Any] = [str(chat), self.kind, "" if self.forwarded else self.text]
        more: dict[str, Any] = {
            "thread": self.thread,
            "mentions": list(dict.fromkeys(self.mentions)),
            "reply_to": self.reply_to,
            "quote": self.quote,
            "no_forward": self.no_forward,
            "forwarded": self.forwarded and self.forwarded.pk,
            "files": list(self.files),
        }
        if more := {name: value for name, value in more.items() if value}:
            said.append(more)
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def is_plain(self) -> bool:
        """Whether it is a text and nothing else, so that a message's own row holds all of it."""
        more = self.thread or self.mentions or self.reply_to or self.quote or self.forwarded or self.files
        return not more and self.kind in (Message.Kind.TEXT, Message.Kind.SYSTEM)

    @property
    def kind_there(self) -> str:
        """A text with files is a message with files, unless it is said to be something else."""
        return Message.Kind.FILE if self.files and self.kind == Message.Kind.TEXT else self.kind


def packed(said: Said) -> dict[str, Any]:
    """The same as JSON holds it, to be said later."""
    return orjson.loads(orjson.dumps(said))


def unpacked(said: dict[str, Any]) -> Said:
    """What `packed` made of it, back."""
    back: dict[str, Any] = dict(said)
    for name in back.keys() & {"thread", "reply_to"}:
        back[name] = UUID(back[name])
    if "files" in back:
        back["files"] = [UUID(each) for each in back["files"]]
    if "mentions" in back:
        back["mentions"] = [each if each == ALL else UUID(each) for each in back["mentions"]]
    return back  # type: ignore[return-value]
