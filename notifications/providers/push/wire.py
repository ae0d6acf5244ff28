"""How providers of pushes are called, and what their answers mean where they all mean the same."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Final

import httpx2 as httpx
import orjson
from django.utils import timezone

from notifications.models import PushDevice
from notifications.outcomes import Outcome, Result

TIMEOUT: Final = 10.0  # seconds for one step: to connect, to say a part of it, to hear a part of it
ANSWER_WITHIN: Final = 20.0  # seconds for a whole answer, however slowly its parts come
MAX_ANSWER: Final = 64 * 1024  # bytes that are read of one
SHOWN: Final = 300  # characters of it that people get to see
LONGEST_PAUSE: Final = timedelta(hours=6)  # that a provider may ask for
REFUSED: Final = frozenset({400, 404, 405, 413})  # the same would be refused again


class TokenRefused(Exception):  # noqa: N818 (it says what is so)
    """The provider gives us no token to call it with.

    Attributes:
        status: of its answer.
    """

    def __init__(self, status: int, answer: str) -> None:
        super().__init__(answer)
        self.status = status


@dataclass(frozen=True)
class Reply:
    status: int
    headers: httpx.Headers
    content: bytes  # its beginning, where it is longer than any answer that means something

    @property
    def said(self) -> dict[str, Any]:
        """The JSON object that it is; empty if it is something else."""
        try:
            found = orjson.loads(self.content)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}


def client_of(**more: Any) -> httpx.Client:
    """A client for many threads, whose connections stay open for the next push."""
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=300)
    headers = {
        "Accept-Encoding": "identity",
        "User-Agent": "Serai",
    }  # what is packed could unpack to anything
    return httpx.Client(timeout=TIMEOUT, limits=limits, headers=headers, follow_redirects=False, **more)


def call(client: httpx.Client, url: str, *, headers: dict[str, str], content: bytes) -> Reply:
    """POST, and read the answer as far as it can mean something.

    Raises:
        httpx.HTTPError
    """
    ends = time.monotonic() + ANSWER_WITHIN
    with client.stream("POST", url, headers=headers, content=content) as response:
        read = b""
        for part in response.iter_raw():
            read += part
            if len(read) >= MAX_ANSWER:
                break
            if time.monotonic() > ends:
                raise httpx.ReadTimeout("the answer doesn't come to its end", request=response.request)
        return Reply(response.status_code, response.headers, read[:MAX_ANSWER])


class KeptToken:
    """A token that is made when it is first asked for, and again when it gets old.

    Args:
        make: gives it, and how many seconds it is good for; may raise `httpx.HTTPError` or `TokenRefused`.
            Called by one thread at a time; the others wait for what it gives, and hear of its failure too.
        early: seconds before its end in which it is not used any more: clocks differ, and calls take time.
    """

    PAUSE = 5.0  # seconds after a failure: else each of many waiting threads would wait for one of its own

    def __init__(self, make: Callable[[], tuple[str, float]], *, early: float) -> None:
        self._make, self._early = make, early
        self._lock = Lock()
        self._token, self._until = "", 0.0
        self._failure: httpx.HTTPError | TokenRefused | None = None
        self._failed_at = -self.PAUSE

    def get(self) -> str:
        with self._lock:
            if time.time() < self._until:
                return self._token
            if self._failure and time.monotonic() - self._failed_at < self.PAUSE:
                raise self._failure.with_traceback(None)
            try:
                token, seconds = self._make()
            except (httpx.HTTPError, TokenRefused) as error:
                self._failure, self._failed_at = error, time.monotonic()
                raise
            self._token, self._until = token, time.time() + seconds - self._early
            return self._token

    def refuse(self, token: str) -> None:
        """Make another the next time: the provider doesn't take *token*. Twice is once."""
        with self._lock:
            if token == self._token:
                self._until = 0.0


def outcome_of_failure(error: httpx.HTTPError | TokenRefused) -> Outcome:
    """No answer, or none that lets us ask: all that may be otherwise the next time."""
    match error:
        case TokenRefused():
            return Outcome(result=Result.AGAIN, code="token_refused", answer=str(error)[:SHOWN])
        case httpx.TimeoutException():
            code = "timeout"
        case httpx.ConnectError():
            code = "unreachable"
        case _:
            code = "broken_off"
    return Outcome(result=Result.AGAIN, code=code, answer=f"{type(error).__name__}: {error}"[:SHOWN])


def outcome_of_refusal(device: PushDevice, reply: Reply, *, code: str = "", answer: str = "") -> Outcome:
    """What an answer means that is no success and that its provider has no word of its own for.

    Everything that may be mended, there or here, is tried again: a key that is not taken is our operator's
    to mend, and nothing is lost meanwhile. No device is given up for it.

    Args:
        code: the provider's word for it, if it has one.
        answer: what it said, for people.
    """
    refused = reply.status in REFUSED
    return Outcome(
        result=Result.REFUSED if refused else Result.AGAIN,
        code=(code or f"http_{reply.status}")[:32],
        answer=shown(device, answer or reply.content.decode(errors="replace")),
        not_before=None if refused else pause_of(reply),
    )


def pause_of(reply: Reply) -> datetime | None:
    """Until when the provider asks to be left alone: RFC 9110 §10.2.3, seconds or a date."""
    asked = reply.headers.get("Retry-After", "")
    now = timezone.now()
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return now + min(timedelta(seconds=int(asked)), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return min(until, now + LONGEST_PAUSE) if until.tzinfo and until > now else None


def shown(device: PushDevice, answer: str) -> str:
    """*answer* for people: without the token, should the provider repeat it, and not at length."""
    return answer.replace(device.token, "…").replace("\0", "")[:SHOWN].strip()


def as_code(words: str) -> str:
    """`BadDeviceToken`, `QUOTA_EXCEEDED`: `bad_device_token`, `quota_exceeded`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W+", "_", words))
    return parted.lower().strip("_")[:32]
