"""Who sits at the console: the cookie names a session row, and the row decides, as it does for tokens.

So a session that is ended, an account that is deactivated and a password that is replaced shut the console
as well, and its sign-ins stand in everybody's list of sessions.
"""

from typing import Any, Final

import structlog
from django.contrib import auth
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from accounts.models import Session, User
from accounts.services import touch_session

KEY: Final = "session"  # in Django's cookie session: the id of ours
BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


class ConsoleAuthenticationMiddleware(AuthenticationMiddleware):
    """`request.user`, from the session row."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _person_at(request))  # type: ignore[assignment]


def enter(request: HttpRequest, session: Session) -> None:
    """Let the holder of *session* in. The cookie gets another key, so that nobody can have set it before."""
    auth.login(request, session.user, backend=BACKEND)
    request.session[KEY] = str(session.pk)


def session_at(request: Any) -> Session | None:
    """The living session of a request to the console, with `has_second_factor`."""
    if not hasattr(request, "_console_session"):
        request._console_session = _find(request)
    found: Session | None = request._console_session
    return found


def _person_at(request: HttpRequest) -> User | AnonymousUser:
    session = session_at(request)
    return session.user if session else AnonymousUser()


def _find(request: HttpRequest) -> Session | None:
    pk = request.session.get(KEY)
    if pk is None:
        return None
    alive = Session.objects.alive(at=timezone.now()).with_second_factor()
    session = alive.select_related("user").filter(pk=pk).first()
    if session is None:
        return None
    kept = request.session.get(HASH_SESSION_KEY, "")
    if not constant_time_compare(kept, session.user.get_session_auth_hash()):
        return None  # another password, set past our services
    touch_session(session=session)
    structlog.contextvars.bind_contextvars(user=str(session.user_id), session=str(session.pk))
    return session
