"""Web Push: browsers, each by the push service of its maker.

Sources: RFC 8030 (the protocol), RFC 8291 and 8188 (encryption), RFC 8292 (VAPID); W3C Push API. Of the
services' own: Google, "Web Push Protocol"; Mozilla, autopush "HTTP Endpoints for Notifications"; Apple,
"Sending web push notifications in web apps and browsers"; Microsoft, "Push notification service request and
response headers".
"""

import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

import httpx2 as httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.utils.translation import get_language_info
from joserfc import jwt
from joserfc.jwk import ECKey

from notifications.models import PushDevice
from notifications.outcomes import Outcome, Result

from .base import PushMessage, TooLarge, encode, fit, too_large
from .encryption import CURVE, MAX_TEXT, POINT, SECRET, point_of, seal
from .wire import KeptToken, Reply, call, client_of, outcome_of_failure, outcome_of_refusal, shown

TOKEN_AGE: Final = 12 * 3600  # seconds; RFC 8292 §2 takes up to 24 hours
EARLY: Final = 3600  # seconds
MAX_ENDPOINT: Final = 2048  # characters
DONE: Final = frozenset({200, 201, 202, 204})  # RFC 8030 §5: 201; some say another
GONE: Final = frozenset({404, 410})  # RFC 8030 §7.3, §6.2


class WebPushProvider:
    """
    Args:
        key: our VAPID key, PEM.
        subject: whom a push service writes to if something is wrong: `mailto:` or `https:`.
    """

    def __init__(self, *, key: str, subject: str) -> None:
        self._key, self._subject = ECKey.import_key(key), subject
        self._public = public_key_of(key)
        self._client = client_of()
        self._token_for = lru_cache(maxsize=64)(self._kept_token)

    def send(self, device: PushDevice, message: PushMessage) -> Outcome:
        if message.is_silent and not device.hears_silently:
            return Outcome(result=Result.REFUSED, code="silent_not_supported")
        if not allowed_endpoint(device.token):  # the list of push services has changed since
            return Outcome(result=Result.REFUSED, code="endpoint_not_allowed")
        try:
            text = content_of(message)
            sealed = seal(text, public_key=decoded(device.p256dh), secret=decoded(device.auth))
        except TooLarge:
            return too_large()
        except ValueError:  # keys that are none; they are looked at when a device is registered
            return Outcome(result=Result.REFUSED, code="keys_invalid")
        try:
            reply = self._call(device, message, sealed)
        except httpx.HTTPError as error:
            return outcome_of_failure(error)
        if reply.status in DONE:
            return Outcome.sent(shown(device, reply.headers.get("Location", "")))
        if reply.status in GONE:
            answer = shown(device, reply.content.decode(errors="replace"))
            return Outcome(result=Result.GONE, code=f"http_{reply.status}", answer=answer)
        code = "payload_too_large" if reply.status == 413 else ""
        return outcome_of_refusal(device, reply, code=code)

    def _call(self, device: PushDevice, message: PushMessage, content: bytes) -> Reply:
        """With another token, once, where the one we have is not taken before its time."""
        kept = self._token_for(origin_of(device.token))
        token = kept.get()
        reply = self._try(token, device, message, content)
        if reply.status == 401:
            kept.refuse(token)
            reply = self._try(kept.get(), device, message, content)
        return reply

    def _try(self, token: str, device: PushDevice, message: PushMessage, content: bytes) -> Reply:
        headers = {
            "Authorization": f"vapid t={token}, k={self._public}",  # RFC 8292 §3
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(message.seconds),
            "Urgency": "high" if message.is_urgent else "normal",
            "Topic": message.place,
        }
        return call(self._client, device.token, headers=headers, content=content)

    def _kept_token(self, origin: str) -> KeptToken:
        return KeptToken(lambda: (self._new_token(origin), TOKEN_AGE), early=EARLY)

    def _new_token(self, origin: str) -> str:
        """RFC 8292 §2: for this push service alone."""
        claims = {"aud": origin, "exp": int(time.time()) + TOKEN_AGE, "sub": self._subject}
        return jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._key, algorithms=["ES256"])


def content_of(message: PushMessage) -> bytes:
    """What the service worker gets: what `showNotification` asks for beside `facts`.

    Raises:
        TooLarge
    """
    language = {"lang": message.language, "dir": direction_of(message.language), "tag": message.place}
    return fit(
        lambda title, body: encode({**message.facts, **language, "title": title, "body": body}),
        message,
        MAX_TEXT,
    )


def direction_of(language: str) -> str:
    try:
        return "rtl" if get_language_info(language)["bidi"] else "ltr"
    except KeyError:
        return "auto"


# --- Whom we call -------------------------------------------------------------------------------------------


def allowed_endpoint(address: str, hosts: Sequence[str] | None = None) -> bool:
    """Whether *address*, which anybody may have written, is one of a push service that we know.

    Nobody else is ever called on a client's word, so that nobody can have us call what only we can reach.

    Args:
        hosts: names, `*.` before those whose every subdomain counts, with a port if it is not 443;
            `WEB_PUSH_HOSTS` if None.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", address) or len(address) > MAX_ENDPOINT:
        return False
    try:
        url = httpx.URL(address)  # as the client reads it that will call it
    except httpx.InvalidURL:
        return False
    if url.scheme != "https" or url.userinfo or url.fragment or not url.host:
        return False
    host = url.raw_host.decode("ascii", "replace").lower()
    named = host if url.port in (None, 443) else f"{host}:{url.port}"
    known = settings.PUSH["webpush"]["hosts"] if hosts is None else hosts
    return any(fnmatchcase(named, each) if each.startswith("*.") else named == each for each in known)


def origin_of(address: str) -> str:
    """RFC 6454 §6.1."""
    url = httpx.URL(address)
    host = url.raw_host.decode("ascii").lower()
    return f"{url.scheme}://{host}" + ("" if url.port in (None, 443) else f":{url.port}")


# --- Keys ---------------------------------------------------------------------------------------------------


def public_key_of(pem: str) -> str:
    """What browsers subscribe under: the `applicationServerKey` of W3C Push API §3.3."""
    key: Any = load_pem_private_key(pem.encode(), password=None)
    return encoded(point_of(key))


def is_public_key(text: str) -> bool:
    """Whether this is a `p256dh`."""
    try:
        point = decoded(text)
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except ValueError:
        return False
    return len(point) == POINT


def is_secret(text: str) -> bool:
    """Whether this is an `auth`."""
    try:
        return len(decoded(text)) == SECRET
    except ValueError:
        return False


def decoded(text: str) -> bytes:
    """base64url, with or without its padding.

    Raises:
        ValueError
    """
    bare = text.rstrip("=")
    if not bare.isascii() or not bare.replace("-", "").replace("_", "").isalnum():
        raise ValueError("not base64url")
    return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
