"""Pictures as people send them."""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), colour: Any = "red", **more: Any) -> bytes:
    """The bytes of a picture in one colour."""
    return encoded(Image.new("RGB", size, colour), kind, **more)


def encoded(image: Image.Image, kind: str, **more: Any) -> bytes:
    written = BytesIO()
    image.save(written, kind, **more)
    return written.getvalue()


def upload(content: bytes | None = None, name: str = "me.png") -> SimpleUploadedFile:
    """A picture as the file of a form."""
    return SimpleUploadedFile(name, picture() if content is None else content)
