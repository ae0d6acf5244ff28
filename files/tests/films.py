"""Sound and film as people record them, made by ffmpeg itself."""

import subprocess
from functools import cache

from files.tests.programs import program

TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2")
BARS = ("-f", "lavfi", "-i", "testsrc=size=640x360:rate=10:duration=2")
# Soft for a second, loud for the next.
RISING = ("-af", "volume='if(lt(t,1),0.1,1)':eval=frame")
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov")  # what can be written to a pipe

RECIPES = {
    "voice.ogg": (*TONE, *RISING, "-c:a", "libopus", "-b:a", "24k", "-f", "ogg"),
    "voice.webm": (*TONE, *RISING, "-c:a", "libopus", "-f", "webm"),  # a pipe: it says no duration
    "voice.m4a": (*TONE, *RISING, "-c:a", "aac", *FRAGMENTS, "-f", "mp4"),
    "silence.wav": ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "1", "-f", "wav"),
    "film.mp4": (*BARS, *TONE, *H264, "-c:a", "aac", *FRAGMENTS, "-f", "mp4"),
    "silent.webm": (*BARS, "-c:v", "libvpx", "-f", "webm"),
    "old.mp4": (*BARS, "-c:v", "mpeg4", *FRAGMENTS, "-f", "mp4"),  # which no browser plays
    "deep.mp4": (*BARS, "-c:v", "libx264", "-pix_fmt", "yuv444p", *FRAGMENTS, "-f", "mp4"),
}


@cache
def recorded(name: str) -> bytes:
    """The file of `RECIPES`."""
    command = [program("ffmpeg"), "-v", "error", "-nostdin", *RECIPES[name], "pipe:1"]
    return subprocess.run(command, check=True, capture_output=True).stdout
