"""Socket.IO, revision 5 of its protocol: what is said over a connection, as frames of ours and back.

https://github.com/socketio/socket.io-protocol. One namespace, `/`; no binary data.
"""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson

from common.api.answers import encode
from common.api.parsers import decode
from common.problems import Malformed, Problem

from ..frames import MAX_FRAME, Close, Frame
from .engine import MESSAGE

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = "01234"
HERE: Final = "/"  # the one namespace there is

# kind, namespace, number of the acknowledgement, data. What has attachments (`51-…`) is none of these.
PACKET: Final = re.compile(r"([0-4])(?:(/[^,]{0,100}),)?(\d{1,15})?([\[{].*)?", re.DOTALL)

# Native frames that answer a command: they go to whoever asked for an acknowledgement.
ANSWERS: Final = {"ack", "error", "pong", "resumed"}
# Commands whose members stand at the top of their frame.
BARE: Final = {"auth", "ping", "resume"}


@dataclass(frozen=True)
class Packet:
    kind: str
    namespace: str
    number: int | None
    data: Any


def read(text: str) -> Packet:
    """What a client says. Raises `Malformed`."""
    if len(text) > MAX_FRAME or not (found := PACKET.fullmatch(text)):
        raise Malformed("This is no packet of Socket.IO, or is too long, or binary.")
    kind, namespace, number, data = found.groups()
    return Packet(kind, namespace or HERE, int(number) if number else None, decode(data) if data else None)


def frame_of(packet: Packet) -> str:
    """The native frame for an event of a client: `[name]` or `[name, argument]`. Raises `Malformed`."""
    match packet.data:
        case [str(name)]:
            argument: Any = {}
        case [str(name), argument]:
            pass
        case _:
            raise Malformed("An event has a name and one argument.")
    if name in BARE and isinstance(argument, dict):
        given = {member: value for member, value in argument.items() if member not in ("type", "id")}
    else:
        given = {"data": argument}
    number = {} if packet.number is None else {"id": packet.number}
    return encode({"type": name} | number | given).decode()


def packet_of(frame: str) -> str | None:
    """The packet for a native frame: an acknowledgement, or an event. None if nobody wants to know."""
    name = frame[len('{"type":"') : frame.index('"', len('{"type":"'))]
    if name not in ANSWERS:
        make = partial(_event, name, frame)
        return frame.kept(make) if isinstance(frame, Frame) else make()
    members = orjson.loads(str(frame))  # it takes no subclass
    del members["type"]
    number = members.pop("id", None)
    if number is not None:
        return f"{MESSAGE}{ACK}{number}{_json([members['data'] if name == 'ack' else members])}"
    return None if name == "ack" else event(name, members)


def _event(name: str, frame: str) -> str:
    """By scissors: what is in it is JSON already."""
    members = frame[len(f'{{"type":"{name}",') :] or "}"
    return f'{MESSAGE}{EVENT}["{name}",{{{members}]'


def event(name: str, argument: Any) -> str:
    return f"{MESSAGE}{EVENT}{_json([name, argument])}"


def connected(sid: str) -> str:
    return f"{MESSAGE}{CONNECT}{_json({'sid': sid})}"


def refused(problem: Problem) -> str:
    """`connect_error` at the client, with the problem as `error.data`."""
    return f"{MESSAGE}{CONNECT_ERROR}{_json({'message': str(problem.title), 'data': problem.body()})}"


def unknown_namespace(name: str) -> str:
    return f"{MESSAGE}{CONNECT_ERROR}{name},{_json({'message': 'Invalid namespace'})}"


def closing(code: Close) -> str:
    """Why, since a client of Socket.IO sees no code, or not by every transport."""
    return event("closing", {"code": code, "name": code.name})


DISCONNECTED: Final = MESSAGE + DISCONNECT  # a client of Socket.IO does not come back by itself after this


def _json(data: Any) -> str:
    return encode(data).decode()
