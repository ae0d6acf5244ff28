"""Chats as a whole."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.models import Report
from common.api.examples import given, sent
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiViewSet
from common.problems import Invalid
from messaging import problems, services
from messaging.api import examples
from messaging.api.filters import ChatFilter
from messaging.api.pages import ChatPages
from messaging.api.serializers import (
    ChatChangeInput,
    ChatInput,
    ChatSerializer,
)
from messaging.models import Chat, Participant


@extend_schema_view(
    list=extend_schema(
        operation_id="chats_list",
        tags=["chats"],
        summary="My chats",
        description="The chats that the caller is in, the archived ones too: "
        "`archived=false` leaves them out.",
        examples=[given("chats", examples.CHAT)],
    ),
    retrieve=extend_schema(
        operation_id="chats_read",
        tags=["chats"],
        summary="A chat",
        description="One chat, with the caller's role, read mark and unread count.",
        examples=[given("chat", examples.CHAT)],
    ),
)
class ChatViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    scope = "chats"
    serializer_class = ChatSerializer
    filterset_class = ChatFilter
    queryset = Chat.objects.none()

    pagination_class = ChatPages

    def get_queryset(self) -> QuerySet[Chat]:
        return Chat.objects.for_reader(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reader": self.request.user}

    @extend_schema(
        operation_id="chats_create",
        tags=["chats"],
        summary="Open a chat",
        description="A group or a channel, which the caller owns, or the private chat with one other person: "
        "asking for that again gives the same chat with 200. Title, description and settings are a group's; "
        "of a private chat they are left aside.",
        request=ChatInput,
        responses={
            201: ChatSerializer,
            200: OpenApiResponse(ChatSerializer, "The private chat you already have."),
            **refuses(problems.NotOpenToYou),
        },
        examples=[
            sent(
                "a group", {"type": "group", "title": "Wadi Rum, December", "participants": [examples.OMAR]}
            ),
            sent("a private chat", {"type": "private", "participants": [examples.OMAR]}),
            sent("a channel, in which admins send", {"type": "channel", "title": "Desert news"}),
            given("opened", examples.CHAT, 201, 200),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        chat, is_new = services.create_chat(
            actor=request.user, **read(ChatInput, request.data, actor=request.user)
        )
        return Response(
            self._seen(chat),
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/chats/{chat.pk}"} if is_new else {},
        )

    @extend_schema(
        operation_id="chats_update",
        tags=["chats"],
        summary="Change a group",
        description="Title, description and settings, by its owner or an admin. What is left out stays. "
        "`settings.permissions` says from which role up an action may be done here; nobody changes what is "
        "above their own role.",
        request=ChatChangeInput,
        responses={200: ChatSerializer, **refuses(examples.not_allowed("chat.update"))},
        examples=[
            sent("rename", {"title": "Wadi Rum, January"}),
            sent("make it read-only", {"settings": {"send": "admins"}}),
            given("chat", examples.CHAT),
        ],
    )
    def partial_update(self, request: SignedRequest, pk: str) -> Response:
        changes = read(ChatChangeInput, request.data, partial=True)
        return Response(self._seen(services.update_chat(actor=request.user, chat=self._chat(), **changes)))

    @extend_schema(
        operation_id="chats_replace",
        tags=["chats"],
        summary="Change a group",
        description="As `PATCH`: clients send what they have.",
        request=ChatChangeInput,
        responses={200: ChatSerializer, **refuses(examples.not_allowed("chat.update"))},
        examples=[
            sent("describe", {"description": "Four days, two cars."}),
            given("chat", examples.CHAT),
        ],
    )
    def update(self, request: SignedRequest, pk: str) -> Response:
        return self.partial_update(request, pk)

    @extend_schema(
        operation_id="chats_delete",
        tags=["chats"],
        summary="Leave or delete a chat",
        description="A member leaves. The owner of a group deletes it for all, or with `leave=true` leaves "
        "it too, after making somebody else the owner. Who leaves a request may block "
        "or report the stranger.",
        parameters=[
            OpenApiParameter("leave", OpenApiTypes.BOOL, description="As the owner: leave, don't delete."),
            OpenApiParameter(
                "block", OpenApiTypes.BOOL, description="Of a request: block the stranger who opened it."
            ),
            OpenApiParameter("report", enum=Report.Reason.values, description="Of a request: report them."),
        ],
        responses={
            204: OpenApiResponse(description="Left, or deleted."),
            **refuses(problems.OwnerMustHandOver),
        },
    )
    def destroy(self, request: SignedRequest, pk: str) -> Response:
        chat, leave, block = self._chat(), self._asked("leave"), self._asked("block")
        report = request.query_params.get("report", "")
        if report and report not in Report.Reason.values:
            raise Invalid.field("report", "invalid_choice", f"One of {', '.join(Report.Reason.values)}.")
        if block or report:
            services.decline_chat(actor=request.user, chat=chat, block=block, report=report)
        elif chat.my_role == Participant.Role.OWNER and not leave:
            services.delete_chat(actor=request.user, chat=chat)
        else:
            services.leave_chat(actor=request.user, chat=chat)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _asked(self, name: str) -> bool:
        given = self.request.query_params.get(name, "false")
        if given not in ("true", "false"):
            raise Invalid.field(name, "invalid", "Use true or false.")
        return given == "true"

    def _chat(self) -> Any:
        return self.get_object()

    def _seen(self, chat: Chat) -> dict[str, Any]:
        seen = self.get_queryset().get(pk=chat.pk)
        return self.get_serializer(seen).data
