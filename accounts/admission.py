"""What stands before every operation, for the requests of fast routes: many at once, by a view's own code."""

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from common.api.bars import bars
from common.fast import FastRequest
from common.gate import gate
from common.problems import Problem

from .models import Session
from .problems import TokenInvalid
from .services import touch_session
from .tokens import read_access


def admit(requests: Sequence[FastRequest]) -> list[bool]:
    """Whether each may go on to its operation; who sent it is known then.

    Who may not changed nothing, and hears why from Django.
    """
    named = [_session_named(request.token) for request in requests]
    sessions = Session.objects.briefly({pk for pk in named if pk}, at=timezone.now())
    return [
        pk in sessions and _admit(request, sessions[pk]) for request, pk in zip(requests, named, strict=True)
    ]


def _session_named(token: str) -> UUID | None:
    try:
        return read_access(token)
    except TokenInvalid:
        return None


def _admit(request: FastRequest, session: Session) -> bool:
    """In the order of `common.api.views`."""
    if not gate.admits(request.client_address):
        return False
    touch_session(session=session)
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
