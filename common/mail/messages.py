"""A mail as it goes out: both parts made of its templates, and what every mail of ours says of itself."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from common.direction import settled

MAX_SUBJECT: Final = 120  # characters; programs show half of it and less


class Message(EmailMultiAlternatives):
    """A mail whose addresses are not broken off from the names of their headers.

    `List-Unsubscribe` is longer than the 78 characters after which Python would fold it, behind its colon,
    where not every provider looks further. A line may have 998 (RFC 5322 §2.1.1).
    """

    def message(self) -> Any:  # type: ignore[override]  # (stubs of a later Django)
        message = super().message()
        message.policy = message.policy.clone(max_line_length=998)
        return message


def make_message(
    *,
    id: UUID,
    to: str,
    template: str,
    context: Mapping[str, Any],
    language: str,
    headers: Mapping[str, str] | None = None,
) -> Message:
    """Both parts of a mail in *language*.

    Args:
        id: of what it tells of: the same at each attempt, and so is the `Message-ID`.
        template: `templates/mail/<template>.txt` (subject in its first line, then the text) and `.html`.
    """
    context = {"public_url": settings.PUBLIC_URL, **context}
    with translation.override(language):
        text = render_to_string(f"mail/{template}.txt", context).strip()
        subject, _, body = text.partition("\n")
        subject = one_line(subject, longest=MAX_SUBJECT)
        html = render_to_string(f"mail/{template}.html", {**context, "subject": subject})
    message = Message(
        subject=subject,
        body=re.sub(r"\n{3,}", "\n\n", body).strip() + "\n",
        to=[to],
        headers={"Message-ID": message_id(id), "Auto-Submitted": "auto-generated", **(headers or {})},
    )
    message.attach_alternative(html, "text/html")
    return message


def message_id(id: UUID) -> str:
    return f"<{id}@serai>"


def one_line(text: str, *, longest: int) -> str:
    """*text* in one line of at most *longest* characters, cut between words; what it isolates ends in it."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())
    if len(line) > longest:
        cut = line[: longest - 1]
        whole = cut.rpartition(" ")[0]
        line = (whole if len(whole) > longest // 2 else cut).rstrip() + "…"
    return settled(line)
