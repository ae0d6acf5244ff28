"""Calling webhooks, signed as Standard Webhooks 1.0.0 has it.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final

import orjson
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.actors import SYSTEM
from common.outbound import Answer, CallFailed, post
from notifications.models import Delivery, Webhook, WebhookEvent
from notifications.outcomes import Outcome, Result
from notifications.reasons import Reason
from notifications.registries import Channel, Shipment
from notifications.services import note_failure, note_success, pause_if_dead, pause_webhook
from notifications.services.webhooks import CHANNEL, NOTED_EVERY, SECRET

GONE: Final = 410
BUSY: Final = (429, 502, 503, 504)  # whose `Retry-After` counts
LONGEST_WAIT: Final = timedelta(hours=10)  # that a receiver may ask for: the longest of our own


def channel(backoff: Sequence[int]) -> Channel:
    """
    Args:
        backoff: seconds between attempts.
    """
    return Channel(
        name=CHANNEL,
        label=_("Webhook"),
        pack=pack,
        backoff=[timedelta(seconds=each) for each in backoff],
        holds_back=True,
        is_by_event=True,
        gave_up=pause_if_dead,
    )


@dataclass(frozen=True)
class Call(Shipment):
    """One call. A redirect is a failure, 410 the end."""

    webhook: Webhook
    body: bytes
    headers: dict[str, str]

    def send(self) -> Outcome:
        try:
            answer = post(self.webhook.url, content=self.body, headers=self.headers)
        except CallFailed as failed:
            return Outcome(result=Result.AGAIN, code=failed.code, answer=str(failed))
        return outcome_of(answer)

    def settle(self, outcome: Outcome) -> None:
        if outcome.result == Result.SENT:
            if not self._is_noted:
                note_success(webhook=self.webhook.pk)
        else:
            note_failure(webhook=self.webhook.pk)
        if outcome.result == Result.GONE:
            pause_webhook(actor=SYSTEM, webhook=self.webhook, reason=Webhook.Pause.GONE)

    @property
    def _is_noted(self) -> bool:
        """Whether the webhook said a moment ago that all is well: then there is nothing to write."""
        at = self.webhook.last_success_at
        return self.webhook.failing_since is None and at is not None and at > timezone.now() - NOTED_EVERY


def pack(deliveries: Sequence[Delivery]) -> list[Shipment | Outcome]:
    """`registries.Pack`: each is one call of one webhook."""
    events = WebhookEvent.objects.select_related("webhook__user")
    found = events.in_bulk([each.event_id for each in deliveries])
    return [_call(found.get(each.event_id)) for each in deliveries]


def _call(event: WebhookEvent | None) -> Shipment | Outcome:
    if event is None:  # its webhook was deleted just now
        return Outcome(result=Result.SKIPPED, code=Reason.GONE)
    webhook = event.webhook
    if webhook.is_paused or not webhook.user.is_active:
        return Outcome(result=Result.SKIPPED, code=Reason.PAUSED)
    body = orjson.dumps(event.body())
    return Call(webhook, body, headers_of(event, body, webhook.signing_secrets))


def headers_of(event: WebhookEvent, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Who it is from: the id is the event's at every attempt, the time that of this one."""
    id_, seconds = str(event.pk), int(timezone.now().timestamp())
    signed = f"{id_}.{seconds}.".encode() + body
    return {
        "User-Agent": f"Serai/{settings.VERSION} (+{settings.PUBLIC_URL})",
        "Content-Type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signature_of(signed, secret) for secret in secrets),
    }


def signature_of(signed: bytes, secret: str) -> str:
    key = b64decode(secret.removeprefix(SECRET))
    return f"v1,{b64encode(hmac.digest(key, signed, sha256)).decode()}"


def outcome_of(answer: Answer) -> Outcome:
    """What an answer means ("Delivery success and failure")."""
    text = answer.body.decode("utf-8", "replace").replace("\x00", "")  # which PostgreSQL does not keep
    if 200 <= answer.status < 300:
        return Outcome.sent(text)
    code = f"http_{answer.status}"
    if answer.status == GONE:
        return Outcome(result=Result.GONE, code=code, answer=text)
    wait = answer.headers.get("retry-after", "") if answer.status in BUSY else ""
    return Outcome(result=Result.AGAIN, code=code, answer=text, not_before=_moment(wait))


def _moment(retry_after: str) -> datetime | None:
    """When we may come again (RFC 9110 §10.2.3), within reason; None where it says nothing, or nonsense."""
    now = timezone.now()
    latest = now + LONGEST_WAIT
    if retry_after.isascii() and retry_after.isdigit():
        return min(now + timedelta(seconds=int(retry_after[:9])), latest)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), latest)
