"""What a file is: by its content, and its name must not say otherwise.

What is taken is a list. What only its name could tell from a program or a page, or what nobody can look into
(RAR, 7z), is not on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Final, Literal

import filetype
from django.utils.translation import gettext_lazy as _

from . import zips
from .problems import Invalid

Group = Literal["image", "audio", "video", "document", "text", "archive"]

HEAD: Final = 8192  # bytes that magic numbers are looked for in
CHUNK: Final = 1024 * 1024  # bytes
# What no text has: control characters but tab, line feed, form feed, carriage return and escape.
CONTROLS: Final = bytes(set(range(32)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}) + b"\x7f"
OFFICE: Final = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument."


@dataclass(frozen=True)
class Kind:
    """One kind of file: its media type, and what it is for people."""

    type: str
    group: Group


_OF_CONTENT: Final[dict[str, str]] = {
    # a media type as `filetype` names it: the row of `KINDS`
    "image/jpeg": "jpeg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/x-flac": "flac",
    "audio/x-wav": "wav",
    "audio/mp4": "mp4",
    "video/mp4": "mp4",
    "video/x-m4v": "mp4",
    "video/quicktime": "quicktime",
    "video/webm": "webm",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
}

KINDS: Final[dict[str, Mapping[str, Kind]]] = {
    # what the content is: the endings that may stand on it; the first is what it is without one
    "jpeg": dict.fromkeys((".jpg", ".jpeg"), Kind("image/jpeg", "image")),
    "png": {".png": Kind("image/png", "image")},
    "gif": {".gif": Kind("image/gif", "image")},
    "webp": {".webp": Kind("image/webp", "image")},
    "mp3": {".mp3": Kind("audio/mpeg", "audio")},
    "aac": {".aac": Kind("audio/aac", "audio")},
    "ogg": dict.fromkeys((".ogg", ".oga", ".opus"), Kind("audio/ogg", "audio"))
    | {".ogv": Kind("video/ogg", "video")},
    "flac": {".flac": Kind("audio/flac", "audio")},
    "wav": {".wav": Kind("audio/wav", "audio")},
    "mp4": dict.fromkeys((".mp4", ".m4v"), Kind("video/mp4", "video")) | {".m4a": Kind("audio/mp4", "audio")},
    "quicktime": dict.fromkeys((".mov", ".qt"), Kind("video/quicktime", "video")),
    "webm": {".webm": Kind("video/webm", "video"), ".weba": Kind("audio/webm", "audio")},
    "pdf": {".pdf": Kind("application/pdf", "document")},
    "rtf": {".rtf": Kind("application/rtf", "document")},
    "ole": {
        ".doc": Kind("application/msword", "document"),
        ".xls": Kind("application/vnd.ms-excel", "document"),
        ".ppt": Kind("application/vnd.ms-powerpoint", "document"),
    },
    "docx": {".docx": Kind(f"{OFFICE}wordprocessingml.document", "document")},
    "xlsx": {".xlsx": Kind(f"{OFFICE}spreadsheetml.sheet", "document")},
    "pptx": {".pptx": Kind(f"{OFFICE}presentationml.presentation", "document")},
    "odt": {".odt": Kind(f"{OPEN_DOCUMENT}text", "document")},
    "ods": {".ods": Kind(f"{OPEN_DOCUMENT}spreadsheet", "document")},
    "odp": {".odp": Kind(f"{OPEN_DOCUMENT}presentation", "document")},
    "epub": {".epub": Kind("application/epub+zip", "document")},
    "zip": {".zip": Kind("application/zip", "archive")},
    "text": {
        ".txt": Kind("text/plain", "text"),
        ".log": Kind("text/plain", "text"),
        ".srt": Kind("text/plain", "text"),
        ".md": Kind("text/markdown", "text"),
        ".csv": Kind("text/csv", "text"),
        ".vtt": Kind("text/vtt", "text"),
        ".ics": Kind("text/calendar", "text"),
        ".vcf": Kind("text/vcard", "text"),
        ".json": Kind("application/json", "text"),
        ".gpx": Kind("application/gpx+xml", "text"),
    },
}

_FOLDERS: Final = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}  # ECMA-376 part 1, 15.2
_MIMETYPES: Final = {  # OpenDocument 1.3 part 2, 3.3; EPUB 3.3, 4.2.6
    next(iter(KINDS[name].values())).type: name for name in ("odt", "ods", "odp", "epub")
}


def kind_of(file: IO[bytes], *, name: str, field: str) -> Kind:
    """What *file*, which can be wound back, is. An archive is looked through as a whole.

    Args:
        name: as the sender calls it. An ending must be one of the content's; none is fine.
        field: that a refusal names.

    Raises:
        Invalid: `wrong_type`, `wrong_ending`, `unsafe_archive`: it is nothing that is taken here.
    """
    content = _content_of(file, field)
    endings, ending = KINDS[content], PurePath(name).suffix.lower()
    if not ending:
        return next(iter(endings.values()))
    if kind := endings.get(ending):
        return kind
    if content in ("text", "zip"):  # what it is, only its ending could tell: it is none that is taken
        raise _wrong_type(field)
    raise Invalid.field(field, "wrong_ending", _("The name's ending is not that of its content."))


def _content_of(file: IO[bytes], field: str) -> str:
    file.seek(0)
    head = file.read(HEAD)
    if head.startswith(b"PK\x03\x04"):
        return _content_of_zip(file, field)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):  # MS-CFB 2.2
        return "ole"
    guessed = filetype.guess(head)
    if guessed and (content := _OF_CONTENT.get(guessed.mime)):
        return content
    if _is_text(file):  # whatever its first letters may stand for elsewhere
        return "text"
    raise _wrong_type(field)


def _content_of_zip(file: IO[bytes], field: str) -> str:
    try:
        inside = zips.look_through(file)
    except zips.Unsafe as unsafe:
        raise Invalid.field(field, "unsafe_archive", str(unsafe)) from None
    if "[Content_Types].xml" in inside.names:
        for folder, content in _FOLDERS.items():
            if any(name.startswith(folder) for name in inside.names):
                return content
    return _MIMETYPES.get(inside.mimetype, "zip")


def _is_text(file: IO[bytes]) -> bool:
    file.seek(0)
    while chunk := file.read(CHUNK):
        if len(chunk.translate(None, CONTROLS)) != len(chunk):
            return False
    return True


def _wrong_type(field: str) -> Invalid:
    return Invalid.field(field, "wrong_type", _("Files of this kind are not taken here."))
