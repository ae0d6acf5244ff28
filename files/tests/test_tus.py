"""Files in pieces, as tus 1.0.0 has it."""

import base64
import hashlib
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.storage import storages
from django.utils import timezone
from django.utils.http import http_date

from accounts.services import create_api_key
from common.models import LooseFile
from common.storage import PRIVATE
from common.tasks import purge_files
from common.tests.threads import at_once
from files.models import File, Upload, UploadPiece
from files.problems import UploadOffsetConflict
from files.services import begin_upload, receive_piece, take_in
from files.tasks import purge_uploads
from files.tests.contents import TEXT

pytestmark = pytest.mark.django_db

UPLOADS = "/api/v1/files/uploads"
LONG = TEXT * 100
SIZE = len(LONG)
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"


def base64_of(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def begin(client, size=SIZE, name="notes.txt", **headers):
    said = {"Upload-Length": str(size), "Upload-Metadata": f"filename {base64_of(name)}"}
    return client.post(UPLOADS, headers=TUS | said | headers)


def send(client, path, content, offset, **headers):
    return client.patch(
        path, content, content_type=PIECE, headers=TUS | {"Upload-Offset": str(offset)} | headers
    )


def upload_of(owner, size=SIZE, name="notes.txt", **more) -> Upload:
    return begin_upload(owner=owner, size=size, name=name, **more)


def content_of(file: File) -> bytes:
    with storages["private"].open(file.stored) as stored:
        return stored.read()


def path_of(upload: Upload) -> str:
    return f"{UPLOADS}/{upload.pk}"


# --- The whole way ------------------------------------------------------------------------------------------


def test_a_file_comes_in_pieces(layla, client_of, stored, committed):
    client = client_of(layla)

    with committed():
        begun = begin(client)
        path = begun.headers["Location"]
        first = send(client, path, LONG[:1000], 0)
        asked = client.head(path, headers=TUS)
        last = send(client, path, LONG[1000:], 1000)

    upload, file = Upload.objects.get(), File.objects.get()
    expires = http_date(upload.expires_at.timestamp())
    assert (begun.status_code, path) == (201, f"{UPLOADS}/{upload.pk}")
    assert (begun.headers["Upload-Offset"], begun.headers["Tus-Resumable"]) == ("0", "1.0.0")
    assert (first.status_code, first.content, first.headers["Upload-Offset"]) == (204, b"", "1000")
    assert "Upload-File" not in first.headers
    assert asked.status_code == 200
    assert asked.headers["Cache-Control"] == "no-store"
    assert asked.headers["Upload-Offset"] == "1000"
    assert asked.headers["Upload-Length"] == str(len(LONG))
    assert asked.headers["Upload-Metadata"] == f"filename {base64_of('notes.txt')}"
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(LONG)))
    assert (last.headers["Upload-File"], last.headers["Upload-Expires"]) == (str(file.pk), expires)
    assert (file.owner, file.name, file.type, file.size) == (layla, "notes.txt", "text/plain", len(LONG))
    assert content_of(file) == LONG
    assert stored() == [file.stored]
    assert not UploadPiece.objects.exists()
    assert not LooseFile.objects.exists()


def test_it_is_told_how_far_an_upload_is(layla, client_of):
    upload = receive_piece(upload=upload_of(layla, purpose="voice"), offset=0, content=LONG[:1000])

    response = client_of(layla).get(path_of(upload))

    assert response.json() == {
        "id": str(upload.pk),
        "name": "notes.txt",
        "purpose": "voice",
        "size": len(LONG),
        "offset": 1000,
        "state": "open",
        "error": "",
        "file": None,
        "direct": False,
        "piece_bytes": 8_388_608,
        "parts": [],
        "created_at": upload.created_at.isoformat().replace("+00:00", "Z"),
        "expires_at": upload.expires_at.isoformat().replace("+00:00", "Z"),
    }


def test_the_first_piece_may_come_with_the_beginning(layla, client_of):
    headers = TUS | {"Upload-Length": str(len(LONG))}

    response = client_of(layla).post(UPLOADS, LONG[:700], content_type=PIECE, headers=headers)

    assert (response.status_code, response.headers["Upload-Offset"]) == (201, "700")
    assert response.json()["offset"] == 700


