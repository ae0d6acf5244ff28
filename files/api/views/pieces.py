"""Files that come in pieces: tus 1.0.0, or in parts straight to the bucket."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.problems import ProviderNotConfigured
from common.api.examples import given, sent
from common.api.parsers import JSONParser
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from common.problems import BodyTooLarge, Invalid, UnsupportedMediaType
from files import problems, services
from files.api import examples, tus
from files.api.uploads import CompleteInput, DirectUploadInput, UploadSerializer
from files.models import Upload

PIECES: Final = {tus.PIECE_TYPE: OpenApiTypes.BINARY}


def header(name: str, description: str, *, required: bool = True) -> OpenApiParameter:
    return OpenApiParameter(
        name, OpenApiTypes.STR, OpenApiParameter.HEADER, required=required, description=description
    )


TUS: Final = header("Tus-Resumable", "`1.0.0`")
CHECKSUM: Final = header("Upload-Checksum", "`sha1` or `sha256`, a space, Base64.", required=False)


class TusView(ApiView):
    """Answers in the version of tus that it speaks. Its requests must say theirs, `OPTIONS` excepted."""

    scope = "files"
    parser_classes = (JSONParser, tus.PieceParser)
    http_method_names = [*ApiView.http_method_names, "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # For clients that know no `PATCH`: part of the protocol.
        meant = request.headers.get("X-HTTP-Method-Override", "")
        if request.method == "POST" and meant in ("PATCH", "DELETE", "HEAD"):
            request.method = meant
        return super().dispatch(request, *args, **kwargs)

    def get_permissions(self) -> Sequence[Any]:
        return [AllowAny()] if self.request.method == "OPTIONS" else super().get_permissions()

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(*args, **kwargs)
        response["Tus-Resumable"] = tus.VERSION
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        return Response(
            status=status.HTTP_204_NO_CONTENT,
            headers={
                "Tus-Version": tus.VERSION,
                "Tus-Extension": tus.EXTENSIONS,
                "Tus-Max-Size": str(settings.MAX_FILE_SIZE),
                "Tus-Checksum-Algorithm": ",".join(services.CHECKSUMS),
            },
        )

    @staticmethod
    def require_version(request: Request) -> None:
        if request.headers.get("Tus-Resumable") != tus.VERSION:
            raise problems.TusVersionUnsupported(headers={"Tus-Version": tus.VERSION})


class PieceUploadsView(TusView):
    @extend_schema(
        operation_id="files_uploads_create",
        tags=["files"],
        summary="Upload a file in pieces",
        description="As tus 1.0.0 has it (creation, creation-with-upload, expiration, checksum, "
        "termination), for any tus client: set its chunk size to `upload_piece_bytes` of `GET limits`, or "
        "less. `Upload-Metadata` may say `filename` and `purpose`. Then `PATCH` the pieces to `Location`; "
        "the last one is answered when the file is there, with its id in `Upload-File`. `OPTIONS` tells what "
        "is spoken, `HEAD` how far it is.\n\nA JSON body with `direct: true` instead gives addresses to "
        "`PUT` parts at, straight to the bucket; then `POST …/complete`. 503 where files are in a folder.",
        parameters=[
            header("Tus-Resumable", "`1.0.0`, without a JSON body.", required=False),
            header("Upload-Length", "Bytes of the file, without a JSON body.", required=False),
            header("Upload-Metadata", "Names and Base64 values, with commas between.", required=False),
            CHECKSUM,
        ],
        request={"application/json": DirectUploadInput, **PIECES},
        responses={
            201: UploadSerializer,
            **refuses(
                problems.TooManyUploads,
                problems.QuotaExceeded,
                problems.TusVersionUnsupported,
                ProviderNotConfigured,
            ),
        },
        examples=[
            sent("the first bytes", "As-salamu alaykum", tus.PIECE_TYPE),
            sent("straight to the bucket", {"name": "petra.mp4", "size": 12_000_000, "direct": True}),
            given("begun", examples.UPLOAD, 201),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        if request.content_type.partition(";")[0].strip() == "application/json":
            said = read(DirectUploadInput, request.data)
            upload = services.begin_direct_upload(
                owner=request.user, size=said["size"], name=said["name"], purpose=said.get("purpose", "")
            )
        else:
            upload = self._begin(request)
        headers = tus.standing(upload) | {"Location": f"/api/v1/files/uploads/{upload.pk}"}
        return Response(body_of(upload), status=status.HTTP_201_CREATED, headers=headers)

    def _begin(self, request: SignedRequest) -> Upload:
        self.require_version(request)
        if "Upload-Defer-Length" in request.headers:
            raise Invalid.field("Upload-Defer-Length", "unsupported", "Say `Upload-Length`.")
        length, said = tus.number(request.headers, "Upload-Length"), tus.metadata(request.headers)
        checksum, content = tus.checksum(request.headers), content_of(request)
        if len(said.get("purpose", "")) > 32:
            raise Invalid.field("purpose", "max_length", "At most 32 characters.")
        upload = services.begin_upload(
            owner=request.user,
            size=length,
            name=said.get("filename") or said.get("name") or "",
            purpose=said.get("purpose", ""),
            metadata=request.headers.get("Upload-Metadata", ""),
        )
        if not content:
            return upload
        try:
            return services.receive_piece(upload=upload, offset=0, content=content, checksum=checksum)
        except Exception:
            services.stop_upload(upload=upload)  # its sender hasn't heard of it
            raise


class PieceUploadView(TusView):
    @extend_schema(
        operation_id="files_upload_retrieve",
        tags=["files"],
        summary="How far is an upload?",
        description="Of a direct one that is open, the parts that are missing, with new addresses. `HEAD` "
        "says the same in the headers of tus.",
        responses={200: UploadSerializer},
        examples=[given("under way", examples.UPLOAD)],
    )
    def get(self, request: SignedRequest, pk: UUID) -> Response:
        upload = upload_of(request, pk)
        return Response(body_of(upload), headers={"Cache-Control": "no-store"})

    def head(self, request: SignedRequest, pk: UUID) -> Response:
        self.require_version(request)
        return Response(headers=tus.standing(upload_of(request, pk)))

    @extend_schema(
        operation_id="files_upload_send",
        tags=["files"],
        summary="Send a piece",
        description="The bytes from `Upload-Offset` on. Of two that are sent for the same place one is taken "
        "and the other is 409. The last one is answered when the file is there: its id is in `Upload-File`. "
        "`POST` with `X-HTTP-Method-Override: PATCH` is the same.",
        parameters=[TUS, header("Upload-Offset", "Where they go on."), CHECKSUM],
        request=PIECES,
        responses={
            204: OpenApiResponse(description="Taken; `Upload-Offset` says how far it is."),
            **refuses(
                problems.UploadOffsetConflict,
                problems.UploadInTooManyPieces,
                problems.QuotaExceeded,
                problems.UploadClosed,
                problems.TusVersionUnsupported,
                BodyTooLarge,
                problems.ChecksumMismatch,
            ),
        },
        examples=[sent("the next bytes", "As-salamu alaykum", tus.PIECE_TYPE)],
    )
    def patch(self, request: SignedRequest, pk: UUID) -> Response:
        self.require_version(request)
        upload = upload_of(request, pk)
        if request.content_type.partition(";")[0].strip() != tus.PIECE_TYPE:
            raise UnsupportedMediaType
        offset, checksum = tus.number(request.headers, "Upload-Offset"), tus.checksum(request.headers)
        upload = services.receive_piece(
            upload=upload, offset=offset, content=content_of(request), checksum=checksum
        )
        return Response(status=status.HTTP_204_NO_CONTENT, headers=tus.standing(upload))

    @extend_schema(
        operation_id="files_upload_stop",
        tags=["files"],
        summary="Stop an upload",
        description="What came of it is deleted. The file that it became stays.",
        parameters=[header("Tus-Resumable", "`1.0.0`", required=False)],
        responses={204: OpenApiResponse(description="There is none now.")},
    )
    def delete(self, request: SignedRequest, pk: UUID) -> Response:
        services.stop_upload(upload=upload_of(request, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CompleteUploadView(ApiView):
    scope = "files"

    @extend_schema(
        operation_id="files_upload_complete",
        tags=["files"],
        summary="Put the parts of a direct upload together",
        description="And take the file in, as if it had come through us: its content is looked into now. "
        "Twice is once.",
        request=CompleteInput,
        responses={200: UploadSerializer, **refuses(problems.QuotaExceeded, problems.UploadClosed)},
        examples=[
            sent("parts", {"parts": [{"number": 1, "etag": '"5d41402abc4b2a76b9719d911017c592"'}]}),
            given("done", examples.UPLOAD_DONE),
        ],
    )
    def post(self, request: SignedRequest, pk: UUID) -> Response:
        upload = upload_of(request, pk)
        parts = read(CompleteInput, request.data).get("parts", [])
        upload = services.complete_upload(
            upload=upload, tags={part["number"]: part["etag"] for part in parts}
        )
        return Response(UploadSerializer(upload).data)


def upload_of(request: SignedRequest, pk: UUID) -> Upload:
    """An upload of the caller's; any other reads as unknown."""
    return get_object_or_404(Upload.objects.of(request.user).select_related("owner"), pk=pk)


def body_of(upload: Upload) -> Any:
    return UploadSerializer(upload, context={"parts": services.missing_parts(upload=upload)}).data


def content_of(request: Request) -> bytes:
    """The piece in *request*; empty without a body."""
    piece = request.data
    return piece.read() if hasattr(piece, "read") else b""
