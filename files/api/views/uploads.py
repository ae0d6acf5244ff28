"""Forms with files."""

from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.parsers import UploadParser
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from files import problems, services
from files.api import examples
from files.api.serializers import BatchInput, FileSerializer, FilesSerializer, UploadInput
from files.models import File

FORM: Final = "multipart/form-data"
PHOTO: Final = {"file": "(the bytes of camp.jpg)", "purpose": "message"}
TAKEN: Final = (
    "What it is is looked up in its content, and the name's ending must not say otherwise. Pictures (JPEG, "
    "PNG, GIF, WebP), sound (MP3, AAC, M4A, OGG, FLAC, WAV), films (MP4, WebM, QuickTime, OGV), documents "
    "(PDF, RTF, of Office, OpenDocument, EPUB), text and ZIP archives are taken; how large they may be, `GET "
    "limits` says."
)


class Uploads(ApiView):
    scope = "files"
    parser_classes = (UploadParser,)

    @property
    def max_upload(self) -> int:
        return settings.MAX_FILE_SIZE


class UploadView(Uploads):
    @extend_schema(
        operation_id="files_upload",
        tags=["files"],
        summary="Upload a file",
        description=f"{TAKEN} Where viruses are looked for, `scan` is `pending` at first and nobody gets "
        "the content; `file.updated` tells of its end. A file that nothing names within a day, such as a "
        "message, is deleted.",
        request={FORM: UploadInput},
        responses={201: FileSerializer, **refuses(problems.QuotaExceeded)},
        examples=[sent("a photo", PHOTO, FORM), given("uploaded", examples.UPLOADED, 201)],
    )
    def post(self, request: SignedRequest) -> Response:
        return created(take_in(request), request)


class ImagesView(Uploads):
    @extend_schema(
        operation_id="files_upload_image",
        tags=["files"],
        summary="Upload a picture",
        description="As `POST files/upload`, of a JPEG, PNG, GIF or WebP picture.",
        request={FORM: UploadInput},
        responses={201: FileSerializer, **refuses(problems.QuotaExceeded)},
        examples=[sent("a photo", PHOTO, FORM), given("uploaded", examples.UPLOADED, 201)],
    )
    def post(self, request: SignedRequest) -> Response:
        return created(take_in(request, only=File.Kind.IMAGE), request)


class ImageBatchView(Uploads):
    @extend_schema(
        operation_id="files_upload_images",
        tags=["files"],
        summary="Upload several pictures",
        description="All of them are taken, or none; together they are no larger than one file may be.",
        request={FORM: BatchInput},
        responses={201: FilesSerializer, **refuses(problems.QuotaExceeded)},
        examples=[
            sent("two photos", {"files": ["(the bytes of camp.jpg)", "(the bytes of fire.jpg)"]}, FORM),
            given("uploaded", {"results": [examples.UPLOADED]}, 201),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        sent = read(BatchInput, request.data)
        files = [(file.name or "", file) for file in sent.pop("files")]
        taken = services.take_in_pictures(owner=request.user, files=files, **sent)
        body = FilesSerializer({"results": taken}, context={"reader": request.user.pk}).data
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": "/api/v1/files"})


def take_in(request: SignedRequest, **more: Any) -> File:
    sent = read(UploadInput, request.data)
    file: UploadedFile = sent.pop("file")
    return services.take_in(owner=request.user, name=file.name or "", content=file, **sent, **more)


def created(file: File, request: SignedRequest) -> Response:
    return Response(
        FileSerializer(file, context={"reader": request.user.pk}).data,
        status=status.HTTP_201_CREATED,
        headers={"Location": f"/api/v1/files/{file.pk}"},
    )
