"""Giving a socket what it missed: all of it and in order, or a clear word that it must fetch it."""

import asyncio
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import BooleanField, IntegerField, StringField
from common.api.serializers import Input
from common.events import topic_of_user

from . import metrics, registry
from .frames import frame
from .hub import Hub
from .missed import Missed, resets, states
from .sockets import Socket

MAX_TOPICS = 5000  # in one resume
MAX_CHECKED = 200  # in one that asks for checksums, which look at everybody who is in them
MAX_POSITION = 2**53  # what every client can count to


class Position(IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=MAX_POSITION, **kwargs)


class Positions(serializers.DictField):
    """Positions by the topic's id, for at most `MAX_TOPICS`."""

    default_error_messages = {"max_length": _("Not more than {max_length} at a time.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Position(), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            if len(data) > MAX_TOPICS:
                self.fail("max_length", max_length=MAX_TOPICS)
            if all(type(each) is int and 0 <= each <= MAX_POSITION for each in data.values()):
                return data  # what `Position` would say of each, of thousands
        return super().to_internal_value(data)


class ResumeInput(Input):
    type = StringField()
    id = serializers.JSONField(required=False)
    epoch = StringField(required=False)
    user = Position(required=False)
    checksum = BooleanField(required=False)

    default_error_messages = {"max_checked": _("A checksum of not more than {max_checked} at a time.")}

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {f"{kind}s": Positions(required=False) for kind in registry.feeds}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("checksum") and any(
            len(given.get(f"{kind}s", {})) > MAX_CHECKED for kind in registry.feeds
        ):
            self.fail("max_checked", max_checked=MAX_CHECKED)
        return given


@cache
def shape() -> ResumeInput:
    """Laid out once: many ask at the same time, and REST framework makes every field anew for each."""
    return ResumeInput()


async def resume(socket: Socket, hub: Hub, asked: dict[str, Any]) -> None:
    """Replay what *asked* lacks, then say `resumed`. The socket is held meanwhile: news comes after."""
    user: UUID = socket.caller.user.pk
    found, refused = await hub.entrants.missed_by(user, _here(socket, asked))
    missed = [replace(each, upto=await _end_of(socket, hub, each)) for each in found]
    metrics.resumed(refused)
    given = [each for each in missed if each.topic not in refused]
    for each in given:
        await _replay(socket, hub, each)
    for reset in resets(refused):
        socket.push(frame("reset", **reset))
    standing = [(each.topic, _newest(socket, each), each.place) for each in given]
    state = states(standing, checksum=asked.get("checksum"))
    own = socket.subscriptions.get(topic_of_user(user))
    socket.push(frame("resumed", id=asked.get("id"), **state, user=own.position if own else None))


def _here(socket: Socket, asked: dict[str, Any]) -> dict[str, Any]:
    """The positions of *asked* that are for this socket: all, or that of the one topic it is about."""
    if socket.only is None:
        return asked
    kind, _, id_ = socket.only.partition(":")
    positions = {each: after for each, after in asked.get(f"{kind}s", {}).items() if each == id_}
    others = {name: asked[name] for name in ("checksum", "epoch") if name in asked}
    return {f"{kind}s": positions} | others


async def _end_of(socket: Socket, hub: Hub, missed: Missed) -> int:
    """Up to where the socket is to be given what it missed: what is later it was given, or will be."""
    name, place = missed.topic, missed.place
    if place.is_in and name not in socket.subscriptions:  # they came in a moment ago
        await hub.subscribe(socket, name, place.seq)
        hub.moved(name, place.seq + 1)  # a guess: what came before the bell rang here
    subscription = socket.subscriptions.get(name)
    if subscription is None:
        return place.seq  # a former member's part ends where they left
    if missed.after < subscription.start:
        return subscription.start  # what came since the socket is here was given, or will be
    return subscription.position  # given here before; the client says that it does not have it


def _newest(socket: Socket, missed: Missed) -> int:
    subscription = socket.subscriptions.get(missed.topic)
    return max(missed.upto, subscription.position) if subscription else missed.upto


async def _replay(socket: Socket, hub: Hub, missed: Missed) -> None:
    after = missed.after
    while after < missed.upto and not socket.is_closing:
        portion, after = await hub.replays.next(missed, after=after, left=_left(socket, missed))
        for bundle in portion:
            await socket.push_patiently(bundle)
            await asyncio.sleep(0)  # others have their turn, however much one missed


def _left(socket: Socket, missed: Missed) -> int | None:
    """Where they left the topic, if they did: before they asked, or since."""
    if not missed.place.is_in:
        return missed.place.seq
    subscription = socket.subscriptions.get(missed.topic)
    return subscription.upto if subscription else socket.parted.get(missed.topic)
