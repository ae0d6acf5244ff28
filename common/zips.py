"""Archives from people: looked through before anybody unpacks them.

Whoever opens one trusts it with disk and memory. So every entry is unpacked here, into nothing, and counted
as it comes, whatever it claims of itself; what can't be unpacked to the end, an encrypted one say, is not
taken.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from django.utils.translation import gettext as _

MAX_ENTRIES: Final = 10_000  # of an archive and of those in it, together
MAX_UNPACKED: Final = 1024**3  # bytes, likewise
MAX_RATIO: Final = 200  # bytes unpacked for a packed one, over all: text packs by ten, a bomb by a thousand
MAX_DEPTH: Final = 2  # archives in each other: a document with a table in it, sent in a zip
SMALL: Final = 1024 * 1024  # bytes unpacked that are no bomb, whatever they were packed to

CHUNK: Final = 256 * 1024  # bytes
IN_MEMORY: Final = 4 * 1024 * 1024  # bytes of an archive in an archive; the rest of it is on disk
ENTRY: Final = 46  # bytes that an entry takes in the directory, at least (APPNOTE.TXT 4.3.12)
END: Final = struct.Struct("<4s4H2LH")  # of the directory (4.3.16)
PACKED: Final = b"PK\x03\x04"
OTHERS: Final = (  # gzip, RAR, 7z, bzip2, xz, zstd
    b"\x1f\x8b",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
)


class Unsafe(Exception):  # noqa: N818 (it says what is so)
    """Why an archive is not taken, in words for its sender."""


@dataclass(frozen=True)
class Inside:
    """What an archive holds.

    Attributes:
        names: of its entries.
        mimetype: the content of the entry of that name, by which some formats say what they are.
    """

    names: frozenset[str]
    mimetype: str


class _Budget:
    """What may still be unpacked of one upload."""

    def __init__(self, packed: int) -> None:
        self.packed, self.entries, self.unpacked = packed, 0, 0

    def take_entries(self, count: int) -> None:
        self.entries += count
        if self.entries > MAX_ENTRIES:
            raise Unsafe(_("It holds more files than an archive may."))

    def take(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > MAX_UNPACKED or self.unpacked > max(SMALL, self.packed * MAX_RATIO):
            raise Unsafe(_("It unpacks to more than an archive may."))


def look_through(file: IO[bytes]) -> Inside:
    """Unpack *file*, a ZIP that can be wound back, into nothing.

    Raises:
        Unsafe: it is broken or encrypted, holds too much, leads elsewhere, or hides others too deep.
    """
    return _look(file, _Budget(_size_of(file)), depth=0)


def _look(file: IO[bytes], budget: _Budget, *, depth: int) -> Inside:
    try:
        _refuse_long_directory(file, budget)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            budget.take_entries(len(entries))
            for entry in entries:
                _refuse_misleading(entry)
                _unpack(file, entry, budget, depth)
            return Inside(frozenset(entry.filename for entry in entries), _mimetype(archive))
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError):
        raise Unsafe(_("It can't be read to the end.")) from None


def _refuse_long_directory(file: IO[bytes], budget: _Budget) -> None:
    """Before anybody reads the directory, which is held in memory as a whole."""
    size = _size_of(file)
    file.seek(max(0, size - END.size - 0xFFFF))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0:
        raise zipfile.BadZipFile
    # A second, 64 bits wide directory is for what is far larger than anything that is taken.
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise Unsafe(_("It holds more files than an archive may."))
    length = END.unpack_from(tail, at)[5]
    if length > (MAX_ENTRIES - budget.entries) * (ENTRY + 512):
        raise Unsafe(_("It holds more files than an archive may."))


def _refuse_misleading(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or path.parts[:1] and path.parts[0].endswith(":"):
        raise Unsafe(_("A file in it would be written elsewhere."))
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Unsafe(_("It holds something that is neither a file nor a folder."))
    if entry.flag_bits & 0x1:
        raise Unsafe(_("It is encrypted, so nobody can look into it."))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unsafe(_("It is packed in a way that is not taken here."))


def _unpack(file: IO[bytes], entry: zipfile.ZipInfo, budget: _Budget, depth: int) -> None:
    """Count what comes out of *entry*; an archive is looked through in its turn."""
    pieces = _pieces(file, entry, budget)
    first = next(pieces, b"")
    if first.startswith(OTHERS) or (depth >= MAX_DEPTH and first.startswith(PACKED)):
        raise Unsafe(_("It hides an archive that nobody can look into."))
    if not first.startswith(PACKED):
        for _piece in pieces:
            pass
        return
    with SpooledTemporaryFile(max_size=IN_MEMORY) as inner:
        inner.write(first)
        for piece in pieces:
            inner.write(piece)
        _look(inner, budget, depth=depth + 1)


def _pieces(file: IO[bytes], entry: zipfile.ZipInfo, budget: _Budget) -> Iterator[bytes]:
    """What is in *entry*, by its bytes alone: how long it says it will be is no matter."""
    left = entry.compress_size
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    file.seek(_begin_of(file, entry))
    rest = b""
    while left or rest:
        if not rest:
            rest = file.read(min(CHUNK, left))
            if not rest:
                raise EOFError
            left -= len(rest)
        if unpacker is None:
            piece, rest = rest, b""
        else:
            piece = unpacker.decompress(rest, CHUNK)
            rest = unpacker.unconsumed_tail
            if unpacker.eof:
                left, rest = 0, b""
        budget.take(len(piece))
        if piece:
            yield piece
    while unpacker and not unpacker.eof:  # what it still holds back
        piece = unpacker.decompress(b"", CHUNK)
        if not piece:
            raise EOFError
        budget.take(len(piece))
        yield piece


def _begin_of(file: IO[bytes], entry: zipfile.ZipInfo) -> int:
    """Where its bytes are: behind its own header (APPNOTE.TXT 4.3.7)."""
    file.seek(entry.header_offset)
    header = struct.unpack("<4s5H3L2H", file.read(30))
    if header[0] != PACKED:
        raise zipfile.BadZipFile
    return entry.header_offset + 30 + int(header[9]) + int(header[10])


def _mimetype(archive: zipfile.ZipFile) -> str:
    try:
        entry = archive.getinfo("mimetype")
    except KeyError:
        return ""
    with archive.open(entry) as opened:
        return opened.read(100).decode("ascii", "replace").strip()


def _size_of(file: IO[bytes]) -> int:
    return file.seek(0, 2)
