"""A file is given out in pieces by either kind of server, and closed."""

import asyncio

import pytest
from django.core.files import File
from django.test import AsyncRequestFactory, RequestFactory

from common.api import downloads
from common.api.downloads import send_file


@pytest.fixture
def file_of(tmp_path):
    def make(content: bytes) -> File:
        path = tmp_path / "archive.zip"
        path.write_bytes(content)
        return File(path.open("rb"))

    return make


@pytest.mark.parametrize("length", [0, 7, 8, 20])
def test_an_asgi_server_reads_it_piece_by_piece(length, file_of, monkeypatch):
    monkeypatch.setattr(downloads, "CHUNK", 8)
    file = file_of(b"x" * length)

    async def read() -> list[bytes]:
        request = AsyncRequestFactory().get("/")
        response = send_file(request, file, name="mine.zip", content_type="application/zip")
        assert response.headers["Content-Length"] == str(length)
        assert response.headers["Content-Disposition"] == 'attachment; filename="mine.zip"'
        assert response.headers["Cache-Control"] == "no-store"
        return [piece async for piece in response]

    pieces = asyncio.run(read())

    assert b"".join(pieces) == b"x" * length
    assert max(map(len, pieces), default=0) <= 8
    assert file.closed


def test_a_wsgi_server_gets_it_too(file_of):
    file = file_of(b"archive")

    response = send_file(RequestFactory().get("/"), file, name="mine.zip", content_type="application/zip")

    assert b"".join(response.streaming_content) == b"archive"
    assert response.headers["Content-Disposition"] == 'attachment; filename="mine.zip"'
    file.close()
