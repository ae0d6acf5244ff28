"""Taking a file in: what it is, whether there is room, and that nothing stays of what was refused."""

import stat
import struct
import zipfile
from io import BytesIO
from zlib import crc32

import pytest
from django.core.files.storage import storages
from PIL import Image

from common.models import LooseFile
from common.problems import BodyTooLarge, Invalid
from common.tests.pictures import encoded, picture
from common.tests.threads import at_once
from files.models import File
from files.problems import QuotaExceeded
from files.tests import contents
from files.tests.factories import FileFactory, file_of

pytestmark = pytest.mark.django_db

MANY = [f"{n}.txt" for n in range(10_001)]
ZEROS = bytes(20 * 1024 * 1024)


def refused(layla, content: bytes, name: str) -> str:
    """The code of the refusal of field `file`."""
    with pytest.raises(Invalid) as refusal:
        file_of(layla, content, name)
    [error] = refusal.value.errors
    assert error["field"] == "file"
    return error["code"]


def test_a_file_is_kept_in_the_private_storage_under_a_name_nobody_can_guess(layla, stored, folder):
    file = file_of(layla, contents.TEXT, "notes.txt", purpose="message")

    row = File.objects.get()
    assert (row.owner, row.name, row.size, row.type, row.kind) == (
        layla,
        "notes.txt",
        45,
        "text/plain",
        "text",
    )
    assert (row.purpose, row.scan, row.width, row.claimed_at) == ("message", "skipped", None, None)
    assert row == file
    key = row.stored.rpartition("/")[2]
    assert row.stored == f"files/{key[:2]}/{key}"
    assert len(key) == 32
    assert stored() == [row.stored]
    assert (folder / row.stored).read_bytes() == contents.TEXT
    assert stat.S_IMODE((folder / row.stored).stat().st_mode) == 0o600
    assert not LooseFile.objects.exists()


@pytest.mark.parametrize(
    ("content", "name", "type", "kind"),
    [
        (picture("JPEG"), "a.jpg", "image/jpeg", "image"),
        (picture("JPEG"), "A.JPEG", "image/jpeg", "image"),
        (picture("PNG"), "a.png", "image/png", "image"),
        (picture("GIF"), "a.gif", "image/gif", "image"),
        (picture("WEBP"), "a.webp", "image/webp", "image"),
        (picture("WEBP"), "a", "image/webp", "image"),
        (contents.MP3, "a.mp3", "audio/mpeg", "audio"),
        (contents.OGG, "a.ogg", "audio/ogg", "audio"),
        (contents.OGG, "a.opus", "audio/ogg", "audio"),
        (contents.WAV, "a.wav", "audio/wav", "audio"),
        (contents.MP4, "a.mp4", "video/mp4", "video"),
        (contents.MP4, "a.m4a", "audio/mp4", "audio"),
        (contents.MOV, "a.mov", "video/quicktime", "video"),
        (contents.WEBM, "a.webm", "video/webm", "video"),
        (contents.WEBM, "a.weba", "audio/webm", "audio"),
        (contents.PDF, "a.pdf", "application/pdf", "document"),
        (contents.PDF, "a", "application/pdf", "document"),
        (
            contents.document("word"),
            "a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "document",
        ),
        (
            contents.document("xl"),
            "a.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "document",
        ),
        (
            contents.book("application/vnd.oasis.opendocument.text"),
            "a.odt",
            "application/vnd.oasis.opendocument.text",
            "document",
        ),
        (contents.book("application/epub+zip"), "a.epub", "application/epub+zip", "document"),
        (contents.packed(), "a.zip", "application/zip", "archive"),
        (contents.TEXT, "a.txt", "text/plain", "text"),
        (contents.TEXT, "a.csv", "text/csv", "text"),
        (contents.TEXT, "packing list", "text/plain", "text"),
        (b"BMW, 2019, one owner", "a.txt", "text/plain", "text"),
        ("prix: 5 €".encode("cp1252"), "a.csv", "text/csv", "text"),
    ],
)
def test_what_a_file_is_is_looked_up_in_its_content(content, name, type, kind, layla):
    file = file_of(layla, content, name)

    assert (file.type, file.kind, file.size) == (type, kind, len(content))


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (picture("PNG"), "a.jpg", "wrong_ending"),
        (picture("PNG"), "a.exe", "wrong_ending"),
        (contents.PDF, "a.docx", "wrong_ending"),
        (contents.document("word"), "a.xlsx", "wrong_ending"),
        (contents.document("word"), "a.zip", "wrong_ending"),
        (contents.packed(), "a.docx", "wrong_type"),
        (contents.packed(), "a.jar", "wrong_type"),
        (contents.EXE, "a.exe", "wrong_type"),
        (contents.EXE, "a.txt", "wrong_type"),
        (contents.EXE, "a", "wrong_type"),
        (b"<html><script>alert(1)</script>", "a.html", "wrong_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "wrong_type"),
        (b"#!/bin/sh\nrm -rf /\n", "a.sh", "wrong_type"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(50), "a.rar", "wrong_type"),
        (b"BM" + bytes(100), "a.bmp", "wrong_type"),
        (b"", "a.txt", "empty"),
        (picture("PNG")[:16], "a.png", "not_a_picture"),
        (b"PK\x03\x04" + bytes(100), "a.zip", "unsafe_archive"),
    ],
)
def test_what_is_not_taken_is_refused_and_nothing_is_kept(content, name, code, layla, stored):
    assert refused(layla, content, name) == code
    assert not File.objects.exists()
    assert not LooseFile.objects.exists()
    assert stored() == []


