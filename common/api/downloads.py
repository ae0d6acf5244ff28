"""Files given out a piece at a time, however large."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from asgiref.sync import sync_to_async
from django.core.files import File
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from common.problems import RangeNotSatisfiable

CHUNK: Final = 256 * 1024  # bytes
RANGE: Final = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")
NOTHING_RUNS: Final = "default-src 'none'; sandbox"  # whatever it is


def send_file(request: HttpRequest, file: File, *, name: str, content_type: str) -> HttpResponseBase:
    """*file* as a download that nobody on the way keeps. It is closed when it is sent.

    An ASGI server would read a file of Django's own `FileResponse` into memory as a whole.
    """
    response: StreamingHttpResponse
    if isinstance(request, ASGIRequest):
        response = StreamingHttpResponse(_AsyncPieces(file, file.size), content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Content-Length"] = str(file.size)
    else:
        response = FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response


@dataclass(frozen=True, kw_only=True)
class Content:
    """Something stored, as it is given out.

    Attributes:
        open: its bytes, from the first on; whoever opens it closes it.
        etag: quoted (RFC 9110 §8.8.3); another one for another content.
        shown: whether a browser may show it in place of saving it.
    """

    open: Callable[[], File]
    size: int  # bytes
    name: str
    type: str
    etag: str
    shown: bool = False


def send_content(request: HttpRequest, content: Content) -> HttpResponseBase:
    """*content*, or the one range of it that is asked for (RFC 9110 §14). It is asked for anew each time.

    Several ranges at once get all of it, as the RFC leaves to us.

    Raises:
        RangeNotSatisfiable: the range begins behind its end.
    """
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",  # kept, but not shown before we were asked
        "Content-Security-Policy": NOTHING_RUNS,
        "ETag": content.etag,
        "X-Content-Type-Options": "nosniff",
    }
    if _is_known(request, content):
        return HttpResponse(status=304, headers=headers)
    asked = _range_of(request, content)
    first, last = asked or (0, content.size - 1)
    length = last - first + 1
    headers["Content-Disposition"] = content_disposition_header(not content.shown, content.name) or "inline"
    headers["Content-Length"] = str(length)
    if asked:
        headers["Content-Range"] = f"bytes {first}-{last}/{content.size}"
    status = 206 if asked else 200
    if request.method == "HEAD":
        return HttpResponse(status=status, content_type=content.type, headers=headers)
    file = content.open()
    file.seek(first)
    pieces = _AsyncPieces if isinstance(request, ASGIRequest) else _SyncPieces
    return StreamingHttpResponse(
        pieces(file, length), status=status, content_type=content.type, headers=headers
    )


def _is_known(request: HttpRequest, content: Content) -> bool:
    """Whether the caller has it already (RFC 9110 §13.1.2)."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or content.etag in [each.removeprefix("W/") for each in known]


def _range_of(request: HttpRequest, content: Content) -> tuple[int, int] | None:
    """The first and the last byte that are asked for; None: all of it."""
    found = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if (
        found is None
        or not any(found.groups())
        or request.headers.get("If-Range", content.etag) != content.etag
    ):
        return None
    end = content.size - 1
    if found[1] is None:  # so many, from its end
        first, last = max(0, content.size - int(found[2])), end
    else:
        first, last = int(found[1]), min(int(found[2] or end), end)
        if found[2] and int(found[2]) < first:
            return None  # RFC 9110 §14.1.2: not valid, so not there
    if first > end:
        raise RangeNotSatisfiable(headers={"Content-Range": f"bytes */{content.size}"})
    return first, last


class _Pieces:
    """The next *length* bytes of *file*, which is closed in any case: a response closes its content."""

    def __init__(self, file: File, length: int) -> None:
        self.file, self.left = file, length
        self.close = file.close

    def read(self) -> bytes:
        piece: bytes = self.file.read(min(CHUNK, self.left)) if self.left else b""
        self.left -= len(piece)
        return piece


class _SyncPieces(_Pieces):
    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read():
            yield piece
        self.close()


class _AsyncPieces(_Pieces):
    """For a server that waits for nothing."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await sync_to_async(self.read)():
            yield piece
        await sync_to_async(self.close)()
