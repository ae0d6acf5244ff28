"""The words of tus 1.0.0 (https://tus.io/protocols/resumable-upload), which stand in headers."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.http import http_date
from django.utils.translation import gettext_lazy as _
from rest_framework.parsers import BaseParser

from common.api.parsers import refuse_coding
from common.problems import BodyTooLarge, Invalid
from files.models import Upload
from files.services.uploads import CHECKSUMS, Checksum

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,expiration,checksum,termination"
PIECE_TYPE: Final = "application/offset+octet-stream"

NUMBER: Final = re.compile(r"[0-9]{1,18}")
PAIR: Final = re.compile(r"([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))?")  # visible ASCII without the comma
MAX_METADATA: Final = 4096  # characters of the header


def number(headers: Mapping[str, str], name: str) -> int:
    """The header *name*, a whole number of bytes.

    Raises:
        Invalid: it is missing, or no such number.
    """
    said = headers.get(name)
    if said is None:
        raise Invalid.field(name, "required", _("This header is required."))
    if not NUMBER.fullmatch(said):
        raise Invalid.field(name, "invalid", _("A whole number of bytes, please."))
    return int(said)


def metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """What `Upload-Metadata` says: names, and values as Base64 of UTF-8.

    Raises:
        Invalid
    """
    said = headers.get("Upload-Metadata", "")
    fault = Invalid.field("Upload-Metadata", "invalid", _("Pairs of a name and a Base64 value, please."))
    if len(said) > MAX_METADATA:
        raise fault
    found: dict[str, str] = {}
    for pair in said.split(",") if said.strip() else []:
        if not (words := PAIR.fullmatch(pair.strip())) or words[1] in found:
            raise fault
        try:
            found[words[1]] = base64.b64decode(words[2] or "", validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise fault from None
    return found


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """What `Upload-Checksum` says, if it is there.

    Raises:
        Invalid: an algorithm that isn't known here, or no Base64.
    """
    if (said := headers.get("Upload-Checksum")) is None:
        return None
    algorithm, _space, digest = said.partition(" ")
    if algorithm not in CHECKSUMS:
        raise Invalid.field("Upload-Checksum", "invalid_choice", _("One of: sha1, sha256."))
    try:
        return Checksum(algorithm, base64.b64decode(digest, validate=True))
    except binascii.Error:
        raise Invalid.field("Upload-Checksum", "invalid", _("Base64, please.")) from None


def standing(upload: Upload) -> dict[str, str]:
    """How far *upload* is, in headers."""
    said = {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": http_date(upload.expires_at.timestamp()),
        "Cache-Control": "no-store",
    }
    if upload.metadata:
        said["Upload-Metadata"] = upload.metadata
    if upload.file_id:
        said["Upload-File"] = str(upload.file_id)
    return said


class PieceParser(BaseParser):
    """The bytes of a piece, under the place where it goes on as their name."""

    media_type = PIECE_TYPE

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request: Any = (parser_context or {})["request"]
        refuse_coding(request)
        content = stream.read(Upload.PIECE + 1)
        if len(content) > Upload.PIECE:
            raise BodyTooLarge(limit=Upload.PIECE)
        return SimpleUploadedFile(request.headers.get("Upload-Offset", "0"), content, PIECE_TYPE)
