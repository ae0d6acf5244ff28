"""Pictures: what is taken, and what of it goes out again."""

import random
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from common.images import square_webps
from common.problems import Invalid
from common.tests.pictures import encoded, picture

RED, BLUE = (254, 0, 0), (0, 0, 254)


def square(content: bytes, name: str = "", size: int = 64) -> Image.Image:
    """*content* as it comes out at one size."""
    written = square_webps(BytesIO(content), name=name, field="file", sizes=(size,))
    return Image.open(BytesIO(written[size]))


def fault(content: bytes, name: str = "") -> str:
    """The code with which *content* is refused."""
    with pytest.raises(Invalid) as refused:
        square(content, name)
    [error] = refused.value.errors
    assert error["field"] == "file"
    return error["code"]


def near(pixel: tuple[int, ...], colour: tuple[int, int, int]) -> bool:
    return all(abs(is_ - should) < 30 for is_, should in zip(pixel, colour, strict=True))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(40, 30), (3000, 2), (1, 1), (700, 900)])
def test_every_kind_becomes_a_square_webp_of_each_size(kind, size):
    written = square_webps(BytesIO(picture(kind, size)), name="", field="file", sizes=(64, 256))

    squares = {size: Image.open(BytesIO(content)) for size, content in written.items()}
    assert {size: (each.format, each.size) for size, each in squares.items()} == {
        64: ("WEBP", (64, 64)),
        256: ("WEBP", (256, 256)),
    }
    assert near(squares[64].getpixel((32, 32)), RED)


def test_the_middle_is_shown():
    image = Image.new("RGB", (300, 100), "blue")
    image.paste("red", (100, 0, 200, 100))

    shown = square(encoded(image, "PNG"))

    assert [near(shown.getpixel(at), RED) for at in ((2, 2), (61, 61))] == [True, True]


def test_it_is_turned_as_the_camera_says_and_what_else_the_camera_says_is_gone():
    image = Image.new("RGB", (100, 100), "red")
    image.paste("blue", (0, 0, 100, 50))  # above
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned clockwise
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken

    content = encoded(image, "JPEG", exif=exif, comment=b"SecretComment", quality=95)
    shown = square(content)

    assert near(shown.getpixel((5, 32)), RED)
    assert near(shown.getpixel((58, 32)), BLUE)
    assert dict(shown.getexif()) == {}
    written = square_webps(BytesIO(content), name="", field="file", sizes=(64,))[64]
    assert b"Secret" not in written
    assert not {b"EXIF", b"XMP ", b"ICCP", b"ANIM"} & {written[i : i + 4] for i in range(len(written))}


def test_texts_and_profiles_of_a_png_are_gone():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "SecretName")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    written = square_webps(
        BytesIO(picture(pnginfo=notes, icc_profile=profile)), name="", field="file", sizes=(64,)
    )[64]

    assert b"Secret" not in written
    assert b"ICCP" not in written
    assert near(Image.open(BytesIO(written)).getpixel((9, 9)), RED)


def test_a_profile_that_cannot_be_read_changes_nothing():
    shown = square(picture("PNG", icc_profile=b"no profile"))

    assert near(shown.getpixel((9, 9)), RED)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_frame_is_kept(kind):
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "blue")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])

    shown = square(content)

    assert getattr(shown, "n_frames", 1) == 1
    assert near(shown.convert("RGB").getpixel((9, 9)), RED)


@pytest.mark.parametrize(
    ("mode", "kind", "colour"),
    [
        ("1", "PNG", 1),
        ("L", "JPEG", 200),
        ("P", "GIF", 3),
        ("CMYK", "JPEG", (0, 255, 255, 0)),
        ("I;16", "PNG", 200 * 256),
    ],
)
def test_every_way_to_write_colours_is_understood(mode, kind, colour):
    shown = square(encoded(Image.new(mode, (64, 64), colour), kind))

    assert shown.mode == "RGB"
    if mode == "I;16":
        assert near(shown.getpixel((9, 9)), (200, 200, 200))


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (255, 0, 0, 100)), ("LA", (90, 100))])
def test_what_can_be_seen_through_stays_so(mode, colour):
    shown = square(encoded(Image.new(mode, (64, 64), colour), "PNG"))

    assert shown.mode == "RGBA"
    assert shown.getpixel((9, 9))[3] == 100


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("me.jpg", "JPEG"),
        ("ME.JPEG", "JPEG"),
        ("a.b.png", "PNG"),
        ("me", "GIF"),
        ("blob", "WEBP"),
        ("", "PNG"),
    ],
)
def test_a_name_may_have_the_ending_of_its_content_or_none(name, kind):
    assert square(picture(kind), name).size == (64, 64)


@pytest.mark.parametrize(
    ("name", "kind"), [("me.jpg", "PNG"), ("me.png", "JPEG"), ("me.html", "GIF"), ("me.png.php", "PNG")]
)
def test_another_ending_is_refused(name, kind):
    assert fault(picture(kind), name) == "wrong_ending"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain text",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        b"GIF89a<script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n",
        picture("BMP"),
        picture("TIFF"),
        picture("ICO"),
        picture("PPM"),
        picture("JPEG")[:-200],
        picture("PNG")[:-30],
    ],
)
def test_what_is_no_picture_of_the_four_kinds_is_refused(content):
    assert fault(content) == "not_a_picture"


@pytest.mark.parametrize("size", [(8000, 5000), (60_000, 60_000), (33_177_601, 1)])
def test_a_bomb_is_refused_by_its_head(size):
    assert fault(bomb(*size)) == "too_many_pixels"


def test_a_picture_that_lies_about_its_size_is_refused():
    assert fault(bomb(3000, 3000)) == "not_a_picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_garbage_is_refused_and_never_our_fault(kind):
    chance = random.Random(kind)
    whole, codes = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), kind), set()

    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            square(bytes(broken))
        except Invalid as refused:
            codes.add(refused.errors[0]["code"])

    assert codes <= {"not_a_picture", "too_many_pixels"}
