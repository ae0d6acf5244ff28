"""Signing in, staying in, signing out."""

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_view,
)
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import (
    LoginInput,
    LogoutAllInput,
    LogoutInput,
    RefreshInput,
    SecondFactorAskedSerializer,
    SessionSerializer,
    SignedInSerializer,
    TicketSerializer,
    TokensSerializer,
)
from accounts.authentication import SignedRequest
from accounts.models import Session
from accounts.tokens import read_refresh
from common.api.examples import given, sent
from common.api.limits import GeneralLimit, UserLimit, address_of
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from common.http import OurRequest

from .strangers import StrangersView


def client_of(request: Request) -> dict[str, Any]:
    """What a session keeps of the client that opened it."""
    return {
        "user_agent": request.headers.get("User-Agent", ""),
        "address": cast(OurRequest, request._request).client_address,
    }


def told(signed_in: services.SignedIn | services.SecondFactorAsked) -> dict[str, Any]:
    """What whoever signs in gets: the session, or what is still asked for."""
    if isinstance(signed_in, services.SecondFactorAsked):
        return SecondFactorAskedSerializer(signed_in).data
    return SignedInSerializer(signed_in).data


class LoginView(StrangersView):
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_login",
        tags=["auth"],
        summary="Sign in",
        description="Opens a session. An unknown address and a wrong password are the same answer after the "
        "same time. The access token lasts five minutes; exchange the refresh token for the next. Where "
        "there is a second factor the answer asks for it (`mfa_required`) and opens nothing: finish with "
        "`POST auth/mfa/challenge`. After five failures the next attempt has to wait, longer each time "
        "(`login_delayed` with `Retry-After`): on a device that shows its `device`, for its own failures "
        "alone.",
        request=LoginInput,
        responses={
            200: PolymorphicProxySerializer(
                "SignedInOrAsked",
                [SignedInSerializer, SecondFactorAskedSerializer],
                resource_type_field_name=None,
            ),
            **refuses(problems.InvalidCredentials, problems.EmailNotVerified, problems.LoginDelayed),
        },
        examples=[
            sent(
                "sign in",
                {
                    "email": "layla@example.com",
                    "password": "seven camels at dawn",
                    "device_name": "Layla's phone",
                    "device": examples.DEVICE,
                },
            ),
            given("signed in", examples.SIGNED_IN),
            given(
                "asked for a second factor",
                {
                    "mfa_required": True,
                    "challenge": "pZ0yq…",
                    "methods": ["totp", "recovery_code"],
                    "expires_in": 300,
                },
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        signed_in = services.sign_in(**read(LoginInput, request.data), **client_of(request))
        return Response(told(signed_in))


def session_refreshed(request: Request) -> UUID | None:
    """The session whose refresh token, signed by us, is sent; whether it still holds is not asked here."""
    token = request.data.get("refresh") if isinstance(request.data, dict) else None
    try:
        return read_refresh(str(token)).session
    except problems.TokenInvalid:
        return None


class RefreshGeneralLimit(GeneralLimit):
    """A client with a session is no stranger: an office behind one address refreshes all day."""

    def key(self, request: Request) -> str | None:
        return None if session_refreshed(request) else address_of(request)


class RefreshUserLimit(UserLimit):
    """Per session: an old token, which somebody found, must not use up what its owner has left."""

    def key(self, request: Request) -> str | None:
        session = session_refreshed(request)
        return f"session {session}" if session else None


class RefreshView(StrangersView):
    throttle_classes = (RefreshGeneralLimit, RefreshUserLimit)
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_refresh",
        tags=["auth"],
        summary="Exchange the refresh token",
        description="Gives the next pair of tokens. The previous refresh token gets the same successor for "
        "45 seconds, so that two tabs may race; anything older ends the session (`token_reused`).",
        request=RefreshInput,
        responses={
            200: TokensSerializer,
            **refuses(problems.TokenInvalid, problems.TokenReused, problems.SessionEnded),
        },
        examples=[
            sent("refresh", {"refresh": "eyJhbGciOi…refresh"}),
            given("refreshed", examples.TOKENS),
        ],
    )
    def post(self, request: Request) -> Response:
        return Response(TokensSerializer(services.refresh_session(**read(RefreshInput, request.data))).data)


class LogoutView(ApiView):
    @extend_schema(
        operation_id="auth_logout",
        tags=["auth"],
        summary="Sign out",
        description="Ends the session of the access token: its tokens stop at once, its sockets within "
        "seconds.",
        request=LogoutInput,
        responses={204: OpenApiResponse(description="Signed out.")},
        examples=[sent("sign out", {"refresh": "eyJhbGciOi…refresh"})],
    )
    def post(self, request: SignedRequest) -> Response:
        read(LogoutInput, request.data)
        services.revoke_session(session=request.auth, reason="logout")
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(ApiView):
    @extend_schema(
        operation_id="auth_logout_all",
        tags=["auth"],
        summary="Sign out everywhere",
        description="Ends every session of the caller, this one too unless `keep_current` is true.",
        request=LogoutAllInput,
        responses={204: OpenApiResponse(description="Signed out on every device.")},
        examples=[sent("everywhere", {}), sent("everywhere else", {"keep_current": True})],
    )
    def post(self, request: SignedRequest) -> Response:
        keeps = read(LogoutAllInput, request.data)["keep_current"]
        services.revoke_sessions(user=request.user, reason="logout", keep=request.auth if keeps else None)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TicketView(ApiView):
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_ws_ticket",
        tags=["auth"],
        summary="A ticket for a socket",
        description="Opens one WebSocket as `?ticket=`, for clients that can't send headers. Once, within 30 "
        "seconds.",
        request=None,
        responses={201: TicketSerializer},
        examples=[given("ticket", {"ticket": "Jr3vB0…", "expires_in": 30}, 201)],
    )
    def post(self, request: SignedRequest) -> Response:
        ticket, seconds = services.make_ws_ticket(session=request.auth)
        return Response(
            {"ticket": ticket, "expires_in": seconds},
            status=status.HTTP_201_CREATED,
            headers={"Location": "/ws"},  # without the ticket: headers end up in logs
        )


@extend_schema_view(
    list=extend_schema(
        operation_id="auth_sessions_list",
        tags=["auth"],
        summary="My sessions",
        description="Where the caller is signed in, newest first.",
        examples=[given("sessions", examples.SESSION)],
    ),
    destroy=extend_schema(
        operation_id="auth_sessions_revoke",
        tags=["auth"],
        summary="End a session",
        description="Signs a device out: its tokens stop at once, its sockets within seconds.",
        responses={204: OpenApiResponse(description="Ended.")},
    ),
)
class SessionViewSet(mixins.ListModelMixin, ApiViewSet):
    serializer_class = SessionSerializer
    pagination_class = CursorPages
    queryset = Session.objects.none()

    def get_queryset(self) -> QuerySet[Session]:
        return Session.objects.alive(at=timezone.now()).filter(user=self.request.user)

    def destroy(self, request: SignedRequest, pk: str) -> Response:
        services.revoke_session(session=self.get_object(), reason="revoked")
        return Response(status=status.HTTP_204_NO_CONTENT)
