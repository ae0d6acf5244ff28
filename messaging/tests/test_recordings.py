"""Voice and video messages."""

import pytest

from common.jobs.tasks import run_free_jobs
from files.models import File
from files.tests.conftest import folder, stored  # noqa: F401 (the private files of this test alone)
from files.tests.factories import FileFactory, file_of
from files.tests.films import recorded
from messaging.models import Message
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, types

pytestmark = pytest.mark.django_db

MINUTE = 60_000  # milliseconds


def messages_of(chat) -> str:
    return f"/api/v1/chats/{chat.pk}/messages"


def recording(owner, kind="audio", **more) -> File:
    return FileFactory(owner=owner, kind=kind, **({"duration": 4000, "playable": True} | more))


def say(client, chat, kind, *files, **more):
    return client.post(messages_of(chat), {"kind": kind, "files": [str(file.pk) for file in files]} | more)


@pytest.mark.parametrize(("kind", "of"), [("voice", "audio"), ("video", "video")])
def test_a_recording_is_sent(kind, of, group, layla, omar, client_of):
    file = recording(layla, of, waveform=[0, 50, 100])

    response = say(client_of(layla), group, kind, file)

    assert response.status_code == 201
    assert (response.json()["kind"], response.json()["text"]) == (kind, "")
    [shown] = client_of(omar).get(messages_of(group)).json()["results"]
    assert (shown["kind"], shown["files"][0]["duration"]) == (kind, 4000)
    assert shown["files"][0]["waveform"] == [0, 50, 100]


def test_words_may_go_with_it(group, layla, client_of):
    response = say(client_of(layla), group, "voice", recording(layla), text="From the top of Jabal Musa")

    assert response.json()["text"] == "From the top of Jabal Musa"


@pytest.mark.parametrize("known", [{"playable": None}, {"playable": None, "duration": None}])
def test_what_nobody_has_looked_into_yet_is_sent(known, group, layla, client_of):
    assert say(client_of(layla), group, "voice", recording(layla, **known)).status_code == 201


@pytest.mark.parametrize(
    ("kind", "file", "field", "code"),
    [
        ("voice", {"kind": "video"}, "files.0", "not_a_recording"),
        ("voice", {"kind": "text"}, "files.0", "not_a_recording"),
        ("video", {"kind": "audio"}, "files.0", "not_a_recording"),
        ("video", {"kind": "image"}, "files.0", "not_a_recording"),
        ("voice", {"playable": False}, "files.0", "not_playable"),
        ("voice", {"duration": 15 * MINUTE + 1}, "files.0", "too_long"),
        ("video", {"kind": "video", "duration": 5 * MINUTE + 1}, "files.0", "too_long"),
    ],
)
def test_what_is_no_recording_of_that_kind_is_not_sent(kind, file, field, code, group, layla, client_of):
    before = log_of(group)

    response = say(client_of(layla), group, kind, recording(layla, **file))

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert not Message.objects.exists()
    assert log_of(group) == before
    assert not File.objects.exclude(claimed_at=None).exists()


@pytest.mark.parametrize("file", [{"duration": 15 * MINUTE}, {"kind": "video", "duration": 5 * MINUTE}])
def test_the_longest_recordings_are_sent(file, group, layla, client_of):
    kind = "video" if "kind" in file else "voice"

    assert say(client_of(layla), group, kind, recording(layla, **file)).status_code == 201


@pytest.mark.parametrize("kind", ["voice", "video"])
def test_a_recording_is_one_file(kind, group, layla, client_of):
    client = client_of(layla)

    none = say(client, group, kind, text="I said it")
    two = say(client, group, kind, recording(layla), recording(layla))

    assert (none.status_code, none.json()["errors"][0]["code"]) == (400, "required")
    assert (two.status_code, two.json()["errors"][0]["code"]) == (400, "one_file")
    assert not Message.objects.exists()


def test_a_recording_of_somebody_else_is_unknown(group, layla, omar, client_of):
    response = say(client_of(layla), group, "voice", recording(omar))

    assert response.json()["errors"][0]["code"] == "unknown_file"


def test_how_long_one_may_be_is_told(layla, client_of):
    sizes = client_of(layla).get("/api/v1/limits").json()["sizes"]

    assert (sizes["voice_seconds"], sizes["video_seconds"]) == (900, 300)


def test_the_chat_is_told_when_a_recording_was_looked_into(layla, omar, client_of, committed):
    chat = group_of(layla, omar)
    file = file_of(layla, recorded("voice.ogg"), "voice.ogg")
    say(client_of(layla), chat, "voice", file)

    with committed():  # the job was queued when the file came
        run_free_jobs()

    [shown] = client_of(omar).get(messages_of(chat)).json()["results"]
    assert len(shown["files"][0]["waveform"]) == 64
    assert types(log_of(chat))[-1][1] == "message.updated"
