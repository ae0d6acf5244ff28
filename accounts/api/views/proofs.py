"""Showing a second factor: to finish a sign-in, in place of a password, and again in an open session."""

from django.conf import settings
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import (
    ChallengeInput,
    PasskeyLoginInput,
    PasskeyOptionsSerializer,
    SignedInSerializer,
    SteppedUpSerializer,
    StepUpInput,
    StepUpNeedsSerializer,
)
from accounts.authentication import SignedRequest
from accounts.tokens import fingerprint
from common.api.examples import given, sent
from common.api.limits import AuthAddressLimit, AuthLimit, GeneralLimit, UserLimit, address_of
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from common.problems import LimitReached

from .sessions import client_of
from .strangers import StrangersView

OPTIONS_OR_SIGNED_IN = PolymorphicProxySerializer(
    "OptionsOrSignedIn", [SignedInSerializer, PasskeyOptionsSerializer], resource_type_field_name=None
)


class ChallengeLimit(AuthLimit):
    """Per sign-in: it names no account, and an office behind one address has many."""

    def key(self, request: Request) -> str | None:
        challenge = request.data.get("challenge") if isinstance(request.data, dict) else None
        return f"{address_of(request)} challenge {fingerprint(str(challenge))}"


class ChallengeView(StrangersView):
    throttle_classes = (GeneralLimit, AuthAddressLimit, ChallengeLimit)
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_mfa_challenge",
        tags=["auth"],
        summary="Finish signing in by a second factor",
        description="Takes the `challenge` of `POST auth/login` and one of its `methods`: with `totp` the "
        "six digits of the app, with `recovery_code` one of the ten, each of them works once. With "
        "`passkey` in two steps: without a `code` it gives options for `navigator.credentials.get`, then "
        "`code` is the credential that the browser gives. Five tries within five minutes, from the client "
        "and the address that began; after that sign in again.",
        request=ChallengeInput,
        responses={
            200: OPTIONS_OR_SIGNED_IN,
            **refuses(
                problems.ChallengeInvalid, problems.SecondFactorWrong, problems.PasskeyRefused, LimitReached
            ),
        },
        examples=[
            sent("by app", {"challenge": "pZ0yq…", "method": "totp", "code": "042917"}),
            sent(
                "by recovery code",
                {
                    "challenge": "pZ0yq…",
                    "method": "recovery_code",
                    "code": "7k2m-x9qd-0c4v-hw8t-3nbr-e6ya",
                },
            ),
            sent("by passkey, first: options", {"challenge": "pZ0yq…", "method": "passkey"}),
            given("options", {"public_key": examples.REQUEST_OPTIONS}),
            sent(
                "by passkey, then: the credential",
                {"challenge": "pZ0yq…", "method": "passkey", "code": examples.CREDENTIAL},
            ),
            given("signed in", examples.SIGNED_IN),
        ],
    )
    def post(self, request: Request) -> Response:
        values = read(ChallengeInput, request.data)
        if "code" not in values:
            options = services.challenge_options(challenge=values["challenge"], **client_of(request))
            return Response({"public_key": options})
        return Response(SignedInSerializer(services.answer_challenge(**values, **client_of(request))).data)


class PasskeyLoginView(StrangersView):
    throttle_classes = (GeneralLimit, AuthAddressLimit)
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_passkeys_login",
        tags=["auth"],
        summary="Sign in by a passkey alone",
        description="In two steps on this path. Without a `credential` it gives options for "
        "`navigator.credentials.get`; with the `credential` that the browser gives, within five minutes and "
        "once, it opens a session. Nothing else is asked: the device has verified its holder.",
        request=PasskeyLoginInput,
        responses={200: OPTIONS_OR_SIGNED_IN, **refuses(problems.PasskeyRefused)},
        examples=[
            sent("first: options", {}),
            given("options", {"public_key": examples.REQUEST_OPTIONS}),
            sent(
                "then: the credential",
                {"credential": examples.CREDENTIAL, "device_name": "Layla's phone"},
            ),
            given("signed in", examples.SIGNED_IN),
        ],
    )
    def post(self, request: Request) -> Response:
        values = read(PasskeyLoginInput, request.data)
        if "credential" not in values:
            return Response({"public_key": services.passkey_sign_in_options()})
        return Response(SignedInSerializer(services.sign_in_by_passkey(**values, **client_of(request))).data)


class StepUpView(ApiView):
    throttle_classes = (UserLimit, AuthAddressLimit, AuthLimit)
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_step_up",
        tags=["auth"],
        summary="Prove again who I am",
        description="What can't be undone asks for a proof from the last ten minutes (`step_up_required`). "
        "Signing in is one; this is another, for the session that sends it. Either a passkey, or the "
        "password and, where there is a second factor, that as well. An empty body tells what is asked for, "
        "with options for `navigator.credentials.get`; `code` is then the credential that the browser "
        "gives. Where neither is there, sign in again. Attempts count like those to sign in.",
        request=StepUpInput,
        responses={
            200: PolymorphicProxySerializer(
                "NeedsOrSteppedUp",
                [SteppedUpSerializer, StepUpNeedsSerializer],
                resource_type_field_name=None,
            ),
            **refuses(
                problems.CurrentPasswordWrong,
                problems.SecondFactorWrong,
                problems.PasskeyRefused,
                LimitReached,
            ),
        },
        examples=[
            sent("what is asked for?", {}),
            given(
                "this",
                {
                    "password": True,
                    "methods": ["totp", "passkey", "recovery_code"],
                    "public_key": examples.REQUEST_OPTIONS,
                },
            ),
            sent("by password", {"password": "seven camels at dawn"}),
            sent(
                "by password and app",
                {"password": "seven camels at dawn", "method": "totp", "code": "042917"},
            ),
            sent("by passkey", {"method": "passkey", "code": examples.CREDENTIAL}),
            given("proved", {"proved_at": "2026-11-21T09:12:00Z", "expires_in": 600}),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        values = read(StepUpInput, request.data)
        if not values:
            return Response(services.step_up_options(session=request.auth))
        session = services.step_up(session=request.auth, **values)
        lifetime = int(settings.STEP_UP_LIFETIME.total_seconds())
        return Response(SteppedUpSerializer({"proved_at": session.proved_at, "expires_in": lifetime}).data)