def test_the_whole_may_come_with_the_beginning(layla, client_of):
    headers = TUS | {"Upload-Length": str(len(TEXT)), "Upload-Metadata": f"name {base64_of('a.md')}"}

    response = client_of(layla).post(UPLOADS, TEXT, content_type=PIECE, headers=headers)

    file = File.objects.get()
    assert (response.status_code, response.headers["Upload-File"]) == (201, str(file.pk))
    assert (file.name, file.type) == ("a.md", "text/markdown")
    assert (response.json()["state"], response.json()["file"]) == ("done", str(file.pk))


def test_a_beginning_whose_piece_is_refused_leaves_nothing(layla, client_of):
    headers = TUS | {"Upload-Length": "9", "Upload-Checksum": f"sha1 {base64_of(b'wrong')}"}

    response = client_of(layla).post(UPLOADS, b"As-salamu", content_type=PIECE, headers=headers)

    assert (response.status_code, response.json()["code"]) == (460, "checksum_mismatch")
    assert not Upload.objects.exists()


def test_what_is_spoken_is_told_to_anybody(client, settings):
    response = client.options(UPLOADS)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Tus-Resumable"] == "1.0.0"
    assert response.headers["Tus-Version"] == "1.0.0"
    assert response.headers["Tus-Max-Size"] == "104857600"
    assert response.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert (
        response.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    )


def test_how_large_a_piece_may_be_is_told(layla, client_of):
    sizes = client_of(layla).get("/api/v1/limits").json()["sizes"]

    assert (sizes["upload_piece_bytes"], sizes["uploads_open"]) == (8_388_608, 20)


def test_a_client_that_knows_no_patch_posts(layla, client_of):
    upload = upload_of(layla)
    headers = TUS | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}

    response = client_of(layla).post(path_of(upload), LONG[:9], content_type=PIECE, headers=headers)

    assert (response.status_code, response.headers["Upload-Offset"]) == (204, "9")


def test_an_empty_piece_changes_nothing(layla, client_of):
    upload = upload_of(layla)

    response = send(client_of(layla), path_of(upload), b"", 0)

    assert (response.status_code, response.headers["Upload-Offset"]) == (204, "0")
    assert not UploadPiece.objects.exists()


def test_the_last_piece_may_come_twice_in_vain(layla, client_of):
    client, upload = client_of(layla), upload_of(layla)
    send(client, path_of(upload), LONG, 0)

    again = send(client, path_of(upload), LONG, 0)
    nothing = send(client, path_of(upload), b"", len(LONG))

    assert (again.status_code, again.json()["code"]) == (409, "upload_offset_conflict")
    assert again.json()["offset"] == len(LONG)
    assert (nothing.status_code, nothing.headers["Upload-File"]) == (204, str(File.objects.get().pk))


def test_the_older_door_takes_pieces_too(layla, client_of):
    client = client_of(layla)
    response = client.post("/api/files/uploads", headers=TUS | {"Upload-Length": str(len(LONG))})
    path = f"/api/files/uploads/{response.json()['id']}"

    sent = send(client, path, LONG, 0)

    assert (sent.status_code, File.objects.get().size) == (204, len(LONG))
    assert client.get(path).json()["success"] is True


def test_an_api_key_with_the_scope_uploads(layla, client):
    text = create_api_key(user=layla, name="Bot", scopes=["files:write"]).text
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")

    assert begin(client).status_code == 201


# --- Checksums ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_that_is_what_was_sent_is_taken(algorithm, layla, client_of):
    upload = upload_of(layla)
    digest = base64_of(hashlib.new(algorithm, LONG[:500]).digest())

    response = send(
        client_of(layla), path_of(upload), LONG[:500], 0, **{"Upload-Checksum": f"{algorithm} {digest}"}
    )

    assert (response.status_code, response.headers["Upload-Offset"]) == (204, "500")


def test_a_piece_that_is_not_what_was_sent_is_not_counted(layla, client_of, stored):
    upload = upload_of(layla)
    digest = base64_of(hashlib.sha1(b"other").digest())

    response = send(client_of(layla), path_of(upload), LONG[:500], 0, **{"Upload-Checksum": f"sha1 {digest}"})

    assert (response.status_code, response.json()["code"]) == (460, "checksum_mismatch")
    assert response.headers["Tus-Resumable"] == "1.0.0"
    assert (Upload.objects.get().offset, stored()) == (0, [])


