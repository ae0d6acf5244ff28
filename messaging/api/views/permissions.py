"""Who may do what in a chat."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given
from common.api.schema import refuses
from common.api.serializers import read
from messaging import policies
from messaging.api import examples
from messaging.api.serializers import PermissionsQuery, PermissionsSerializer

from .scope import ChatScoped


class PermissionsView(ChatScoped):
    @extend_schema(
        operation_id="chat_permissions_read",
        tags=["chats"],
        summary="What I may do in a chat",
        description="Every action: whether the caller may do it there, from which role up it may be done, "
        "and whether the default or a setting of the chat says so. The owner and admins may ask for somebody "
        "else in it. On a person of equal or higher rank nobody acts, whatever this says.",
        parameters=[
            OpenApiParameter(
                "user", OpenApiTypes.UUID, description="As the owner or an admin: what they may."
            )
        ],
        responses={200: PermissionsSerializer, **refuses(examples.not_allowed("participant.simulate"))},
        examples=[given("mine", examples.PERMISSIONS)],
    )
    def get(self, request: SignedRequest, chat: UUID) -> Response:
        asked = read(PermissionsQuery, request.query_params.dict()).get("user", request.user.pk)
        if asked != request.user.pk:
            policies.require(request.user, "participant.simulate", self.chat)
        person = get_object_or_404(self.chat.participants.present(), user=asked)
        told = {"user": asked, "role": person.role, "permissions": policies.verdicts_on(person, self.chat)}
        return Response(PermissionsSerializer(told).data)
