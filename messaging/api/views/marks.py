"""How far what is said has come with people."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.serializers import read
from common.api.views import ApiView
from messaging import services
from messaging.api import examples
from messaging.api.serializers import (
    MessageForReaderSerializer,
    ReadInput,
    ReadSerializer,
    ReceiptsSerializer,
    StatusInput,
    UnreadQuery,
    UnreadSerializer,
)
from messaging.models import Chat, MarkMove, Message, Participant

from .messages import seen
from .scope import ChatScoped


class ReadView(ChatScoped):
    scope = "messages"

    @extend_schema(
        operation_id="chats_mark_read",
        tags=["messages"],
        summary="Mark as read",
        description="Moves the caller's read mark to `seq`, at most to the newest position. It never moves "
        "back.",
        request=ReadInput,
        responses={200: ReadSerializer},
        examples=[sent("read", {"seq": 42}), given("read", {"read_seq": 42, "unread_count": 0})],
    )
    def post(self, request: SignedRequest, chat: UUID) -> Response:
        me = services.mark_read(actor=request.user, chat=self.chat, **read(ReadInput, request.data))
        return Response(marks(me))


class UnreadView(ChatScoped):
    scope = "messages"

    @extend_schema(
        operation_id="chats_unread",
        tags=["messages"],
        summary="What is unread, and why",
        description="The caller's badges of a chat; with `explain=1` the messages behind each, which are as "
        "many as it counts.",
        parameters=[
            OpenApiParameter(
                "explain", OpenApiTypes.STR, enum=["0", "1"], description="1: name the messages."
            ),
            OpenApiParameter("after", OpenApiTypes.INT, description="Only those beyond this `seq`."),
        ],
        responses={200: UnreadSerializer},
        examples=[given("unread", examples.UNREAD)],
    )
    def get(self, request: SignedRequest, chat: UUID) -> Response:
        asked = read(UnreadQuery, request.query_params.dict())
        explain = asked.pop("explain", "0") == "1"
        me = get_object_or_404(self.chat.participants.present().select_related("user"), user=request.user)
        badges = services.badges_of(me, explain=explain, **asked)
        unread = {"read_seq": me.read_seq, "badges": badges}
        return Response(UnreadSerializer(unread, context={"explain": explain}).data)


class StatusView(ApiView):
    scope = "messages"

    @extend_schema(
        operation_id="messages_set_status",
        tags=["messages"],
        summary="Say that a message has arrived, or was read",
        description="It and all before it: moves the caller's mark up to it, which never moves back. What is "
        "read has arrived.",
        request=StatusInput,
        responses={200: MessageForReaderSerializer},
        examples=[
            sent("delivered", {"status": "delivered"}),
            sent("read", {"status": "read"}),
            given("message", examples.MESSAGE | {"status": "read"}),
        ],
    )
    def put(self, request: SignedRequest, pk: UUID) -> Response:
        chats = Chat.objects.with_marks(request.user)
        message = get_object_or_404(Message.objects.shown_to(request.user.pk), pk=pk)
        chat = get_object_or_404(chats, pk=message.chat_id)
        move = {MarkMove.Kind.READ: services.mark_read, MarkMove.Kind.DELIVERED: services.mark_delivered}
        status = read(StatusInput, request.data)["status"]
        move[status](actor=request.user, chat=chat, seq=message.seq)
        return Response(seen(message, get_object_or_404(chats, pk=chat.pk), request.user))


class ReceiptsView(ApiView):
    scope = "messages"

    @extend_schema(
        operation_id="messages_receipts",
        tags=["messages"],
        summary="Who has received and read a message",
        description="Whom it was for, how far it has come with each, and since when; that is known for 90 "
        "days. Who hides what they have read (`privacy.read_receipts`) is shown as having received it, and "
        "sees of nobody what they have read. In a chat of more than 100 there are counts alone.",
        responses={200: ReceiptsSerializer},
        examples=[given("receipts", examples.RECEIPTS)],
    )
    def get(self, request: SignedRequest, pk: UUID) -> Response:
        message = get_object_or_404(Message, pk=pk)
        chat = get_object_or_404(Chat.objects.visible_to(request.user), pk=message.chat_id)
        receipts = services.receipts_of(message=message, chat=chat, reader=request.user)
        return Response(ReceiptsSerializer(receipts).data)


def marks(me: Participant) -> dict[str, int]:
    return {"read_seq": me.read_seq, "unread_count": Message.objects.unread_by(me).count()}
