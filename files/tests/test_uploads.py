"""Forms with files, and what their sender gets back."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.models import KeptAnswer, LooseFile
from common.tests.pictures import picture
from files.models import File
from files.tests import contents

pytestmark = pytest.mark.django_db

UPLOAD = "/api/v1/files/upload"
IMAGES = "/api/v1/files/images"
BATCH = "/api/v1/files/images/batch"
KEY = {"Idempotency-Key": "0198c5b2-7d44-7000-8000-00000000000a"}


def upload(content: bytes = contents.TEXT, name: str = "notes.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def post(client, path: str, /, headers=None, **form):
    return client.post(path, form, format="multipart", headers=headers)


def test_an_upload_is_answered_with_the_file(layla, client_of):
    response = post(client_of(layla), UPLOAD, file=upload(), purpose="message")

    file = File.objects.get()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/files/{file.pk}"
    body = response.json()
    assert body.pop("url").startswith(f"http://testserver/api/v1/files/{file.pk}/content?exp=")
    assert body.pop("created_at")
    assert body == {
        "id": str(file.pk),
        "name": "notes.txt",
        "size": 45,
        "type": "text/plain",
        "kind": "text",
        "purpose": "message",
        "scan": "skipped",
        "thumbnail": None,
        "thumbnails": {},
        "blurhash": None,
        "width": None,
        "height": None,
        "duration": None,
        "waveform": None,
        "playable": None,
        "uploaded_by": str(layla.pk),
    }


@pytest.mark.parametrize("path", [UPLOAD, IMAGES, BATCH])
def test_a_stranger_uploads_nothing(path, client):
    assert post(client, path, file=upload()).status_code == 401
    assert not File.objects.exists()


@pytest.mark.parametrize(
    ("form", "field", "code"),
    [
        ({}, "file", "required"),
        ({"file": "notes"}, "file", "invalid"),
        ({"file": upload(b"MZ" + bytes(10), "a.exe")}, "file", "wrong_type"),
        ({"file": upload(), "purpose": "No words"}, "purpose", "invalid"),
        ({"file": upload(), "purpose": "x" * 33}, "purpose", "max_length"),
        ({"file": upload(), "name": "other.txt"}, "name", "unknown_field"),
    ],
)
def test_a_form_of_another_shape_is_refused(form, field, code, layla, client_of):
    response = post(client_of(layla), UPLOAD, **form)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert not File.objects.exists()


def test_what_is_larger_than_a_file_may_be_is_refused(layla, client_of, settings):
    settings.MAX_FILE_SIZE = 1000

    response = post(client_of(layla), UPLOAD, file=upload(b"a" * 1001))

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert response.json()["limit"] == 1000
    assert not File.objects.exists()


def test_a_full_quota_is_told_with_its_numbers(layla, client_of, settings):
    settings.FILES_QUOTA = 44

    response = post(client_of(layla), UPLOAD, file=upload())

    assert (response.status_code, response.json()["code"]) == (409, "quota_exceeded")
    assert (response.json()["limit"], response.json()["used"]) == (44, 0)


def test_an_upload_under_a_key_is_one_file_however_often_it_is_sent(layla, client_of):
    client = client_of(layla)
    first = post(client, UPLOAD, KEY, file=upload())
    again = post(client, UPLOAD, KEY, file=upload())
    other = post(client, UPLOAD, KEY, file=upload(b"something else"))

    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert File.objects.count() == KeptAnswer.objects.count() == 1


def test_a_picture_is_taken_as_a_picture_and_nothing_else_is(layla, client_of):
    client = client_of(layla)

    taken = post(client, IMAGES, file=upload(picture(), "a.png"))
    refused = post(client, IMAGES, file=upload())

    assert (taken.status_code, taken.json()["width"], taken.json()["height"]) == (201, 40, 30)
    assert refused.json()["errors"][0]["code"] == "wrong_type"
    assert File.objects.count() == 1


def test_several_pictures_are_taken_in_their_order(layla, client_of):
    form = {"files": [upload(picture("PNG"), "a.png"), upload(picture("JPEG"), "b.jpg")]}

    response = post(client_of(layla), BATCH, **form)

    assert response.status_code == 201
    assert [each["name"] for each in response.json()["results"]] == ["a.png", "b.jpg"]
    assert File.objects.count() == 2


def test_of_several_pictures_all_are_taken_or_none(layla, client_of, committed, stored):
    form = {"files": [upload(picture("PNG"), "a.png"), upload()]}

    with committed():
        response = post(client_of(layla), BATCH, **form)

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [
        ("files.1", "wrong_type")
    ]
    assert not File.objects.exists()
    assert not LooseFile.objects.exists()
    assert stored() == []


def test_more_than_ten_pictures_are_not_taken_at_once(layla, client_of):
    response = post(client_of(layla), BATCH, files=[upload(picture(), f"{n}.png") for n in range(11)])

    assert [each["code"] for each in response.json()["errors"]] == ["max_length"]


@pytest.mark.parametrize("path", ["/api/upload/image", "/api/v1/upload/image"])
def test_the_old_path_of_a_picture_goes_on(path, layla, client_of):
    response = post(client_of(layla), path, file=upload(picture(), "a.png"))

    assert response.status_code == 201
    assert response.headers["Link"] == '</api/v1/files/images>; rel="successor-version"'


def test_the_old_paths_of_pictures_and_of_one_go_on(layla, client_of):
    client = client_of(layla)

    [file] = post(client, "/api/upload/images", files=[upload(picture(), "a.png")]).json()["results"]

    assert client.get(f"/api/upload/{file['id']}").json()["uploadedBy"] == str(layla.pk)
    assert client.delete(f"/api/upload/{file['id']}").status_code == 204
    assert not File.objects.exists()


def test_the_limits_say_how_large_files_may_be(layla, client_of):
    sizes = client_of(layla).get("/api/v1/limits").json()["sizes"]

    assert {
        name: sizes[name] for name in ("file_bytes", "files_bytes", "file_pixels", "files_per_batch")
    } == {
        "file_bytes": 104_857_600,
        "files_bytes": 5_368_709_120,
        "file_pixels": 33_177_600,
        "files_per_batch": 10,
    }
