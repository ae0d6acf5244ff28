from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import storages

from files.tests.programs import ClamServer, S3Server


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    """The private files of this test alone."""
    private = settings.STORAGES["private"]
    settings.STORAGES = settings.STORAGES | {
        "private": private | {"OPTIONS": private["OPTIONS"] | {"location": tmp_path / "private"}}
    }
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "private"


@pytest.fixture
def stored(folder: Path):
    """The names of what is in the private storage."""
    assert storages["private"].location == str(folder)
    return lambda: sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClamServer]:
    """A clamd that knows one signature."""
    with ClamServer(tmp_path_factory.mktemp("clamd")) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3(settings, s3_server: S3Server) -> S3Server:
    """Files are in a bucket, new for this test."""
    options = s3_server.options(s3_server.new_bucket())
    settings.STORAGES = settings.STORAGES | {
        name: {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": options | {"location": folder},
        }
        for name, folder in {"default": "media", "private": "private"}.items()
    }
    return s3_server
