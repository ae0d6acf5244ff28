"""Sound and moving pictures, looked into by ffprobe and ffmpeg where they are installed.

What they read comes from strangers and they are large programs, so each runs by itself: no shell, a bare
environment, bounded in time, memory and output, one file to read and no other (a playlist could name more:
only containers that hold everything themselves are opened), no network.
"""

import json
import resource
import shutil
import subprocess
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

WITHIN: Final = 60  # seconds of one run, by the clock and of one processor
MEMORY: Final = 1536 * 1024**2  # bytes of address space; the libraries alone take some 300 MiB
MAX_SAID: Final = 256 * 1024  # bytes of what ffprobe says of one file
MAX_PICTURE: Final = 64 * 1024**2  # bytes of one frame as PNG: 8K, uncompressible

# ffmpeg's names. None of them reads another file, as HLS, DASH, concat and the like would.
CONTAINERS: Final = "mov,matroska,webm,ogg,mp3,wav,aac,flac"
READ_ONE_FILE: Final = ("-protocol_whitelist", "file", "-format_whitelist", CONTAINERS)

RATE: Final = 8000  # samples a second to look for peaks in: as good as a telephone
STEP: Final = RATE // 50  # samples of one peak before they are folded: 20 ms

# What browsers play by themselves, by container (MDN: “Media container formats”, “Web video codec guide”,
# “Web audio codec guide”; of Safari from 18.4 on, which brought Ogg).
PLAYED: Final[dict[str, tuple[set[str], set[str]]]] = {
    # first of ffmpeg's names of the container: pictures, sound
    "mov": ({"h264"}, {"aac", "mp3"}),
    "matroska": ({"vp8", "vp9", "av1"}, {"opus", "vorbis"}),
    "ogg": (set(), {"opus", "vorbis"}),
    "mp3": (set(), {"mp3"}),
    "wav": (set(), {"pcm_s16le"}),
    "aac": (set(), {"aac"}),
    "flac": (set(), {"flac"}),
}
PLAYED_PIXELS: Final = {"yuv420p", "yuvj420p"}  # 8 bits of each; others need a decoder that not all have


class NotMedia(Exception):  # noqa: N818
    """Neither sound nor moving pictures, or broken, or more than may be spent on it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is in a file.

    Attributes:
        duration: seconds; None where the container doesn't say, as of what a browser records.
        width, height: pixels as shown, turned upright.
        is_playable: browsers play it as it is.
    """

    duration: float | None
    has_sound: bool
    has_picture: bool
    width: int | None
    height: int | None
    is_playable: bool


def is_there() -> bool:
    return bool(shutil.which("ffprobe") and shutil.which("ffmpeg"))


def look(path: Path) -> Found:
    """What is in the file at *path*.

    Raises:
        NotMedia
    """
    shown = "format=format_name,duration:stream=codec_type,codec_name,pix_fmt,width,height"
    shown += ":stream_disposition=attached_pic:stream_side_data=rotation"
    said = json.loads(
        _all_of(
            ["ffprobe", "-v", "error", *READ_ONE_FILE, "-show_entries", shown, "-of", "json", f"file:{path}"],
            at_most=MAX_SAID,
        )
    )
    streams = said.get("streams", [])
    sound = next((each for each in streams if each.get("codec_type") == "audio"), None)
    picture = next((each for each in streams if _moves(each)), None)
    if sound is None and picture is None:
        raise NotMedia("neither sound nor pictures")
    width, height = (picture.get("width"), picture.get("height")) if picture else (None, None)
    if picture and _is_on_its_side(picture):
        width, height = height, width
    return Found(
        duration=_seconds(said["format"].get("duration")),
        has_sound=sound is not None,
        has_picture=picture is not None,
        width=width,
        height=height,
        is_playable=_is_playable(said["format"]["format_name"], picture, sound),
    )


