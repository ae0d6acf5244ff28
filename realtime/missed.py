"""What somebody missed, and whether all of it can be given: one answer for `resume` and for `GET sync`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from uuid import UUID

from common.events import topic_of_user
from common.models import LogEpoch, UserPosition

from . import log, registry
from .registry import Place

TOO_OLD: Final = "too_old"  # the log no longer has all of it
OTHER_EPOCH: Final = "epoch"  # the position is of another log, or ahead of this one


@dataclass(frozen=True)
class Missed:
    """What somebody lacks of a topic: positions *after* + 1 to *upto*."""

    topic: str
    place: Place
    after: int
    upto: int


Losses = tuple[list[Missed], dict[str, str]]  # what somebody lacks; by topic why that can't be given


@dataclass(frozen=True)
class Asked:
    """What somebody who comes back says that they have: *positions*, as `resume` takes them."""

    user: UUID
    positions: Mapping[str, Any]


def losses_of(asked: Sequence[Asked]) -> list[Losses]:
    """What each of them lacks. Where they stand is asked for each, all else for all together."""
    own = UserPosition.of_each({each.user for each in asked if "user" in each.positions})
    missed = [_missed_by(each, own) for each in asked]
    epochs = [each.positions.get("epoch") for each in asked]
    return list(zip(missed, _refusals(missed, epochs), strict=True))


def missed_by(asked: Asked) -> list[Missed]:
    """What somebody lacks of the topics that they have positions of, in their order, the own stream last.

    Of a topic that they left it ends where they did. Topics of others are passed over in silence.
    """
    return _missed_by(asked, UserPosition.of_each({asked.user} if "user" in asked.positions else ()))


def _missed_by(asked: Asked, own: Mapping[UUID, int]) -> list[Missed]:
    user, positions = asked.user, asked.positions
    found = []
    for kind, feed in registry.feeds.items():
        wanted: Mapping[str, int] = positions.get(f"{kind}s", {})
        places = feed.stand(user, list(wanted), checksum=bool(positions.get("checksum"))) if wanted else {}
        found += [
            Missed(f"{kind}:{id_}", places[id_], after, places[id_].seq)
            for id_, after in wanted.items()
            if id_ in places
        ]
    if "user" in positions:
        found.append(Missed(topic_of_user(user), Place(seq=own[user]), positions["user"], own[user]))
    return found


def _refusals(asked: Sequence[list[Missed]], epochs: Sequence[str | None]) -> list[dict[str, str]]:
    """By topic, why it can't be given: never a part of it.

    Args:
        epochs: of the logs that their positions are of, if that is known.
    """
    current = None if all(epoch is None for epoch in epochs) else LogEpoch.current()
    refused = [
        {
            each.topic: OTHER_EPOCH
            for each in missed
            if epoch not in (None, current) or each.after > each.place.seq
        }
        for missed, epoch in zip(asked, epochs, strict=True)
    ]
    believed = [
        [(each.topic, each.after, each.upto) for each in missed if each.topic not in of_these]
        for missed, of_these in zip(asked, refused, strict=True)
    ]
    incomplete = log.incomplete(chain.from_iterable(believed))
    return [
        of_these | {topic: TOO_OLD for topic, after, upto in ranges if (topic, after, upto) in incomplete}
        for of_these, ranges in zip(refused, believed, strict=True)
    ]


def resets(refused: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is told of these: for each kind of topic and each reason the members of a frame `reset`."""
    ids: dict[tuple[str, str], list[str]] = defaultdict(list)
    for topic, reason in refused.items():
        kind, _, id_ = topic.partition(":")
        ids[kind, reason].append(id_)
    return [
        ({"user": True} if kind == "user" else {f"{kind}s": those}) | {"reason": reason}
        for (kind, reason), those in ids.items()
    ]


def states(
    found: Iterable[tuple[str, int, Place]], *, checksum: bool | None = False
) -> dict[str, dict[str, Any]]:
    """What is told of topics whose frames are given: by kind and id the position, and what else there is.

    Args:
        checksum: whether it was asked for; one of another position than the told one proves nothing.
    """
    told: dict[str, dict[str, Any]] = {f"{kind}s": {} for kind in registry.feeds}
    for topic, seq, place in found:
        kind, _, id_ = topic.partition(":")
        if place.is_in and kind in registry.feeds:
            sum_ = {"checksum": place.checksum if seq == place.seq else None} if checksum else {}
            told[f"{kind}s"][id_] = place.state | {"seq": seq} | sum_
    return told
