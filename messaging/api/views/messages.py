"""What is said: send, read back."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.models import User
from common.api.examples import given, sent
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from messaging import problems, services
from messaging.api import examples
from messaging.api.history import page_body, page_of
from messaging.api.serializers import (
    ChatField,
    DeleteQuery,
    EditInput,
    HistoryQuery,
    MessageForReaderSerializer,
    ScheduledSerializer,
    SendInput,
    SendToChatInput,
)
from messaging.models import Chat, Message, MessageQuerySet

from .edits import EDIT_REFUSALS, IF_MATCH, revision_matched
from .scheduled import scheduled
from .scope import ChatScoped, MessageScoped

ANCHORS = [
    OpenApiParameter(name, OpenApiTypes.INT, description=description)
    for name, description in [
        ("before", "Messages before this `seq`. One of `before`, `after`, `around`."),
        ("after", "Messages after this `seq`."),
        ("around", "Messages on both sides of this `seq`, itself included."),
        ("limit", "At most so many: 50 if left out, up to 200."),
    ]
] + [
    OpenApiParameter("from", OpenApiTypes.DATETIME, description="Only sent at this time or later."),
    OpenApiParameter("to", OpenApiTypes.DATETIME, description="Only sent before this time."),
]


HISTORY = [
    *ANCHORS,
    OpenApiParameter("threads", OpenApiTypes.STR, enum=["all"], description="With what stands in threads."),
]


class HistorySerializer(serializers.Serializer[Any]):
    results = MessageForReaderSerializer(many=True)
    has_before = serializers.BooleanField()
    has_after = serializers.BooleanField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class HistoryInChatQuery(HistoryQuery):
    chat = ChatField()


class ChatMessagesView(ChatScoped):
    scope = "messages"
    needs_marks = True

    @extend_schema(
        operation_id="chat_messages_list",
        tags=["messages"],
        summary="Read a chat back",
        description="Messages in ascending order of `seq`: the newest ones, or those before, after or around "
        "a position, without what stands in threads. Positions are not dense in messages: other changes of "
        "the chat take some.",
        parameters=HISTORY,
        responses={200: HistorySerializer},
        examples=[given("page", examples.HISTORY)],
    )
    def get(self, request: SignedRequest, chat: UUID) -> Response:
        return Response(history(self.chat, read(HistoryQuery, request.query_params.dict()), request))

    @extend_schema(
        operation_id="chat_messages_send",
        tags=["messages"],
        summary="Send a message",
        description="Gives the message its `seq` in the chat and tells everybody in it. Under the same "
        "`client_id` it is sent once, however often it is tried: then 200 and the same message.",
        request=SendInput,
        responses={
            201: MessageForReaderSerializer,
            200: OpenApiResponse(MessageForReaderSerializer, "Sent before, under this client id."),
            202: OpenApiResponse(ScheduledSerializer, "To be sent at its time, as `scheduled_for` says."),
            **refuses(problems.ClientIdConflict, problems.NotOpenToYou, problems.TooManyScheduled),
        },
        examples=[
            sent("send", {"text": "We leave at dawn.", "client_id": "phone-7f3a-18"}),
            sent(
                "reply",
                {"text": "So early?", "reply_to": {"message": examples.MESSAGE["id"], "quote": "at dawn"}},
            ),
            given("sent", examples.MESSAGE, 201, 200),
            given("scheduled", examples.SCHEDULED, 202),
        ],
    )
    def post(self, request: SignedRequest, chat: UUID) -> Response:
        return send(request, self.chat, read(SendInput, request.data))


class MessagesView(ApiView):
    scope = "messages"

    @extend_schema(
        operation_id="messages_list",
        tags=["messages"],
        summary="Read a chat back",
        description="As `GET chats/{chat}/messages`, the chat in the query.",
        parameters=[
            OpenApiParameter("chat", OpenApiTypes.UUID, required=True, description="The chat."),
            *HISTORY,
        ],
        responses={200: HistorySerializer},
        examples=[given("page", examples.HISTORY)],
    )
    def get(self, request: SignedRequest) -> Response:
        asked = read(
            HistoryInChatQuery, request.query_params.dict(), chats=Chat.objects.with_marks(request.user)
        )
        return Response(history(asked.pop("chat"), asked, request))

    @extend_schema(
        operation_id="messages_send",
        tags=["messages"],
        summary="Send a message",
        description="As `POST chats/{chat}/messages`, the chat in the body.",
        request=SendToChatInput,
        responses={
            201: MessageForReaderSerializer,
            200: OpenApiResponse(MessageForReaderSerializer, "Sent before, under this client id."),
            202: OpenApiResponse(ScheduledSerializer, "To be sent at its time, as `scheduled_for` says."),
            **refuses(problems.ClientIdConflict, problems.NotOpenToYou, problems.TooManyScheduled),
        },
        examples=[
            sent(
                "send", {"chat": examples.CHAT_ID, "text": "We leave at dawn.", "client_id": "phone-7f3a-18"}
            ),
            given("sent", examples.MESSAGE, 201, 200),
            given("scheduled", examples.SCHEDULED, 202),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        message = read(SendToChatInput, request.data, chats=Chat.objects.with_marks(request.user))
        return send(request, message.pop("chat"), message)


class MessageView(MessageScoped):
    @extend_schema(
        operation_id="messages_read",
        tags=["messages"],
        summary="A message",
        description="One message of a chat that the caller is in.",
        responses={200: MessageForReaderSerializer},
        examples=[given("message", examples.MESSAGE)],
    )
    def get(self, request: SignedRequest, pk: UUID) -> Response:
        return Response(seen(self.message, self.chat, request.user))

    @extend_schema(
        operation_id="messages_update",
        tags=["messages"],
        summary="Edit a message",
        description="By its author, while the chat's `edit_window` is open. With `revision`, or the same in "
        "`If-Match`, only if nobody edited it after that one. Saying what it says already changes nothing.",
        parameters=[IF_MATCH],
        request=EditInput,
        responses={200: MessageForReaderSerializer, **refuses(*EDIT_REFUSALS)},
        examples=[
            sent("edit", {"text": "We leave at noon.", "revision": 1}),
            given("message", examples.EDITED),
        ],
    )
    def patch(self, request: SignedRequest, pk: UUID) -> Response:
        edit = read(EditInput, request.data)
        if (seen_revision := revision_matched(request)) is not None:
            edit["revision"] = seen_revision
        message = services.edit_message(actor=request.user, message=self.message, **edit)
        return Response(seen(message, self.chat, request.user))

    @extend_schema(
        operation_id="messages_replace",
        tags=["messages"],
        summary="Edit a message",
        description="As `PATCH`.",
        parameters=[IF_MATCH],
        request=EditInput,
        responses={200: MessageForReaderSerializer, **refuses(*EDIT_REFUSALS)},
        examples=[sent("edit", {"text": "We leave at noon."}), given("message", examples.EDITED)],
    )
    def put(self, request: SignedRequest, pk: UUID) -> Response:
        return self.patch(request, pk)

    @extend_schema(
        operation_id="messages_delete",
        tags=["messages"],
        summary="Delete a message",
        description="For everybody: its author may at any time, an owner or admin may with what somebody of "
        "lower rank wrote. The message keeps its place and says nothing any more, and what it said is gone "
        "from the server. Or for oneself: it is hidden from the caller, everywhere. Deleting twice is "
        "deleting once.",
        parameters=[
            OpenApiParameter(
                "for", OpenApiTypes.STR, enum=["all", "me"], description="For whom: `all` if left out."
            )
        ],
        responses={
            204: OpenApiResponse(description="Deleted, or it was already."),
            **refuses(
                examples.not_allowed("message.delete_others"),
                examples.cannot_act_on_equal("message.delete_others"),
            ),
        },
    )
    def delete(self, request: SignedRequest, pk: UUID) -> Response:
        asked = read(DeleteQuery, request.query_params.dict())
        if asked["for"] == "me":
            services.hide_message(actor=request.user, message=self.message)
        else:
            services.delete_message(actor=request.user, message=self.message)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def messages(self) -> MessageQuerySet:
        if self.request.method == "DELETE":
            return Message.objects.all()  # deleting again what one has deleted for oneself is no error
        return super().messages().shown_to(self.request.user.pk)


def seen(message: Message, chat: Chat, reader: User) -> dict[str, Any]:
    return MessageForReaderSerializer.show(message, chat=chat, reader=reader)


def location_of(message: UUID | str) -> str:
    return f"/api/v1/messages/{message}"


def history(chat: Chat, asked: dict[str, Any], request: SignedRequest) -> dict[str, Any]:
    found = chat.messages.all() if "threads" in asked else chat.messages.main_line()
    page = page_of(found, asked, request.user)
    context = {"chat": chat, "reader": request.user}
    return page_body(
        page, MessageForReaderSerializer(page.messages, many=True, context=context).data, request
    )


def send(request: SignedRequest, chat: Chat, given: dict[str, Any]) -> Response:
    if "scheduled_for" in given:
        row, _is_new = services.schedule_message(actor=request.user, chat=chat, **given)
        return scheduled(row, status.HTTP_202_ACCEPTED)
    message, is_new = services.send_message(actor=request.user, chat=chat, **given)
    return Response(
        seen(message, chat, request.user),
        status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        headers={"Location": location_of(message.pk)} if is_new else {},
    )
