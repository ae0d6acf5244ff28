"""Another e-mail address."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import problems, services
from accounts.api.serializers import ChangeEmailInput, ConfirmEmailInput, NewEmailSerializer
from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.limits import AuthAddressLimit, AuthLimit, GeneralLimit, UserLimit
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from common.problems import NotAuthenticated

from .factors import STEP_UP


class ChangeEmailView(ApiView):
    throttle_classes = (UserLimit, AuthAddressLimit, AuthLimit)

    @extend_schema(
        operation_id="auth_change_email",
        tags=["auth"],
        summary="Change my e-mail address",
        description="Mails a link and a code to the new address; the present one stays until one of them "
        "came back. The answer is the same when somebody has the address: its owner is told by mail, nobody "
        "else. Needs a proof from the last ten minutes (`POST auth/step-up`).",
        request=ChangeEmailInput,
        responses={204: OpenApiResponse(description="Mailed."), **refuses(STEP_UP)},
        examples=[sent("change", {"email": "layla@example.org"})],
    )
    def post(self, request: SignedRequest) -> Response:
        services.change_email(session=request.auth, **read(ChangeEmailInput, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConfirmEmailView(ApiView):
    permission_classes = (AllowAny,)
    throttle_classes = (GeneralLimit, UserLimit, AuthAddressLimit, AuthLimit)

    @extend_schema(
        operation_id="auth_change_email_confirm",
        tags=["auth"],
        summary="Confirm my new e-mail address",
        description="Takes what was mailed: the `token` of the link, whoever sends it, or the `code`, of "
        "who is signed in. Once, within ten minutes. The previous address is told by mail. Sessions go on: "
        "`POST auth/logout-all` with `keep_current` ends the others.",
        request=ConfirmEmailInput,
        responses={200: NewEmailSerializer, **refuses(problems.CodeInvalid)},
        examples=[
            sent("by link", {"token": "eyJyb3ciOiIw…"}),
            sent("by code", {"code": "042917"}),
            given("changed", {"email": "layla@example.org"}),
        ],
    )
    def post(self, request: Request) -> Response:
        values = read(ConfirmEmailInput, request.data)
        if "code" in values and not request.user.is_authenticated:
            raise NotAuthenticated
        user = services.confirm_new_email(
            **values, user=request.user if request.user.is_authenticated else None
        )
        return Response(NewEmailSerializer(user).data)
