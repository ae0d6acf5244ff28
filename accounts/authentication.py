"""Who a request comes from: a token names the session, the session row decides."""

from typing import Any, cast

import structlog
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from common.http import OurRequest

from .models import ApiKey, Session, User
from .problems import SessionEnded
from .services import key_of_text, touch_api_key, touch_session
from .tokens import read_access


class SignedRequest(Request):
    """A request of a person in a session. A name for type checkers: no request is made of this class.

    Where a view names a `scope`, `auth` may be an `ApiKey` instead: it must not ask for more than the user.
    """

    user: User
    auth: Session


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`. `request.auth` is the session."""

    def authenticate(self, request: Request) -> tuple[User, Session] | None:
        scheme, _, token = get_authorization_header(request).decode("latin1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        session = _session_of_token(token.strip())
        touch_session(session=session)
        structlog.contextvars.bind_contextvars(user=str(session.user_id), session=str(session.pk))
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="serai"'


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key <key>`. `request.auth` is the key; `SignedIn` asks for its scopes."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, text = get_authorization_header(request).decode("latin1").partition(" ")
        if scheme.lower() != "api-key":
            return None
        key = key_of_text(text.strip())
        touch_api_key(key=key, address=cast(OurRequest, request._request).client_address)
        structlog.contextvars.bind_contextvars(user=str(key.user_id), api_key=key.prefix)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Api-Key realm="serai"'


def _session_of_token(token: str) -> Session:
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


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = ApiKeyAuthentication
    name = "api_key"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[Any]] | None:  # type: ignore[override]
        """Where a view names a scope."""
        return {self.name: []} if getattr(auto_schema.view, "scope", None) else None

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key <key>`, for services: a key of `POST auth/api-keys` with the scope "
            "that the operation names.",
        }
