"""Signing in as who one is elsewhere."""

from typing import Any, cast

from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.authentication import get_authorization_header
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import (
    LinkedIdentitySerializer,
    SecondFactorAskedSerializer,
    SignedInSerializer,
    SocialBegunSerializer,
    SocialInput,
    SocialProvidersSerializer,
    TelegramInput,
    TelegramLinkInput,
)
from accounts.authentication import BearerAuthentication, SignedRequest
from accounts.models import LinkedIdentity, Session
from accounts.providers import every_provider, provider_named
from common.api.examples import given, sent
from common.api.limits import AuthAddressLimit, GeneralLimit, Limit, UserLimit
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from common.problems import Invalid, NotAuthenticated

from .factors import STEP_UP
from .sessions import client_of, told
from .strangers import StrangersView

LINKED = {
    "provider": "google",
    "label": "layla@gmail.com",
    "linked_at": "2026-11-21T09:00:00Z",
    "used_at": "2026-11-21T09:12:00Z",
}


class SocialView(ApiView):
    """For strangers, who sign in, and for who is signed in, who links."""

    authentication_classes = (BearerAuthentication,)
    permission_classes = (AllowAny,)
    throttle_classes: tuple[type[Limit], ...] = (GeneralLimit, UserLimit, AuthAddressLimit)
    answers_with_secrets = True


class SocialProvidersView(SocialView):
    throttle_classes = (GeneralLimit, UserLimit)

    @extend_schema(
        operation_id="auth_social_list",
        tags=["auth"],
        summary="Who else can sign me in?",
        description="The providers there are, whether each is set up here, and to whom there the caller is "
        "linked, if somebody is signed in.",
        responses={200: SocialProvidersSerializer},
        examples=[
            given("providers", {"providers": [{"name": "google", "configured": True, "linked": LINKED}]})
        ],
    )
    def get(self, request: Request) -> Response:
        mine = (
            {each.provider: each for each in request.user.identities.all()}
            if request.user.is_authenticated
            else {}
        )
        found = [
            {"name": name, "configured": is_configured(name), "linked": mine.get(name)}
            for name in every_provider()
        ]
        return Response(SocialProvidersSerializer({"providers": found}).data)


class SocialSignInView(SocialView):
    @extend_schema(
        operation_id="auth_social",
        tags=["auth"],
        summary="Sign in with a provider",
        description="Two calls. The first, with `redirect_uri`, gives the address to open and a `flow` to "
        "keep; the person comes back to `redirect_uri` with `code` and `state`, and the second call, with "
        "these and `flow`, answers as `POST auth/login`. An app that has the provider's own SDK sends its "
        "`id_token` instead, once. Whoever sends an access token along is linked rather than signed in, "
        "which needs a proof from the last ten minutes (`POST auth/step-up`).",
        request=SocialInput,
        responses={
            200: PolymorphicProxySerializer(
                component_name="SocialAnswer",
                serializers=[
                    SocialBegunSerializer,
                    SignedInSerializer,
                    SecondFactorAskedSerializer,
                    LinkedIdentitySerializer,
                ],
                resource_type_field_name=None,
            ),
            **refuses(
                problems.SocialSignInFailed,
                Invalid,
                problems.SignInRefused,
                STEP_UP,
                problems.ProviderUnknown,
                problems.AccountExists,
                problems.SocialEmailMissing,
                problems.IdentityTaken,
                problems.ProviderUnavailable,
                problems.ProviderNotConfigured,
            ),
        },
        examples=[
            sent("begin", {"redirect_uri": "https://app.serai.example/back"}),
            sent("finish", {"flow": "Jr3vB0…", "code": "4/0AY0e…", "state": "mZ81aQ…"}),
            sent("by id token", {"id_token": "eyJhbGciOi…", "nonce": "n-0S6…"}),
            given(
                "begun",
                {
                    "authorization_url": "https://accounts.google.com/o/oauth2/v2/auth?…",
                    "flow": "Jr3vB0…",
                    "expires_in": 600,
                },
            ),
            given("signed in", examples.SIGNED_IN),
            given("linked", LINKED),
        ],
    )
    def post(self, request: Request, provider: str) -> Response:
        sent_in = read(SocialInput, request.data)
        device = {name: sent_in.pop(name) for name in ("device_name", "device") if name in sent_in}
        if "redirect_uri" in sent_in:
            return Response(SocialBegunSerializer(services.begin_social(provider=provider, **sent_in)).data)
        if "flow" in sent_in:
            identity = services.identity_of_flow(provider=provider, **sent_in)
        else:
            identity = services.identity_of_token(provider=provider, **sent_in)
        if request.user.is_authenticated:
            linked = services.link_identity(session=cast(Session, request.auth), identity=identity)
            return Response(LinkedIdentitySerializer(linked).data)
        signed_in = services.sign_in_as(identity=identity, **device, **client_of(request))
        return Response(told(signed_in))

    @extend_schema(
        operation_id="auth_social_unlink",
        tags=["auth"],
        summary="Unlink a provider",
        description="It signs the caller in no more.",
        responses={
            204: OpenApiResponse(description="Unlinked."),
            **refuses(problems.LastWayIn, STEP_UP),
        },
    )
    def delete(self, request: SignedRequest, provider: str) -> Response:
        if not request.user.is_authenticated:
            raise NotAuthenticated
        return unlink(request, provider)


