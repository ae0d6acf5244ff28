"""Sound and film, looked into by ffmpeg, the real one."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.storage import storages
from PIL import Image

from common.jobs.services import start_job
from common.jobs.tasks import run_job
from common.models import Job
from files.models import File
from files.providers import ffmpeg
from files.providers.ffmpeg import NotMedia
from files.tests.contents import MP3, OGG, TEXT
from files.tests.factories import file_of
from files.tests.films import recorded
from files.tests.programs import program
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def looked(layla, committed):
    """Makes a file of that name come and be looked into."""

    def take(name: str, content: bytes | None = None) -> File:
        with committed():
            file = file_of(layla, recorded(name) if content is None else content, name)
        file.refresh_from_db()
        return file

    return take


# --- Voices -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["voice.ogg", "voice.webm", "voice.m4a"])
def test_a_voice_has_its_length_and_its_loudness_over_it(name, looked):
    ending = {"voice.webm": "voice.weba"}  # sound or film, only its ending says
    voice = looked(ending.get(name, name), recorded(name))

    assert voice.kind == "audio"
    assert 1900 <= voice.duration <= 2100
    assert len(voice.waveform) == 64
    soft, loud = voice.waveform[4:28], voice.waveform[36:60]
    assert max(soft) <= 20
    assert min(loud) >= 50
    assert max(voice.waveform) == 100
    assert voice.playable is True
    assert (voice.thumbnails, voice.width, voice.height) == ([], None, None)


def test_silence_is_flat(looked):
    silence = looked("silence.wav")

    assert silence.waveform == [0] * 64
    assert silence.duration == 1000


def test_its_owner_is_told_what_is_known(layla, looked, client_of):
    voice = looked("voice.ogg")

    told = [(type_, data) for _, type_, data in stream_of(layla)]
    shown = client_of(layla).get(f"/api/v1/files/{voice.pk}").json()
    assert told == [("file.updated", {"file": str(voice.pk)})]
    assert (shown["duration"], shown["waveform"]) == (voice.duration, voice.waveform)
    assert shown["playable"] is True


# --- Films --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["film.mp4", "silent.webm"])
def test_a_film_has_a_poster(name, looked):
    film = looked(name)

    assert film.kind == "video"
    assert 1800 <= film.duration <= 2300
    assert (film.width, film.height, film.thumbnails) == (640, 360, [160, 320, 1280])
    assert film.blurhash
    with storages["private"].open(film.thumbnail(320)) as poster:
        picture = Image.open(BytesIO(poster.read()))
    assert (picture.format, picture.size) == ("WEBP", (320, 180))
    assert film.playable is True
    assert bool(film.waveform) is (name == "film.mp4")


@pytest.mark.parametrize("name", ["old.mp4", "deep.mp4"])
def test_a_film_that_browsers_do_not_play_says_so(name, looked):
    film = looked(name)

    assert film.playable is False
    assert film.thumbnails == [160, 320, 1280]


def test_a_film_on_its_side_is_measured_upright(looked, tmp_path):
    flat, turned = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    flat.write_bytes(recorded("film.mp4"))
    rotated = ["-metadata:s:v:0", "rotate=90", "-y", str(turned)]
    subprocess.run([program("ffmpeg"), "-v", "error", "-i", str(flat), "-c", "copy", *rotated], check=True)

    film = looked("film.mp4", turned.read_bytes())

    assert (film.width, film.height) == (360, 640)


# --- What is none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "content"), [("a.mp3", MP3), ("a.ogg", OGG)])
def test_what_only_looks_like_sound_is_not_played(name, content, looked):
    recorded("voice.ogg")  # is there an ffmpeg?

    broken = looked(name, content)

    assert (broken.playable, broken.duration, broken.waveform) == (False, None, [])
    assert Job.objects.get().state == "done"


def test_nothing_else_is_looked_into(looked):
    file = looked("notes.txt", TEXT)

    assert (file.playable, Job.objects.count()) == (None, 0)


def test_without_ffmpeg_nothing_is_known(looked, client, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *args, **more: None)

    file = looked("a.mp3", MP3)

    assert (file.playable, file.duration) == (None, None)
    assert Job.objects.get().result == {"state": "not_configured"}
    assert client.get("/api/health").json()["checks"]["media"]["status"] == "not_configured"


def test_a_playlist_opens_no_other_file(tmp_path):
    recorded("voice.ogg")
    secret, playlist = tmp_path / "secret.ogg", tmp_path / "list.mp4"
    secret.write_bytes(recorded("voice.ogg"))
    playlist.write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n")

    with pytest.raises(NotMedia):
        ffmpeg.look(playlist)


def test_a_program_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    path = tmp_path / "voice.ogg"
    path.write_bytes(recorded("voice.ogg"))
    monkeypatch.setattr(ffmpeg, "WITHIN", 0)

    with pytest.raises(NotMedia):
        ffmpeg.look(path)


def test_a_program_that_takes_too_much_memory_is_ended(tmp_path, monkeypatch):
    path = tmp_path / "film.mp4"
    path.write_bytes(recorded("film.mp4"))
    monkeypatch.setattr(ffmpeg, "MEMORY", 1024 * 1024)

    with pytest.raises(NotMedia):
        ffmpeg.frame(path, at=0, width=320)


def test_a_picture_larger_than_is_listened_to_is_none(tmp_path, monkeypatch):
    path = tmp_path / "film.mp4"
    path.write_bytes(recorded("film.mp4"))
    monkeypatch.setattr(ffmpeg, "MAX_PICTURE", 1000)

    with pytest.raises(NotMedia):
        ffmpeg.frame(path, at=0, width=320)


# --- Again --------------------------------------------------------------------------------------------------


def test_looking_twice_tells_once(layla, looked, stored, committed):
    film = looked("film.mp4")
    before = stored()

    with committed():
        job, _ = start_job(kind="files.media", key=str(film.pk))

    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"state": "gone"})
    assert len(stream_of(layla)) == 1
    assert set(before) <= set(stored())


def test_a_file_that_is_gone_is_nothing_to_look_into(layla, committed):
    file = file_of(layla, MP3, "a.mp3")
    job = Job.objects.get()
    file.delete()

    with committed():
        run_job(str(job.pk))

    job.refresh_from_db()
    assert job.result == {"state": "gone"}


def test_what_is_in_a_bucket_is_looked_into(s3, looked, settings, tmp_path):
    settings.WORK_DIR = tmp_path / "work"

    voice = looked("voice.ogg")

    assert voice.playable is True
    assert list(Path(settings.WORK_DIR).iterdir()) == []
