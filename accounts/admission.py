"""What stands before every operation, for the requests of fast routes: many at once, by a view's own code."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils import timezone

from common.api.bars import bars
from common.fast import FastRequest
from common.gate import gate
from common.problems import Problem

from .models import Session
from .problems import TokenInvalid
from .services import touch_sessions
from .tokens import read_access

KEPT: Final = 10_000  # sessions with what is known of their users: some 20 MB


class Known:
    """Sessions as they were when they were last read. The database says each time which of them are alive
    and have not changed since, nor their users: nothing that is known here outlives that.
    """

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[str, Session]] = {}

    def alive(self, ids: set[UUID], *, at: datetime) -> dict[UUID, Session]:
        if connection.vendor != "postgresql":
            return Session.objects.briefly(ids, at=at)
        versions = Session.objects.versions(ids, at=at)
        alive: dict[UUID, Session] = {}
        unknown: dict[UUID, str] = {}
        for pk in ids:
            if version := versions.get(str(pk)):
                was, session = self._known.get(pk, NOBODY)
                if session and was == version:
                    alive[pk] = session
                else:
                    unknown[pk] = version
        if unknown:
            alive |= self._read(unknown, at=at)
        return alive

    def _read(self, unknown: dict[UUID, str], *, at: datetime) -> dict[UUID, Session]:
        """Those, read after their versions: what is newer than its version is only read once more."""
        found = Session.objects.briefly(unknown, at=at)
        if len(self._known) > KEPT:
            self._known.clear()
        self._known.update((pk, (unknown[pk], session)) for pk, session in found.items())
        return found


NOBODY: Final[tuple[str, Session | None]] = "", None

known: Final = Known()


def admit(requests: Sequence[FastRequest]) -> list[bool]:
    """Whether each may go on to its operation; who sent it is known then.

    Who may not changed nothing, and hears why from Django.
    """
    now = timezone.now()
    denied = gate.denied_among({request.client_address for request in requests})
    welcome = [request for request in requests if request.client_address not in denied]
    named = {id(request): pk for request in welcome if (pk := _session_named(request.token))}
    alive = known.alive(set(named.values()), at=now) if named else {}
    sessions = {key: session for key, pk in named.items() if (session := alive.get(pk))}
    touch_sessions(sessions=sessions.values(), at=now)
    return [
        (session := sessions.get(id(request))) is not None and _admit(request, session)
        for request in requests
    ]


def _session_named(token: str) -> UUID | None:
    try:
        return read_access(token)
    except TokenInvalid:
        return None


def _admit(request: FastRequest, session: Session) -> bool:
    """In the order of `common.api.views`."""
    request.user, request.auth = session.user, session
    view = request.view
    try:
        if not all(limit().allow_request(request, view) for limit in view.throttle_classes):
            return False
        if not all(permission().has_permission(request, view) for permission in view.permission_classes):
            return False
        for bar in bars:
            bar(request)
    except Problem:
        return False
    return True
