from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from .answers import dress, encode


class JSONRenderer(BaseRenderer):
    """JSON in the manners of the door: `snake_case`, or the older clients' way."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, media_type: str | None = None, context: Mapping[str, Any] | None = None
    ) -> bytes:
        context = context or {}
        response = context.get("response")
        if data is None:
            return b""
        return encode(dress(data, context.get("request"), status=response.status_code if response else 200))
