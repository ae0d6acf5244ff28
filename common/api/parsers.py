from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.parsers import BaseParser

from common.http import door_of
from common.problems import BodyTooLarge, Malformed

from .casing import rename, to_snake


class JSONParser(BaseParser):
    """Strict JSON (RFC 8259: no NaN, no lone surrogates); both spellings where the door takes them."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            body = stream.read(settings.MAX_BODY + 1)
        except RequestDataTooBig:
            raise BodyTooLarge(limit=settings.MAX_BODY) from None
        if len(body) > settings.MAX_BODY:
            raise BodyTooLarge(limit=settings.MAX_BODY)
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Malformed(str(error)) from None
        return rename(data, to_snake) if door_of((context or {}).get("request")).is_camel else data
