"""Nothing secret reaches a log."""

import re
from typing import Any, Final

SECRET_NAMES: Final = re.compile(
    r"(?i)(pass(word)?|secret|token|authorization|cookie|ticket|api[-_]?key|^access$|^refresh$|^code$)"
)
SECRETS_IN_TEXT: Final = [
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "[token]"),  # a JSON Web Token
    (re.compile(r"(?i)\b(bearer|api-key)[ .]\S+"), r"\1 [redacted]"),
    (re.compile(r"(?i)((?:ticket|token|password|secret|access|refresh)=)[^&\s\"']+"), r"\1[redacted]"),
    (re.compile(r"([?&]code=)[^&\s\"']+"), r"\1[redacted]"),  # `code=200` elsewhere is a status
    (
        re.compile(
            r"(/(?:auth/verify-email|reset-password|change-email|let-me-in|not-me|unsubscribe|v1/invitations"
            r"|api/invitations)/)[^\s/?\"']+"
        ),
        r"\1[token]",
    ),
]


def redact(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: secrets by their name, and what looks like one within any text."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if name == "code" and isinstance(value, int):
        return value  # the status of an answer
    if SECRET_NAMES.search(name) and value:
        return "[redacted]"
    if isinstance(value, str):
        for pattern, replacement in SECRETS_IN_TEXT:
            value = pattern.sub(replacement, value)
    elif isinstance(value, dict):
        value = {key: _clean(str(key), inner) for key, inner in value.items()}
    elif isinstance(value, list | tuple):
        value = [_clean("", inner) for inner in value]
    elif not isinstance(value, int | float | None) and not name.startswith("_"):  # `_record` is structlog's
        return _clean(name, repr(value))  # as it would be written: a request's repr holds its whole path
    return value
