"""How people react."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiViewSet
from common.problems import NotFound
from messaging import problems, services
from messaging.api import examples
from messaging.api.serializers import (
    MessageForReaderSerializer,
    ReactionInput,
    ReactionSerializer,
    ReactionsQuery,
)
from messaging.emojis import one_emoji
from messaging.models import Message, Reaction

from .messages import seen
from .scope import MessageScoped


class ReactionViewSet(MessageScoped, ApiViewSet):
    serializer_class = ReactionSerializer
    queryset = Reaction.objects.none()

    class pagination_class(CursorPages):  # noqa: N801
        ordering = "id"

    def get_queryset(self) -> QuerySet[Reaction]:
        return self.message.reactions.with_people()

    @extend_schema(
        operation_id="message_reactions_list",
        tags=["messages"],
        summary="Who reacted to a message",
        description="With what and when, in the order in which they did.",
        parameters=[OpenApiParameter("emoji", OpenApiTypes.STR, description="Only with this one.")],
        responses={200: ReactionSerializer(many=True)},
        examples=[given("reactions", examples.REACTION)],
    )
    def list(self, request: SignedRequest, pk: UUID) -> Response:
        asked = read(ReactionsQuery, request.query_params.dict())
        found = self.get_queryset()
        if "emoji" in asked:
            found = found.filter(emoji=asked["emoji"])
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(found), many=True).data)

    @extend_schema(
        operation_id="message_reactions_add",
        tags=["messages"],
        summary="React to a message",
        description="With one emoji; with several, one after the other. The same again is the same reaction.",
        request=ReactionInput,
        responses={
            201: MessageForReaderSerializer,
            200: OpenApiResponse(MessageForReaderSerializer, "You have reacted with it already."),
            **refuses(
                examples.not_allowed("message.react"),
                problems.NotOpenToYou,
                problems.MessageWasDeleted,
                problems.ReactionLimitReached(limit=Reaction.MAX_DISTINCT),
            ),
        },
        examples=[sent("react", {"emoji": "👍"}), given("message", examples.REACTED, 201, 200)],
    )
    def create(self, request: SignedRequest, pk: UUID) -> Response:
        _reaction, is_new = services.add_reaction(
            actor=request.user, message=self.message, **read(ReactionInput, request.data)
        )
        message = Message.objects.shown_to(request.user.pk).get(pk=pk)
        return Response(
            seen(message, self.chat, request.user),
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/messages/{pk}/reactions"} if is_new else {},
        )

    @extend_schema(
        operation_id="message_reactions_remove",
        tags=["messages"],
        summary="Take a reaction back",
        description="One's own, by its id or its emoji.",
        responses={204: OpenApiResponse(description="Taken back.")},
    )
    def destroy(self, request: SignedRequest, pk: UUID, reaction: str) -> Response:
        emoji = one_emoji(reaction) or self._emoji_of(reaction)
        if emoji is None or not services.remove_reaction(
            actor=request.user, message=self.message, emoji=emoji
        ):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _emoji_of(self, text: str) -> str | None:
        try:
            mine = self.message.reactions.filter(user=self.request.user, pk=UUID(text))
        except ValueError:
            return None
        return mine.values_list("emoji", flat=True).first()
