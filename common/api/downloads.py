"""Files given out a piece at a time, however large."""

from collections.abc import AsyncIterator
from typing import Final

from asgiref.sync import sync_to_async
from django.core.files import File
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

CHUNK: Final = 256 * 1024  # bytes


def send_file(request: HttpRequest, file: File, *, name: str, content_type: str) -> HttpResponseBase:
    """*file* as a download that nobody on the way keeps. It is closed when it is sent.

    An ASGI server would read a file of Django's own `FileResponse` into memory as a whole.
    """
    response: StreamingHttpResponse
    if isinstance(request, ASGIRequest):
        response = StreamingHttpResponse(_pieces(file), content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Content-Length"] = str(file.size)
    else:
        response = FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response


async def _pieces(file: File) -> AsyncIterator[bytes]:
    try:
        while piece := await sync_to_async(file.read)(CHUNK):
            yield piece
    finally:
        await sync_to_async(file.close)()
