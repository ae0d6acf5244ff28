"""Named limits: `LIMIT_<NAME>=100/15m`, or `off`. Counted in the cache, so shared through Redis."""

import re
import time
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.problems import Problem

COUNTED: Final = "serai.counted"  # of an ASGI scope: what the limits on its request had to say

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}  # seconds


@dataclass(frozen=True)
class Rate:
    count: int
    period: int  # seconds

    @classmethod
    @lru_cache(maxsize=64)
    def parse(cls, text: str) -> "Rate | None":
        """`100/15m` is a hundred in 15 minutes; `off` is None.

        Raises:
            ImproperlyConfigured: it is neither.
        """
        if text == "off":
            return None
        if not (found := re.fullmatch(r"([1-9]\d*)/([1-9]\d*)?([smhd])", text)):
            raise ImproperlyConfigured(f"A limit is {text!r}: write it like 100/15m, or off.")
        return cls(count=int(found[1]), period=int(found[2] or 1) * UNITS[found[3]])


def take(name: str, key: str) -> tuple[Rate, int, int] | None:
    """Count one more under limit *name* for *key*, atomically, in a window that starts with its first.

    Returns:
        The rate, how many are left (negative: too many), and the seconds until the window ends; None if off.
    """
    rate = Rate.parse(settings.LIMITS[name])
    if rate is None:
        return None
    slot, now = _slot(name, key), time.time()
    # Whoever adds first sets the window's end for all; the count stands under that end, so they can't part.
    mine = now + rate.period
    end = mine if cache.add(slot, mine, timeout=rate.period) else cache.get(slot)
    if end is None:  # the window ended between the two: the next one begins
        cache.add(slot, mine, timeout=rate.period)
        end = cache.get(slot, mine)
    counter = _counter(slot, end)
    cache.add(counter, 0, timeout=rate.period + 1)
    try:
        taken = cache.incr(counter)
    except ValueError:  # the window ended between the two
        taken = 1
    return rate, rate.count - taken, max(1, round(end - now))


def peek(name: str, key: str) -> tuple[Rate, int, int] | None:
    """What `take` has left for *key*, counting nothing.

    Returns:
        The rate, how many are left, and the seconds until the window ends, 0 if none has begun; None if off.
    """
    rate = Rate.parse(settings.LIMITS[name])
    if rate is None:
        return None
    slot, now = _slot(name, key), time.time()
    end = cache.get(slot)
    if end is None:
        return rate, rate.count, 0
    return rate, max(0, rate.count - cache.get(_counter(slot, end), 0)), max(1, round(end - now))


def _slot(name: str, key: str) -> str:
    """Where the cache has the end of a window."""
    return f"limit:{name}:{sha256(key.encode()).hexdigest()[:32]}"


def _counter(slot: str, end: float) -> str:
    return f"{slot}:{end}"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How somebody stands with a limit. All is None where it is off."""

    name: str
    limit: int | None = None
    period: int | None = None  # seconds
    remaining: int | None = None
    reset: int | None = None  # seconds

    @classmethod
    def of(cls, name: str, key: str) -> "Standing":
        if (found := peek(name, key)) is None:
            return cls(name=name)
        rate, left, reset = found
        return cls(name=name, limit=rate.count, period=rate.period, remaining=left, reset=reset)

    @classmethod
    def of_nobody(cls, name: str) -> "Standing":
        """The rate alone, where it can't be said who would be counted."""
        rate = Rate.parse(settings.LIMITS[name])
        return cls(name=name) if rate is None else cls(name=name, limit=rate.count, period=rate.period)


