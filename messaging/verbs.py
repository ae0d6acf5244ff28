"""What the audit log says of chats, in words for people."""

from typing import Final

from django.utils.translation import gettext_lazy as _

VERBS: Final = {
    "message.looked_at": _("What a message says was looked at by staff"),
    "messages.looked_at": _("What messages say was looked at by staff"),
}
