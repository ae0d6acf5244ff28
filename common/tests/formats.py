"""The formats that our documents name: the checker lets pass what it has no package for."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

FORMATS: Final = FormatChecker(formats=[])
FORMATS.checkers = dict(Draft202012Validator.FORMAT_CHECKER.checkers)


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value: Any) -> bool:
    """A time with its offset from UTC (RFC 3339 §5.6)."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri", raises=ValueError)
def is_address(value: Any) -> bool:
    """With its scheme (RFC 3986 §3)."""
    return not isinstance(value, str) or bool(urlsplit(value).scheme)
