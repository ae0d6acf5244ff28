"""What the audit log says of notifications, in words for people."""

from typing import Final

from django.utils.translation import gettext_lazy as _

VERBS: Final = {
    "push_device.retired": _("Staff ended pushes to a device"),
    "webhook.changed": _("Webhook changed"),
    "webhook.created": _("Webhook made"),
    "webhook.deleted": _("Webhook deleted"),
    "webhook.paused": _("Webhook paused"),
    "webhook.resumed": _("Webhook resumed"),
    "webhook.rotated": _("Webhook given another secret"),
}
