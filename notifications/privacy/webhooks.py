"""Services of people's that hear of what happens."""

from typing import Final

from common.holdings import Erase, Field, Holding
from notifications.models import Webhook, WebhookEvent

WEBHOOKS: Final = Holding(
    model=Webhook,
    whose="user",
    purpose="Services of somebody's hear of what happens.",
    retention="until some minutes after it is deleted, its secrets until then",
    erase=Erase.DELETE_ROW,
    export="webhooks",
    fields={
        "id": Field("Names the webhook.", "id"),
        "user": Field("Whose it is."),
        "url": Field("Where it is called.", "url"),
        "description": Field("What it is for.", "description"),
        "types": Field("What it hears of.", "types"),
        "secret": Field("What is sent is signed with it: encrypted, and a secret."),
        "previous_secret": Field("The one before it, for a while: encrypted, and a secret."),
        "previous_until": Field("For how long.", "previous_until"),
        "rotated_at": Field("When the secret was changed.", "rotated_at"),
        "seq": Field("How many events it was to hear.", "seq"),
        "begins_with": Field("Of what happened it hears from here on: a place in the log.", "begins_with"),
        "paused_at": Field("Since when it is not called.", "paused_at"),
        "paused_reason": Field("Why.", "paused_reason"),
        "failing_since": Field("Since when nothing is taken.", "failing_since"),
        "last_success_at": Field("When something was taken last.", "last_success_at"),
        "created_at": Field("Since when.", "created_at"),
        "deleted_at": Field("When it was deleted.", "deleted_at"),
    },
)
WEBHOOK_EVENTS: Final = Holding(
    model=WebhookEvent,
    whose="webhook__user",
    purpose="A receiver fills its own gaps.",
    retention="30 days",
    erase=Erase.DELETE_ROW,
    fields={
        "id": Field("Names the event there."),
        "webhook": Field("Who is to hear it."),
        "seq": Field("The order."),
        "type": Field("What happened."),
        "data": Field("To what: ids."),
        "source": Field("Where it stands in the log, so that it is heard once."),
        "at": Field("When."),
    },
)

HOLDINGS: Final = [WEBHOOK_EVENTS, WEBHOOKS]
