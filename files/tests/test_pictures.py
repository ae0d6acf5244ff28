"""How pictures are shown: smaller ones of them, made after the upload."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.core.files.storage import storages
from django.utils import timezone
from PIL import Image

from common.models import LooseFile
from common.tests.pictures import picture
from common.tests.threads import at_once
from files.models import File
from files.services import delete_file, make_pictures
from files.services.pictures import sizes_of
from files.tasks import make_missing_pictures
from files.tests.factories import file_of
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db


def shown(file: File, size: int) -> Image.Image:
    with storages["private"].open(file.thumbnail(size)) as opened:
        return Image.open(BytesIO(opened.read()))


def test_an_upload_gets_its_pictures_after_the_commit(layla, committed, client_of):
    with committed():
        file = file_of(layla, picture("JPEG", (2000, 1000)), "a.jpg")
        assert File.objects.get().thumbnails == []

    file.refresh_from_db()
    assert file.thumbnails == [160, 320, 1280]
    assert [shown(file, size).size for size in file.thumbnails] == [(160, 80), (320, 160), (1280, 640)]
    assert shown(file, 160).format == "WEBP"
    assert len(file.blurhash) == 28
    assert stream_of(layla)[-1][1:] == ("file.updated", {"file": str(file.pk)})
    assert not LooseFile.objects.exists()
    body = client_of(layla).get(f"/api/v1/files/{file.pk}").json()
    assert list(body["thumbnails"]) == ["160", "320", "1280"]
    assert body["blurhash"] == file.blurhash


def test_a_picture_is_shown_upright_and_never_larger_than_it_is(layla):
    turned = Image.Exif()
    turned[0x0112] = 6
    file = file_of(layla, picture("JPEG", (100, 50), exif=turned), "a.jpg")

    make_pictures(file=file.pk)

    file.refresh_from_db()
    assert (file.thumbnails, shown(file, 160).size) == ([160], (50, 100))


@pytest.mark.parametrize(
    ("longer", "sizes"),
    [
        (1, [160]),
        (160, [160]),
        (161, [160, 320]),
        (320, [160, 320]),
        (321, [160, 320, 1280]),
        (9000, [160, 320, 1280]),
    ],
)
def test_there_are_as_many_sizes_as_a_picture_fills(longer, sizes):
    assert sizes_of(longer) == sizes


def test_where_it_was_taken_is_not_even_stored(layla):
    about = Image.Exif()
    about[0x010E] = "31.9539N 35.9106E"
    content = picture("JPEG", exif=about)

    file = file_of(layla, content, "a.jpg")

    with storages["private"].open(file.stored) as opened:
        stored = opened.read()
    assert b"31.9539N" not in stored
    assert file.size == len(stored) < len(content)


def test_a_second_run_makes_nothing_anew(layla, stored):
    file = file_of(layla, picture(), "a.png")

    assert make_pictures(file=file.pk) is True
    before = stored()
    assert make_pictures(file=file.pk) is False
    assert stored() == before


def test_a_picture_that_breaks_off_has_none_and_is_not_tried_for_ever(layla):
    content = picture("JPEG", (400, 300), colour="blue")
    file = file_of(layla, content[: len(content) // 3], "a.jpg")

    assert make_pictures(file=file.pk) is True
    file.refresh_from_db()
    assert (file.thumbnails, file.blurhash) == ([], "")
    assert make_pictures(file=file.pk) is False


def test_a_picture_that_is_deleted_meanwhile_leaves_nothing(layla, monkeypatch, committed, stored):
    file = file_of(layla, picture(), "a.png")
    write = make_pictures.__globals__["storage"].write

    def write_late(*args, **more):
        write(*args, **more)
        delete_file(actor=layla, file=file)

    monkeypatch.setattr("files.services.pictures.storage.write", write_late)

    with committed():
        assert make_pictures(file=file.pk) is False

    assert LooseFile.objects.count() == len(stored()) == 1  # goes with the next sweep


def test_what_a_dead_worker_left_is_made_later(layla):
    file = file_of(layla, picture(), "a.png")

    assert make_missing_pictures() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert make_missing_pictures() == 1
        assert make_missing_pictures() == 0

    file.refresh_from_db()
    assert file.thumbnails == [160]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_them_once(layla, monkeypatch, stored):
    monkeypatch.setattr("files.registries.arrived", [])
    file = file_of(layla, picture(), "a.png")

    assert sorted(at_once(2, lambda _: make_pictures(file=file.pk))) == [False, True]

    file.refresh_from_db()
    assert file.thumbnails == [160]
    assert file.thumbnail(160) in stored()
    assert [type for _, type, _ in stream_of(layla)] == ["file.updated"]
