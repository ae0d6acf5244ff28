"""Signing up, and proving an address."""

from typing import Any, cast

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import problems, services, tasks
from accounts.api import examples
from accounts.api.serializers import (
    EmailInput,
    RegisteredSerializer,
    RegisterInput,
    VerifiedSerializer,
    VerifyEmailInput,
)
from accounts.models import User
from common.api.examples import given, sent
from common.api.limits import GeneralLimit
from common.api.schema import refuses
from common.api.serializers import read
from common.http import OurRequest
from common.locales import asked_for
from common.problems import Problem

from .strangers import StrangersView


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
                {
                    "email": "layla@example.com",
                    "password": "seven camels at dawn",
                    "username": "layla",
                    "accept_terms": True,
                },
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
        registered = services.register(
            **read(RegisterInput, request.data),
            address=cast(OurRequest, request._request).client_address,
            locales=asked_for(request._request),
        )
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
        description="Mails a new link and a new code if the address waits for them. The answer, and the time "
        "it takes, don't tell.",
        request=EmailInput,
        responses={204: OpenApiResponse(description="Done, if there was anything to do.")},
        examples=[sent("again", {"email": "layla@example.com"})],
    )
    def post(self, request: Request) -> Response:
        tasks.resend_verification.delay(**read(EmailInput, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)


def wants_page(request: Request) -> bool:
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def verified(user: User, *, is_new: bool) -> dict[str, Any]:
    found = {"success": True, "status": "verified" if is_new else "already_verified", "user": user}
    return VerifiedSerializer(found).data
