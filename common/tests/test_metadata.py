"""Nothing leaves with a picture that is not the picture."""

import struct
from contextlib import suppress
from io import BytesIO
from zlib import crc32

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from common.metadata import Unreadable, without_metadata
from common.tests.pictures import encoded, picture

WHERE = b"31.9539N 35.9106E"


def photo(kind: str, side: int | None = None, **more) -> bytes:
    """A picture of two colours that says where it was taken, and which side of it is up."""
    image = Image.new("RGB", (40, 30), "red")
    image.paste("blue", (0, 0, 20, 30))
    about = Image.Exif()
    about[0x010E] = WHERE.decode()  # ImageDescription
    about.get_ifd(0x8825)[1] = "N"  # GPSLatitudeRef
    if side:
        about[0x0112] = side
    return encoded(image, kind, exif=about, **more)


def seen(content: bytes) -> tuple[tuple[int, int], bytes]:
    opened = Image.open(BytesIO(content))
    return opened.size, opened.convert("RGBA").tobytes()


@pytest.mark.parametrize("side", [None, 1, 3, 6])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_where_it_was_taken_is_gone_and_the_picture_is_the_same(kind, side):
    content = photo(kind, side, comment=WHERE) if kind == "JPEG" else photo(kind, side)
    assert WHERE in content

    bare = without_metadata(content, f"image/{kind.lower()}")

    assert WHERE not in bare
    assert seen(bare) == seen(content)
    left = dict(Image.open(BytesIO(bare)).getexif())
    assert left == ({0x0112: side} if side not in (None, 1) else {})


def test_a_progressive_picture_with_colours_of_its_own_is_the_same():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = photo("JPEG", progressive=True, icc_profile=profile, quality=95)

    bare = without_metadata(content, "image/jpeg")

    assert seen(bare) == seen(content)
    assert Image.open(BytesIO(bare)).info["icc_profile"] == profile


@pytest.mark.parametrize(("kind", "type"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_what_hangs_behind_its_end_is_cut_off(kind, type):
    content = picture(kind)

    assert without_metadata(content + b"<script>" + picture("JPEG"), type) == without_metadata(content, type)


def test_text_in_a_png_is_gone():
    about = PngImagePlugin.PngInfo()
    about.add_text("Author", "Layla")
    about.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")

    assert b"Layla" not in without_metadata(picture("PNG", pnginfo=about), "image/png")


def test_a_moving_picture_still_moves():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    content = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], xmp=WHERE)

    bare = without_metadata(content, "image/webp")

    assert WHERE not in bare
    assert Image.open(BytesIO(bare)).n_frames == 3


def test_what_is_no_picture_of_these_stays_as_it_is():
    assert without_metadata(b"GIF89a...", "image/gif") == b"GIF89a..."


@pytest.mark.parametrize("type", ["image/jpeg", "image/png", "image/webp"])
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1\xff\xff", b"RIFF", b"\x89PNG\r\n\x1a\n\0"]
)
def test_garbage_is_told_or_left_and_nothing_else(content, type):
    with suppress(Unreadable):
        assert len(without_metadata(content, type)) <= len(content) + 12


def test_a_chunk_that_is_longer_than_the_file_is_refused():
    body = b"IDAT" + b"x"
    broken = picture("PNG")[:33] + struct.pack(">L", 2**31) + body + struct.pack(">L", crc32(body))

    with pytest.raises(Unreadable):
        without_metadata(broken, "image/png")
