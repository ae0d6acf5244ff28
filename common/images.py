"""Pictures from people: what they are is looked up in their content, and they are written anew.

Nothing of the bytes that came in goes out again: no metadata (position, camera, thumbnails), no second file
that hides behind the first, nothing that only a viewer's fault could understand.
"""

from collections.abc import Collection
from io import BytesIO
from pathlib import PurePath
from typing import IO, Final

from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image, ImageCms, ImageOps

from .blurhash import blurhash_of
from .problems import Invalid

# What is looked for in the content, and the endings that may stand on it.
KINDS: Final = {
    "JPEG": {".jpg", ".jpeg"},
    "PNG": {".png"},
    "WEBP": {".webp"},
    "GIF": {".gif"},
}
MAX_PIXELS: Final = 7680 * 4320  # 8K: what a few kilobytes may unfold to, some 130 MB while it is cropped
ORIENTATION: Final = ExifTags.Base.Orientation
QUALITY: Final = 82  # of WebP: no difference to be seen at these sizes
SRGB: Final = ImageCms.createProfile("sRGB")

# Pillow warns of bombs by itself, at more than this, and refuses at twice as many.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def square_webps(file: IO[bytes], *, name: str, field: str, sizes: tuple[int, ...]) -> dict[int, bytes]:
    """The middle of a picture, upright, as a square WebP of each of *sizes* (pixels).

    Of a moving picture it is the first frame. Metadata and colour profile are gone, the colours stay.

    Args:
        name: as the sender calls it. An ending must be one of the content's kind; none is fine.
        field: that a refusal names.

    Raises:
        Invalid: `not_a_picture`, `wrong_ending`, `too_many_pixels`: it is none that is taken here.
    """
    picture = _open(file, field)
    ending = PurePath(name).suffix.lower()
    if ending and ending not in KINDS[picture.format or ""]:
        raise Invalid.field(field, "wrong_ending", _("The name's ending is not that of its content."))
    try:
        upright = _upright(picture, max(sizes))
        return {size: _webp(ImageOps.fit(upright, (size, size), Image.Resampling.LANCZOS)) for size in sizes}
    except Exception:
        raise _not_a_picture(field) from None


def fitted_webps(file: IO[bytes], *, field: str, sizes: Collection[int]) -> tuple[dict[int, bytes], str]:
    """The whole of a picture, upright, as a WebP whose longer side has each of *sizes* (pixels) at most.

    As `square_webps`; none is larger than the picture.

    Returns:
        The pictures by size, and their blurhash.

    Raises:
        Invalid: `not_a_picture`, `too_many_pixels`.
    """
    picture = _open(file, field)
    try:
        upright = _upright(picture, max(sizes))
        fitted = {}
        for size in sizes:
            smaller = upright.copy()
            smaller.thumbnail((size, size), Image.Resampling.LANCZOS)
            fitted[size] = _webp(smaller)
        return fitted, blurhash_of(upright)
    except Exception:
        raise _not_a_picture(field) from None


def dimensions(file: IO[bytes], *, field: str) -> tuple[int, int]:
    """How wide and high a picture is when it is seen upright, in pixels. Its head alone is read.

    Raises:
        Invalid: `not_a_picture`, `too_many_pixels`.
    """
    picture = _open(file, field)
    try:
        turned = picture.getexif().get(ORIENTATION, 1) in range(5, 9)  # by a quarter
    except Exception:  # what can't be read turns nothing
        turned = False
    return (picture.height, picture.width) if turned else (picture.width, picture.height)


def _open(file: IO[bytes], field: str) -> Image.Image:
    try:
        file.seek(0)
        picture = Image.open(file, formats=list(KINDS))  # reads its head alone
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(field) from None
    except Exception:  # garbage can fail anywhere in its reading
        raise _not_a_picture(field) from None
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels(field)
    return picture


def _upright(opened: Image.Image, size: int) -> Image.Image:
    """Its pixels as they are meant to be seen, in sRGB, at least *size* wide and high if it was."""
    opened.draft("RGB", (2 * size, 2 * size))  # a JPEG needn't be unfolded any larger
    profile = opened.info.get("icc_profile")
    picture = ImageOps.exif_transpose(opened)
    if picture.mode.startswith("I"):  # 16 bits of grey, which `convert` would cut off
        picture = picture.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    has_alpha = picture.mode in ("LA", "PA", "RGBA") or "transparency" in picture.info
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            picture = ImageCms.profileToProfile(picture, source, SRGB, outputMode="RGB") or picture
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile that can't be read: the colours as they stand
    return picture.convert("RGBA" if has_alpha else "RGB")


def _webp(picture: Image.Image) -> bytes:
    written = BytesIO()
    bare = Image.new(picture.mode, picture.size)  # without `info`, of which the writer would keep some
    bare.paste(picture)
    bare.save(written, "WEBP", quality=QUALITY, method=4)
    return written.getvalue()


def _not_a_picture(field: str) -> Invalid:
    return Invalid.field(field, "not_a_picture", _("A JPEG, PNG, WebP or GIF picture is taken here."))


def _too_many_pixels(field: str) -> Invalid:
    return Invalid.field(
        field, "too_many_pixels", _("At most %(limit)d pixels, width times height.") % {"limit": MAX_PIXELS}
    )
