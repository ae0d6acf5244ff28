"""snake_case is canonical; older clients speak camelCase."""

import re
from typing import Any

_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")
_UNDERSCORE = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")


def to_snake(name: str) -> str:
    return _HUMP.sub(lambda found: f"_{found[1].lower()}", name)


def to_camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def rename(value: Any, by: Any) -> Any:
    """*value* with every key of every object in it renamed."""
    if isinstance(value, dict):
        return {by(key) if isinstance(key, str) else key: rename(inner, by) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rename(inner, by) for inner in value]
    return value
