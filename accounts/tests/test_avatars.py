"""The picture that people show of themselves."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from accounts.models import AuditEntry, User
from accounts.services import remove_avatar, set_avatar
from accounts.tests.consoles import console_of
from accounts.tests.factories import staff
from common.models import KeptAnswer, LooseFile
from common.tasks import purge_files
from common.tests.pictures import picture, upload
from common.tests.threads import at_once
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"
AVATAR = "/api/v1/users/me/avatar"
KEY = {"Idempotency-Key": "0198c5b2-7d44-7000-8000-00000000000a"}


def files(media: Path) -> list[str]:
    return sorted(path.name for path in media.rglob("*") if path.is_file())


def named(user: User) -> list[str]:
    """The files that the row of *user* names."""
    user.refresh_from_db()
    return [f"{user.avatar}-{size}.webp" for size in (256, 512, 64)] if user.avatar else []


def path_of(url: str) -> str:
    return url.removeprefix("http://testserver")


@pytest.mark.parametrize("method", ["put", "post"])
def test_a_picture_is_shown_in_three_sizes(method, layla, media, client, client_of):
    response = getattr(client_of(layla), method)(AVATAR, {"file": upload()}, format="multipart")

    me = response.json()
    assert response.status_code == 200
    layla.refresh_from_db()
    assert len(layla.avatar) == 32
    assert me["avatars"] == {
        size: f"http://testserver/media/avatars/{layla.avatar}-{size}.webp" for size in ("64", "256", "512")
    }
    assert me["avatar"] == me["avatars"]["256"]
    assert me == client_of(layla).get(ME).json()
    for size, url in me["avatars"].items():
        shown = client.get(path_of(url))
        assert shown.headers["Content-Type"] == "image/webp"
        assert Image.open(BytesIO(shown.content)).size == (int(size), int(size))
    assert files(media) == named(layla)
    assert not LooseFile.objects.exists()


def test_the_older_door_takes_and_shows_it_too(layla, client_of):
    response = client_of(layla).post("/api/user/avatar", {"file": upload()}, format="multipart")

    assert response.status_code == 200
    assert response.json()["success"] is True
    assert response.json()["avatar"] == response.json()["avatars"]["256"]
    assert response.headers["Deprecation"]


def test_another_picture_has_other_addresses_and_the_old_ones_stop(
    layla, media, client, client_of, committed
):
    first = client_of(layla).put(AVATAR, {"file": upload()}, format="multipart").json()["avatar"]

    with committed():
        second = client_of(layla).put(AVATAR, {"file": upload()}, format="multipart").json()["avatar"]

    assert second != first
    assert client.get(path_of(first)).status_code == 404
    assert client.get(path_of(second)).status_code == 200
    assert files(media) == named(layla)


def test_a_picture_is_taken_away_once(layla, media, client_of, committed):
    client = client_of(layla)
    client.put(AVATAR, {"file": upload()}, format="multipart")

    with committed():
        responses = [client.delete(AVATAR), client.delete(AVATAR)]

    assert [response.status_code for response in responses] == [204, 204]
    assert (client.get(ME).json()["avatar"], client.get(ME).json()["avatars"]) == (None, None)
    assert files(media) == []
    assert [type_ for _, type_, _ in stream_of(layla)] == ["profile.updated", "profile.updated"]
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["avatar.replaced", "avatar.removed"]


@pytest.mark.parametrize(
    ("form", "field", "code"),
    [
        ({}, "file", "required"),
        ({"file": "me.png"}, "file", "invalid"),
        ({"avatar": upload()}, "avatar", "unknown_field"),
        ({"file": upload(), "size": "64"}, "size", "unknown_field"),
        ({"file": upload(b"")}, "file", "not_a_picture"),
        ({"file": upload(b"<script>", "me.png")}, "file", "not_a_picture"),
        ({"file": upload(name="me.html")}, "file", "wrong_ending"),
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_changes(form, field, code, layla, media, client_of):
    set_avatar(user=layla, file=upload())
    before = files(media)

    response = client_of(layla).put(AVATAR, form, format="multipart")

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert files(media) == before == named(layla)
    assert len(stream_of(layla)) == 1


def test_another_media_type_is_refused(layla, client_of):
    response = client_of(layla).put(AVATAR, {"file": "me.png"})

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("bytes_", [5 * 1024 * 1024 + 1, 7 * 1024 * 1024])
def test_a_file_of_more_than_5_mebibytes_is_refused(bytes_, layla, media, client_of):
    large = picture("JPEG").ljust(bytes_, b"\0")

    response = client_of(layla).put(AVATAR, {"file": upload(large, "me.jpg")}, format="multipart")

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert response.json()["limit"] == 5_242_880
    assert files(media) == []


def test_a_file_of_5_mebibytes_is_taken(layla, client_of):
    large = picture("JPEG").ljust(5 * 1024 * 1024, b"\0")

    response = client_of(layla).put(AVATAR, {"file": upload(large, "me.jpg")}, format="multipart")

    assert response.status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"--x--", b"--x\r\nContent-Disposition: form-data\r\n\r\n", b"\xff" * 99]
)
def test_a_form_that_cannot_be_read_is_refused(body, layla, client_of):
    response = client_of(layla).put(AVATAR, body, content_type="multipart/form-data; boundary=x")

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_form_with_more_text_than_a_body_may_have_is_refused(layla, client_of):
    form = {"file": upload(), "note": "x" * (1024 * 1024 + 1)}

    response = client_of(layla).put(AVATAR, form, format="multipart")

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_a_repeat_under_a_key_is_answered_and_not_done(layla, media, client_of):
    client = client_of(layla)

    first = client.put(AVATAR, {"file": upload()}, format="multipart", headers=KEY)
    again = client.put(AVATAR, {"file": upload()}, format="multipart", headers=KEY)
    other = client.put(AVATAR, {"file": upload(picture(colour="blue"))}, format="multipart", headers=KEY)
    renamed = client.put(AVATAR, {"file": upload(name="you.png")}, format="multipart", headers=KEY)

    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert [other.json()["code"], renamed.json()["code"]] == ["idempotency_key_reused"] * 2
    assert files(media) == named(layla)
    assert KeptAnswer.objects.count() == 1


def test_files_of_a_change_that_fails_are_gone_within_the_hour(layla, media, monkeypatch):
    def fail(*args: object, **more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("accounts.services.avatars.emit", fail)
    with pytest.raises(ZeroDivisionError):
        set_avatar(user=layla, file=upload())

    assert (named(layla), len(files(media))) == ([], 3)
    LooseFile.objects.update(due_at="2026-01-01T00:00:00Z")
    assert (purge_files(), files(media)) == (3, [])


@pytest.mark.django_db(transaction=True)
def test_of_pictures_that_come_at_once_one_is_left(layla, media):
    at_once(4, lambda n: set_avatar(user=layla, file=upload(picture(colour=(n * 60, 0, 0)))))

    purge_files()
    assert files(media) == named(layla)
    assert not LooseFile.objects.exists()


def test_removing_where_there_is_none_tells_nobody(layla):
    assert remove_avatar(user=layla, actor=layla) is False

    assert stream_of(layla) == []
    assert not AuditEntry.objects.exists()


def test_a_picture_is_shown_in_a_chat(layla, omar, group, client_of):
    layla = set_avatar(user=layla, file=upload())

    everybody = client_of(omar).get(f"/api/v1/chats/{group.pk}/participants").json()["results"]

    url = f"http://testserver/media/avatars/{layla.avatar}-256.webp"
    assert [each["avatar"] for each in everybody] == [url, None]


def test_staff_see_a_picture_and_take_it_away(layla, media, committed):
    layla = set_avatar(user=layla, file=upload())
    ada = staff()
    console, page = console_of(ada), f"/admin/accounts/user/{layla.pk}/"

    pages = [console.get("/admin/accounts/user/"), console.get(f"{page}change/")]
    with committed():
        console.post(f"{page}remove_picture/", {"answered": "yes"})

    assert [f"avatars/{layla.avatar}-64.webp" in each.content.decode() for each in pages] == [True, True]
    assert (named(layla), files(media)) == ([], [])
    removed = AuditEntry.objects.get(verb="avatar.removed")
    assert (removed.category, removed.actor, removed.subject) == ("admin", ada.pk, layla.pk)
