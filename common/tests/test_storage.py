"""Files of the storage: whatever fails, none stays behind that no row names."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.db import transaction

from common import storage
from common.models import LooseFile
from common.tasks import purge_files

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NAME = f"avatars/{'0a' * 16}-64.webp"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@transaction.atomic
def fail_after(work: Callable[[list[str]], None]) -> None:
    work([NAME])
    raise ZeroDivisionError


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_written_and_kept_stays(folder):
    with time_machine.travel(NOON):
        storage.write({NAME: b"picture"})
        storage.keep([NAME])
    with time_machine.travel(NOON + timedelta(days=1)):
        assert purge_files() == 0

    assert files(folder) == [NAME]


def test_what_is_not_kept_is_deleted_after_an_hour(folder):
    with time_machine.travel(NOON, tick=False) as clock:
        storage.write({NAME: b"picture"})
        with pytest.raises(ZeroDivisionError):
            fail_after(storage.keep)
        clock.shift(timedelta(minutes=59))
        assert (purge_files(), files(folder)) == (0, [NAME])
        clock.shift(timedelta(minutes=1))
        assert (purge_files(), files(folder)) == (1, [])

    assert not LooseFile.objects.exists()


def test_what_is_let_go_of_is_deleted_at_the_commit(folder, committed):
    storage.write({NAME: b"picture"})
    storage.keep([NAME])

    with committed():
        storage.let_go([NAME])
        assert files(folder) == [NAME]

    assert files(folder) == []
    assert not LooseFile.objects.exists()


def test_what_is_let_go_of_and_rolled_back_stays(folder, committed):
    storage.write({NAME: b"picture"})
    storage.keep([NAME])

    with committed(), pytest.raises(ZeroDivisionError):
        fail_after(storage.let_go)

    assert files(folder) == [NAME]
    assert not LooseFile.objects.exists()


def test_only_what_is_loose_can_be_kept(folder):
    with pytest.raises(RuntimeError, match="loose"):
        storage.keep([NAME])


def test_a_file_that_the_storage_cannot_delete_is_tried_again(folder, monkeypatch):
    def fail(name: str) -> None:
        raise OSError("the storage is away")

    storage.write({NAME: b"picture"})
    LooseFile.objects.update(due_at=NOON)
    with monkeypatch.context() as away:
        away.setattr(default_storage, "delete", fail)
        assert purge_files() == 0

    assert purge_files() == 1
    assert files(folder) == []


def test_a_file_that_is_gone_already_is_no_fault(folder):
    LooseFile.objects.create(name=NAME, due_at=NOON)

    assert purge_files() == 1
    assert not LooseFile.objects.exists()


# --- Served -------------------------------------------------------------------------------------------------


def test_a_picture_is_served_to_be_kept_for_ever(client):
    storage.write({NAME: b"picture"})

    response = client.get(f"/media/{NAME}")

    assert (response.status_code, response.content) == (200, b"picture")
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert client.head(f"/media/{NAME}").status_code == 200
    assert client.post(f"/media/{NAME}").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "",
        "avatars",
        "avatars/",
        f"avatars/{'0b' * 16}-64.webp",
        "notes.txt",
        "../secret_key",
        "avatars/../notes.txt",
        "avatars/..%2f..%2fsecret_key",
        "%2e%2e/secret_key",
        "..\\secret_key",
        "/etc/passwd",
        f"{NAME}/..",
        f"{NAME}%00",
        f"{NAME}%0a",
        NAME.upper(),
    ],
)
def test_nothing_else_is_served(path, client, folder):
    (folder / "notes.txt").write_text("not for everybody")
    storage.write({NAME: b"picture"})

    response = client.get(f"/media/{path}")

    assert response.status_code == 404
    assert b"everybody" not in response.content
