"""Files that go straight to the bucket, in parts: a real S3 server, and the parts sent by HTTP."""

from io import BytesIO

import httpx
import pytest
from django.core.files.storage import storages
from django.utils import timezone

from common.models import LooseFile
from common.tests.threads import at_once
from files.models import File, Upload
from files.services import begin_direct_upload, complete_upload, stop_upload, take_in
from files.tasks import purge_uploads
from files.tests.contents import PDF, TEXT
from files.tests.programs import EICAR

pytestmark = pytest.mark.django_db

UPLOADS = "/api/v1/files/uploads"
PIECE = 8 * 1024 * 1024
LARGE = PDF + bytes(PIECE + 1000)  # of two parts


def begin(client, content=LARGE, name="tickets.pdf", **more):
    return client.post(UPLOADS, {"name": name, "size": len(content), "direct": True} | more)


def put(part, content=LARGE) -> str:
    """Send a part as a browser would; its ETag."""
    start = (part["number"] - 1) * PIECE
    response = httpx.put(part["url"], content=content[start : start + part["size"]], trust_env=False)
    assert response.status_code == 200
    return response.headers["ETag"]


def complete(client, begun, tags=None):
    body = {} if tags is None else {"parts": [{"number": n, "etag": tag} for n, tag in tags.items()]}
    return client.post(f"{UPLOADS}/{begun['id']}/complete", body)


def content_of(file: File) -> bytes:
    with storages["private"].open(file.stored) as stored:
        return stored.read()


def test_a_file_goes_straight_to_the_bucket(s3, layla, client_of, committed):
    client = client_of(layla)

    begun = begin(client, purpose="message")
    parts = begun.json()["parts"]
    tags = {part["number"]: put(part) for part in parts}
    with committed():
        done = complete(client, begun.json(), tags)

    file = File.objects.get()
    assert begun.status_code == 201
    assert begun.headers["Location"] == f"{UPLOADS}/{begun.json()['id']}"
    assert (begun.json()["direct"], begun.json()["piece_bytes"]) == (True, PIECE)
    assert [(part["number"], part["size"]) for part in parts] == [(1, PIECE), (2, len(LARGE) - PIECE)]
    assert done.status_code == 200
    assert (done.json()["state"], done.json()["file"], done.json()["parts"]) == ("done", str(file.pk), [])
    assert (file.name, file.type, file.size) == ("tickets.pdf", "application/pdf", len(LARGE))
    assert (file.owner, file.purpose) == (layla, "message")
    assert content_of(file) == LARGE
    assert s3.contents() == [f"private/{file.stored}"]
    assert s3.open_uploads() == 0


def test_after_an_interruption_the_parts_that_are_missing_are_named(s3, layla, client_of):
    client = client_of(layla)
    begun = begin(client).json()
    put(begun["parts"][1])

    asked = client.get(f"{UPLOADS}/{begun['id']}").json()
    for part in asked["parts"]:
        put(part)

    assert [part["number"] for part in asked["parts"]] == [1]
    assert client.get(f"{UPLOADS}/{begun['id']}").json()["parts"] == []
    assert complete(client, begun).json()["state"] == "done"  # what the bucket answered needn't be kept


