"""Signing up, signing in, sessions, and the person themselves."""

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import problems, services, tasks
from accounts.authentication import SignedRequest
from accounts.models import Session, User
from accounts.tokens import read_refresh
from common.api.examples import given, sent
from common.api.limits import AUTH_LIMITS, AuthAddressLimit, AuthLimit, GeneralLimit, UserLimit, address_of
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from common.http import OurRequest
from common.problems import Invalid, Problem

from . import examples
from .serializers import (
    ChangePasswordInput,
    EmailInput,
    LoginInput,
    LogoutInput,
    ProfileInput,
    RefreshInput,
    RegisteredSerializer,
    RegisterInput,
    ResetPasswordInput,
    SessionSerializer,
    SignedInSerializer,
    TicketSerializer,
    TokensSerializer,
    UserSerializer,
    VerifiedSerializer,
    VerifyEmailInput,
)


class StrangersView(ApiView):
    """For people who can't show yet who they are."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = tuple(AUTH_LIMITS)


class RegisterView(StrangersView):
    @extend_schema(
        operation_id="auth_register",
        tags=["auth"],
        summary="Sign up",
        description="Makes an account and mails a link that proves the address; signing in works after that. "
        "The answer is the same when the address is taken: its owner is told by mail, nobody else.",
        request=RegisterInput,
        responses={201: RegisteredSerializer, **refuses(problems.UsernameTaken)},
        examples=[
            sent(
                "sign up",
                {"email": "layla@example.com", "password": "seven camels at dawn", "username": "layla"},
            ),
            given(
                "signed up",
                {
                    "email": "layla@example.com",
                    "username": "layla",
                    "display_name": "layla",
                    "verification_required": True,
                },
                201,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        registered = services.register(**read(RegisterInput, request.data))
        return Response(
            RegisteredSerializer(registered).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": "/api/v1/users/me"},
        )


class VerifyEmailView(StrangersView):
    @extend_schema(
        operation_id="auth_verify_email",
        tags=["auth"],
        summary="Verify an e-mail address",
        description="Takes what was mailed: the `token` of the link, or `email` and `code`. The link says "
        "`already_verified` when it is opened again. A code works once, for ten minutes, and is worth "
        "nothing after five wrong guesses or once another was mailed.",
        request=VerifyEmailInput,
        responses={
            200: VerifiedSerializer,
            **refuses(
                problems.VerificationTokenInvalid, problems.VerificationTokenExpired, problems.CodeInvalid
            ),
        },
        examples=[
            sent("by link", {"token": "eyJ1c2VyIjoi…"}),
            sent("by code", {"email": "layla@example.com", "code": "042917"}),
            given("verified", {"success": True, "status": "verified", "user": examples.USER}),
        ],
    )
    def post(self, request: Request) -> Response:
        user, is_new = services.verify_email(**read(VerifyEmailInput, request.data))
        return Response(verified(user, is_new=is_new))


class VerifyEmailLinkView(StrangersView):
    """The link in the mail, opened by a person in a browser or by an app."""

    throttle_classes = (GeneralLimit,)

    @extend_schema(
        operation_id="auth_verify_email_link",
        tags=["auth"],
        summary="Verify by the mailed link",
        description="The address of the link itself. A browser (`Accept: text/html`) gets a page, anything "
        "else the same JSON as `POST auth/verify-email`.",
        responses={
            200: OpenApiResponse(VerifiedSerializer, "Verified, now or before."),
            **refuses(problems.VerificationTokenInvalid),
        },
        examples=[
            given("verified", {"success": True, "status": "verified", "user": examples.USER}),
        ],
    )
    def get(self, request: Request, token: str) -> Response | HttpResponse:
        is_browser = wants_page(request)
        try:
            user, is_new = services.verify_email(token=token)
        except Problem as problem:
            if is_browser:
                return render(request, "accounts/verified.html", {"problem": problem}, status=problem.status)
            raise
        if is_browser:
            return render(request, "accounts/verified.html", {"person": user})
        return Response(verified(user, is_new=is_new))

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT001, FBT002
        """The page is no renderer's: who takes nothing but HTML is let in for it."""
        return super().perform_content_negotiation(request, force=force or wants_page(request))


