from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from .console import ChoiceFilter, ReadOnlyAdmin, console_action, on_one
from .mail.services import resend_mail
from .models import Mail


class MailState(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("sent", _("sent")), ("waiting", _("waiting")), ("failed", _("failed"))]

    def narrow(self, rows: QuerySet[Mail], value: str) -> QuerySet[Mail]:
        match value:
            case "waiting":
                return rows & Mail.objects.waiting()
            case "failed":
                return rows & Mail.objects.failed()
            case _:
                return rows.filter(sent_at__isnull=False)


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """Did the mail go out, and if not, why?"""

    list_display = ["queued_at", "to", "template", "state", "attempts", "error"]
    list_filter = [MailState, "template", "language", "queued_at"]
    search_fields = ["to"]
    search_help_text = _("Address or id")
    sortable_by = ()
    fields = [  # without the context: it holds links that prove an address
        "id",
        "to",
        "template",
        "language",
        "queued_at",
        "state",
        "tried_at",
        "sent_at",
        "attempts",
        "error",
    ]
    readonly_fields = ["id", "state"]
    actions = ["send_again"]
    actions_detail = ["send_this_again"]

    @display(
        description=_("state"), label={_("sent"): "success", _("waiting"): "info", _("failed"): "danger"}
    )
    def state(self, mail: Mail) -> str:
        if mail.sent_at:
            return str(_("sent"))
        return str(_("failed") if mail.attempts >= Mail.ATTEMPTS else _("waiting"))

    @console_action(_("Send again"), question=_("Try again to send what was not sent?"))
    def send_again(self, request: HttpRequest, mail: Mail) -> bool:
        return resend_mail(mail=mail)

    send_this_again = on_one(send_again, icon="outgoing_mail")

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Mail], words: str) -> QuerySet[Mail]:
        return rows.filter(to__icontains=words)
