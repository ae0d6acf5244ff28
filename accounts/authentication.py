"""Who a request comes from: a token names the session, the session row decides."""

import structlog
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from .models import Session, User
from .problems import SessionEnded
from .services import touch_session
from .tokens import read_access


class SignedRequest(Request):
    """A request whose sender is known. A name for type checkers: no request is made of this class."""

    user: User
    auth: Session


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`. `request.auth` is the session."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        scheme, _, token = get_authorization_header(request).decode("latin1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        session = session_of_token(token.strip())
        touch_session(session=session)
        structlog.contextvars.bind_contextvars(user=str(session.user_id), session=str(session.pk))
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="serai"'


def session_of_token(token: str) -> Session:
    """The living session of an access token.

    Raises:
        TokenInvalid: not an access token of ours, or over.
        SessionEnded: its session was revoked, or its user deactivated.
    """
    pk = read_access(token)
    session = Session.objects.alive(at=timezone.now()).select_related("user").filter(pk=pk).first()
    if session is None:
        raise SessionEnded
    return session


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `access` token of `POST auth/login`; five minutes, then `POST auth/refresh`.",
        }