class ResendVerificationView(StrangersView):
    @extend_schema(
        operation_id="auth_resend_verification",
        tags=["auth"],
        summary="Mail the link again",
        description="Mails a new link and a new code if the address waits for them. The answer doesn't tell.",
        request=EmailInput,
        responses={204: OpenApiResponse(description="Done, if there was anything to do.")},
        examples=[sent("again", {"email": "layla@example.com"})],
    )
    def post(self, request: Request) -> Response:
        services.resend_verification(**read(EmailInput, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ForgotPasswordView(StrangersView):
    @extend_schema(
        operation_id="auth_forgot_password",
        tags=["auth"],
        summary="Ask for a new password",
        description="Mails a link and a code if there is an account. The answer, and the time it takes, "
        "don't tell.",
        request=EmailInput,
        responses={204: OpenApiResponse(description="Done, if there was anything to do.")},
        examples=[sent("forgotten", {"email": "layla@example.com"})],
    )
    def post(self, request: Request) -> Response:
        tasks.forgot_password.delay(**read(EmailInput, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetPasswordView(StrangersView):
    @extend_schema(
        operation_id="auth_reset_password",
        tags=["auth"],
        summary="Set a new password by mail",
        description="Takes what was mailed, the `token` of the link or `email` and `code`, once and within "
        "ten minutes, and a new password. Ends every session and tells by mail. A password that is refused "
        "doesn't use it up; five wrong guesses at the code do use up the code, not the link.",
        request=ResetPasswordInput,
        responses={
            204: OpenApiResponse(description="Set. Sign in with it."),
            **refuses(problems.ResetTokenInvalid, problems.CodeInvalid, Invalid),
        },
        examples=[
            sent("by link", {"token": "eyJyb3ciOiIw…", "password": "nine foxes at noon"}),
            sent(
                "by code",
                {"email": "layla@example.com", "code": "042917", "password": "nine foxes at noon"},
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        services.reset_password(**read(ResetPasswordInput, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChangePasswordView(ApiView):
    throttle_classes = (UserLimit, AuthAddressLimit, AuthLimit)

    @extend_schema(
        operation_id="auth_change_password",
        tags=["auth"],
        summary="Change my password",
        description="Takes the present password and a new one. Ends the caller's other sessions and tells by "
        "mail. Attempts count like those to sign in.",
        request=ChangePasswordInput,
        responses={
            204: OpenApiResponse(description="Changed. This session goes on."),
            **refuses(problems.CurrentPasswordWrong),
        },
        examples=[
            sent("change", {"current_password": "seven camels at dawn", "password": "nine foxes at noon"})
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        services.change_password(session=request.auth, **read(ChangePasswordInput, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)


class LoginView(StrangersView):
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_login",
        tags=["auth"],
        summary="Sign in",
        description="Opens a session. An unknown address and a wrong password are the same answer after the "
        "same time. The access token lasts five minutes; exchange the refresh token for the next.",
        request=LoginInput,
        responses={
            200: SignedInSerializer,
            **refuses(problems.InvalidCredentials, problems.EmailNotVerified),
        },
        examples=[
            sent(
                "sign in",
                {
                    "email": "layla@example.com",
                    "password": "seven camels at dawn",
                    "device_name": "Layla's phone",
                },
            ),
            given("signed in", examples.TOKENS | {"session": examples.SESSION_ID, "user": examples.USER}),
        ],
    )
    def post(self, request: Request) -> Response:
        signed_in = services.sign_in(
            **read(LoginInput, request.data),
            user_agent=request.headers.get("User-Agent", ""),
            address=cast(OurRequest, request._request).client_address,
        )
        return Response(SignedInSerializer(signed_in).data)


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
        description="Ends every session of the caller, this one too.",
        request=None,
        responses={204: OpenApiResponse(description="Signed out on every device.")},
    )
    def post(self, request: SignedRequest) -> Response:
        services.revoke_sessions(user=request.user, reason="logout")
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


class MeView(ApiView):
    @extend_schema(
        operation_id="users_me",
        tags=["users"],
        summary="Who am I?",
        description="The caller, as they see themselves.",
        responses={200: UserSerializer},
        examples=[given("me", examples.USER)],
    )
    def get(self, request: SignedRequest) -> Response:
        return Response(UserSerializer(request.user).data)

    @extend_schema(
        operation_id="users_me_update",
        tags=["users"],
        summary="Change my profile",
        description="Changes what is sent and leaves the rest.",
        request=ProfileInput,
        responses={200: UserSerializer, **refuses(problems.UsernameTaken)},
        examples=[
            sent("new status", {"status_text": "On the road", "timezone": "Asia/Riyadh"}),
            given("me", examples.USER),
        ],
    )
    def patch(self, request: SignedRequest) -> Response:
        user = services.update_profile(user=request.user, **read(ProfileInput, request.data, partial=True))
        return Response(UserSerializer(user).data)

    @extend_schema(
        operation_id="users_me_replace",
        tags=["users"],
        summary="Change my profile",
        description="As `PATCH`: clients send what they have.",
        request=ProfileInput,
        responses={200: UserSerializer},
        examples=[sent("new name", {"display_name": "Layla Haddad"}), given("me", examples.USER)],
    )
    def put(self, request: SignedRequest) -> Response:
        return self.patch(request)


def wants_page(request: Request) -> bool:
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def verified(user: User, *, is_new: bool) -> dict[str, Any]:
    found = {"success": True, "status": "verified" if is_new else "already_verified", "user": user}
    return VerifiedSerializer(found).data
