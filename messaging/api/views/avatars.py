"""The picture that a group or a channel shows."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.parsers import UploadParser
from common.api.schema import refuses
from common.api.serializers import Input, read
from messaging import services
from messaging.api import examples
from messaging.api.serializers import ChatSerializer
from messaging.models import Chat

from .scope import ChatScoped

FORM = "multipart/form-data"
MAY_NOT = refuses(examples.not_allowed("chat.update"))


class ChatAvatarInput(Input):
    file = serializers.FileField(
        allow_empty_file=True,  # the service says what is wrong with it
        help_text="A JPEG, PNG, WebP or GIF picture, up to 5 MiB. Its middle is shown.",
    )


class ChatAvatarView(ChatScoped):
    parser_classes = (UploadParser,)
    max_upload = Chat.AVATAR_BYTES

    @extend_schema(
        operation_id="chat_avatar_set",
        tags=["chats"],
        summary="Show a picture of a chat",
        description="A form with the picture as `file`. Its middle is kept, upright, as a WebP of 64, 256 "
        "and 512 pixels, without metadata. Another picture has other addresses; the old one's stop "
        "answering. For who may change title and description; a private chat has none.",
        request={FORM: ChatAvatarInput},
        responses={200: ChatSerializer, **MAY_NOT},
        examples=[
            sent("a picture", {"file": "(the bytes of rum.jpg)"}, FORM),
            given("chat", examples.CHAT),
        ],
    )
    def put(self, request: SignedRequest, chat: UUID) -> Response:
        services.set_chat_avatar(actor=request.user, chat=self.chat, **read(ChatAvatarInput, request.data))
        shown: Any = Chat.objects.for_reader(request.user).get(pk=chat)
        return Response(ChatSerializer(shown, context={"reader": request.user}).data)

    @extend_schema(
        operation_id="chat_avatar_remove",
        tags=["chats"],
        summary="Show no picture of a chat",
        description="Takes the picture away, if there is one. Its addresses stop answering.",
        responses={204: OpenApiResponse(description="There is none now."), **MAY_NOT},
    )
    def delete(self, request: SignedRequest, chat: UUID) -> Response:
        services.remove_chat_avatar(actor=request.user, chat=self.chat)
        return Response(status=status.HTTP_204_NO_CONTENT)
