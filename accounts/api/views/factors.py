"""Second factors: which there are, setting them up, taking them away."""

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import (
    MfaSerializer,
    NewRecoveryCodesSerializer,
    PasskeyAddedSerializer,
    PasskeyInput,
    PasskeyNameInput,
    PasskeyOptionsSerializer,
    PasskeySerializer,
    RecoveryCodesSerializer,
    TotpInput,
    TotpSetupSerializer,
)
from accounts.authentication import SignedRequest
from accounts.models import Passkey
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from common.problems import LimitReached

STEP_UP = problems.StepUpRequired(password=True, methods=["totp", "recovery_code"])


class MfaView(ApiView):
    @extend_schema(
        operation_id="auth_mfa",
        tags=["auth"],
        summary="My second factors",
        description="What is asked of the caller beside the password.",
        responses={200: MfaSerializer},
        examples=[given("second factors", examples.MFA)],
    )
    def get(self, request: SignedRequest) -> Response:
        standing = services.standing_of(request.user)
        return Response(
            MfaSerializer(
                {
                    "totp": standing.totp,
                    "recovery_codes": standing.recovery_codes,
                    "passkeys": request.user.passkeys.all(),
                    "methods": standing.methods,
                    "required": standing.required,
                }
            ).data
        )


class TotpView(ApiView):
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_mfa_totp_begin",
        tags=["auth"],
        summary="Set up an authenticator app",
        description="Gives the secret that the app takes, as text, as its URL and as a QR code. It counts "
        "once a code of it came back (`PUT`), within ten minutes; until then it is given again. Needs a "
        "proof from the last ten minutes (`POST auth/step-up`).",
        request=None,
        responses={200: TotpSetupSerializer, **refuses(STEP_UP, problems.AuthenticatorAppOn)},
        examples=[given("for the app", examples.TOTP_SETUP)],
    )
    def post(self, request: SignedRequest) -> Response:
        return Response(TotpSetupSerializer(services.begin_totp(session=request.auth)).data)

    @extend_schema(
        operation_id="auth_mfa_totp_confirm",
        tags=["auth"],
        summary="Switch the authenticator app on",
        description="Takes the six digits that the app shows now. From here on signing in asks for them. "
        "Gives ten recovery codes, each of which stands for the app once; they are never shown again. Tells "
        "by mail.",
        request=TotpInput,
        responses={
            200: NewRecoveryCodesSerializer,
            **refuses(STEP_UP, problems.SecondFactorWrong, problems.AuthenticatorAppOn, LimitReached),
        },
        examples=[sent("confirm", {"code": "042917"}), given("on", examples.RECOVERY_CODES)],
    )
    def put(self, request: SignedRequest) -> Response:
        codes = services.confirm_totp(session=request.auth, **read(TotpInput, request.data))
        return Response({"recovery_codes": codes})

    @extend_schema(
        operation_id="auth_mfa_totp_remove",
        tags=["auth"],
        summary="Remove the authenticator app",
        description="With the last factor the recovery codes go too. Needs a proof from the last ten "
        "minutes. Tells by mail.",
        responses={
            204: OpenApiResponse(description="Gone, now or before."),
            **refuses(STEP_UP, problems.SecondFactorNeeded),
        },
    )
    def delete(self, request: SignedRequest) -> Response:
        services.remove_totp(session=request.auth)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RecoveryCodesView(ApiView):
    answers_with_secrets = True

    @extend_schema(
        operation_id="auth_mfa_recovery_codes",
        tags=["auth"],
        summary="New recovery codes",
        description="Gives ten, shown this once; those from before are worth nothing. Needs a proof from the "
        "last ten minutes. Tells by mail.",
        request=None,
        responses={201: RecoveryCodesSerializer, **refuses(STEP_UP, problems.SecondFactorNeeded)},
        examples=[given("ten codes", examples.RECOVERY_CODES, 201)],
    )
    def post(self, request: SignedRequest) -> Response:
        codes = services.renew_recovery_codes(session=request.auth)
        return Response(
            {"recovery_codes": codes}, status=status.HTTP_201_CREATED, headers={"Location": reverse("mfa")}
        )


