"""What a provider of pushes is to us."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, Protocol
from unicodedata import combining
from uuid import UUID

import orjson

from common.ids import uuid7
from notifications.models import PushDevice
from notifications.outcomes import Outcome, Result

LONGEST: Final = timedelta(
    days=28
)  # that a push is kept for a device that is away: FCM's, the shortest of all
JOINERS: Final = (
    "\u200d\ufe0f"  # zero width joiner, emoji presentation: what follows belongs to what stands before
)


@dataclass(frozen=True, kw_only=True)
class PushMessage:
    """Something for one device.

    Attributes:
        id: names it there, the same at every attempt: what comes twice takes its own place.
        title, body: words for people; none if it is silent.
        url: what opens when it is touched.
        data: more for the app; no words, and no name that stands in `facts`.
        collapse: what takes the place of what came before under the same; the message alone if empty.
        badge: the number on the app's icon from now on; left as it is if None.
        is_silent: nobody sees it; the app does something.
        is_urgent: wakes the device; otherwise it may wait until the device is awake.
        expires_in: how long it is kept for a device that is away, at most `LONGEST`; none: now or never.
        language: of title and body.
    """

    id: UUID = field(default_factory=uuid7)
    title: str = ""
    body: str = ""
    url: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    collapse: str = ""
    badge: int | None = None
    is_silent: bool = False
    is_urgent: bool = False
    expires_in: timedelta = timedelta(days=7)
    language: str = "en"

    @property
    def seconds(self) -> int:
        """That it is kept for a device which is away."""
        return max(0, int(min(self.expires_in, LONGEST).total_seconds()))

    @property
    def place(self) -> str:
        """What it takes the place of, as providers see it: 32 characters that tell them nothing.

        A Web Push `Topic` has at most 32 characters of base64url (RFC 8030 §5.4), APNs takes 64 bytes.
        """
        return sha256((self.collapse or str(self.id)).encode()).hexdigest()[:32]

    @property
    def facts(self) -> dict[str, str]:
        """What the app gets beside the words, all of it text: FCM takes nothing else."""
        named = {"id": str(self.id), "url": self.url, "collapse": self.collapse}
        facts = {**self.data, **{name: value for name, value in named.items() if value}}
        return facts if self.badge is None else facts | {"badge": str(self.badge)}


class PushProvider(Protocol):
    def send(self, device: PushDevice, message: PushMessage) -> Outcome:
        """Try once to hand *message* to the provider of *device*. It raises nothing."""
        ...


class TooLarge(Exception):  # noqa: N818 (it says what is so)
    """It doesn't fit, even without a word of the body."""


def too_large() -> Outcome:
    """Of what we see ourselves, without asking."""
    return Outcome(result=Result.REFUSED, code="payload_too_large")


def encode(value: Any) -> bytes:
    return orjson.dumps(value)


def fit(make: Callable[[str, str], bytes], message: PushMessage, limit: int) -> bytes:
    """What *make* gives for title and body of *message*, in at most *limit* bytes.

    The body is shortened, then the title, and nothing else: the app still knows what it is about.

    Raises:
        TooLarge
    """
    whole = make(message.title, message.body)
    if len(whole) <= limit:
        return whole
    if len(make(message.title, "")) <= limit:
        return _longest(lambda body: make(message.title, body), message.body, limit)
    if len(make("", "")) <= limit:
        return _longest(lambda title: make(title, ""), message.title, limit)
    raise TooLarge


def _longest(make: Callable[[str], bytes], text: str, limit: int) -> bytes:
    """With the longest beginning of *text* that fits; there is one, be it the empty one."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if len(make(_beginning(text, middle))) <= limit:
            low = middle
        else:
            high = middle - 1
    return make(_beginning(text, low))


def _beginning(text: str, length: int) -> str:
    """The first *length* characters of *text* at most, and a sign that there are more; no letter is cut."""
    if length <= 1:
        return ""
    end = length - 1  # the sign takes one
    while end and (combining(text[end]) or text[end] in JOINERS or text[end - 1] == "\u200d"):
        end -= 1
    return f"{text[:end].rstrip()}…" if end else ""
