"""The picture that a group or a channel shows."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from common.models import LooseFile
from common.tasks import purge_files
from common.tests.pictures import upload
from messaging.models import Chat
from messaging.services import create_chat, delete_chat, remove_chat_avatar, set_chat_avatar
from messaging.tests.logs import log_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return Path(settings.MEDIA_ROOT)


def path_of(chat):
    return f"/api/v1/chats/{chat.pk}/avatar"


def put(client, chat, file=None):
    return client.put(path_of(chat), {"file": file or upload()}, format="multipart")


def files(media):
    return sorted(path.name for path in media.rglob("*") if path.is_file())


def test_a_picture_is_shown_in_three_sizes_and_told(group, layla, omar, media, client, client_of):
    response = put(client_of(layla), group)

    body = response.json()
    assert response.status_code == 200
    assert body["avatar"] == body["avatars"]["256"]
    assert set(body["avatars"]) == {"64", "256", "512"}
    assert client_of(omar).get(f"/api/v1/chats/{group.pk}").json()["avatars"] == body["avatars"]
    for size, url in body["avatars"].items():
        shown = client.get(url.removeprefix("http://testserver"))
        assert Image.open(BytesIO(shown.content)).size == (int(size), int(size))
    assert log_of(group) == [(1, "chat.updated", {"by": str(layla.pk)})]
    assert not LooseFile.objects.exists()


def test_another_picture_takes_its_place_and_none_takes_it_away(group, layla, media, client_of, committed):
    client = client_of(layla)
    with committed():
        put(client, group)
    first = files(media)

    with committed():
        put(client, group)
    second = files(media)
    with committed():
        gone, again = client.delete(path_of(group)), client.delete(path_of(group))

    assert (len(first), len(second), set(first) & set(second)) == (3, 3, set())
    assert (gone.status_code, again.status_code) == (204, 204)
    assert files(media) == []
    assert client.get(f"/api/v1/chats/{group.pk}").json()["avatars"] is None
    assert [seq for seq, _, _ in log_of(group)] == [1, 2, 3]


def test_the_picture_goes_with_the_chat(group, layla, media, committed):
    with committed():
        set_chat_avatar(actor=layla, chat=group, file=upload())
    with committed():
        delete_chat(actor=layla, chat=group)

    purge_files()
    assert files(media) == []
    assert Chat.objects.get().avatar == ""


@pytest.mark.parametrize(("who", "status"), [("omar", 403), ("mina", 404)])
def test_who_may_not_change_a_chat_changes_no_picture(
    who, status, group, layla, omar, mina, media, client_of
):
    set_chat_avatar(actor=layla, chat=group, file=upload())
    before = files(media)
    client = client_of({"omar": omar, "mina": mina}[who])

    answers = [put(client, group), client.delete(path_of(group))]

    assert [each.status_code for each in answers] == [status] * 2
    if status == 403:
        assert answers[0].json()["denied_by"] == {
            "action": "chat.update",
            "role": "member",
            "rule": "default",
        }
    assert files(media) == before
    assert len(log_of(group)) == 1


def test_a_private_chat_shows_the_other_person(layla, omar, media, client_of):
    chat, _ = create_chat(actor=layla, type="private", participants=[omar])

    assert put(client_of(layla), chat).status_code == 403
    assert files(media) == []


@pytest.mark.parametrize("body", [{}, {"file": "text"}], ids=str)
def test_what_is_no_picture_is_refused(body, group, layla, media, client_of):
    response = client_of(layla).put(path_of(group), body, format="multipart")

    assert response.status_code == 400
    assert (files(media), log_of(group)) == ([], [])


def test_taking_away_what_is_not_there_is_told_to_nobody(group, layla):
    remove_chat_avatar(actor=layla, chat=group)

    assert log_of(group) == []
