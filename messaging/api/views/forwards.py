"""Passing on what was said."""

from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.schema import refuses
from common.api.serializers import read
from messaging import problems, services
from messaging.api import examples
from messaging.api.serializers import ForwardInput, MessageForReaderSerializer
from messaging.models import Chat

from .messages import seen
from .scope import MessageScoped


class ForwardView(MessageScoped):
    @extend_schema(
        operation_id="messages_forward",
        tags=["messages"],
        summary="Forward a message",
        description="Says the same in other chats, with who said it first and when, but not where. "
        "Under the same `client_id` it is forwarded once to each chat, however often it is tried: then 200 "
        "and the same messages.",
        request=ForwardInput,
        responses={
            201: MessageForReaderSerializer(many=True),
            200: OpenApiResponse(MessageForReaderSerializer(many=True), "Forwarded before."),
            **refuses(
                examples.not_allowed("message.send"), problems.NotForwardable, problems.MessageWasDeleted
            ),
        },
        examples=[
            sent("forward", {"chats": [examples.CHAT_ID], "client_id": "phone-7f3a-19"}),
            given("messages", examples.FORWARDED, 201, 200),
        ],
    )
    def post(self, request: SignedRequest, pk: UUID) -> Response:
        forward = read(ForwardInput, request.data, chats=Chat.objects.with_marks(request.user))
        sent_there = services.forward_message(actor=request.user, message=self.message, **forward)
        is_new = any(new for _, new in sent_there)
        return Response(
            [
                seen(message, chat, request.user)
                for (message, _), chat in zip(sent_there, forward["chats"], strict=True)
            ],
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/messages/{sent_there[0][0].pk}"} if is_new else {},
        )
