"""What people are told, as a mail."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.direction import isolated, settled
from common.mail.messages import Message, make_message, one_line
from notifications.kinds import Kind
from notifications.services.clocks import zone_of
from notifications.services.unsubscribing import can_be_turned_off

MAX_TITLE: Final = 500  # characters
TEASER: Final = 80  # characters of a body that a mail shows whose reader wants no more in it
MOST: Final = 20  # things that one digest shows; of the rest it says how many there are

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # but for tabs and ends of lines


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing to tell, in the language of the letter.

    Attributes:
        title, body: plain text. A name in the title is isolated already (`common.direction`).
        url: where it is to be seen; empty if nowhere.
        count: how often it happened.
    """

    title: str
    body: str
    url: str
    at: datetime
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Letter:
    """
    Attributes:
        id: of the delivery: the same at each attempt.
        level: of `Preferences.Content`: how much stands in a mail, which passes through others' servers.
        unsubscribe_url: turns it off without signing in; None if it can't be turned off.
        reason: why they get it.
        timezone: theirs; times are told in it.
    """

    id: UUID
    to: str
    language: str
    items: Sequence[Item]
    level: str  # of `Preferences.Content`
    unsubscribe_url: str | None
    reason: str | Promise
    is_digest: bool = False
    timezone: str = "UTC"


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """An item as the templates have it."""

    title: str
    body: str
    url: str
    count: int
    time: str


def compose(letter: Letter) -> Message:
    """The mail that says it.

    The headers that unsubscribe with one click are those of RFC 8058 §3.1; whoever relays our mails has to
    sign them (§4).
    """
    headers = {}
    if letter.unsubscribe_url:
        headers = {
            "List-Unsubscribe": f"<{letter.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    with translation.override(letter.language):
        context = _context(letter)
    return make_message(
        id=letter.id,
        to=letter.to,
        template="digest" if letter.is_digest else "notification",
        context=context,
        language=letter.language,
        headers=headers,
    )


def why(kind: Kind | None) -> str:
    """Why somebody gets a mail of *kind*, or a digest if it is None; in the language that is active."""
    if kind is None:
        return _("You get this mail because you want to be told of several things together.")
    if not can_be_turned_off(kind):
        return _("You get this mail because it is about the safety of your account.")
    return _("You get this mail because you are told by mail of: %(kind)s.") % {"kind": kind.label}


def _context(letter: Letter) -> dict[str, Any]:
    items = [_shown(item, letter) for item in letter.items[:MOST]]
    more = len(letter.items) - len(items)
    if letter.is_digest:
        count = sum(item.count for item in letter.items)
        headline = ngettext("%(count)d new notification", "%(count)d new notifications", count)
        headline %= {"count": count}
        if letter.level == "none":
            items, more = [], 0
    else:
        headline = items[0].title
    return {
        "headline": headline,
        "items": items,
        "more": more,
        "reason": str(letter.reason),
        "unsubscribe_url": letter.unsubscribe_url,
    }


def _shown(item: Item, letter: Letter) -> _Shown:
    at = f"{item.at.astimezone(zone_of(letter.timezone)):%Y-%m-%d %H:%M} ({letter.timezone})"
    title, body = item.title, item.body
    if letter.level == "none":
        title, body = _("You have a new notification"), ""
    elif letter.level == "teaser":
        body = one_line(body, longest=TEASER)
    return _Shown(
        title=one_line(title, longest=MAX_TITLE),
        body=settled(_CONTROLS.sub(" ", body.replace("\r\n", "\n"))).strip(),
        url=item.url,
        count=item.count,
        time=isolated(at),
    )
