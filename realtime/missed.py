"""What somebody missed, and whether all of it can be given: one answer for `resume` and for `GET sync`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


def missed_by(user: UUID, asked: Mapping[str, Any]) -> list[Missed]:
    """What *user* lacks of the topics that *asked* has positions of, in their order, the own stream last.

    Of a topic that they left it ends where they did. Topics of others are passed over in silence.
    """
    found = []
    for kind, feed in registry.feeds.items():
        wanted: Mapping[str, int] = asked.get(f"{kind}s", {})
        places = feed.stand(user, list(wanted), checksum=bool(asked.get("checksum"))) if wanted else {}
        found += [
            Missed(f"{kind}:{id_}", places[id_], after, places[id_].seq)
            for id_, after in wanted.items()
            if id_ in places
        ]
    if "user" in asked:
        place = Place(seq=UserPosition.of(user))
        found.append(Missed(topic_of_user(user), place, asked["user"], place.seq))
    return found


def refusals(missed: Iterable[Missed], *, epoch: str | None = None) -> dict[str, str]:
    """By topic, why it can't be given: never a part of it.

    Args:
        epoch: of the log that the positions are of, if that is known.
    """
    missed = list(missed)
    is_other = epoch is not None and epoch != LogEpoch.current()
    refused = {each.topic: OTHER_EPOCH for each in missed if is_other or each.after > each.place.seq}
    believed = {each.topic: (each.after, each.upto) for each in missed if each.topic not in refused}
    incomplete = log.incomplete(believed)
    return refused | {topic: TOO_OLD for topic in believed if topic in incomplete}


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
