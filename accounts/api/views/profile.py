"""The person themselves."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import (
    ProfileInput,
    UserSerializer,
)
from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView


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
