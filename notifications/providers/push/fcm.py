"""Firebase Cloud Messaging, HTTP v1: Android, and apps of Apple's and browsers that registered there.

Sources: Google, "Send messages using the FCM HTTP v1 API" and its reference `projects.messages` and
`ErrorCode`; Google, "Using OAuth 2.0 for server to server applications"; RFC 7523.
"""

import time
from typing import Any, Final
from urllib.parse import urlencode

import httpx2 as httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from notifications.models import PushDevice
from notifications.outcomes import Outcome, Result

from .base import PushMessage, TooLarge, encode, fit, too_large
from .wire import (
    KeptToken,
    Reply,
    TokenRefused,
    as_code,
    call,
    client_of,
    outcome_of_failure,
    outcome_of_refusal,
    shown,
)

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 (where, not what)
ASSERTION_AGE: Final = 3600  # seconds, the longest that Google takes
EARLY: Final = 300  # seconds
MAX_PAYLOAD: Final = 4096  # bytes
ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


class FcmProvider:
    """
    Args:
        account: of the service account, as Google gives it out.
        url: where messages are sent.
    """

    def __init__(self, *, account: dict[str, str], url: str) -> None:
        self._account = account
        self._url = f"{url}/v1/projects/{account['project_id']}/messages:send"
        self._client = client_of()
        self._token = KeptToken(self._new_token, early=EARLY)

    def send(self, device: PushDevice, message: PushMessage) -> Outcome:
        try:
            content = content_of(device, message)
            reply = self._call(content)
        except TooLarge:
            return too_large()
        except (httpx.HTTPError, TokenRefused) as error:
            return outcome_of_failure(error)
        if reply.status == 200:
            return Outcome.sent(shown(device, str(reply.said.get("name", ""))))
        return outcome_of(device, reply)

    def _call(self, content: bytes) -> Reply:
        """With another token, once, where the one we have is not taken before its time."""
        token = self._token.get()
        reply = self._try(token, content)
        if reply.status == 401 and error_code(reply) != "THIRD_PARTY_AUTH_ERROR":
            self._token.refuse(token)
            reply = self._try(self._token.get(), content)
        return reply

    def _try(self, token: str, content: bytes) -> Reply:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return call(self._client, self._url, headers=headers, content=content)

    def _new_token(self) -> tuple[str, float]:
        """A token of Google's for one that we signed (RFC 7523 §2.1).

        Raises:
            httpx.HTTPError, TokenRefused
        """
        url = self._account.get("token_uri") or TOKEN_URL
        now = int(time.time())
        claims = {
            "iss": self._account["client_email"],
            "scope": SCOPE,
            "aud": url,
            "iat": now,
            "exp": now + ASSERTION_AGE,
        }
        header = {"alg": "RS256", "kid": self._account.get("private_key_id", "")}
        key = RSAKey.import_key(self._account["private_key"])
        asked = {
            "grant_type": GRANT,
            "assertion": jwt.encode(header, claims, key, algorithms=["RS256"]),
        }
        reply = call(
            self._client,
            url,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode(asked).encode(),
        )
        token, seconds = reply.said.get("access_token"), reply.said.get("expires_in")
        if reply.status != 200 or not isinstance(token, str) or not isinstance(seconds, int):
            why = reply.said.get("error_description") or reply.said.get("error") or f"http {reply.status}"
            raise TokenRefused(reply.status, str(why))
        return token, seconds


def content_of(device: PushDevice, message: PushMessage) -> bytes:
    """The body: without the token as large as a payload may be.

    Raises:
        TooLarge
    """
    bare = len(encode({"message": {"token": device.token}}))
    return fit(
        lambda title, body: encode({"message": {"token": device.token, **_message(message, title, body)}}),
        message,
        MAX_PAYLOAD + bare,
    )


def _message(message: PushMessage, title: str, body: str) -> dict[str, Any]:
    """A `projects.messages`, for whichever kind of app the token turns out to be of."""
    lasts = str(message.seconds)
    expires_at = str(int(time.time()) + message.seconds if message.seconds else 0)
    android: dict[str, Any] = {
        "collapse_key": message.place,
        "priority": "HIGH" if message.is_urgent else "NORMAL",
        "ttl": f"{lasts}s",
    }
    aps: dict[str, Any] = {} if message.badge is None else {"badge": message.badge}
    told: dict[str, Any] = {"data": message.facts}
    if message.is_silent:
        aps["content-available"] = 1
    else:
        aps["sound"] = "default"
        told["notification"] = {"title": title, "body": body}
        shown_there: dict[str, Any] = {"tag": message.place}  # takes the place of what has the same
        if message.badge is not None:
            shown_there["notification_count"] = message.badge
        android["notification"] = shown_there
    webpush: dict[str, Any] = {
        "headers": {"TTL": lasts, "Urgency": "high" if message.is_urgent else "normal"},
    }
    if message.url.startswith("https://"):
        webpush["fcm_options"] = {"link": message.url}
    is_background = message.is_silent and message.badge is None
    apns = {
        "headers": {
            "apns-push-type": "background" if is_background else "alert",
            "apns-priority": "10" if message.is_urgent and not message.is_silent else "5",
            "apns-expiration": expires_at,
            "apns-collapse-id": message.place,
        },
        "payload": {"aps": aps},
    }
    return {**told, "android": android, "apns": apns, "webpush": webpush}


def error_code(reply: Reply) -> str:
    """FCM's own word for what is wrong, else Google's."""
    error = reply.said.get("error")
    if not isinstance(error, dict):
        return ""
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and detail.get("@type") == ERROR:
            return str(detail.get("errorCode", ""))
    return str(error.get("status", ""))


def outcome_of(device: PushDevice, reply: Reply) -> Outcome:
    """What a refusal means (reference, `ErrorCode`).

    `UNREGISTERED` alone is FCM's word that the token is over. A 404 without it is a project that isn't
    there, a 403 a key that may not: ours to mend. `SENDER_ID_MISMATCH` is a token of another project.
    """
    code, error = error_code(reply), reply.said.get("error")
    answer = str(error.get("message", "")) if isinstance(error, dict) else ""
    if code == "UNREGISTERED":
        return Outcome(result=Result.GONE, code="unregistered", answer=shown(device, answer))
    if code == "SENDER_ID_MISMATCH":
        return Outcome(result=Result.REFUSED, code="sender_id_mismatch", answer=shown(device, answer))
    if reply.status == 404:
        return Outcome(result=Result.AGAIN, code="project_not_found", answer=shown(device, answer))
    return outcome_of_refusal(device, reply, code=as_code(code), answer=answer)
