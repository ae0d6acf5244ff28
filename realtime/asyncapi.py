"""The AsyncAPI document of the sockets: made of the events, the commands and the shapes they are told in."""

import types
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from django.conf import settings
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.serializers import Serializer

from common.api.answers import encode
from common.api.schema import PROBLEM_SCHEMA, Schema
from common.api.views import ApiView
from common.events import Event

from . import registry
from .api.serializers import ResetSerializer
from .frames import PROTOCOL
from .missed import OTHER_EPOCH
from .resume import MAX_POSITION, ResumeInput

DESCRIPTION: Final = """\
Every change, as it happens. The guide is the repository's `docs/live.md`: how to sign in, resume, and what
to do when a socket closes. Clients of Socket.IO 4 hear and say the same under the same names: an event's one
argument is the frame without its `type`, a command's argument its `data`.
"""
ID: Final = "0198c5b3-01aa-7d13-b5c6-7a8b9c0d1e2f"
TIME: Final = "2026-11-21T09:15:00Z"

UUID_SCHEMA: Final = {"type": "string", "format": "uuid"}
TIME_SCHEMA: Final = {"type": "string", "format": "date-time"}
POSITION: Final = {"type": "integer", "minimum": 0, "maximum": MAX_POSITION}
TEXT: Final = {"type": "string"}
OF_TYPES: Final[dict[Any, tuple[dict[str, Any], Any]]] = {  # of a field of an event: its schema, an example
    UUID: (UUID_SCHEMA, ID),
    datetime: (TIME_SCHEMA, TIME),
    bool: ({"type": "boolean"}, True),
    int: ({"type": "integer"}, 42),
    str: (TEXT, "text"),
}
CHANNELS: Final = {
    "live": ("/ws", "Every chat the caller is in, and their own stream."),
    "live_older": ("/api/messages/ws", "The same, for older clients; with `EIO=4` in the query Socket.IO."),
    "chat": ("/ws/chats/{chat}", "One chat; `data.chat` may be left out of commands."),
    "chat_older": ("/api/chat/{chat}/ws", "The same, for older clients; with `EIO=4` Socket.IO."),
    "socketio": ("/socket.io/", "Socket.IO 4: every chat the caller is in, and their own stream."),
}