def test_a_picture_is_measured_as_it_is_seen(layla):
    turned = Image.Exif()
    turned[0x0112] = 6

    file = file_of(layla, picture("JPEG", (40, 30), exif=turned), "a.jpg")

    assert (file.width, file.height) == (30, 40)


def test_a_picture_of_too_many_pixels_is_refused_by_its_head_alone(layla):
    head = bytearray(picture("PNG"))
    head[16:24] = struct.pack(">II", 100_000, 100_000)
    head[29:33] = struct.pack(">I", crc32(head[12:29]))

    assert refused(layla, bytes(head), "a.png") == "too_many_pixels"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("notes.txt", "notes.txt"),
        ("../../etc/notes.txt", "notes.txt"),
        ("C:\\Users\\layla\\notes.txt", "notes.txt"),
        ("gpj\u202etxt.txt", "gpjtxt.txt"),
        ("a\r\nSet-Cookie: b.txt", "aSet-Cookie: b.txt"),
        ("", "file"),
        ("...", "file"),
        ("رحلة.txt", "رحلة.txt"),
        ("x" * 300 + ".txt", "x" * 251 + ".txt"),
    ],
)
def test_a_name_is_kept_as_it_may_be_shown_anywhere(name, shown, layla):
    assert file_of(layla, contents.TEXT, name).name == shown


def test_a_file_as_large_as_may_be_is_taken_and_one_byte_more_is_not(layla, settings, stored):
    settings.MAX_FILE_SIZE = 1000

    file_of(layla, b"a" * 1000)
    with pytest.raises(BodyTooLarge) as refusal:
        file_of(layla, b"a" * 1001)

    assert refusal.value.extra == {"limit": 1000}
    assert len(stored()) == 1


def test_the_quota_is_each_persons_own(layla, omar, settings, stored):
    settings.FILES_QUOTA = 3000
    FileFactory(owner=omar, size=3000)
    FileFactory(owner=layla, size=1000)
    FileFactory(owner=layla, size=1000)

    file_of(layla, b"a" * 1000)
    with pytest.raises(QuotaExceeded) as refusal:
        file_of(layla, b"a")

    assert refusal.value.body() == {
        "type": "http://testserver/api/docs/problems#quota_exceeded",
        "title": "Your files take as much room as they may. Delete some first.",
        "status": 409,
        "detail": "Your files take as much room as they may. Delete some first.",
        "code": "quota_exceeded",
        "limit": 3000,
        "used": 3000,
    }
    assert len(stored()) == 1


