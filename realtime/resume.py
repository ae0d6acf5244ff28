"""Giving a socket what it missed: all of it and in order, or a clear word that it must fetch it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import IntegerField, StringField
from common.api.serializers import Input
from common.events import topic_of_user
from common.models import LogEpoch, UserPosition

from . import log, registry
from .frames import frame
from .hub import Hub
from .registry import Place
from .sockets import Socket
from .threads import reading

MAX_TOPICS = 5000  # in one resume


class Position(IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=2**53, **kwargs)


class Positions(serializers.DictField):
    """Positions by the topic's id, for at most `MAX_TOPICS`."""

    default_error_messages = {"max_length": _("Not more than {max_length} at a time.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Position(), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and len(data) > MAX_TOPICS:
            self.fail("max_length", max_length=MAX_TOPICS)
        return super().to_internal_value(data)


class ResumeInput(Input):
    type = StringField()
    id = serializers.JSONField(required=False)
    epoch = StringField(required=False)
    user = Position(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {f"{kind}s": Positions(required=False) for kind in registry.feeds}


@dataclass
class Outcome:
    """What the replay came to, for the one `resumed` frame."""

    resumed: dict[str, Any] = field(default_factory=dict)
    too_old: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)


async def resume(socket: Socket, hub: Hub, asked: dict[str, Any]) -> None:
    """Replay what *asked* lacks, then say `resumed`. The socket is held meanwhile: news comes after."""
    user: UUID = socket.caller.user.pk
    is_other_epoch = "epoch" in asked and asked["epoch"] != await reading(LogEpoch.current)()
    answer: dict[str, Any] = {}
    for kind, feed in registry.feeds.items():
        wanted: dict[str, int] = asked.get(f"{kind}s", {})
        outcome = Outcome()
        places = await reading(feed.stand)(user, list(wanted)) if wanted else {}
        for id_, place in places.items():
            if socket.only not in (None, f"{kind}:{id_}"):
                continue
            if is_other_epoch:
                outcome.ahead.append(id_)
            else:
                await _topic(socket, hub, f"{kind}:{id_}", wanted[id_], place, outcome)
        answer[f"{kind}s"] = outcome.resumed
        for ids, reason in ((outcome.too_old, "too_old"), (outcome.ahead, "epoch")):
            if ids:
                socket.push(frame("reset", **{f"{kind}s": ids}, reason=reason))
    own = topic_of_user(user)
    if "user" in asked and socket.only is None:
        outcome = Outcome()
        place = Place(seq=await reading(UserPosition.of)(user))
        if is_other_epoch:
            outcome.ahead.append(own)
        else:
            await _topic(socket, hub, own, asked["user"], place, outcome)
        if outcome.too_old or outcome.ahead:
            socket.push(frame("reset", user=True, reason="too_old" if outcome.too_old else "epoch"))
    answer["user"] = socket.subscriptions[own].position if own in socket.subscriptions else None
    socket.push(frame("resumed", id=asked.get("id"), **answer))


async def _topic(socket: Socket, hub: Hub, name: str, after: int, place: Place, outcome: Outcome) -> None:
    id_ = name.partition(":")[2]
    if place.is_in and name not in socket.subscriptions:  # they came in a moment ago
        await hub.subscribe(socket, name, place.seq)
        hub.moved(name, place.seq + 1)  # a guess: what came before the bell rang here
    subscription = socket.subscriptions.get(name)
    if subscription is None:
        upto = place.seq  # a former member's part ends where they left
    elif after < subscription.start:
        upto = subscription.start  # what came since the socket is here was given, or will be
    else:
        upto = subscription.position  # given here before; the client says that it does not have it
    if after > place.seq:
        outcome.ahead.append(id_)
        return
    if not await reading(log.has_all)(name, after=after, upto=upto):
        outcome.too_old.append(id_)
        return
    await _replay(socket, name, after, upto)
    if place.is_in:
        newest = max(upto, subscription.position) if subscription else upto
        outcome.resumed[id_] = {"seq": newest} | place.state


async def _replay(socket: Socket, name: str, after: int, upto: int) -> None:
    """Send positions *after* + 1 to *upto* of topic *name*."""
    while after < upto and not socket.is_closing:
        lines = await reading(log.read)(name, after=after, upto=upto)
        if not lines:
            raise LookupError(f"{name} was cut at {after} during a replay")
        for line in lines:
            await socket.push_patiently(line.text)
        after = lines[-1].seq
