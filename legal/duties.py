"""Who has to accept something before they go on.

A version that is marked as required binds everybody from the moment it is in force, until they have accepted
it or one that came after: the correction of a word asks nobody again, nor does it let in who never agreed.
What is to be accepted is always the version in force.

What it costs: one small query a second in a process that serves requests (`settings.TERMS_LOOK`), none a
request. Dates that come are found in memory. Only once something is required is each person looked up, one
query; that they have accepted is remembered in the process, that they have not is asked again.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from common.http import door_of

from .models import Acceptance, Document, Version
from .problems import TermsNotAccepted

# Signing in and out, reading and accepting, and what the law gives everybody: to take their data, to have it
# erased, to withdraw a consent. The older `DELETE users/me` is the second of these.
OPEN_AREAS: Final = (
    "auth/",
    "legal/",
    "limits/",
    "users/me/consents/",
    "users/me/erasure/",
    "users/me/export/",
)
OPEN: Final = {("DELETE", "users/me")}
REMEMBERED: Final = 50_000  # people a kind: some 5 MB


@dataclass(frozen=True)
class Duty:
    """Something that is required now.

    Attributes:
        version: the one in force, to be read and accepted.
        enough: who has accepted one of these has done it.
    """

    version: Version
    enough: tuple[UUID, ...]


class Board:
    """Every published version and every one that a date is set for, as this process knows them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._versions: dict[str, list[Version]] | None = None  # by kind, in the order of their dates
        self._looked_at = 0.0
        # By kind, for the duty of the moment: who has done it. No acceptance is ever taken back.
        self._done: dict[str, tuple[tuple[UUID, ...], set[UUID]]] = {}

    def duties(self, at: datetime) -> list[Duty]:
        """What is required at *at*, in the order of the kinds."""
        versions = self._known()
        return [duty for kind in versions if (duty := _duty(versions[kind], at))]

    def owing(self, users: set[UUID], duty: Duty) -> set[UUID]:
        """Those of *users* who have not done *duty*."""
        enough, done = self._done.get(duty.version.kind, ((), set()))
        if enough != duty.enough:
            done = set()
            self._done[duty.version.kind] = duty.enough, done
        unknown = users - done
        if unknown:
            accepted = Acceptance.objects.filter(user__in=unknown, version__in=duty.enough)
            found = set(accepted.values_list("user", flat=True))
            if len(done) > REMEMBERED:
                done.clear()
            done |= found
            unknown -= found
        return unknown

    def forget(self) -> None:
        """Look again at the next question: something was published here."""
        self._looked_at = 0.0
        self._versions = None

    def know(self, versions: Iterable[Version]) -> None:
        """Take *versions*, in the order of their dates, for all there are."""
        by_kind: defaultdict[str, list[Version]] = defaultdict(list)
        for version in versions:
            by_kind[version.kind].append(version)
        # Where nothing is ever required there is nothing to go through at each request.
        asking = [kind for kind in Document.Kind.values if any(v.requires_acceptance for v in by_kind[kind])]
        self._versions = {kind: by_kind[kind] for kind in asking}
        self._looked_at = time.monotonic()

    def _known(self) -> dict[str, list[Version]]:
        versions = self._versions
        if versions is None or time.monotonic() - self._looked_at > settings.TERMS_LOOK:
            with self._lock:
                if self._versions is versions:  # of many who find it old, one looks
                    self.know(Version.objects.exclude(published_at=None).order_by("published_at"))
                versions = self._versions or {}
        return versions


def _duty(versions: list[Version], at: datetime) -> Duty | None:
    published = [version for version in versions if version.published_at and version.published_at <= at]
    required = [place for place, version in enumerate(published) if version.requires_acceptance]
    if not required:
        return None
    return Duty(version=published[-1], enough=tuple(version.pk for version in published[required[-1] :]))


board: Final = Board()


def owed_by(user: UUID) -> Version | None:
    """The version that *user* has to accept before anything else."""
    duties = board.duties(timezone.now())
    return next((duty.version for duty in duties if board.owing({user}, duty)), None)


def require_nothing_owed(request: Any) -> None:
    """`common.api.bars.Bar`.

    Raises:
        TermsNotAccepted: the caller has something to accept, and this is none of what is open all the same.
    """
    path = door_of(request).path
    if (request.method, path) in OPEN or f"{path}/".startswith(OPEN_AREAS):
        return
    if version := owed_by(request.user.pk):
        raise TermsNotAccepted(kind=version.kind, version=version.label, url=version.url)


def kept_out(users: set[UUID]) -> set[UUID]:
    """`realtime.registry.KeepsOut`: those of *users* who owe something."""
    return set().union(*(board.owing(users, duty) for duty in board.duties(timezone.now())))
