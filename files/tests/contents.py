"""Files as people send them: the smallest content of each kind."""

import zipfile
from io import BytesIO
from typing import Any

from common.tests.pictures import picture

MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(100)
OGG = b"OggS" + bytes(100)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(100)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(100)
MOV = b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + bytes(100)
WEBM = (
    b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
    + bytes(100)
)
PDF = b"%PDF-1.7\n" + bytes(100)
EXE = b"MZ" + bytes(100)
TEXT = "Passports, water, a map. جواز السفر\n".encode()


def packed(files: dict[str, bytes] | None = None, **more: Any) -> bytes:
    """A ZIP of *files*."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w", **({"compression": zipfile.ZIP_DEFLATED} | more)) as archive:
        for name, content in (files or {"a.txt": TEXT}).items():
            archive.writestr(name, content)
    return written.getvalue()


def document(folder: str) -> bytes:
    """What an Office program saves: `word`, `xl` or `ppt`."""
    return packed({"[Content_Types].xml": b"<Types/>", f"{folder}/document.xml": b"<document/>"})


def book(mimetype: str) -> bytes:
    return packed({"mimetype": mimetype.encode(), "content.xml": b"<content/>"})


PICTURE = picture()
