from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser, DataAndFiles, MultiPartParser

from common.http import door_of
from common.problems import BodyTooLarge, Malformed, UnsupportedMediaType

from .casing import rename, to_snake

MAX_DEPTH: Final = 32  # of lists and objects in each other; no shape of ours has five
READ: Final = ("", "utf-8", "utf8", "us-ascii")  # charsets: RFC 8259 §8.1 knows but one


class JSONParser(BaseParser):
    """Strict JSON in UTF-8; both spellings where the door takes them."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (context or {}).get("request")
        refuse_coding(request)
        try:
            body = stream.read(settings.MAX_BODY + 1)
        except RequestDataTooBig:
            raise BodyTooLarge(limit=settings.MAX_BODY) from None
        if len(body) > settings.MAX_BODY:
            raise BodyTooLarge(limit=settings.MAX_BODY)
        return decode(body, to_snake if door_of(request).is_camel else None)


def refuse_coding(request: Any) -> None:
    """A body is read as it is sent: compressed, it might be a thousand times as large."""
    if request is None:
        return
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType(_("The body must be sent without a Content-Encoding."))
    charset = request.content_type.lower().partition("charset=")[2].partition(";")[0].strip(' "')
    if charset not in READ:
        raise UnsupportedMediaType(_("The body must be sent in UTF-8."))


def decode(text: bytes | str, by: Callable[[str], str] | None = None) -> Any:
    """JSON as RFC 8259 has it: no NaN, no lone surrogates; nor, unlike there, a name twice in one object.

    Args:
        by: what every name is turned into.

    Raises:
        Malformed: *text* is none, or nested deeper than `MAX_DEPTH`.
    """
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Malformed(str(error)) from None
    names = _names_in(data, MAX_DEPTH)
    # Two readers of one body must not see two things, and orjson takes the last in silence. A name has a
    # colon behind it: with no more colons than names that came through, none was there twice.
    colons = text.count(":") if isinstance(text, str) else text.count(b":")
    if names and (by or colons > names):
        json.loads(text, object_pairs_hook=lambda pairs: _refuse_twins([name for name, _inner in pairs], by))
    return rename(data, by) if by else data


def _names_in(data: Any, left: int) -> int:
    """How many names the objects in *data* have.

    Args:
        left: how deep it may be nested.
    """
    if not isinstance(data, dict | list):
        return 0
    if left == 0:
        raise Malformed(_("The body is nested too deeply."))
    if isinstance(data, list):
        return sum(_names_in(inner, left - 1) for inner in data)
    return len(data) + sum(_names_in(inner, left - 1) for inner in data.values())


def _refuse_twins(names: list[str], by: Callable[[str], str] | None) -> None:
    if len({by(name) if by else name for name in names}) < len(names):
        raise Malformed(_("A field is given twice."))


class UploadParser(MultiPartParser):
    """A form with a file (RFC 7578), for views that say as `max_upload` how many bytes the file may have.

    The rest of the form has as much room as a JSON body.
    """

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        context = dict(parser_context or {})
        limit: int = context["view"].max_upload
        # The server before us holds the body to its announced length.
        if int(context["request"].META.get("CONTENT_LENGTH") or 0) > limit + settings.MAX_BODY:
            raise BodyTooLarge(limit=limit)
        form: Any = super().parse(stream, media_type, context)
        if any((file.size or 0) > limit for file in form.files.values()):
            for file in form.files.values():
                file.close()  # nobody else will: the request never gets it
            raise BodyTooLarge(limit=limit)
        return form
