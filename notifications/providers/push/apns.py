"""Apple Push Notification service: HTTP/2, with a token that we sign.

Sources: Apple, "Sending notification requests to APNs", "Establishing a token-based connection to APNs",
"Handling notification responses from APNs", "Generating a remote notification", "Pushing background updates
to your App".
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx2 as httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from notifications.models import PushDevice
from notifications.outcomes import Outcome, Result

from .base import PushMessage, TooLarge, encode, fit, too_large
from .wire import KeptToken, Reply, as_code, call, client_of, outcome_of_failure, outcome_of_refusal, shown

MAX_PAYLOAD: Final = 4096  # bytes
TOKEN_AGE: Final = 3600  # seconds that a token is taken for
EARLY: Final = 900  # seconds: it is made anew after 45 minutes, and may be after 20 at the earliest
SOONEST: Final = 1200  # seconds that a token is kept for, whatever is said of it: TooManyProviderTokenUpdates


class ApnsProvider:
    """
    Args:
        url, sandbox_url: of Apple's service, and of the one for apps that are built for development.
        key: PEM, of a key for push notifications.
    """

    def __init__(self, *, url: str, sandbox_url: str, key: str, key_id: str, team_id: str) -> None:
        self._url, self._sandbox_url = url, sandbox_url
        self._key, self._key_id, self._team_id = key, key_id, team_id
        self._idle: deque[httpx.Client] = deque()
        self._token = KeptToken(self._new_token, early=EARLY)
        self._signed_at = 0.0

    def send(self, device: PushDevice, message: PushMessage) -> Outcome:
        try:
            content = content_of(message)
            reply = self._call(device, message, content)
        except TooLarge:
            return too_large()
        except httpx.HTTPError as error:
            return outcome_of_failure(error)
        if reply.status == 200:
            return Outcome.sent(reply.headers.get("apns-unique-id", ""))
        return outcome_of(device, reply)

    def _call(self, device: PushDevice, message: PushMessage, content: bytes) -> Reply:
        """With another token, once, where Apple finds the one we have too old."""
        token = self._token.get()
        reply = self._try(token, device, message, content)
        if reason(reply) == "ExpiredProviderToken" and time.time() - self._signed_at >= SOONEST:
            self._token.refuse(token)
            reply = self._try(self._token.get(), device, message, content)
        return reply

    def _try(self, token: str, device: PushDevice, message: PushMessage, content: bytes) -> Reply:
        is_background = message.is_silent and message.badge is None
        is_urgent = message.is_urgent and not message.is_silent
        headers = {
            "authorization": f"bearer {token}",
            "apns-id": str(message.id),
            "apns-topic": device.app,
            "apns-push-type": "background" if is_background else "alert",
            "apns-priority": "10" if is_urgent else "5",
            "apns-expiration": str(int(time.time()) + message.seconds if message.seconds else 0),
            "apns-collapse-id": message.place,
            "content-type": "application/json",
        }
        url = self._sandbox_url if device.is_sandbox else self._url
        with self._connection() as client:
            return call(client, f"{url}/3/device/{device.token}", headers=headers, content=content)

    @contextmanager
    def _connection(self) -> Iterator[httpx.Client]:
        """A client for one call at a time, which keeps its connection for the next: the newest that is free.

        Several threads must not share one: httpcore takes a stream's number and uses it a moment later. With
        sixteen threads calls hang before the two thousandth, and two might hear each other's answers.
        """
        try:
            client = self._idle.pop()
        except IndexError:
            client = client_of(http1=False, http2=True)
        try:
            yield client
        finally:
            self._idle.append(client)

    def _new_token(self) -> tuple[str, float]:
        self._signed_at = time.time()
        header = {"alg": "ES256", "kid": self._key_id}
        claims = {"iss": self._team_id, "iat": int(self._signed_at)}
        key = ECKey.import_key(self._key)
        return jwt.encode(header, claims, key, algorithms=["ES256"]), TOKEN_AGE


def content_of(message: PushMessage) -> bytes:
    """The payload.

    Raises:
        TooLarge
    """
    return fit(lambda title, body: encode(_payload(message, title, body)), message, MAX_PAYLOAD)


def _payload(message: PushMessage, title: str, body: str) -> dict[str, Any]:
    """A number on the icon is seen, so what brings one is an alert, be it silent beside that."""
    aps: dict[str, Any] = {} if message.badge is None else {"badge": message.badge}
    if message.is_silent:
        aps["content-available"] = 1
    else:
        aps |= {"alert": {"title": title, "body": body}, "sound": "default"}
    return {**message.facts, "aps": aps}


def reason(reply: Reply) -> str:
    """Apple's word for what is wrong."""
    return str(reply.said.get("reason", "")) if reply.status != 200 else ""


def outcome_of(device: PushDevice, reply: Reply) -> Outcome:
    """What a refusal means.

    A 410 alone is Apple's word that the token is over, since the time that it names: what registered later
    is not meant. `BadDeviceToken` is also what every token of the other environment gets, so that a wrong
    setting would cost all of them: it is refused, and the device stays.
    """
    code = as_code(reason(reply))
    answer = shown(device, reason(reply) or reply.content.decode(errors="replace"))
    if reply.status == 410:
        since = reply.said.get("timestamp")  # milliseconds
        if isinstance(since, int) and device.seen_at.timestamp() * 1000 > since:
            return Outcome(result=Result.AGAIN, code="registered_since", answer=answer)
        return Outcome(result=Result.GONE, code=code or "http_410", answer=answer)
    if code == "idle_timeout":  # a 400, and no fault of the message's
        return Outcome(result=Result.AGAIN, code=code, answer=answer)
    return outcome_of_refusal(device, reply, code=code, answer=answer)
