"""Pushes that don't leave this machine: each a file under `DATA_DIR/pushes`, to be seen at `/dev/pushes`.

For development, where a provider has no account of ours. Never in production.
"""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from common.ids import uuid7
from notifications.models import PushDevice
from notifications.outcomes import Outcome, Result

from .base import PushMessage


class LocalPush:
    def send(self, device: PushDevice, message: PushMessage) -> Outcome:
        if message.is_silent and not device.hears_silently:
            return Outcome(result=Result.REFUSED, code="silent_not_supported")
        written = {
            "at": timezone.now().isoformat(),
            "user": str(device.user_id),
            "device": str(device.pk),
            "device_name": device.name,
            "provider": device.provider,
            "id": str(message.id),
            "title": message.title,
            "body": message.body,
            "language": message.language,
            "facts": message.facts,
            "is_silent": message.is_silent,
            "is_urgent": message.is_urgent,
        }
        settings.PUSH_DIR.mkdir(parents=True, exist_ok=True)
        part = settings.PUSH_DIR / f".{uuid7()}"
        part.write_text(json.dumps(written))
        part.rename(settings.PUSH_DIR / f"{part.name[1:]}.json")  # whole, or not there
        return Outcome.sent("kept on this machine")


def local_pushes() -> list[dict[str, Any]]:
    """All of them, the newest first."""
    return [_read(path) for path in sorted(_paths(), reverse=True)]


def forget_pushes(user: str) -> int:
    """Delete those to one person. How many there were."""
    theirs = [path for path in _paths() if _read(path)["user"] == user]
    for path in theirs:
        path.unlink(missing_ok=True)
    return len(theirs)


def _paths() -> list[Path]:
    return list(settings.PUSH_DIR.glob("*.json"))


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found