def listen(path: Path, *, peaks: int) -> tuple[float, list[int]]:
    """How long the sound in the file at *path* is, in seconds, and its loudest moments, decoded as a whole.

    Returns:
        The seconds, and *peaks* numbers from 0 to 100, of equal parts of the time, 100 the loudest; all 0
        where nothing is to be heard.

    Raises:
        NotMedia
    """
    steps: list[int] = []
    samples = 0
    rest = b""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", *READ_ONE_FILE, "-i", f"file:{path}"]
    command += ["-map", "0:a:0", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"]
    with _running(command) as output:
        while more := output.read(2 * STEP * 50):
            whole = rest + more
            even = len(whole) - len(whole) % (2 * STEP)
            rest = whole[even:]
            heard = array("h", whole[:even])
            samples += len(heard)
            steps += [_loudest(heard[at : at + STEP]) for at in range(0, len(heard), STEP)]
    last = array("h", rest[: len(rest) - len(rest) % 2])
    if last:
        samples += len(last)
        steps.append(_loudest(last))
    if not samples:
        raise NotMedia("no sound in it")
    return samples / RATE, _fold(steps, peaks)


def last_moment(path: Path) -> float:
    """When the last picture in the file at *path* is shown, in seconds: where the container doesn't say.

    Raises:
        NotMedia
    """
    command = ["ffprobe", "-v", "error", *READ_ONE_FILE, "-select_streams", "v:0"]
    command += ["-show_entries", "packet=pts_time", "-of", "csv=print_section=0", f"file:{path}"]
    latest = 0.0
    with _running(command) as output:
        for line in output:
            latest = max(latest, _seconds(line.decode(errors="replace").strip().rstrip(",")) or 0.0)
    return latest


def frame(path: Path, *, at: float, width: int) -> bytes:
    """The picture shown at *at* seconds, upright, as a PNG, at most *width* pixels wide.

    Raises:
        NotMedia
    """
    command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", *READ_ONE_FILE]
    command += ["-ss", f"{at:.3f}", "-i", f"file:{path}", "-map", "0:v:0", "-frames:v", "1"]
    command += ["-vf", f"scale=w='min({width},iw)':h=-2", "-c:v", "png", "-f", "image2pipe", "pipe:1"]
    picture = _all_of(command, at_most=MAX_PICTURE)
    if not picture:
        raise NotMedia("no picture at that moment")
    return picture


# --- Running them -------------------------------------------------------------------------------------------


def _all_of(command: Sequence[str], *, at_most: int) -> bytes:
    with _running(command) as output:
        said = output.read(at_most + 1)
        if len(said) > at_most:
            raise NotMedia("more to say than is listened to")
    return said


@contextmanager
def _running(command: Sequence[str]) -> Iterator[IO[bytes]]:
    """What *command* writes. It is over when the block is, whatever happened in it.

    Raises:
        NotMedia: it failed, or took too long.
    """
    program = shutil.which(command[0])
    if program is None:
        raise NotMedia(f"there is no {command[0]}")
    process = subprocess.Popen(  # noqa: S603 (no shell; of a stranger's there is only the file's content)
        [program, *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LC_ALL": "C"},
        start_new_session=True,
    )
    _bound(process.pid)
    alarm = threading.Timer(WITHIN, process.kill)
    alarm.start()
    output = cast(IO[bytes], process.stdout)
    try:
        yield output
        if output.read(1):
            raise NotMedia("more to say than is listened to")
        if process.wait(WITHIN) != 0:
            raise NotMedia("it can't be read")
    except subprocess.TimeoutExpired:
        raise NotMedia("it takes too long") from None
    finally:
        alarm.cancel()
        process.kill()
        output.close()
        process.wait()


def _bound(pid: int) -> None:
    """Hold a process that has just begun to its share. Not before it begins: that may fork in a thread."""
    with suppress(AttributeError, ProcessLookupError):  # Linux alone knows how; it may be over already
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.prlimit(pid, resource.RLIMIT_CPU, (WITHIN, WITHIN))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))  # it writes no file


# --- Reading what they say ----------------------------------------------------------------------------------


def _moves(stream: dict[str, Any]) -> bool:
    """Pictures of a film, rather than the cover of a record."""
    is_cover = stream.get("disposition", {}).get("attached_pic") == 1
    return stream.get("codec_type") == "video" and not is_cover


def _is_on_its_side(stream: dict[str, Any]) -> bool:
    turned = (each.get("rotation") for each in stream.get("side_data_list", []))
    return any(isinstance(angle, int | float) and abs(angle) % 180 == 90 for angle in turned)


def _seconds(said: Any) -> float | None:
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < 10**6 else None  # also not NaN


def _is_playable(container: str, picture: dict[str, Any] | None, sound: dict[str, Any] | None) -> bool:
    pictures, sounds = PLAYED.get(container.split(",")[0], (set(), set()))
    if picture and not (picture.get("codec_name") in pictures and picture.get("pix_fmt") in PLAYED_PIXELS):
        return False
    return sound is None or sound.get("codec_name") in sounds


def _loudest(samples: Sequence[int]) -> int:
    return max(max(samples), -min(samples))


def _fold(steps: Sequence[int], peaks: int) -> list[int]:
    loudest = max(steps)
    if loudest < 2**15 // 100:  # -40 dB: nothing but the noise of a microphone
        return [0] * peaks
    ends = [round(len(steps) * n / peaks) for n in range(peaks + 1)]
    parts = [steps[start : max(end, start + 1)] for start, end in zip(ends, ends[1:], strict=False)]
    return [round(100 * max(part, default=0) / loudest) for part in parts]
