from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from .mail.services import resend_mail
from .models import Mail


class ReadOnlyAdmin(ModelAdmin):
    """A window, not a form: rows change through actions, which call services."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return [field.name for field in self.opts.fields]


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """Did the mail go out, and if not, why?"""

    list_display = ["queued_at", "to", "template", "state", "attempts", "error"]
    list_filter = ["template", "language", ("sent_at", admin.EmptyFieldListFilter)]
    search_fields = ["to", "=id"]
    exclude = ["context"]  # holds links that sign in
    actions = ["send_again"]

    @display(
        description=_("state"), label={_("sent"): "success", _("waiting"): "info", _("failed"): "danger"}
    )
    def state(self, mail: Mail) -> str:
        if mail.sent_at:
            return str(_("sent"))
        return str(_("failed") if mail.attempts >= Mail.ATTEMPTS else _("waiting"))

    @admin.action(description=_("Send again what was not sent"), permissions=["change"])
    def send_again(self, request: HttpRequest, mails: QuerySet[Mail]) -> None:
        revived = sum(resend_mail(mail=mail) for mail in mails)
        text = ngettext("%d mail is on its way.", "%d mails are on their way.", revived) % revived
        self.message_user(request, text, messages.SUCCESS)
