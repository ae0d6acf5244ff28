"""Catching up without a socket: the same positions, the same right, a bounded answer at a time."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from common.events import topic_of_user
from common.models import LogEpoch, UserPosition

from . import log, registry
from .missed import TOO_OLD, Asked, Missed, losses_of, missed_by, resets, states

MAX_ASKED: Final = 100  # topics in one question: what fits into the line of a request everywhere
MAX_GIVEN: Final = 200  # frames, or topics without a position, in one answer


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    Attributes:
        epoch: of the log that the positions are of.
        states: of topics that nothing more is to come of: by kind and id, as `resumed` tells.
        user: the newest position of the person's own stream, once nothing more is to come of it.
        frames: what was missed, each topic in order.
        resets: what can't be given.
        rest: the positions to go on from; None if there is nothing more.
    """

    epoch: str
    states: dict[str, dict[str, Any]]
    user: int | None
    frames: list[dict[str, Any]] = field(default_factory=list)
    resets: list[dict[str, Any]] = field(default_factory=list)
    rest: dict[str, Any] | None = None


def catch_up(user: UUID, asked: Mapping[str, Any], *, limit: int) -> Answer:
    """What *user* missed since the positions of *asked*, as `resume` takes them, at most *limit* frames."""
    epoch = LogEpoch.current()
    [(missed, refused)] = losses_of([Asked(user, asked)])
    given = _as_much_as(limit, [each for each in missed if each.topic not in refused])
    frames = log.frames_of(
        {each.topic: (each.after, each.upto) for each in given if each.after < each.upto},
        left={each.topic: each.place.seq for each in given if not each.place.is_in},
    )
    # Cut between the two looks: then none of it.
    refused |= {
        each.topic: TOO_OLD for each in given if len(frames.get(each.topic, [])) < each.upto - each.after
    }
    given = [each for each in given if each.topic not in refused]
    own = topic_of_user(user)
    is_over = {each.topic: each.upto >= each.place.seq for each in given} | dict.fromkeys(refused, True)
    return Answer(
        epoch=epoch,
        states=states(
            [(each.topic, each.upto, each.place) for each in given if is_over[each.topic]],
            checksum=asked.get("checksum"),
        ),
        user=next((each.place.seq for each in missed if each.topic == own and is_over[own]), None),
        frames=[frame for each in given for frame in frames.get(each.topic, [])],
        resets=resets(refused),
        rest=_rest([each for each in given if not is_over[each.topic]], asked),
    )


def _as_much_as(limit: int, missed: list[Missed]) -> list[Missed]:
    """The same, each only as far as there is room for."""
    found = []
    for each in missed:
        upto = min(each.upto, each.after + limit)
        limit -= max(upto - each.after, 0)
        found.append(replace(each, upto=upto))
    return found


def _rest(left: list[Missed], asked: Mapping[str, Any]) -> dict[str, Any] | None:
    if not left:
        return None
    rest: dict[str, Any] = {"epoch": asked["epoch"]} if "epoch" in asked else {}
    for each in left:
        kind, _, id_ = each.topic.partition(":")
        if kind in registry.feeds:
            rest.setdefault(f"{kind}s", {})[id_] = each.upto
        else:
            rest[kind] = each.upto
    return rest


def begin(user: UUID, *, after: str | None, limit: int, checksum: bool = False) -> Answer:
    """Where everything stands that *user* hears, to begin from, at most *limit* topics.

    Args:
        after: the last topic that was told of before, if any; the own stream is told of first.
        checksum: whether to say of each topic what proves that one has it right.
    """
    epoch = LogEpoch.current()
    own = UserPosition.of(user)  # before the others: who is brought in meanwhile hears of it there
    places = {kind: feed.places([user]).get(user, {}) for kind, feed in registry.feeds.items()}
    heard = sorted(f"{kind}:{id_}" for kind, of_kind in places.items() for id_ in of_kind)
    left = [topic for topic in heard if after is None or topic > after]
    positions: dict[str, dict[str, int]] = defaultdict(dict)
    for topic in left[:limit]:
        kind, _, id_ = topic.partition(":")
        positions[f"{kind}s"][id_] = 0
    standing = missed_by(Asked(user, {**positions, "checksum": checksum}))
    return Answer(
        epoch=epoch,
        states=states([(each.topic, each.upto, each.place) for each in standing], checksum=checksum),
        user=own if after is None else None,
        rest={"cursor": left[limit - 1]} if len(left) > limit else None,
    )
