"""The person themselves."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import (
    ErasureInput,
    ErasureSerializer,
    ProfileInput,
    UserSerializer,
)
from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView

from .privacy import ask_to_forget


class MeView(ApiView):
    scope = "profile"

    @extend_schema(
        operation_id="users_me",
        tags=["users"],
        summary="Who am I?",
        description="The caller, as they see themselves.",
        responses={200: UserSerializer},
        examples=[given("me", examples.USER)],
    )
    def get(self, request: SignedRequest) -> Response:
        return Response(UserSerializer(request.user, context={"reader": request.user}).data)

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
        changes = read(ProfileInput, request.data, partial=True)
        user = services.update_profile(actor=request.user, user=request.user, **changes)
        return Response(UserSerializer(user, context={"reader": request.user}).data)

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

    @extend_schema(
        operation_id="users_me_delete",
        tags=["users"],
        summary="Delete my account",
        description="The same as `POST users/me/erasure`.",
        request=ErasureInput,
        responses={
            202: ErasureSerializer,
            **refuses(problems.CurrentPasswordWrong, problems.StepUpRequired, problems.StaffStay),
        },
        examples=[
            sent("delete", {"password": "seven camels at dawn"}),
            given("waiting", examples.ERASURE, 202),
        ],
    )
    def delete(self, request: SignedRequest) -> Response:
        return ask_to_forget(request)
