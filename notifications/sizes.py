"""How large things may be that notifications are told by."""

from typing import Final

from .models import Webhook

SIZES: Final = {
    "webhooks": Webhook.LIMIT,
    "webhook_types": Webhook.MAX_TYPES,
}
