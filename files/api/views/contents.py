"""What is in a file, and how it looks."""

from functools import partial
from pathlib import PurePath
from typing import Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from accounts.authentication import ApiKeyAuthentication, BearerAuthentication, SignedRequest
from common import storage
from common.api.downloads import Content, send_content
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from common.problems import RangeNotSatisfiable
from files import problems, services
from files.api.authentication import LinkAuthentication
from files.api.serializers import LinkQuery, ThumbnailQuery
from files.models import File

LINK = [
    OpenApiParameter("for", str, description="Of a signed address: its reader."),
    OpenApiParameter("exp", str, description="Of a signed address: its end, as a UNIX time."),
    OpenApiParameter("sig", str, description="Of a signed address, in place of an access token."),
]
RANGE = OpenApiParameter("Range", str, "header", description="One range of bytes, such as `bytes=0-1023`.")
BINARY: Final = "*/*"  # each file has its own media type
BYTES = OpenApiExample("bytes", "…", response_only=True, status_codes=["200", "206"], media_type=BINARY)
PICTURE = OpenApiExample(
    "picture", "RIFF…", response_only=True, status_codes=["200"], media_type="image/webp"
)


class Contents(ApiView):
    scope = "files"
    authentication_classes = (LinkAuthentication, BearerAuthentication, ApiKeyAuthentication)

    def file(self, request: SignedRequest, pk: UUID) -> File:
        """The file, if its content is for the caller, now."""
        file = get_object_or_404(services.visible_to(request.user), pk=pk)
        services.require_open(file)
        return file


class ContentView(Contents):
    @extend_schema(
        operation_id="files_content",
        tags=["files"],
        summary="The content of a file",
        description="To whoever may read it: with a token, or by the signed address that the file was given "
        "with. Knows ranges, so that a player may skip and a download go on. It may redirect to where the "
        "content is, for a minute. Nobody gets it before its scan has ended well.",
        parameters=[*LINK, RANGE],
        responses={
            (200, BINARY): OpenApiResponse(OpenApiTypes.BINARY, "All of it."),
            (206, BINARY): OpenApiResponse(OpenApiTypes.BINARY, "The range."),
            302: OpenApiResponse(description="It is there."),
            304: OpenApiResponse(description="The caller has it already."),
            **refuses(problems.FileWithheld, RangeNotSatisfiable),
        },
        examples=[BYTES],
    )
    def get(self, request: SignedRequest, pk: UUID) -> HttpResponseBase:
        file = self.file(request, pk)
        read(LinkQuery, request.query_params.dict())
        content = Content(
            open=partial(services.open_stored, file.stored),
            size=file.size,
            name=file.name,
            type=file.type,
            etag=f'"{file.pk}"',
        )
        return give(request, file.stored, content)


class ThumbnailView(Contents):
    @extend_schema(
        operation_id="files_thumbnail",
        tags=["files"],
        summary="A picture of a file",
        description="The smallest WebP that is at least as long as asked, or else the largest. To whom the "
        "content is given, in the same ways.",
        parameters=[
            OpenApiParameter("size", int, description="Pixels of its longer side; 320 if left out."),
            *LINK,
        ],
        responses={
            (200, "image/webp"): OpenApiResponse(OpenApiTypes.BINARY, "The picture."),
            302: OpenApiResponse(description="It is there."),
            304: OpenApiResponse(description="The caller has it already."),
            **refuses(problems.FileWithheld),
        },
        examples=[PICTURE],
    )
    def get(self, request: SignedRequest, pk: UUID) -> HttpResponseBase:
        file = self.file(request, pk)
        size = services.thumbnail_for(file, read(ThumbnailQuery, request.query_params.dict())["size"])
        stored = file.thumbnail(size)
        content = Content(
            open=partial(services.open_stored, stored),
            size=services.size_of_stored(stored),
            name=f"{PurePath(file.name).stem}-{size}.webp",
            type="image/webp",
            etag=f'"{file.pk}-{size}"',
            shown=True,
        )
        return give(request, stored, content)


def give(request: SignedRequest, stored: str, content: Content) -> HttpResponseBase:
    """*content*, or the way to it where a bucket gives it out itself."""
    disposition = content_disposition_header(not content.shown, content.name) or "inline"
    address = storage.direct_address(
        stored, storage=storage.PRIVATE, type=content.type, disposition=disposition
    )
    response: HttpResponseBase
    if address:
        response = HttpResponseRedirect(address, headers={"Cache-Control": "no-store"})
    else:
        response = send_content(request._request, content)
    # A front end of ours may stand on another site: who may have it, the address says.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
