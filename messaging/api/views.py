"""Chats, who is in them, and what they say."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.models import User
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from common.problems import Invalid
from messaging import problems, services
from messaging.models import Chat, Message, Participant

from . import examples
from .filters import ChatFilter
from .history import page_body, page_of
from .serializers import (
    ChatChangeInput,
    ChatField,
    ChatInput,
    ChatSerializer,
    HistoryQuery,
    MessageForReaderSerializer,
    MessageInput,
    MessageToChatInput,
    ParticipantSerializer,
    ParticipantsInput,
    ReadInput,
    ReadSerializer,
    RoleInput,
)

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


class HistorySerializer(serializers.Serializer[Any]):
    results = MessageForReaderSerializer(many=True)
    has_before = serializers.BooleanField()
    has_after = serializers.BooleanField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ChatScoped(ApiView):
    """Operations below one chat, which is `self.chat`; 404 for who is not in it."""

    needs_marks = False  # whether answers tell `status`, so that the chat is read with its marks
    request: SignedRequest

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        chats = Chat.objects.with_marks if self.needs_marks else Chat.objects.visible_to
        self.chat: Any = get_object_or_404(chats(self.request.user), pk=kwargs["chat"])


@extend_schema_view(
    list=extend_schema(
        operation_id="chats_list",
        tags=["chats"],
        summary="My chats",
        description="The chats that the caller is in, the most recently active first.",
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
    serializer_class = ChatSerializer
    filterset_class = ChatFilter
    queryset = Chat.objects.none()

    class pagination_class(CursorPages):  # noqa: N801 (REST framework's name)
        ordering = ("-last_activity_at", "-id")

    def get_queryset(self) -> QuerySet[Chat]:
        return Chat.objects.for_reader(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reader": self.request.user}

    @extend_schema(
        operation_id="chats_create",
        tags=["chats"],
        summary="Open a chat",
        description="A group, which the caller owns, or the private chat with one other person: asking "
        "for that again gives the same chat with 200. Title, description and settings are a group's; of a "
        "private chat they are left aside.",
        request=ChatInput,
        responses={
            201: ChatSerializer,
            200: OpenApiResponse(ChatSerializer, "The private chat you already have."),
        },
        examples=[
            sent(
                "a group", {"type": "group", "title": "Wadi Rum, December", "participants": [examples.OMAR]}
            ),
            sent("a private chat", {"type": "private", "participants": [examples.OMAR]}),
            given("opened", examples.CHAT, 201, 200),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        chat, is_new = services.create_chat(actor=request.user, **read(ChatInput, request.data))
        return Response(
            self._seen(chat),
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/chats/{chat.pk}"} if is_new else {},
        )

    @extend_schema(
        operation_id="chats_update",
        tags=["chats"],
        summary="Change a group",
        description="Title, description and settings, by its owner or an admin. What is left out stays.",
        request=ChatChangeInput,
        responses={200: ChatSerializer, **refuses(examples.not_allowed("chat.update"))},
        examples=[
            sent("rename", {"title": "Wadi Rum, January"}),
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
        "it too, after making somebody else the owner.",
        parameters=[
            OpenApiParameter("leave", OpenApiTypes.BOOL, description="As the owner: leave, don't delete.")
        ],
        responses={
            204: OpenApiResponse(description="Left, or deleted."),
            **refuses(problems.OwnerMustHandOver),
        },
    )
    def destroy(self, request: SignedRequest, pk: str) -> Response:
        chat, leave = self._chat(), request.query_params.get("leave", "false")
        if leave not in ("true", "false"):
            raise Invalid.field("leave", "invalid", "Use true or false.")
        if chat.my_role == Participant.Role.OWNER and leave == "false":
            services.delete_chat(actor=request.user, chat=chat)
        else:
            services.leave_chat(actor=request.user, chat=chat)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _chat(self) -> Any:
        return self.get_object()

    def _seen(self, chat: Chat) -> dict[str, Any]:
        seen = self.get_queryset().get(pk=chat.pk)
        return self.get_serializer(seen).data


class ChatMessagesView(ChatScoped):
    needs_marks = True

    @extend_schema(
        operation_id="chat_messages_list",
        tags=["messages"],
        summary="Read a chat back",
        description="Messages in ascending order of `seq`: the newest ones, or those before, after or around "
        "a position. Positions are not dense in messages: other changes of the chat take some.",
        parameters=ANCHORS,
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
        request=MessageInput,
        responses={
            201: MessageForReaderSerializer,
            200: OpenApiResponse(MessageForReaderSerializer, "Sent before, under this client id."),
            **refuses(problems.ClientIdConflict),
        },
        examples=[
            sent("send", {"text": "We leave at dawn.", "client_id": "phone-7f3a-18"}),
            given("sent", examples.MESSAGE, 201, 200),
        ],
    )
    def post(self, request: SignedRequest, chat: UUID) -> Response:
        return send(request, self.chat, read(MessageInput, request.data))


class MessagesView(ApiView):
    @extend_schema(
        operation_id="messages_list",
        tags=["messages"],
        summary="Read a chat back",
        description="As `GET chats/{chat}/messages`, the chat in the query.",
        parameters=[
            OpenApiParameter("chat", OpenApiTypes.UUID, required=True, description="The chat."),
            *ANCHORS,
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
        request=MessageToChatInput,
        responses={
            201: MessageForReaderSerializer,
            200: OpenApiResponse(MessageForReaderSerializer, "Sent before, under this client id."),
            **refuses(problems.ClientIdConflict),
        },
        examples=[
            sent(
                "send", {"chat": examples.CHAT_ID, "text": "We leave at dawn.", "client_id": "phone-7f3a-18"}
            ),
            given("sent", examples.MESSAGE, 201, 200),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        message = read(MessageToChatInput, request.data, chats=Chat.objects.with_marks(request.user))
        return send(request, message.pop("chat"), message)


class HistoryInChatQuery(HistoryQuery):
    chat = ChatField()


class MessageView(ApiView):
    @extend_schema(
        operation_id="messages_read",
        tags=["messages"],
        summary="A message",
        description="One message of a chat that the caller is in.",
        responses={200: MessageForReaderSerializer},
        examples=[given("message", examples.MESSAGE)],
    )
    def get(self, request: SignedRequest, pk: UUID) -> Response:
        chats = Chat.objects.with_marks(request.user)
        message = get_object_or_404(Message.objects.with_author(), pk=pk)
        chat = get_object_or_404(chats, pk=message.chat_id)
        return Response(seen(message, chat, request.user))


class ReadView(ChatScoped):
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


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_participants_list",
        tags=["chats"],
        summary="Who is in a chat",
        description="In the order in which they came.",
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
        return self.chat.participants.listed()

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
        added = services.add_participants(
            actor=request.user, chat=self.chat, **read(ParticipantsInput, request.data)
        )
        return Response(
            ParticipantSerializer(added, many=True).data,
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
        return Response(ParticipantSerializer(changed).data)

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


def seen(message: Message, chat: Chat, reader: User) -> dict[str, Any]:
    return MessageForReaderSerializer(message, context={"chat": chat, "reader": reader}).data


def marks(me: Participant) -> dict[str, int]:
    return {"read_seq": me.read_seq, "unread_count": Message.objects.unread_by(me).count()}


def history(chat: Chat, asked: dict[str, Any], request: SignedRequest) -> dict[str, Any]:
    page = page_of(chat, asked)
    context = {"chat": chat, "reader": request.user}
    return page_body(
        page, MessageForReaderSerializer(page.messages, many=True, context=context).data, request
    )


def send(request: SignedRequest, chat: Chat, given: dict[str, Any]) -> Response:
    message, is_new = services.send_message(actor=request.user, chat=chat, **given)
    return Response(
        seen(message, chat, request.user),
        status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        headers={"Location": f"/api/v1/messages/{message.pk}"} if is_new else {},
    )
