from datetime import datetime
from typing import Any

import time_machine
from django.utils import timezone

from common.actors import SYSTEM
from legal.duties import board
from legal.models import Version
from legal.services import draft_version, publish_version
from legal.services.documents import Words

ENGLISH = Words(title="Terms of service", body="Be kind to each **other**.")
ARABIC = Words(title="شروط الخدمة", body="كونوا **لطفاء**.")


def draft(label: str = "1", *, kind: str = "terms", required: bool = False, **texts: Words) -> Version:
    """A version as the service drafts it; in English where no language is named."""
    return draft_version(
        actor=SYSTEM,
        kind=kind,
        label=label,
        requires_acceptance=required,
        texts=texts or {"en": ENGLISH},
    )


def published(label: str = "1", *, at: datetime | None = None, **more: Any) -> Version:
    """A version in force since *at*, or from *at* on where that is still to come; since now if None."""
    version = draft(label, **more)
    if at and at < timezone.now():
        with time_machine.travel(at, tick=False):
            publish_version(actor=SYSTEM, version=version)
    else:
        publish_version(actor=SYSTEM, version=version, at=at)
    board.forget()  # as after the commit, which a test's own transaction never reaches
    version.refresh_from_db()
    return version
