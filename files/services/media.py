"""Sound and film: how long, how loud over its length, a picture of it, and whether browsers play it as it is.

Looked into by a job, which another worker takes up where one dies. Nobody waits for it: what is known by and
by is told. Where there is no ffmpeg nothing is known, and `playable` stays null.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction

from common import storage
from common.images import fitted_webps
from common.jobs.services import start_job
from common.jobs.work import Run
from common.problems import Invalid
from files.models import File
from files.providers import ffmpeg
from files.providers.ffmpeg import NotMedia

from .pictures import sizes_of
from .telling import tell_of_change

KIND: Final = "files.media"
PEAKS: Final = 64  # of a waveform: as many bars as a bubble has room for
HEARD: Final = 3600.0  # seconds of sound that are listened to; longer is no voice message
POSTER_AT: Final = 1.0  # seconds: many films begin in black
POSTER_WIDTH: Final = 1280  # pixels


@dataclass(frozen=True, kw_only=True)
class _Media:
    """What there is to know of a file. Durations in milliseconds, pixels upright."""

    is_playable: bool
    duration: int | None = None
    waveform: list[int] = field(default_factory=list)
    width: int | None = None
    height: int | None = None
    posters: dict[int, bytes] = field(default_factory=dict)
    blurhash: str = ""


def order_look(file: File) -> None:
    """Have *file*, if it is sound or film, looked into, in the transaction that makes it."""
    if file.kind in (File.Kind.AUDIO, File.Kind.VIDEO):
        start_job(kind=KIND, key=str(file.pk))


def look_into_media(run: Run) -> dict[str, Any]:
    """The work of the job. Safe to begin again. Emits `FileUpdated` to the owner."""
    file = File.objects.filter(pk=UUID(run.job.key)).first()
    if file is None:
        return {"state": "gone"}
    if not ffmpeg.is_there():
        return {"state": "not_configured"}
    try:
        with _on_this_machine(file) as path:
            media = _look(path)
    except FileNotFoundError:  # it was just deleted
        return {"state": "gone"}
    except NotMedia:
        media = _Media(is_playable=False)
    posters = {file.thumbnail(size): poster for size, poster in media.posters.items()}
    storage.write(posters, storage=storage.PRIVATE)
    return {"state": "ready" if _keep(file, media) else "gone"}


def _look(path: Path) -> _Media:
    found = ffmpeg.look(path)
    duration, waveform = found.duration, list[int]()
    if found.has_sound and (duration or 0.0) <= HEARD:
        with suppress(NotMedia):  # broken in its midst, or too long after all: what is known is known
            heard, waveform = ffmpeg.listen(path, peaks=PEAKS)
            duration = duration or heard
    if duration is None and found.has_picture:
        duration = ffmpeg.last_moment(path)
    posters, blurhash = dict[int, bytes](), ""
    if found.has_picture:
        with suppress(NotMedia, Invalid):
            frame = ffmpeg.frame(path, at=min(POSTER_AT, (duration or 0.0) / 3), width=POSTER_WIDTH)
            sizes = sizes_of(max(found.width or 0, found.height or 0))
            posters, blurhash = fitted_webps(BytesIO(frame), field="file", sizes=sizes)
    return _Media(
        is_playable=found.is_playable,
        duration=None if duration is None else round(duration * 1000),
        waveform=waveform,
        width=found.width,
        height=found.height,
        posters=posters,
        blurhash=blurhash,
    )


@transaction.atomic
def _keep(file: File, media: _Media) -> bool:
    """False where it was deleted, or another worker was quicker."""
    row = File.objects.select_for_update(no_key=True).filter(pk=file.pk, playable=None).first()
    if row is None:
        return False
    storage.keep(row.thumbnail(size) for size in media.posters)
    row.playable, row.duration, row.waveform = media.is_playable, media.duration, media.waveform
    row.width, row.height, row.blurhash = media.width, media.height, media.blurhash
    row.thumbnails = sorted(media.posters)
    row.save(update_fields=["playable", "duration", "waveform", "width", "height", "blurhash", "thumbnails"])
    tell_of_change(row)
    return True


@contextmanager
def _on_this_machine(file: File) -> Iterator[Path]:
    """Where the content of *file* is, as a file that another program can open."""
    private = storages[storage.PRIVATE]
    try:
        path = Path(private.path(file.stored))
    except NotImplementedError:  # a bucket
        folder = Path(settings.WORK_DIR)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as copy:
            with private.open(file.stored) as content:
                shutil.copyfileobj(content, copy)
            copy.flush()
            yield Path(copy.name)
    else:
        if not path.exists():
            raise FileNotFoundError(path)
        yield path
