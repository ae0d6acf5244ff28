"""Webhooks as tests set them up, and receivers that verify what they are sent."""

import json
from dataclasses import dataclass
from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier

from accounts.models import User
from common.models import LogEntry
from common.tests.receivers import Call
from messaging.models import Chat
from messaging.services import send_message
from notifications.models import Delivery, Webhook, WebhookEvent
from notifications.services import create_webhook, hear


def webhook_of(user: User, *types: str, url: str = "https://hooks.example.com/serai") -> Webhook:
    return create_webhook(user=user, url=url, types=types or ["*"]).webhook


def hear_all() -> None:
    """As the relay does: everything in the log, in its order."""
    hear(list(LogEntry.objects.order_by("pk")))


def say(chat: Chat, *texts: str) -> None:
    author = chat.participants.get(role="owner").user
    for text in texts:
        send_message(actor=author, chat=chat, text=text)


def say_and_hear(chat: Chat, *texts: str) -> None:
    say(chat, *texts)
    hear_all()


def kept(webhook: Webhook) -> list[tuple[int, str]]:
    """Position and type of what *webhook* was to hear."""
    return list(WebhookEvent.objects.filter(webhook=webhook).order_by("seq").values_list("seq", "type"))


def deliveries(webhook: Webhook) -> list[Delivery]:
    return list(Delivery.objects.filter(target=str(webhook.pk)).order_by("event__seq"))


@dataclass(frozen=True)
class Received:
    id: str
    body: dict[str, Any]


def received(call: Call, secret: str) -> Received:
    """What a receiver makes of a call, once the independent package has verified it.

    Raises:
        standardwebhooks.webhooks.WebhookVerificationError
    """
    body = Verifier(secret).verify(call.body, call.headers)
    assert body == json.loads(call.body)
    return Received(call.headers["webhook-id"], body)