@pytest.mark.parametrize(
    ("checksum", "code"), [("crc32 AAAA", "invalid_choice"), ("sha1 %%%", "invalid"), ("", "invalid_choice")]
)
def test_a_checksum_that_is_none_is_refused(checksum, code, layla, client_of):
    response = send(client_of(layla), path_of(upload_of(layla)), LONG[:5], 0, **{"Upload-Checksum": checksum})

    assert response.status_code == 400
    assert response.json()["errors"][0] | {"detail": ""} == {
        "field": "Upload-Checksum",
        "code": code,
        "detail": "",
    }


# --- What isn't taken ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "field", "code"),
    [
        ({"Upload-Length": None}, "Upload-Length", "required"),
        ({"Upload-Length": "-1"}, "Upload-Length", "invalid"),
        ({"Upload-Length": "1e3"}, "Upload-Length", "invalid"),
        ({"Upload-Length": "9" * 30}, "Upload-Length", "invalid"),
        ({"Upload-Length": "0"}, "size", "empty"),
        ({"Upload-Defer-Length": "1"}, "Upload-Defer-Length", "unsupported"),
        ({"Upload-Metadata": "filename %%%"}, "Upload-Metadata", "invalid"),
        ({"Upload-Metadata": "filename /w=="}, "Upload-Metadata", "invalid"),
        ({"Upload-Metadata": "a YQ==,a YQ=="}, "Upload-Metadata", "invalid"),
        ({"Upload-Metadata": f"a {'YWFh' * 1024}"}, "Upload-Metadata", "invalid"),
        ({"Upload-Metadata": f"purpose {base64_of('x' * 33)}"}, "purpose", "max_length"),
    ],
)
def test_a_beginning_that_makes_no_sense_is_refused(headers, field, code, layla, client_of):
    said = TUS | {"Upload-Length": "10"} | headers

    response = client_of(layla).post(
        UPLOADS, headers={name: value for name, value in said.items() if value is not None}
    )

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert not Upload.objects.exists()


@pytest.mark.parametrize("version", [None, "0.2.2"])
@pytest.mark.parametrize("method", ["post", "head", "patch"])
def test_another_version_is_refused(method, version, layla, client_of):
    path = UPLOADS if method == "post" else path_of(upload_of(layla))
    headers = {"Upload-Length": "10", "Upload-Offset": "0"} | ({"Tus-Resumable": version} if version else {})

    response = getattr(client_of(layla), method)(path, headers=headers, content_type=PIECE)

    assert response.status_code == 412
    assert (response.headers["Tus-Version"], response.headers["Tus-Resumable"]) == ("1.0.0", "1.0.0")


def test_a_file_of_more_than_there_may_be_is_refused_at_once(layla, client_of):
    response = begin(client_of(layla), size=100 * 1024 * 1024 + 1)

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert response.json()["limit"] == 104_857_600
    assert not Upload.objects.exists()


def test_a_file_that_there_is_no_room_for_is_refused_at_once(layla, client_of, settings):
    settings.FILES_QUOTA = 100

    response = begin(client_of(layla), size=101)

    assert (response.status_code, response.json()["code"]) == (409, "quota_exceeded")
    assert not Upload.objects.exists()


def test_somebody_has_twenty_open_uploads(layla, omar, client_of):
    for _ in range(20):
        upload_of(layla)

    full, other = begin(client_of(layla)), begin(client_of(omar))
    Upload.objects.filter(owner=layla).first().delete()

    assert (full.status_code, full.json()["code"], full.json()["limit"]) == (409, "too_many_uploads", 20)
    assert other.status_code == 201
    assert begin(client_of(layla)).status_code == 201


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/octet-stream", "multipart/form-data"]
)
def test_a_piece_of_another_media_type_is_refused(content_type, layla, client_of):
    response = client_of(layla).patch(
        path_of(upload_of(layla)),
        b"{}",
        content_type=content_type,
        headers=TUS | {"Upload-Offset": "0"},
    )

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("offset", [1, 999])
def test_a_piece_for_another_place_is_refused(offset, layla, client_of):
    upload = upload_of(layla)

    response = send(client_of(layla), path_of(upload), b"x", offset)

    assert (response.status_code, response.json()["code"]) == (409, "upload_offset_conflict")
    assert response.json()["offset"] == 0
    assert Upload.objects.get().offset == 0


