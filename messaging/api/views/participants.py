"""Who is in a chat."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.models import User
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiViewSet
from messaging import policies, problems, services
from messaging.api import examples
from messaging.api.serializers import (
    ParticipantSerializer,
    ParticipantsInput,
    RoleInput,
)
from messaging.models import Participant

from .scope import ChatScoped


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_participants_list",
        tags=["chats"],
        summary="Who is in a chat",
        description="In the order in which they came. Members of a channel see those who run it, and "
        "themselves: `participant.view` says who sees all.",
        examples=[given("participants", examples.PARTICIPANT)],
    ),
    retrieve=extend_schema(
        operation_id="chat_participants_read",
        tags=["chats"],
        summary="Somebody in a chat",
        description="Their role, and since when they are in it.",
        examples=[given("participant", examples.PARTICIPANT)],
    ),
)
class ParticipantViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ChatScoped, ApiViewSet):
    serializer_class = ParticipantSerializer
    lookup_field = "user"
    queryset = Participant.objects.none()

    class pagination_class(CursorPages):  # noqa: N801
        ordering = "id"

    def get_queryset(self) -> QuerySet[Participant]:
        return policies.people_seen_by(self.request.user, self.chat)

    @extend_schema(
        operation_id="chat_participants_add",
        tags=["chats"],
        summary="Add people to a group",
        description="Who is in it already stays as they are. A role must be below the caller's own.",
        request=ParticipantsInput,
        responses={
            201: ParticipantSerializer(many=True),
            **refuses(
                examples.not_allowed("participant.add"),
                examples.cannot_act_on_equal("participant.add"),
                problems.NotOpenToYou,
                problems.ChatFull,
            ),
        },
        examples=[
            sent("add one", {"user": examples.OMAR}),
            sent("add admins", {"users": [examples.OMAR], "role": "admin"}),
            given("participants", examples.PARTICIPANT, 201),
        ],
    )
    def create(self, request: SignedRequest, chat: UUID) -> Response:
        given = read(ParticipantsInput, request.data, actor=request.user)
        added = services.add_participants(actor=request.user, chat=self.chat, **given)
        return Response(
            ParticipantSerializer(added, many=True, context={"reader": request.user}).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": f"/api/v1/chats/{chat}/participants"},
        )

    @extend_schema(
        operation_id="chat_participants_update",
        tags=["chats"],
        summary="Change a role",
        description="By the owner. Making somebody else the owner makes the present one an admin.",
        request=RoleInput,
        responses={
            200: ParticipantSerializer,
            **refuses(examples.not_allowed("participant.change_role"), problems.OwnerMustHandOver),
        },
        examples=[
            sent("make admin", {"role": "admin"}),
            given("participant", examples.PARTICIPANT | {"role": "admin"}),
        ],
    )
    def partial_update(self, request: SignedRequest, chat: UUID, user: UUID) -> Response:
        role = read(RoleInput, request.data)["role"]
        changed = services.change_role(actor=request.user, chat=self.chat, user=self._person(), role=role)
        return Response(ParticipantSerializer(changed, context={"reader": request.user}).data)

    @extend_schema(
        operation_id="chat_participants_replace",
        tags=["chats"],
        summary="Change a role",
        description="As `PATCH`.",
        request=RoleInput,
        responses={
            200: ParticipantSerializer,
            **refuses(examples.not_allowed("participant.change_role"), problems.OwnerMustHandOver),
        },
        examples=[
            sent("make admin", {"role": "admin"}),
            given("participant", examples.PARTICIPANT | {"role": "admin"}),
        ],
    )
    def update(self, request: SignedRequest, chat: UUID, user: UUID) -> Response:
        return self.partial_update(request, chat, user)

    @extend_schema(
        operation_id="chat_participants_remove",
        tags=["chats"],
        summary="Remove somebody from a group",
        description="By somebody of higher rank. Removing yourself is leaving. They hear of it and of "
        "nothing after.",
        responses={
            204: OpenApiResponse(description="Removed."),
            **refuses(
                examples.not_allowed("participant.remove"),
                examples.cannot_act_on_equal("participant.remove"),
                problems.OwnerMustHandOver,
            ),
        },
    )
    def destroy(self, request: SignedRequest, chat: UUID, user: UUID) -> Response:
        person = self._person()
        if person == request.user:
            services.leave_chat(actor=request.user, chat=self.chat)
        else:
            services.remove_participant(actor=request.user, chat=self.chat, user=person)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _person(self) -> User:
        return self.get_object().user
