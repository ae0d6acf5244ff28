"""What the caller has begun to say, on all their devices."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
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
from messaging.api.serializers import DraftInput, DraftQuery, DraftSerializer
from messaging.models import Draft

from .scope import ChatScoped


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_drafts_list",
        tags=["messages"],
        summary="My drafts in a chat",
        description="Of the chat and of its threads, the emptied ones too: their `version` is what the next "
        "write must name. `copies` has what was written without knowledge of what was there.",
        examples=[given("drafts", examples.DRAFT)],
    )
)
class DraftViewSet(mixins.ListModelMixin, ChatScoped, ApiViewSet):
    scope = "messages"
    serializer_class = DraftSerializer
    queryset = Draft.objects.none()

    class pagination_class(CursorPages):  # noqa: N801 (REST framework's name)
        ordering = "-id"

    def get_queryset(self) -> QuerySet[Draft]:
        return self.chat.drafts.filter(user=self.request.user).shown()

    @extend_schema(
        operation_id="chat_drafts_save",
        tags=["messages"],
        summary="Save a draft",
        description="All of the text, and the `version` that this device saw last. If another device wrote "
        "meanwhile, both are kept: what is there stays, what is sent becomes a copy beside it; the answer "
        "names the two.",
        request=DraftInput,
        responses={200: DraftSerializer, **refuses(examples.DRAFT_CONFLICT, problems.TooManyCopies)},
        examples=[
            sent("save", {"text": "We leave at", "version": 1}),
            given("saved", examples.DRAFT),
        ],
    )
    def update(self, request: SignedRequest, chat: UUID) -> Response:
        saved = services.save_draft(actor=request.user, chat=self.chat, **read(DraftInput, request.data))
        return Response(DraftSerializer(saved).data)

    @extend_schema(
        operation_id="chat_drafts_empty",
        tags=["messages"],
        summary="Empty a draft",
        description="As after sending it. Not if another device wrote meanwhile.",
        parameters=[
            OpenApiParameter("version", OpenApiTypes.INT, required=True, description="As you saw it last."),
            OpenApiParameter("thread", OpenApiTypes.UUID, description="The message below which it stands."),
        ],
        responses={204: OpenApiResponse(description="Empty."), **refuses(examples.DRAFT_CONFLICT)},
    )
    def destroy(self, request: SignedRequest, chat: UUID) -> Response:
        asked = read(DraftQuery, request.query_params.dict())
        services.save_draft(actor=request.user, chat=self.chat, text="", **asked)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="chat_drafts_discard_copy",
        tags=["messages"],
        summary="Discard a copy",
        description="One that was read, or taken over into the draft.",
        responses={204: OpenApiResponse(description="Gone.")},
    )
    def discard(self, request: SignedRequest, chat: UUID, copy: UUID) -> Response:
        services.discard_copy(actor=request.user, chat=self.chat, copy=copy)
        return Response(status=status.HTTP_204_NO_CONTENT)
