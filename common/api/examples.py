"""Short ways to write an operation's examples."""

from typing import Any

from drf_spectacular.utils import OpenApiExample


def sent(name: str, value: Any, media_type: str = "application/json") -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True, media_type=media_type)


def given(name: str, value: Any, *statuses: int) -> OpenApiExample:
    """What is answered, under each of *statuses* (200 if none is said)."""
    codes = [str(status) for status in statuses or (200,)]
    return OpenApiExample(name, value=value, response_only=True, status_codes=codes)
