"""What came of an attempt to reach somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class Result(models.TextChoices):
    SENT = "sent", _("sent")
    AGAIN = "again", _("to be tried again")
    GONE = "gone", _("nobody there any more")  # and the target is to be forgotten
    REFUSED = "refused", _("refused for good")
    HELD = "held", _("not now")  # a rule says later: it counts as no attempt
    SKIPPED = "skipped", _("not any more")  # a rule says no by now
    LOST = "lost", _("its worker died")  # nobody knows whether it arrived


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    Attributes:
        code: why, as one word of ours: `sent`, `timeout`, `http_503`, `unregistered`, `payload_too_large` …
        answer: what the other side said, for people; without secrets.
        not_before: the other side asks to be left alone until then; of `HELD`, until when.
    """

    result: Result
    code: str
    answer: str = ""
    not_before: datetime | None = None

    @classmethod
    def sent(cls, answer: str = "") -> Outcome:
        return cls(result=Result.SENT, code="sent", answer=answer)