class Limit(BaseThrottle):
    """A limit on a view. Subclasses say who is counted; None counts nobody."""

    name: str

    def key(self, request: Request) -> str | None:
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        self._wait = 0
        unreadable: Exception | None = None
        try:
            key = self.key(request)
        except (Problem, APIException, RequestDataTooBig) as error:  # of the body, which it looked into
            key, unreadable = address_of(request), error  # counts too, or it could be sent for ever
        if key is not None and (counted := self._take(request, key)):
            rate, left, reset = counted
            self._tell(request, rate, max(left, 0), reset)
            if left < 0:
                self._wait = reset
                request._request.limit_reached = True  # type: ignore[attr-defined]
                return False
        if unreadable and not getattr(request._request, "limit_reached", False):
            raise unreadable
        return True

    def _take(self, request: Request, key: str) -> tuple[Rate, int, int] | None:
        """Count the request once, though it came through a fast route's hands before."""
        scope: dict[str, Any] = getattr(request._request, "scope", {})
        counted = scope.setdefault(COUNTED, {})
        if (self.name, key) not in counted:
            counted[self.name, key] = take(self.name, key)
        found: tuple[Rate, int, int] | None = counted[self.name, key]
        return found

    def standing(self, request: Request) -> Standing | None:
        """What is left for the sender of *request*, counting nothing; None if they aren't counted."""
        key = self.key(request)
        return None if key is None else Standing.of(self.name, key)

    def wait(self) -> float:
        return self._wait

    def _tell(self, request: Request, rate: Rate, left: int, reset: int) -> None:
        """Of several limits the answer names the one that has the least left."""
        told: dict[str, str] | None = getattr(request._request, "limit_headers", None)
        if told is None or left <= int(told["RateLimit-Remaining"]):
            request._request.limit_headers = {  # type: ignore[attr-defined]
                "RateLimit-Limit": str(rate.count),
                "RateLimit-Remaining": str(left),
                "RateLimit-Reset": str(reset),
            }


class GeneralLimit(Limit):
    """Strangers, per address."""

    name = "GENERAL"

    def key(self, request: Request) -> str | None:
        return None if request.user.is_authenticated else address_of(request)


class UserLimit(Limit):
    """Who is signed in, per person: all their devices together, wherever they are."""

    name = "USER"

    def key(self, request: Request) -> str | None:
        return f"user {request.user.pk}" if request.user.is_authenticated else None


class AuthLimit(Limit):
    """Attempts to sign in or up, per address and account: the caller's own, or the one that is named."""

    name = "AUTH"

    def key(self, request: Request) -> str | None:
        if request.user.is_authenticated:
            account = request.user.get_username()
        else:
            account = request.data.get("email", "") if isinstance(request.data, dict) else ""
        return f"{address_of(request)} {str(account).strip().lower()}"

    def standing(self, request: Request) -> Standing | None:
        """Of a stranger nothing is said but the rate: each account has a count, and they have named none."""
        return super().standing(request) if request.user.is_authenticated else Standing.of_nobody(self.name)


class AuthAddressLimit(Limit):
    """The same, for all accounts of one address."""

    name = "AUTH_ADDRESS"

    def key(self, request: Request) -> str | None:
        return address_of(request)


class AiLimit(UserLimit):
    """What a model answers, per person."""

    name = "AI"


class MultimodalLimit(UserLimit):
    """What a model sees or hears, per person."""

    name = "MULTIMODAL"


class PaymentLimit(UserLimit):
    """What moves money, per person."""

    name = "PAYMENT"


class AnalyticsLimit(UserLimit):
    """What sums up many rows, per person."""

    name = "ANALYTICS"


class WebhookLimit(Limit):
    """What other services tell us, per sender: a signature is looked at behind this, not before."""

    name = "WEBHOOK"

    def key(self, request: Request) -> str | None:
        return address_of(request)


# For `GET limits`. A door that counts beside the views adds its own.
named: Final[list[type[Limit]]] = [
    GeneralLimit,
    UserLimit,
    AuthAddressLimit,
    AuthLimit,
    AiLimit,
    MultimodalLimit,
    PaymentLimit,
    AnalyticsLimit,
    WebhookLimit,
]
AUTH_LIMITS: Final = [GeneralLimit, AuthAddressLimit, AuthLimit]


def address_of(request: Any) -> str:
    return getattr(request, "client_address", None) or "unknown"