@extend_schema_view(
    list=extend_schema(
        operation_id="auth_mfa_passkeys_list",
        tags=["auth"],
        summary="My passkeys",
        description="Newest first.",
        examples=[given("passkeys", examples.PASSKEY)],
    ),
    retrieve=extend_schema(
        operation_id="auth_mfa_passkeys_read",
        tags=["auth"],
        summary="A passkey",
        description="One of the caller's.",
        examples=[given("passkey", examples.PASSKEY)],
    ),
    destroy=extend_schema(
        operation_id="auth_mfa_passkeys_remove",
        tags=["auth"],
        summary="Remove a passkey",
        description="With the last factor the recovery codes go too. Needs a proof from the last ten "
        "minutes. Tells by mail.",
        responses={
            204: OpenApiResponse(description="Gone."),
            **refuses(STEP_UP, problems.SecondFactorNeeded),
        },
    ),
)
class PasskeyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    serializer_class = PasskeySerializer
    pagination_class = CursorPages
    queryset = Passkey.objects.none()
    answers_with_secrets = True

    def get_queryset(self) -> QuerySet[Passkey]:
        return Passkey.objects.filter(user=self.request.user)

    @extend_schema(
        operation_id="auth_mfa_passkeys_add",
        tags=["auth"],
        summary="Add a passkey",
        description="In two steps on this path. Without a `credential` it gives options for "
        "`navigator.credentials.create`; with the `credential` that the browser made of them, within five "
        "minutes and once, it adds the passkey. The device must verify its holder (finger, face, PIN). Gives "
        "ten recovery codes where there are none. Needs a proof from the last ten minutes. Tells by mail.",
        request=PasskeyInput,
        responses={
            200: OpenApiResponse(PasskeyOptionsSerializer, "Options for the browser."),
            201: PasskeyAddedSerializer,
            **refuses(STEP_UP, problems.PasskeyRefused, problems.PasskeyLimitReached),
        },
        examples=[
            sent("first: options", {}),
            given("options", {"public_key": examples.CREATION_OPTIONS}),
            sent("then: the credential", {"name": "Layla's phone", "credential": examples.NEW_CREDENTIAL}),
            given("added", examples.RECOVERY_CODES | {"passkey": examples.PASSKEY}, 201),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        values = read(PasskeyInput, request.data)
        if "credential" not in values:
            return Response({"public_key": services.passkey_options(session=request.auth)})
        passkey, codes = services.add_passkey(session=request.auth, **values)
        return Response(
            PasskeyAddedSerializer({"passkey": passkey, "recovery_codes": codes}).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("passkey", args=[passkey.pk])},
        )

    @extend_schema(
        operation_id="auth_mfa_passkeys_rename",
        tags=["auth"],
        summary="Rename a passkey",
        description="The name is for its owner alone.",
        request=PasskeyNameInput,
        responses={200: PasskeySerializer},
        examples=[sent("rename", {"name": "The blue key"}), given("renamed", examples.PASSKEY)],
    )
    def partial_update(self, request: SignedRequest, pk: str) -> Response:
        renamed = services.rename_passkey(passkey=self.get_object(), **read(PasskeyNameInput, request.data))
        return Response(PasskeySerializer(renamed).data)

    @extend_schema(
        operation_id="auth_mfa_passkeys_replace",
        tags=["auth"],
        summary="Rename a passkey",
        description="As `PATCH`.",
        request=PasskeyNameInput,
        responses={200: PasskeySerializer},
        examples=[sent("rename", {"name": "The blue key"}), given("renamed", examples.PASSKEY)],
    )
    def update(self, request: SignedRequest, pk: str) -> Response:
        return self.partial_update(request, pk)

    def destroy(self, request: SignedRequest, pk: str) -> Response:
        services.remove_passkey(session=request.auth, passkey=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
