"""How people sort their chats."""

from typing import Any

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
from messaging.api.serializers import FolderChangeInput, FolderInput, FolderSerializer
from messaging.models import Chat, Folder


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_folders_list",
        tags=["chats"],
        summary="My folders",
        description="In their order, each with the ids of its chats. `GET chats?folder=` lists those.",
        examples=[given("folders", examples.FOLDER)],
    ),
    retrieve=extend_schema(
        operation_id="chat_folders_read",
        tags=["chats"],
        summary="A folder of mine",
        description="Its title and the ids of its chats.",
        examples=[given("folder", examples.FOLDER)],
    ),
)
class FolderViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    scope = "chats"
    serializer_class = FolderSerializer
    queryset = Folder.objects.none()

    class pagination_class(CursorPages):  # noqa: N801
        ordering = ("position", "id")

    def get_queryset(self) -> QuerySet[Folder]:
        return Folder.objects.listed().filter(user=self.request.user)

    @extend_schema(
        operation_id="chat_folders_create",
        tags=["chats"],
        summary="Make a folder",
        description="For the caller alone. A chat may be in several.",
        request=FolderInput,
        responses={201: FolderSerializer, **refuses(problems.TooManyFolders)},
        examples=[
            sent("a folder", {"title": "Trips", "chats": [examples.CHAT_ID]}),
            given("folder", examples.FOLDER, 201),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        folder = services.create_folder(actor=request.user, **self._read(FolderInput))
        return Response(
            self._seen(folder),
            status=status.HTTP_201_CREATED,
            headers={"Location": f"/api/v1/chats/folders/{folder.pk}"},
        )

    @extend_schema(
        operation_id="chat_folders_update",
        tags=["chats"],
        summary="Change a folder",
        description="What is left out stays; `chats` takes the place of all that were in it.",
        request=FolderChangeInput,
        responses={200: FolderSerializer},
        examples=[sent("rename", {"title": "Journeys"}), given("folder", examples.FOLDER)],
    )
    def partial_update(self, request: SignedRequest, pk: str) -> Response:
        folder = services.update_folder(folder=self.get_object(), **self._read(FolderChangeInput))
        return Response(self._seen(folder))

    @extend_schema(
        operation_id="chat_folders_replace",
        tags=["chats"],
        summary="Change a folder",
        description="As `PATCH`.",
        request=FolderChangeInput,
        responses={200: FolderSerializer},
        examples=[sent("to the front", {"position": 1}), given("folder", examples.FOLDER)],
    )
    def update(self, request: SignedRequest, pk: str) -> Response:
        return self.partial_update(request, pk)

    @extend_schema(
        operation_id="chat_folders_delete",
        tags=["chats"],
        summary="Take a folder away",
        description="Its chats stay where they are.",
        responses={204: OpenApiResponse(description="Gone.")},
    )
    def destroy(self, request: SignedRequest, pk: str) -> Response:
        services.delete_folder(folder=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _read(self, shape: type[FolderChangeInput]) -> dict[str, Any]:
        return read(shape, self.request.data, chats=Chat.objects.visible_to(self.request.user))

    def _seen(self, folder: Folder) -> dict[str, Any]:
        return FolderSerializer(self.get_queryset().get(pk=folder.pk)).data
