"""Frames and close codes of the wire protocol (api.md §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import cached_property
from typing import Any, Final

from common.api.answers import encode

PROTOCOL: Final = "serai.v1"
MAX_FRAME: Final = 256 * 1024  # characters: 10,000 of text, however JSON escapes them, and room
FINAL_TEXT: Final = 0x81  # the first byte of a text frame that no other continues
PORTION: Final = 64 * 1024  # characters in one write, or one frame that is longer


class Close(IntEnum):
    BAD_FRAME = 4400
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    NO_PONG = 4408
    TOO_SLOW = 4413
    TOO_MANY = 4429
    GOING_AWAY = 1012
    TRY_AGAIN = 1013


class Frame(str):
    """The text of a frame, and beside it what it is on the wire and in another protocol: each made once,
    however many sockets."""

    __slots__ = ("_other", "_wire")
    _other: str
    _wire: bytes

    @property
    def wire(self) -> bytes:
        """The whole WebSocket frame: a final, unmasked text frame (RFC 6455 §5.2)."""
        try:
            return self._wire
        except AttributeError:
            payload = self.encode()
            self._wire = _header(len(payload)) + payload
            return self._wire

    def kept(self, make: Callable[[], str]) -> str:
        """What *make* gave when it was first asked."""
        try:
            return self._other
        except AttributeError:
            self._other = make()
            return self._other


class Bundle:
    """Frames that follow each other, for all who are given them all: joined once, however many sockets."""

    def __init__(self, frames: list[Frame]) -> None:
        self.frames = frames

    @cached_property
    def wire(self) -> bytes:
        if len(self.frames) == 1:
            return self.frames[0].wire
        return b"".join([each.wire for each in self.frames])


def bundles(frames: Iterable[Frame]) -> list[Bundle]:
    """All of *frames*, in their order, in bundles of one `PORTION` each."""
    portions: list[list[Frame]] = []
    length = PORTION
    for each in frames:
        if length >= PORTION:
            portions.append([])
            length = 0
        portions[-1].append(each)
        length += len(each)
    return [Bundle(portion) for portion in portions]


def _header(length: int) -> bytes:
    if length < 126:
        return bytes((FINAL_TEXT, length))
    if length < 1 << 16:
        return bytes((FINAL_TEXT, 126)) + length.to_bytes(2)
    return bytes((FINAL_TEXT, 127)) + length.to_bytes(8)


def frame(type_: str, /, **members: Any) -> Frame:
    """A frame as it goes over the wire, its type first; members that are None are left out."""
    return Frame(encode({"type": type_} | {k: v for k, v in members.items() if v is not None}), "utf-8")


def topic_members(topic: str, seq: int | None) -> dict[str, Any]:
    """How a frame says where it belongs: `chat` and `seq`, or `user_seq` in the person's own stream."""
    kind, _, id_ = topic.partition(":")
    return {"user_seq": seq} if kind == "user" else {kind: id_, "seq": seq}