def test_it_is_told_of_after_the_commit(layla, monkeypatch, committed):
    rung = []
    monkeypatch.setattr("files.registries.arrived", [rung.append])

    with committed():
        file = file_of(layla)
        assert rung == []

    assert rung == [file.pk]


def test_a_file_waits_for_its_scan_where_somebody_looks(layla, settings):
    settings.CLAMAV_URL = "tcp://127.0.0.1:3310"

    assert file_of(layla).scan == "pending"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_no_more_are_kept_than_there_is_room_for(layla, settings, stored):
    settings.FILES_QUOTA = 3500

    def upload(number: int) -> str:
        try:
            file_of(layla, b"a" * 1000)
        except QuotaExceeded as problem:
            return problem.code
        return "kept"

    ends = at_once(8, upload)

    assert sorted(ends) == ["kept"] * 3 + ["quota_exceeded"] * 5
    assert File.objects.bytes_of(layla) == 3000
    assert LooseFile.objects.count() == len(stored()) - 3  # what was refused late goes with the next sweep


# --- Archives ----------------------------------------------------------------------------------------------


def test_an_archive_in_an_archive_is_looked_through_too(layla):
    inner = contents.packed({"table.xlsx": contents.document("xl")})

    assert file_of(layla, contents.packed({"offer.zip": inner}), "a.zip").kind == "archive"


def linked() -> bytes:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return written.getvalue()


def encrypted() -> bytes:
    content = bytearray(contents.packed())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1
    return bytes(content)


def understated() -> bytes:
    """It says that it unpacks to a hundred bytes."""
    content = bytearray(contents.packed({"a.txt": ZEROS}))
    content[22:26] = struct.pack("<L", 100)
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<L", 100)
    return bytes(content)


def nested(depth: int) -> bytes:
    content = contents.packed()
    for _ in range(depth):
        content = contents.packed({"inner.zip": content})
    return content


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: contents.packed({"a.txt": ZEROS}), id="unpacks to a thousandfold"),
        pytest.param(understated, id="understates what it unpacks to"),
        pytest.param(lambda: contents.packed(dict.fromkeys(MANY, b"")), id="too many entries"),
        pytest.param(lambda: nested(3), id="too deep"),
        pytest.param(
            lambda: contents.packed({"a.zip": contents.packed({"b.txt": ZEROS})}),
            id="a bomb within",
        ),
        pytest.param(lambda: contents.packed({"a.rar": b"Rar!\x1a\x07\x01\x00"}), id="a RAR within"),
        pytest.param(linked, id="a symbolic link"),
        pytest.param(encrypted, id="encrypted"),
        pytest.param(lambda: contents.packed({"../a.txt": b"a"}), id="a way up"),
        pytest.param(lambda: contents.packed({"/etc/a.txt": b"a"}), id="an absolute path"),
        pytest.param(lambda: contents.packed({"C:\\a.txt": b"a"}), id="a drive"),
        pytest.param(lambda: contents.packed(compression=zipfile.ZIP_BZIP2), id="another packing"),
        pytest.param(lambda: contents.packed()[:-30], id="cut off"),
    ],
)
def test_an_unsafe_archive_is_refused(content, layla):
    assert refused(layla, content(), "a.zip") == "unsafe_archive"
    assert not File.objects.exists()


def test_a_document_that_is_a_bomb_is_refused(layla):
    bomb = {"[Content_Types].xml": b"<Types/>", "word/document.xml": ZEROS}

    assert refused(layla, contents.packed(bomb), "a.docx") == "unsafe_archive"


def test_what_is_read_back_is_what_came(layla):
    content = encoded(Image.new("RGB", (400, 300), "blue"), "PNG")
    file = file_of(layla, content, "a.png")

    with storages["private"].open(file.stored) as opened:
        assert opened.read() == content
