"""What apps add to a person: settings, numbers, portfolio, acts. Filled from their `AppConfig.ready`.

A shape is a serializer class; this module knows nothing more of it, so that services may read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db.models import QuerySet

from .models import User

if TYPE_CHECKING:
    from rest_framework.serializers import Serializer

    from common.api.serializers import Input


@dataclass(frozen=True, kw_only=True)
class SettingsSection:
    """Settings of one subject.

    Attributes:
        shape: takes and shows them; every field may be left out.
        defaults: each of its fields, as it is until somebody changes it.
    """

    shape: type[Input]
    defaults: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Section:
    """What an app tells of a person.

    Attributes:
        shape: makes the serializer that shows what `of` gives.
        of: in a few queries, however much there is.
    """

    shape: Callable[[], Serializer[Any]]
    of: Callable[[User], Any]


@dataclass(frozen=True, kw_only=True)
class Acts:
    """One kind of thing that people do, each time leaving a row.

    Attributes:
        rows: those of a person, with a time in the column `at` and a UUID, unique among them, in `key`.
        kind, data: what the feed says of a row: `noun.past_verb`, and ids and words.
    """

    rows: Callable[[User], QuerySet[Any]]
    at: str
    key: str
    kind: Callable[[Any], str]
    data: Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How somebody appears to a reader.

    Attributes:
        presence: `online`, `away`, `busy`, `offline`, to themselves also `invisible`; None if nobody knows.
        last_seen: when they were last here; None where that is not for the reader.
    """

    presence: str | None = None
    last_seen: datetime | None = None


# How people appear to a reader: all of them at once, in a few queries.
Look = Callable[[User, Sequence[User]], Mapping[UUID, Seen]]

settings_sections: Final[dict[str, SettingsSection]] = {}
stats: Final[dict[str, Section]] = {}
portfolio: Final[dict[str, Section]] = {}
acts: Final[list[Acts]] = []
looks: Final[list[Look]] = []  # one, or none


def seen_by(reader: User, people: Sequence[User]) -> dict[UUID, Seen]:
    """How *people* appear to *reader*."""
    told = {person.pk: Seen() for person in people}
    for look in looks:
        told |= look(reader, people)
    return told


def settings_of(user: User) -> dict[str, dict[str, Any]]:
    """Every setting of *user*: what they chose, and the default of the rest."""
    chosen: Mapping[str, Mapping[str, Any]] = user.settings.get("values", {})
    return {
        name: {key: chosen.get(name, {}).get(key, default) for key, default in section.defaults.items()}
        for name, section in settings_sections.items()
    }
