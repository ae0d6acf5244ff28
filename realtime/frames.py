"""Frames and close codes of the wire protocol (api.md §3)."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

from common.api.answers import encode

PROTOCOL: Final = "serai.v1"
MAX_FRAME: Final = 256 * 1024  # characters: 10,000 of text, however JSON escapes them, and room


class Close(IntEnum):
    BAD_FRAME = 4400
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    NO_PONG = 4408
    TOO_SLOW = 4413
    TOO_MANY = 4429
    GOING_AWAY = 1012


class Frame(str):
    """The text of a frame, and beside it what it is in another protocol: made once, however many sockets."""

    __slots__ = ("_other",)
    _other: str

    def kept(self, make: Callable[[], str]) -> str:
        """What *make* gave when it was first asked."""
        try:
            return self._other
        except AttributeError:
            self._other = make()
            return self._other


def frame(type_: str, /, **members: Any) -> Frame:
    """A frame as it goes over the wire, its type first; members that are None are left out."""
    return Frame(encode({"type": type_} | {k: v for k, v in members.items() if v is not None}), "utf-8")


def topic_members(topic: str, seq: int | None) -> dict[str, Any]:
    """How a frame says where it belongs: `chat` and `seq`, or `user_seq` in the person's own stream."""
    kind, _, id_ = topic.partition(":")
    return {"user_seq": seq} if kind == "user" else {kind: id_, "seq": seq}
