"""Pictures without what a camera or an editor wrote beside them: where it was, when, whose, with what.

The picture itself is not touched, so nothing of its quality is lost. Kept is what it takes to show it:
colours, motion, and which side is up. What hangs behind its end is cut off.
"""

import re
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Final
from zlib import crc32

from PIL import Image

JPEG_KEPT: Final = {  # segments of applications, by what they begin with (ITU-T T.871, ICC.1, Adobe TN 5116)
    0xE0: b"JFIF\0",
    0xE2: b"ICC_PROFILE\0",
    0xEE: b"Adobe",
}
PNG_KEPT: Final = frozenset(  # PNG 3rd edition, 5.6, and what shows motion
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
WEBP_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})  # RFC 9649 §2.7
PNG_BEGIN: Final = b"\x89PNG\r\n\x1a\n"
SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # a marker that no data of a scan is taken for
EXIF_FLAG: Final = 0x08  # of VP8X
XMP_FLAG: Final = 0x04


class Unreadable(Exception):  # noqa: N818 (it says what is so)
    """It is no picture of that type, as far as it goes."""


def without_metadata(content: bytes, type: str) -> bytes:
    """*content*, a picture of media type *type*, with nothing beside the picture. Others stay as they are.

    Raises:
        Unreadable: it can't be followed to its end.
    """
    if (strip := _STRIP.get(type)) is None:
        return content
    try:
        return b"".join(strip(content, _orientation(content)))
    except (struct.error, IndexError):
        raise Unreadable from None


def _orientation(content: bytes) -> bytes:
    """A TIFF structure that says which side is up and nothing else (Exif 3.0, 4.6.2); empty if it is up."""
    try:
        with Image.open(BytesIO(content)) as picture:
            side = picture.getexif().get(0x0112, 1)
    except Exception:  # what can't be read turns nothing
        side = 1
    if side not in range(2, 9):
        return b""
    return b"II*\0" + struct.pack("<LHHHLLL", 8, 1, 0x0112, 3, 1, side, 0)


def _jpeg(content: bytes, orientation: bytes) -> Iterator[bytes]:
    if content[:2] != b"\xff\xd8":
        raise Unreadable
    yield content[:2]
    at, is_first = 2, True
    while at < len(content):
        if content[at] != 0xFF:
            raise Unreadable
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker == 0xD9:
            yield content[at : at + 2]
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        segment, at = content[at : at + 2 + length], at + 2 + length
        if length < 2 or at > len(content):
            raise Unreadable
        if is_first and marker != 0xE0 and orientation:  # behind JFIF's own, before all others
            yield _jpeg_exif(orientation)
        is_first = is_first and marker == 0xE0
        if _is_kept(marker, segment):
            yield segment
        if marker == 0xDA:  # what follows is the scan, up to the next marker
            found = SCAN_END.search(content, at)
            end = found.start() if found else len(content)
            yield content[at:end]
            at = end


def _is_kept(marker: int, segment: bytes) -> bool:
    if 0xE0 <= marker <= 0xEF:
        return marker in JPEG_KEPT and segment[4:].startswith(JPEG_KEPT[marker])
    return marker != 0xFE  # a comment


def _jpeg_exif(orientation: bytes) -> bytes:
    payload = b"Exif\0\0" + orientation
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload


def _png(content: bytes, orientation: bytes) -> Iterator[bytes]:
    if not content.startswith(PNG_BEGIN):
        raise Unreadable
    yield PNG_BEGIN
    at = len(PNG_BEGIN)
    while at < len(content):
        length, name = struct.unpack_from(">L4s", content, at)
        chunk, at = content[at : at + 12 + length], at + 12 + length
        if at > len(content):
            raise Unreadable
        if name in PNG_KEPT:
            yield chunk
        if name == b"IHDR" and orientation:
            body = b"eXIf" + orientation
            yield struct.pack(">L", len(orientation)) + body + struct.pack(">L", crc32(body))
        if name == b"IEND":
            return
    raise Unreadable


def _webp(content: bytes, orientation: bytes) -> Iterator[bytes]:
    begin, size, kind = struct.unpack_from("<4sL4s", content, 0)
    end = size + 8
    if begin != b"RIFF" or kind != b"WEBP" or end > len(content) + 1:
        raise Unreadable
    chunks, at = [], 12
    while at + 8 <= min(end, len(content)):
        name, length = struct.unpack_from("<4sL", content, at)
        chunk, at = content[at : at + 8 + length + length % 2], at + 8 + length + length % 2
        if name == b"VP8X":
            flags = chunk[8] & ~(EXIF_FLAG | XMP_FLAG) | (EXIF_FLAG if orientation else 0)
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if name in WEBP_KEPT:
            chunks.append(chunk)
    if orientation and chunks and chunks[0].startswith(b"VP8X"):
        chunks.append(struct.pack("<4sL", b"EXIF", len(orientation)) + orientation)
    body = b"WEBP" + b"".join(chunks)
    yield struct.pack("<4sL", b"RIFF", len(body)) + body


_STRIP: Final = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp}