class Shapes(Schema):
    """Schemas of serializers, by the same rules as those of the OpenAPI document."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = ComponentRegistry()
        view: Any = ApiView()
        view.request = None  # serializers are asked for their shape alone
        self.view, self.method, self.path = view, "GET", ""

    def out(self, shape: type[Serializer[Any]]) -> dict[str, Any]:
        return dict(self.resolve_serializer(shape, "response").ref)

    def taken(self, shape: type[Serializer[Any]]) -> dict[str, Any]:
        return dict(self.resolve_serializer(shape, "request").ref)


def every_event(base: type[Event] = Event) -> Iterator[type[Event]]:
    """All that the apps may tell a socket: what their rooms `events` hold."""
    for event in base.__subclasses__():
        is_told = "type" in vars(event) and event.type not in registry.closes
        if is_told and "events" in event.__module__.split("."):
            yield event
        yield from every_event(event)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Made once a process: it changes only with the code."""
    shapes = Shapes()
    said, heard = _commands(shapes), _events(shapes) | _frames(shapes)
    found = {
        "asyncapi": "3.0.0",
        "info": {"title": "Serai live", "version": settings.VERSION, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {"here": _server()},
        "channels": {
            name: _channel(address, text, said | heard) for name, (address, text) in CHANNELS.items()
        },
        "operations": _operations(said, heard),
        "components": {
            "messages": said | heard,
            "schemas": _with_schemas(shapes),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }
    plain: dict[str, Any] = orjson.loads(encode(found))  # translations as text
    return plain


def _server() -> dict[str, Any]:
    base = urlsplit(settings.PUBLIC_URL)
    return {
        "host": base.netloc,
        "protocol": "wss" if base.scheme == "https" else "ws",
        "description": f"Subprotocol `{PROTOCOL}`, if the client offers it.",
        "security": [{"$ref": "#/components/securitySchemes/bearer"}],
    }


def _channel(address: str, text: str, messages: dict[str, Any]) -> dict[str, Any]:
    parameters = {"parameters": {"chat": {"description": "Its id."}}} if "{chat}" in address else {}
    named = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": address, "description": text, "messages": named, **parameters}


def _operations(said: dict[str, Any], heard: dict[str, Any]) -> dict[str, Any]:
    """What goes on in the first channel; it is the same in all of them."""

    def of(names: list[str]) -> list[dict[str, str]]:
        return [{"$ref": f"#/channels/live/messages/{name}"} for name in names]

    channel = {"$ref": "#/channels/live"}
    answers = {"ping": "pong", "resume": "resumed"}
    operations: dict[str, Any] = {
        "hear": {
            "action": "send",
            "channel": channel,
            "summary": "What happens.",
            "messages": of(list(heard)),
        }
    }
    for key, message in said.items():
        name = message["name"]
        operations[f"say_{name}"] = {
            "action": "receive",
            "channel": channel,
            "summary": message["summary"],
            "messages": of([key]),
            "reply": {"channel": channel, "messages": of([answers.get(name, "ack"), "error"])},
        }
    return operations


def _message(
    name: str, summary: str, members: dict[str, Any], example: dict[str, Any], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "name": name,
        "summary": summary,
        "payload": {
            "type": "object",
            "required": ["type", *(member for member in members if member not in optional)],
            "properties": {"type": {"const": name}} | members,
            "additionalProperties": False,
        },
        "examples": [{"name": name.replace(".", "_"), "payload": {"type": name} | example}],
    }


# --- Events -------------------------------------------------------------------------------------------------


def _events(shapes: Shapes) -> dict[str, Any]:
    found = sorted(every_event(), key=lambda event: event.type)
    return {event.type: _event(event, shapes) for event in found}


def _event(event: type[Event], shapes: Shapes) -> dict[str, Any]:
    kind = next(
        (kind for kind in registry.feeds if {kind, "seq"} <= {each.name for each in fields(event)}), None
    )
    own = {each.name: each.type for each in fields(event) if kind is None or each.name not in (kind, "seq")}
    hints = get_type_hints(event)
    parts = {name: _field(hints[name]) for name in own}
    schema: dict[str, Any] = {
        "type": "object",
        "required": list(parts),
        "properties": {name: each for name, (each, _) in parts.items()},
    }
    example = {name: each for name, (_, each) in parts.items()}
    if payload := registry.payloads.get(event.type):
        shown = shapes.out(payload.shape)
        schema = {"anyOf": [{"allOf": [shown, schema]} if payload.has_own_fields else shown, _gone(parts)]}
        example = payload.example | (example if payload.has_own_fields else {})
    elif event.type in registry.renderers:
        schema = {"anyOf": [schema, _gone(parts)]}
    place = {kind: UUID_SCHEMA, "seq": POSITION} if kind else {"user_seq": POSITION}
    where = {kind: ID, "seq": 43} if kind else {"user_seq": 18}
    return _message(
        event.type,
        (event.__doc__ or "").strip().partition("\n")[0],
        {**place, "at": TIME_SCHEMA, "data": schema},
        {**where, "at": TIME, "data": example},
        optional=("seq", "user_seq"),  # what is of the moment stands in no log
    )


def _gone(parts: dict[str, tuple[dict[str, Any], Any]]) -> dict[str, Any]:
    """What is told of something that is gone by now, or not for everybody: ids, or null."""
    ids = {name: _nullable(each) for name, (each, _) in parts.items()}
    user = {"user": {"anyOf": [ids["user"], {"type": "object"}]}} if "user" in ids else {}
    properties = {"id": UUID_SCHEMA} | ids | user
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _field(type_: Any) -> tuple[dict[str, Any], Any]:
    """The schema of a field of an event, and an example."""
    if get_origin(type_) in (Union, types.UnionType):
        of, *_ = (each for each in get_args(type_) if each is not types.NoneType)
        schema, example = _field(of)
        return _nullable(schema), example
    return OF_TYPES[type_]


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return schema if isinstance(schema["type"], list) else schema | {"type": [schema["type"], "null"]}


# --- Frames of the server, and what clients say -------------------------------------------------------------


def _frames(shapes: Shapes) -> dict[str, Any]:
    """Those that are no events."""
    problem = {"$ref": "#/components/schemas/Problem"}
    id_ = {"description": "As the command has it; anything."}
    places = {f"{kind}s": {"type": "object", "additionalProperties": POSITION} for kind in registry.feeds}
    stands = {
        f"{kind}s": {"type": "object", "additionalProperties": shapes.out(feed.shape)}
        for kind, feed in registry.feeds.items()
    }
    nothing: dict[str, Any] = {f"{kind}s": {} for kind in registry.feeds}
    sizes = {"type": "object", "additionalProperties": {"type": "integer"}}
    reset = _message("reset", "What can't be replayed: fetch it.", {}, {"user": True, "reason": OTHER_EPOCH})
    reset["payload"] = {
        "allOf": [
            {"required": ["type"], "properties": {"type": {"const": "reset"}}},
            shapes.out(ResetSerializer),
        ]
    }
    hello = {
        "session": UUID_SCHEMA,
        "user_seq": POSITION,
        "epoch": UUID_SCHEMA,
        "heartbeat": {"type": "integer", "description": "Milliseconds."},
        "limits": sizes,
        "time": TIME_SCHEMA,
    }
    greeting = {"session": ID, "user_seq": 1, "epoch": ID, "heartbeat": 15000, "limits": {}, "time": TIME}
    refusal = {
        "type": "/api/docs/problems#not_found",
        "title": "There is nothing here that you can see.",
        "status": 404,
        "detail": "There is nothing here that you can see.",
        "code": "not_found",
        "request_id": ID,
    }
    made = [
        _message("hello", "The first frame.", hello, greeting),
        _message(
            "ack",
            "A command is done.",
            {"id": id_, "data": {"type": "object"}},
            {"id": "c1", "data": {}},
            ("id",),
        ),
        _message(
            "error",
            "A command is refused.",
            {"id": id_, "error": problem},
            {"id": "c1", "error": refusal},
            ("id",),
        ),
        _message("pong", "The answer to `ping`.", {"id": id_, "time": TIME_SCHEMA}, {"time": TIME}, ("id",)),
        _message(
            "heartbeat",
            "Where stands what moved.",
            {**places, "user": POSITION},
            {**nothing, "user": 3},
            ("user",),
        ),
        _message(
            "resumed",
            "All that was missed is given.",
            {"id": id_, **stands, "user": POSITION},
            {**nothing, "user": 3},
            ("id", "user"),
        ),
        reset,
        _message(
            "going_away",
            "The server stops: come back then.",
            {"delay": {"type": "integer", "description": "Milliseconds."}},
            {"delay": 500},
        ),
    ]
    return {each["name"]: each for each in made}


def _commands(shapes: Shapes) -> dict[str, Any]:
    id_ = {"description": "Its answer carries the same; anything."}
    resume = _message(
        "resume", "Replay what I missed.", {}, {"user": 2, **{f"{kind}s": {ID: 4} for kind in registry.feeds}}
    )
    resume["payload"] = shapes.taken(ResumeInput)
    made = [
        _message(
            "auth",
            "Who I am, first, or with a newer token.",
            {"token": TEXT, "id": id_},
            {"token": "…"},
            ("id",),
        ),
        _message("ping", "Are you there?", {"id": id_}, {"id": "c3"}, ("id",)),
        resume,
    ]
    for name, shape in sorted(registry.command_shapes.items()):
        example = {"id": "c1", "data": shape.example}
        made.append(
            _message(name, shape.summary, {"id": id_, "data": shapes.taken(shape.takes)}, example, ("id",))
        )
    return {f"command.{each['name']}": each for each in made}


def _with_schemas(shapes: Shapes) -> dict[str, Any]:
    """Every shape that was named so far, those in them included."""
    found: dict[str, Any] = shapes.registry.build({})["schemas"]
    return {"Problem": PROBLEM_SCHEMA} | found
