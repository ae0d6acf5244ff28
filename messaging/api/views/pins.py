"""What is held up in a chat."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiViewSet
from messaging import problems, services
from messaging.api import examples
from messaging.api.serializers import PinInput, PinSerializer
from messaging.models import Pin

from .scope import ChatScoped


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_pins_list",
        tags=["messages"],
        summary="What is pinned in a chat",
        description="The newest pin first, at most 50.",
        examples=[given("pins", examples.PIN)],
    ),
)
class PinViewSet(mixins.ListModelMixin, ChatScoped, ApiViewSet):
    scope = "messages"
    needs_marks = True
    serializer_class = PinSerializer
    lookup_field = "message"
    queryset = Pin.objects.none()

    class pagination_class(CursorPages):  # noqa: N801
        ordering = "-id"

    def get_queryset(self) -> QuerySet[Pin]:
        return self.chat.pins.shown_to(self.request.user.pk)

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        return {**context, "reader": self.request.user, "chat": getattr(self, "chat", None)}

    @extend_schema(
        operation_id="chat_pins_add",
        tags=["messages"],
        summary="Pin a message",
        description="Holds it up for everyone in the chat, until a time if one is given. Pinning it again "
        "gives the pin that is there, as it is.",
        request=PinInput,
        responses={
            201: PinSerializer,
            200: OpenApiResponse(PinSerializer, "It is pinned already."),
            **refuses(
                examples.not_allowed("message.pin"),
                problems.NotOpenToYou,
                problems.MessageWasDeleted,
                problems.PinLimitReached(limit=Pin.LIMIT),
            ),
        },
        examples=[sent("pin", {"message": examples.MESSAGE["id"]}), given("pin", examples.PIN, 201, 200)],
    )
    def create(self, request: SignedRequest, chat: UUID) -> Response:
        there = self.chat.messages.not_hidden_from(request.user.pk)
        pin, is_new = services.pin_message(actor=request.user, **read(PinInput, request.data, messages=there))
        return Response(
            self.get_serializer(self.get_queryset().get(pk=pin.pk)).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/chats/{chat}/pins"} if is_new else {},
        )

    @extend_schema(
        operation_id="chat_pins_remove",
        tags=["messages"],
        summary="Unpin a message",
        description="Takes the pin of that message down, whoever pinned it.",
        responses={
            204: OpenApiResponse(description="Unpinned."),
            **refuses(examples.not_allowed("message.pin"), problems.NotOpenToYou),
        },
    )
    def destroy(self, request: SignedRequest, chat: UUID, message: UUID) -> Response:
        services.unpin_message(actor=request.user, pin=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
