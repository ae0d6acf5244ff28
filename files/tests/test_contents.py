"""Giving the content of a file out: to whom it is for, in parts, and by signed addresses."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models import Q

from files.models import File
from files.services import address_of
from files.tests import contents
from files.tests.factories import FileFactory, file_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def content_of(file: File) -> str:
    return f"/api/v1/files/{file.pk}/content"


def path_of(url: str) -> str:
    return url.removeprefix("http://testserver")


def body(response) -> bytes:
    return b"".join(response.streaming_content)


@pytest.fixture
def readers(monkeypatch):
    """People who may read every file."""
    allowed: set = set()
    rule = lambda user: Q(pk__isnull=user.pk not in allowed)  # noqa: E731
    monkeypatch.setattr("files.services.reading.readers", [rule])
    return allowed


def test_the_content_is_given_as_a_download_in_which_nothing_runs(layla, client_of):
    file = file_of(layla, contents.TEXT, "رحلة 1.txt")

    response = client_of(layla).get(content_of(file))

    assert response.status_code == 200
    assert body(response) == contents.TEXT
    assert {name: response.headers[name] for name in CHECKED} == {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": "attachment; filename*=utf-8''%D8%B1%D8%AD%D9%84%D8%A9%201.txt",
        "Content-Length": "45",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Type": "text/plain",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": f'"{file.pk}"',
        "X-Content-Type-Options": "nosniff",
    }


CHECKED = (
    "Accept-Ranges",
    "Cache-Control",
    "Content-Disposition",
    "Content-Length",
    "Content-Security-Policy",
    "Content-Type",
    "Cross-Origin-Resource-Policy",
    "ETag",
    "X-Content-Type-Options",
)


@pytest.mark.parametrize(
    ("asked", "status", "told", "given"),
    [
        ("bytes=0-3", 206, "bytes 0-3/10", b"0123"),
        ("bytes=4-", 206, "bytes 4-9/10", b"456789"),
        ("bytes=-3", 206, "bytes 7-9/10", b"789"),
        ("bytes=-30", 206, "bytes 0-9/10", b"0123456789"),
        ("bytes=0-99", 206, "bytes 0-9/10", b"0123456789"),
        ("bytes=9-9", 206, "bytes 9-9/10", b"9"),
        ("bytes=10-", 416, "bytes */10", None),
        ("bytes=-0", 416, "bytes */10", None),
        ("bytes=0-1,4-5", 200, None, b"0123456789"),
        ("bytes=5-2", 200, None, b"0123456789"),
        ("bytes=-", 200, None, b"0123456789"),
        ("pages=1-2", 200, None, b"0123456789"),
    ],
)
def test_a_range_is_given(asked, status, told, given, layla, client_of):
    file = file_of(layla, b"0123456789", "a.txt")

    response = client_of(layla).get(content_of(file), headers={"Range": asked})

    assert response.status_code == status
    assert response.headers.get("Content-Range") == told
    if given is None:
        assert response.json()["code"] == "range_not_satisfiable"
    else:
        assert body(response) == given
        assert response.headers["Content-Length"] == str(len(given))


@pytest.mark.parametrize(
    ("etag", "status", "given"), [("own", 206, b"0123"), ('"another"', 200, b"0123456789")]
)
def test_a_range_of_something_else_by_now_is_all_of_it(etag, status, given, layla, client_of):
    file = file_of(layla, b"0123456789", "a.txt")
    headers = {"Range": "bytes=0-3", "If-Range": f'"{file.pk}"' if etag == "own" else etag}

    response = client_of(layla).get(content_of(file), headers=headers)

    assert (response.status_code, body(response)) == (status, given)


def test_what_the_caller_has_is_not_sent_again(layla, client_of):
    file = file_of(layla)

    response = client_of(layla).get(content_of(file), headers={"If-None-Match": f'W/"{file.pk}"'})

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == f'"{file.pk}"'


def test_a_head_says_how_long_it_is(layla, client_of):
    response = client_of(layla).head(content_of(file_of(layla)))

    assert (response.status_code, response.headers["Content-Length"], response.content) == (200, "45", b"")


@pytest.mark.parametrize("scan", ["pending", "infected"])
def test_what_is_not_found_clean_is_given_to_nobody(scan, layla, client_of):
    file = file_of(layla)
    File.objects.update(scan=scan)
    client = client_of(layla)

    response = client.get(content_of(file))

    assert (response.status_code, response.json()["code"], response.json()["scan"]) == (
        409,
        "file_withheld",
        scan,
    )
    assert client.get(f"/api/v1/files/{file.pk}").json()["url"] is None


def test_what_is_gone_from_the_storage_is_not_found(layla, client_of):
    file = FileFactory(owner=layla)

    assert client_of(layla).get(content_of(file)).status_code == 404


def test_private_files_are_behind_no_public_door(layla, client):
    file = file_of(layla)

    assert client.get(f"/media/{file.stored}").status_code == 404


# --- Signed addresses --------------------------------------------------------------------------------------


def test_a_signed_address_needs_no_token(layla, client_of, client):
    file = file_of(layla)
    url = client_of(layla).get(f"/api/v1/files/{file.pk}").json()["url"]

    response = client.get(path_of(url))

    assert (response.status_code, body(response)) == (200, contents.TEXT)


def test_it_is_good_for_an_hour_or_two_and_the_same_meanwhile(layla, client, settings):
    file = file_of(layla)
    with time_machine.travel(NOON, tick=False) as clock:
        url = path_of(address_of(file, "content", reader=layla.pk))
        clock.shift(timedelta(minutes=59))
        assert path_of(address_of(file, "content", reader=layla.pk)) == url
        clock.shift(timedelta(minutes=60, seconds=59))
        assert body(client.get(url)) == contents.TEXT
        clock.shift(timedelta(seconds=1))
        response = client.get(url)

    assert (response.status_code, response.json()["code"]) == (401, "link_invalid")


def test_it_stops_with_the_readers_right(layla, omar, client, readers):
    file = file_of(layla)
    readers.add(omar.pk)
    url = path_of(address_of(file, "content", reader=omar.pk))
    assert body(client.get(url)) == contents.TEXT

    readers.clear()

    assert client.get(url).status_code == 404


def test_it_stops_with_the_readers_account(layla, omar, client, readers):
    file = file_of(layla)
    readers.add(omar.pk)
    url = path_of(address_of(file, "content", reader=omar.pk))
    omar.is_active = False
    omar.save()

    assert client.get(url).status_code == 401


def test_a_changed_address_opens_nothing(layla, omar, client, readers):
    file, other = file_of(layla), file_of(layla)
    readers.add(omar.pk)
    url = path_of(address_of(file, "content", reader=omar.pk))

    changed = [
        url.replace(str(file.pk), str(other.pk)),
        url.replace(str(omar.pk), str(layla.pk)),
        url.replace("exp=", "exp=9"),
        url[:-1],
        url.replace("exp=", "until="),
        content_of(file) + "?sig=",
        content_of(file) + "?sig=%F0%9F%98%80&for=x&exp=y",
    ]

    assert {client.get(each).status_code for each in changed} == {401}
    assert client.get(content_of(file)).status_code == 401


def test_it_begins_with_the_cdn_where_there_is_one(layla, settings):
    settings.CDN_URL = "https://cdn.example.com"
    file = file_of(layla)

    assert (
        address_of(file, "content", reader=None) == f"https://cdn.example.com/api/v1/files/{file.pk}/content"
    )


# --- Thumbnails --------------------------------------------------------------------------------------------


@pytest.fixture
def photo(layla) -> File:
    """A file with two pictures of it, which are their own sizes."""
    file = file_of(layla)
    file.pictures, file.thumbnails = "pictures/00/00", [160, 320]
    file.save()
    for size in file.thumbnails:
        storages["private"].save(file.thumbnail(size), ContentFile(str(size).encode()))
    return file


@pytest.mark.parametrize(
    ("asked", "given"), [("", "320"), ("?size=1", "160"), ("?size=161", "320"), ("?size=900", "320")]
)
def test_the_smallest_picture_that_is_large_enough_is_given(asked, given, photo, client_of):
    response = client_of(photo.owner).get(f"/api/v1/files/{photo.pk}/thumbnail{asked}")

    assert (response.status_code, body(response).decode()) == (200, given)
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["Content-Disposition"] == f'inline; filename="notes-{given}.webp"'
    assert response.headers["ETag"] == f'"{photo.pk}-{given}"'


def test_pictures_have_signed_addresses_too(photo, client_of, client):
    shown = client_of(photo.owner).get(f"/api/v1/files/{photo.pk}").json()

    assert shown["thumbnail"] == shown["thumbnails"]["320"]
    assert list(shown["thumbnails"]) == ["160", "320"]
    assert body(client.get(path_of(shown["thumbnails"]["160"]))) == b"160"


@pytest.mark.parametrize("size", ["0", "-1", "big", "10001"])
def test_a_size_that_is_none_is_refused(size, photo, client_of):
    response = client_of(photo.owner).get(f"/api/v1/files/{photo.pk}/thumbnail?size={size}")

    assert [each["field"] for each in response.json()["errors"]] == ["size"]


def test_a_file_without_a_picture_has_no_thumbnail(layla, client_of):
    file = file_of(layla)

    assert client_of(layla).get(f"/api/v1/files/{file.pk}/thumbnail").status_code == 404


def test_pictures_of_what_is_not_found_clean_are_given_to_nobody(photo, client_of):
    File.objects.update(scan="infected")
    client = client_of(photo.owner)

    assert client.get(f"/api/v1/files/{photo.pk}/thumbnail").status_code == 409
    assert client.get(f"/api/v1/files/{photo.pk}").json()["thumbnails"] == {}
