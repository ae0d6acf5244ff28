"""How a socket shows who it is, and when it must go."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from common.events import Told
from common.problems import Problem
from realtime.registry import Caller

from .authentication import session_of_token
from .models import Session
from .services import use_ws_ticket


class SessionAuthenticator:
    """`realtime.registry.Authenticator`, by the session rows."""

    def by_token(self, token: str) -> Caller | None:
        try:
            session = session_of_token(token)
        except Problem:
            return None
        return Caller(user=session.user, session=session.pk)

    def by_ticket(self, ticket: str) -> Caller | None:
        if (pk := use_ws_ticket(ticket=ticket)) is None:
            return None
        session = Session.objects.alive(at=timezone.now()).select_related("user").filter(pk=pk).first()
        return Caller(user=session.user, session=session.pk) if session else None

    def alive(self, sessions: Iterable[UUID]) -> set[UUID]:
        return Session.objects.alive_among(sessions, at=timezone.now())


def session_of(told: Told) -> UUID:
    """The session that a `session.revoked` ends."""
    return UUID(told.data["session"])
