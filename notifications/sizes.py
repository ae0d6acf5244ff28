"""How large things may be that notifications are told by."""

from typing import Final

from common.sizes import characters

from .models import PushDevice, Webhook

SIZES: Final = {
    "push_devices": PushDevice.LIMIT,
    "push_device_name_characters": characters(PushDevice, "name"),
    "webhooks": Webhook.LIMIT,
    "webhook_types": Webhook.MAX_TYPES,
}