def test_completing_twice_is_completing_once(s3, layla, client_of):
    client = client_of(layla)
    begun = begin(client, TEXT, "notes.txt").json()
    put(begun["parts"][0], TEXT)

    answers = [complete(client, begun).json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert File.objects.count() == 1


def test_a_death_between_bucket_and_file_is_gone_over(s3, layla, client_of, monkeypatch):
    client = client_of(layla)
    begun = begin(client, TEXT, "notes.txt").json()
    put(begun["parts"][0], TEXT)

    def die(*args: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("files.services.uploads._take_in", die)
        with pytest.raises(ZeroDivisionError):
            complete_upload(upload=Upload.objects.get(), tags={})

    assert complete(client, begun).json()["state"] == "done"
    assert content_of(File.objects.get()) == TEXT


@pytest.mark.parametrize(
    ("sent", "tags", "code"),
    [(0, {}, "missing"), (1, {}, "missing"), (2, {1: '"x"', 2: '"y"'}, "mismatch")],
)
def test_what_is_not_there_as_it_was_sent_is_not_completed(sent, tags, code, s3, layla, client_of):
    client = client_of(layla)
    begun = begin(client).json()
    for part in begun["parts"][:sent]:
        put(part)

    response = complete(client, begun, tags)

    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == ("parts", code)
    assert (Upload.objects.get().state, File.objects.count()) == ("open", 0)


def test_a_file_that_is_none_we_take_is_refused_and_gone(s3, layla, client_of, committed):
    client = client_of(layla)
    begun = begin(client, TEXT, "holiday.jpg").json()
    put(begun["parts"][0], TEXT)

    with committed():
        response = complete(client, begun)

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "wrong_type")
    assert (Upload.objects.get().state, Upload.objects.get().error) == ("failed", "wrong_type")
    assert s3.contents() == []
    assert complete(client, begun).status_code == 410


def test_an_upload_is_stopped_with_its_parts(s3, layla, client_of, committed):
    client = client_of(layla)
    begun = begin(client).json()
    put(begun["parts"][0])
    assert s3.open_uploads() == 1

    with committed():
        response = client.delete(f"{UPLOADS}/{begun['id']}")

    assert (response.status_code, s3.open_uploads(), s3.contents()) == (204, 0, [])
    assert not Upload.objects.exists()


def test_an_upload_that_nobody_goes_on_with_is_gone_a_day_later(s3, layla, committed):
    begin_direct_upload(owner=layla, size=10, name="notes.txt")
    Upload.objects.update(expires_at=timezone.now())

    with committed():
        assert purge_uploads() == 1

    assert (s3.open_uploads(), Upload.objects.count()) == (0, 0)


def test_an_upload_that_the_bucket_has_forgotten_can_be_stopped(s3, layla):
    upload = begin_direct_upload(owner=layla, size=10, name="notes.txt")
    stop_upload(upload=Upload.objects.get())

    stop_upload(upload=upload)

    assert not Upload.objects.exists()


def test_a_piece_does_not_go_through_us_nor_a_part_past_us(s3, layla, client_of):
    client = client_of(layla)
    direct = begin(client, TEXT).json()
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Offset": "0"}
    through = client.post(UPLOADS, headers=headers).json()

    piece = client.patch(
        f"{UPLOADS}/{direct['id']}", TEXT, content_type="application/offset+octet-stream", headers=headers
    )

    assert (piece.status_code, complete(client, through).status_code) == (410, 410)


def test_an_upload_of_somebody_else_is_unknown(s3, layla, omar, client_of):
    begun = begin(client_of(layla), TEXT).json()

    assert complete(client_of(omar), begun).status_code == 404
    assert Upload.objects.get().state == "open"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"direct": False}, "direct", "direct"),
        ({"direct": None}, "direct", "null"),
        ({"size": 0}, "size", "min_value"),
        ({"size": "9"}, "size", "invalid"),
        ({"name": 7}, "name", "invalid"),
        ({"name": "x" * 256}, "name", "max_length"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_what_makes_no_sense_is_refused(body, field, code, layla, client_of):
    response = begin(client_of(layla), **body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert not Upload.objects.exists()


def test_where_files_are_in_a_folder_there_is_no_bucket(layla, client_of):
    response = begin(client_of(layla))

    assert (response.status_code, response.json()["code"]) == (503, "provider_not_configured")
    assert not Upload.objects.exists()


def test_pieces_through_us_come_to_the_bucket_too(s3, layla, client_of, committed):
    client, piece = client_of(layla), "application/offset+octet-stream"
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(TEXT))}
    begun = client.post(UPLOADS, TEXT[:9], content_type=piece, headers=headers).json()
    assert len(s3.contents()) == 1

    with committed():
        headers["Upload-Offset"] = "9"
        client.patch(f"{UPLOADS}/{begun['id']}", TEXT[9:], content_type=piece, headers=headers)

    file = File.objects.get()
    assert (content_of(file), s3.contents()) == (TEXT, [f"private/{file.stored}"])


def test_what_is_in_the_bucket_is_looked_into(s3, layla, settings, clamd, committed):
    settings.CLAMAV_URL = clamd.address

    with committed():
        file = take_in(owner=layla, name="notes.txt", content=BytesIO(EICAR))

    file.refresh_from_db()
    assert file.scan == "infected"


@pytest.mark.django_db(transaction=True)
def test_of_calls_that_complete_at_once_one_makes_the_file(s3, layla, client_of):
    begun = begin(client_of(layla), TEXT, "notes.txt").json()
    put(begun["parts"][0], TEXT)
    clients = [client_of(layla) for _ in range(4)]

    answers = at_once(4, lambda n: complete(clients[n], begun))

    file = File.objects.get()
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["file"] for answer in answers} == {str(file.pk)}
    assert f"private/{file.stored}" in s3.contents()
    assert LooseFile.objects.filter(name=file.stored).count() == 0
