"""Pins."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.actors import SYSTEM
from common.console import ReadOnlyAdmin, console_action
from messaging.models import Pin
from messaging.services import unpin_message


@admin.register(Pin)
class PinAdmin(ReadOnlyAdmin):
    """What is pinned where, by whom, until when. Changed by actions alone."""

    list_display = ["created_at", "chat", "message", "pinned_by", "until"]
    list_select_related = ["chat", "message", "pinned_by"]
    search_fields = ["=chat__id", "=message__id", "pinned_by__username"]
    ordering = ["-id"]
    actions = ["unpin"]

    def has_remove_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._allows(request, "delete")

    @console_action(_("Unpin"), question=_("Take it down for everyone in the chat?"), permissions=["remove"])
    def unpin(self, request: HttpRequest, pin: Pin) -> bool:
        return unpin_message(actor=SYSTEM, pin=pin)
