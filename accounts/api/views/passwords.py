"""A forgotten password, and a new one."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import problems, services, tasks
from accounts.api.serializers import (
    ChangePasswordInput,
    EmailInput,
    ResetPasswordInput,
)
from accounts.authentication import SignedRequest
from common.api.examples import sent
from common.api.limits import AuthAddressLimit, AuthLimit, UserLimit
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from common.problems import Invalid

from .strangers import StrangersView


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
        "mail. Attempts count like those to sign in; after five failures in a session the next has to wait.",
        request=ChangePasswordInput,
        responses={
            204: OpenApiResponse(description="Changed. This session goes on."),
            **refuses(problems.CurrentPasswordWrong, problems.LoginDelayed),
        },
        examples=[
            sent("change", {"current_password": "seven camels at dawn", "password": "nine foxes at noon"})
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        services.change_password(session=request.auth, **read(ChangePasswordInput, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)
