"""What there is, and that it goes."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.views import ApiViewSet
from common.problems import NotAllowed
from files import services
from files.api import examples
from files.api.filters import FileFilter
from files.api.serializers import FileSerializer
from files.models import File

NOT_YOURS = NotAllowed(denied_by={"action": "file.delete", "role": "member"})


@extend_schema_view(
    list=extend_schema(
        operation_id="files_list",
        tags=["files"],
        summary="My files",
        description="What the caller has uploaded, the newest first.",
        examples=[given("files", examples.FILE)],
    ),
    retrieve=extend_schema(
        operation_id="files_read",
        tags=["files"],
        summary="A file",
        description="One that the caller has uploaded, or may read where it is used. Its addresses are "
        "signed for the caller: they need no token, are good for an hour or two, and stop at once where the "
        "right to the file does. `url` is null while nobody may have the content: `scan` is `pending` or "
        "`infected`.",
        examples=[given("file", examples.FILE), given("not scanned yet", examples.UPLOADED)],
    ),
)
class FileViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    scope = "files"
    serializer_class = FileSerializer
    filterset_class = FileFilter
    queryset = File.objects.none()
    pagination_class = CursorPages

    def get_queryset(self) -> QuerySet[File]:
        if self.action == "list":
            return File.objects.filter(owner=self.request.user)
        return services.visible_to(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reader": self.request.user.pk}

    @extend_schema(
        operation_id="files_delete",
        tags=["files"],
        summary="Delete a file",
        description="By whoever uploaded it, wherever it is used: messages lose it, its content is deleted.",
        responses={204: OpenApiResponse(description="Deleted."), **refuses(NOT_YOURS)},
    )
    def destroy(self, request: SignedRequest, pk: UUID) -> Response:
        services.delete_file(actor=request.user, file=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