class TelegramSignInView(StrangersView):
    answers_with_secrets = True
    throttle_classes = (GeneralLimit, AuthAddressLimit)

    @extend_schema(
        operation_id="auth_telegram",
        tags=["auth"],
        summary="Sign in from a Telegram Mini App",
        description="Takes what Telegram's client handed the page, as it is, once, within a day. Whoever has "
        "no account gets one: Telegram tells no address, so `email` is null there.",
        request=TelegramInput,
        responses={
            200: PolymorphicProxySerializer(
                "SignedInOrAsked",
                [SignedInSerializer, SecondFactorAskedSerializer],
                resource_type_field_name=None,
            ),
            **refuses(
                problems.TelegramDataInvalid, problems.SignInRefused, problems.ProviderNotConfigured, Invalid
            ),
        },
        examples=[
            sent("in the body", {"init_data": "query_id=AAE…&user=%7B%22id%22…&auth_date=1763…&hash=c501…"}),
            given("signed in", examples.SIGNED_IN),
        ],
    )
    def post(self, request: Request) -> Response:
        sent_in = read(TelegramInput, request.data)
        if "init_data" not in sent_in:
            scheme, _, text = get_authorization_header(request).decode("latin1").partition(" ")
            if scheme.lower() != "tma":
                raise Invalid.field("init_data", "required", "This field is required.")
            sent_in["init_data"] = text.strip()
        signed_in = services.sign_in_by_telegram(**sent_in, **client_of(request))
        return Response(told(signed_in))


class TelegramLinkView(ApiView):
    throttle_classes = (UserLimit, AuthAddressLimit)

    @extend_schema(
        operation_id="users_me_telegram",
        tags=["users"],
        summary="Whom am I linked to on Telegram?",
        description="404 if nobody.",
        responses={200: LinkedIdentitySerializer},
        examples=[given("linked", LINKED | {"provider": "telegram", "label": "@layla"})],
    )
    def get(self, request: SignedRequest) -> Response:
        if (linked := telegram_of(request)) is None:
            raise Http404
        return Response(LinkedIdentitySerializer(linked).data)

    @extend_schema(
        operation_id="users_me_telegram_link",
        tags=["users"],
        summary="Link me to Telegram",
        description="Links the caller to whoever opened the Mini App, or brings their link up to date.",
        request=TelegramLinkInput,
        responses={
            200: LinkedIdentitySerializer,
            **refuses(
                problems.TelegramDataInvalid, problems.IdentityTaken, problems.ProviderNotConfigured, Invalid
            ),
        },
        examples=[
            sent("link", {"init_data": "query_id=AAE…&user=%7B%22id%22…&auth_date=1763…&hash=c501…"}),
            given("linked", LINKED | {"provider": "telegram", "label": "@layla"}),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        linked = services.link_telegram(session=request.auth, **read(TelegramLinkInput, request.data))
        return Response(LinkedIdentitySerializer(linked).data)

    @extend_schema(
        operation_id="users_me_telegram_unlink",
        tags=["users"],
        summary="Unlink me from Telegram",
        description="It signs the caller in no more.",
        responses={204: OpenApiResponse(description="Unlinked."), **refuses(problems.LastWayIn, STEP_UP)},
    )
    def delete(self, request: SignedRequest) -> Response:
        return unlink(request, "telegram")


def unlink(request: Any, provider: str) -> Response:
    services.unlink_identity(session=request.auth, provider=provider)
    return Response(status=status.HTTP_204_NO_CONTENT)


def telegram_of(request: SignedRequest) -> LinkedIdentity | None:
    return request.user.identities.filter(provider="telegram").first()


def is_configured(name: str) -> bool:
    try:
        provider_named(name)
    except problems.ProviderNotConfigured:
        return False
    return True