@pytest.mark.parametrize(("headers", "code"), [({}, "required"), ({"Upload-Offset": "-1"}, "invalid")])
def test_a_piece_without_a_place_is_refused(headers, code, layla, client_of):
    response = client_of(layla).patch(
        path_of(upload_of(layla)), b"x", content_type=PIECE, headers=TUS | headers
    )

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == ("Upload-Offset", code)


def test_more_than_was_announced_is_refused(layla, client_of):
    response = send(client_of(layla), path_of(upload_of(layla, size=10)), b"x" * 11, 0)

    assert (response.status_code, response.json()["limit"]) == (413, 10)
    assert not File.objects.exists()


def test_a_piece_of_more_than_8_mebibytes_is_refused(layla, client_of):
    large = b"x" * (8 * 1024 * 1024 + 1)

    response = send(client_of(layla), path_of(upload_of(layla, size=len(large) + 1)), large, 0)

    assert (response.status_code, response.json()["limit"]) == (413, 8_388_608)


def test_a_body_beside_a_piece_is_as_small_as_elsewhere(layla, client_of):
    body = b'{"name": "' + b"x" * (1024 * 1024) + b'"}'

    response = client_of(layla).post(UPLOADS, body, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_an_upload_comes_in_so_many_pieces(layla, client_of, monkeypatch):
    monkeypatch.setattr(Upload, "MAX_PIECES", 2)
    client, upload = client_of(layla), upload_of(layla)
    for offset in (0, 1):
        send(client, path_of(upload), b"x", offset)

    response = send(client, path_of(upload), b"x", 2)

    assert (response.status_code, response.json()["code"]) == (409, "upload_in_too_many_pieces")
    assert Upload.objects.get().offset == 2
    assert send(client, path_of(upload), LONG[2:], 2).status_code == 204


def test_a_whole_that_is_not_taken_ends_the_upload(layla, client_of, stored, committed):
    client, upload = client_of(layla), upload_of(layla, name="holiday.jpg")

    with committed():
        send(client, path_of(upload), LONG[:1000], 0)
        response = send(client, path_of(upload), LONG[1000:], 1000)

    assert response.status_code == 400
    assert [error["code"] for error in response.json()["errors"]] == ["wrong_type"]
    told = client.get(path_of(upload)).json()
    assert (told["state"], told["error"], told["offset"]) == ("failed", "wrong_type", 1000)
    assert send(client, path_of(upload), LONG[1000:], 1000).status_code == 410
    assert (File.objects.count(), stored()) == (0, [])


def test_a_whole_that_there_is_no_room_for_any_more_may_be_tried_again(layla, client_of, settings):
    client, upload = client_of(layla), upload_of(layla)
    send(client, path_of(upload), LONG[:1000], 0)
    settings.FILES_QUOTA = 100

    refused = send(client, path_of(upload), LONG[1000:], 1000)
    settings.FILES_QUOTA = 100_000

    assert (refused.status_code, refused.json()["code"]) == (409, "quota_exceeded")
    assert send(client, path_of(upload), LONG[1000:], 1000).status_code == 204


# --- Whose it is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "patch", "delete"])
def test_an_upload_of_somebody_else_is_unknown(method, layla, omar, client_of):
    upload = upload_of(layla)

    response = getattr(client_of(omar), method)(
        path_of(upload), content_type=PIECE, headers=TUS | {"Upload-Offset": "0"}
    )

    assert response.status_code == 404
    assert Upload.objects.get().offset == 0


@pytest.mark.parametrize("method", ["get", "head", "patch", "delete"])
def test_a_stranger_is_asked_to_sign_in(method, layla, client):
    response = getattr(client, method)(path_of(upload_of(layla)), content_type=PIECE, headers=TUS)

    assert response.status_code == 401


# --- The end ------------------------------------------------------------------------------------------------


def test_an_upload_is_stopped_once(layla, client_of, stored, committed):
    client = client_of(layla)
    upload = receive_piece(upload=upload_of(layla), offset=0, content=LONG[:1000])

    with committed():
        first = client.delete(path_of(upload), headers=TUS)

    assert (first.status_code, stored()) == (204, [])
    assert not Upload.objects.exists()
    assert client.delete(path_of(upload), headers=TUS).status_code == 404
    assert client.head(path_of(upload), headers=TUS).status_code == 404


def test_stopping_what_is_done_leaves_the_file(layla, client_of, stored, committed):
    upload = receive_piece(upload=upload_of(layla), offset=0, content=LONG)

    with committed():
        client_of(layla).delete(path_of(upload), headers=TUS)

    assert stored() == [File.objects.get().stored]


def test_an_upload_ends_a_day_after_its_last_piece(layla, client_of, stored, committed):
    upload = receive_piece(upload=upload_of(layla), offset=0, content=LONG[:1000])
    assert timedelta(hours=23) < upload.expires_at - timezone.now() <= timedelta(days=1)
    fresh = upload_of(layla)
    Upload.objects.filter(pk=upload.pk).update(expires_at=timezone.now())

    late = send(client_of(layla), path_of(upload), LONG[1000:], 1000)
    with committed():
        purged = (purge_uploads(), purge_uploads())

    assert (late.status_code, late.json()["code"]) == (410, "upload_closed")
    assert (purged, stored()) == ((1, 0), [])
    assert list(Upload.objects.all()) == [fresh]
    assert send(client_of(layla), path_of(upload), LONG[1000:], 1000).status_code == 404


def test_a_piece_that_was_written_and_not_counted_is_gone_within_the_hour(
    layla, monkeypatch, stored, committed
):
    upload = upload_of(layla)

    def fail(*args: object, **more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("files.services.uploads._count", fail)
    with pytest.raises(ZeroDivisionError):
        receive_piece(upload=upload, offset=0, content=LONG[:1000])

    assert len(stored()) == 1
    LooseFile.objects.update(due_at="2026-01-01T00:00:00Z")
    assert (purge_files(), stored()) == (1, [])


def test_a_file_that_its_upload_does_not_get_is_not_made(layla, stored):
    def fail(file: File) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_in(owner=layla, name="a.txt", content=BytesIO(TEXT), also=fail)

    assert not File.objects.exists()


# --- At once ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_pieces_that_come_at_once_for_one_place_one_is_taken(layla, client_of):
    upload = upload_of(layla)
    clients = [client_of(layla) for _ in range(4)]

    statuses = at_once(4, lambda n: send(clients[n], path_of(upload), bytes([65 + n]) * 100, 0).status_code)

    upload.refresh_from_db()
    assert sorted(statuses) == [204, 409, 409, 409]
    assert (upload.offset, upload.pieces.count()) == (100, 1)


@pytest.mark.django_db(transaction=True)
def test_of_last_pieces_that_come_at_once_one_makes_the_file(layla, client_of, stored):
    upload = receive_piece(upload=upload_of(layla), offset=0, content=LONG[:1000])
    clients = [client_of(layla) for _ in range(4)]

    statuses = at_once(4, lambda n: send(clients[n], path_of(upload), LONG[1000:], 1000).status_code)

    assert sorted(statuses) == [204, 409, 409, 409]
    file = File.objects.get()
    assert content_of(file) == LONG
    LooseFile.objects.update(due_at="2026-01-01T00:00:00Z")
    purge_files()
    assert stored() == [file.stored]


@pytest.mark.parametrize("with_row", [True, False], ids=["with its row", "its file alone"])
def test_whose_pieces_another_has_let_go_of_hears_of_the_conflict(layla, with_row):
    """As it is for the slower of two last pieces, when the quicker has made the file meanwhile."""
    upload = receive_piece(upload=upload_of(layla), offset=0, content=LONG[:1000])
    piece = upload.pieces.get()
    storages[PRIVATE].delete(piece.stored)
    if with_row:
        piece.delete()

    with pytest.raises(UploadOffsetConflict):
        receive_piece(upload=upload, offset=1000, content=LONG[1000:])

    assert not File.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_beginnings_that_come_at_once_twenty_are_taken(layla, client_of):
    for _ in range(18):
        upload_of(layla)
    clients = [client_of(layla) for _ in range(4)]

    statuses = at_once(4, lambda n: begin(clients[n]).status_code)

    assert sorted(statuses) == [201, 201, 409, 409]
    assert Upload.objects.count() == 20
