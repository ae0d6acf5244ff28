"""Files that were sent in a chat."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.parsers import UploadParser
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiViewSet
from files.problems import QuotaExceeded
from messaging import services
from messaging.api import examples
from messaging.api.filters import ChatFileFilter
from messaging.api.serializers import ChatFileInput, ChatFileSerializer
from messaging.models import MessageFile

from .scope import ChatScoped

FORM = "multipart/form-data"


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_files_list",
        tags=["files"],
        summary="Files of a chat",
        description="What was sent in it, the newest first, with the message that has it.",
        examples=[given("files", examples.CHAT_FILE)],
    )
)
class ChatFileViewSet(mixins.ListModelMixin, ChatScoped, ApiViewSet):
    scope = "messages"
    serializer_class = ChatFileSerializer
    filterset_class = ChatFileFilter
    parser_classes = (UploadParser,)
    pagination_class = CursorPages
    queryset = MessageFile.objects.none()

    @property
    def max_upload(self) -> int:
        return settings.MAX_FILE_SIZE

    def get_queryset(self) -> QuerySet[MessageFile]:
        return self.chat.message_files.not_hidden_from(self.request.user.pk).listed()

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reader": self.request.user.pk}

    @extend_schema(
        operation_id="chat_files_send",
        tags=["files"],
        summary="Upload a file and send it",
        description="`POST files/upload` and `POST chats/{chat}/messages` in one.",
        request={FORM: ChatFileInput},
        responses={
            201: ChatFileSerializer,
            **refuses(QuotaExceeded, examples.not_allowed("message.attach")),
        },
        examples=[
            sent("a photo", {"file": "(the bytes of camp.jpg)", "text": "Here."}, FORM),
            given("sent", examples.CHAT_FILE, 201),
        ],
    )
    def create(self, request: SignedRequest, chat: UUID) -> Response:
        given = read(ChatFileInput, request.data)
        file = given.pop("file")
        row = services.send_file(
            actor=request.user, chat=self.chat, name=file.name or "", content=file, **given
        )
        return Response(
            self.get_serializer(row).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": f"/api/v1/messages/{row.message_id}"},
        )
