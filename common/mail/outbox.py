"""The embedded default's post: each mail a file under `DATA_DIR/mails`, readable at `/dev/outbox`."""

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.api.answers import encode
from common.holdings import Subject
from common.ids import uuid7


class OutboxBackend(BaseEmailBackend):
    """Writes `.eml` files, newest name last; a mail program opens them too."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        settings.MAIL_DIR.mkdir(parents=True, exist_ok=True)
        for message in messages:
            part = settings.MAIL_DIR / f".{uuid7()}"
            part.write_bytes(message.message().as_bytes())
            part.rename(settings.MAIL_DIR / f"{part.name[1:]}.eml")  # whole, or not there
        return len(messages)


@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Every mail, newest first: a page, or with `Accept: application/json` a list `results`."""
    mails = [_read(path) for path in sorted(settings.MAIL_DIR.glob("*.eml"), reverse=True)]
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return HttpResponse(encode({"results": mails}), content_type="application/json")
    return render(request, "common/outbox.html", {"mails": mails})


def forget_mails(who: Subject) -> int:
    """Delete the mails to somebody. How many there were."""
    theirs = [path for path in settings.MAIL_DIR.glob("*.eml") if _read(path)["to"] == who.email]
    for path in theirs:
        path.unlink(missing_ok=True)
    return len(theirs)


def _read(path: Path) -> dict[str, Any]:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    return {
        "to": str(mail["To"]),
        "subject": str(mail["Subject"]),
        "text": _part(mail, "plain"),
        "html": _part(mail, "html"),
        "at": str(mail["Date"]),
        "headers": {name: str(value) for name, value in mail.items()},
    }


def _part(mail: Parsed, subtype: str) -> str:
    part = mail.get_body(preferencelist=(subtype,))
    return part.get_content() if part else ""
