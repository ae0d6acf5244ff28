"""What files stand on beside the storage."""

from typing import Any, Final

from common.health.checks import NOT_CONFIGURED, Check

from .providers import ffmpeg, scanners


def scanner() -> dict[str, Any]:
    if not scanners.is_configured():
        return NOT_CONFIGURED
    scanners.scanner().version()
    return {"engine": "clamd"}


def media() -> dict[str, Any]:
    return {"engine": "ffmpeg"} if ffmpeg.is_there() else NOT_CONFIGURED


CHECKS: Final[dict[str, Check]] = {"scanner": scanner, "media": media}
