"""How a socket shows who it is, and when it must go."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from common.events import Told
from common.models import LogEntry
from realtime.registry import Caller, Payload, Renderer, Shown

from .api import examples
from .api.serializers import SettingsSerializer, UserSerializer
from .events import ProfileUpdated, SettingsUpdated
from .models import Session, User
from .problems import TokenInvalid
from .registries import settings_of
from .services import use_ws_ticket
from .tokens import read_access


class SessionAuthenticator:
    """`realtime.registry.Authenticator`, by the session rows."""

    def callers(self, shown: Sequence[Shown]) -> list[Caller | None]:
        named = [_session_named(each) for each in shown]
        wanted = {pk for pk in named if pk}
        alive = Session.objects.alive(at=timezone.now()).select_related("user")
        found = alive.in_bulk(wanted) if wanted else {}
        callers = {pk: Caller(user=session.user, session=pk) for pk, session in found.items()}
        return [callers.get(pk) if pk else None for pk in named]

    def alive(self, sessions: Iterable[UUID]) -> set[UUID]:
        return Session.objects.alive_among(sessions, at=timezone.now())


def _session_named(shown: Shown) -> UUID | None:
    if not shown.token:
        return use_ws_ticket(ticket=shown.ticket or "")
    try:
        return read_access(shown.token)
    except TokenInvalid:
        return None


def session_of(told: Told) -> UUID:
    """The session that a `session.revoked` ends."""
    return UUID(told.data["session"])


def profiles(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The people whose streams these are, as they see themselves now."""
    return [UserSerializer(user).data if user else {} for user in _owners(entries)]


def settings(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    """The settings of those people, as they are now."""
    return [SettingsSerializer(settings_of(user)).data if user else {} for user in _owners(entries)]


def _owners(entries: Sequence[LogEntry]) -> list[User | None]:
    """Whose stream each of *entries* is in; None of somebody whom an operator took out of the database."""
    ids = [UUID(entry.topic.partition(":")[2]) for entry in entries]
    found = User.objects.in_bulk(ids)
    return [found.get(pk) for pk in ids]


RENDERERS: Final[dict[str, Renderer]] = {
    ProfileUpdated.type: profiles,
    SettingsUpdated.type: settings,
}
PAYLOADS: Final[dict[str, Payload]] = {
    ProfileUpdated.type: Payload(shape=UserSerializer, example=examples.USER),
    SettingsUpdated.type: Payload(shape=SettingsSerializer, example=examples.SETTINGS),
}
