from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant

from .console import ChoiceFilter, ReadOnlyAdmin, console_action, on_one
from .jobs.services import cancel_job, retry_job
from .mail.services import resend_mail
from .models import DeadLetter, Job, Mail, Usage
from .relay.services import discard_dead_letter, retry_dead_letter


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


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """What long work is under way, how far is it, and what failed?"""

    list_display = [
        "created_at",
        "kind",
        "state_shown",
        "percent",
        "attempts",
        "alive_at",
        "ended_at",
        "error",
    ]
    list_filter = ["state", "kind", "created_at"]
    search_fields = ["kind"]
    search_help_text = _("Id, of the job, of whom it is for or of what it is about; or the kind")
    sortable_by = ()
    fields = [  # without what it was given and gave: that is for whom it is for
        "id",
        "kind",
        "key",
        "user",
        "state_shown",
        "percent",
        "attempts",
        "error",
        "created_at",
        "started_at",
        "alive_at",
        "ended_at",
        "expires_at",
    ]
    readonly_fields = ["id", "state_shown", "percent"]
    actions = ["cancel", "retry"]
    actions_detail = ["cancel_this", "retry_this"]

    def search_by_id(self, rows: QuerySet[Job], wanted: UUID) -> QuerySet[Job]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted) | Q(key=str(wanted)))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Job], words: str) -> QuerySet[Job]:
        return rows.filter(kind__icontains=words)

    @display(
        description=_("state"),
        label={
            _("queued"): "info",
            _("running"): "warning",
            _("done"): "success",
            _("failed"): "danger",
            _("cancelled"): "default",
        },
    )
    def state_shown(self, job: Job) -> str:
        return job.get_state_display()

    @display(description=_("progress"))
    def percent(self, job: Job) -> str:
        return f"{job.progress} %"

    @console_action(_("Cancel"), question=_("Stop the work where it is?"))
    def cancel(self, request: HttpRequest, job: Job) -> bool:
        return cancel_job(job=job)

    @console_action(_("Try again"), question=_("Begin again what failed?"))
    def retry(self, request: HttpRequest, job: Job) -> bool:
        return retry_job(job=job)

    cancel_this = on_one(cancel, icon="cancel")
    retry_this = on_one(retry, icon="restart_alt")


class LetterState(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("retried", _("tried again by itself")), ("given_up", _("given up"))]

    def narrow(self, rows: QuerySet[DeadLetter], value: str) -> QuerySet[DeadLetter]:
        if value == "given_up":
            return rows & DeadLetter.objects.given_up()
        return rows.filter(due_at__isnull=False)


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """What did a consumer of the log fail at, why, and when is it tried again?"""

    list_display = ["failed_at", "consumer", "type", "topic", "seq", "state_shown", "attempts", "short"]
    list_filter = [LetterState, "consumer", "type"]
    search_fields = ["topic"]
    search_help_text = _("Topic, event, part of the error, or id")
    sortable_by = ()
    fields = [
        "id",
        "consumer",
        "type",
        "topic",
        "seq",
        "data",
        "at",
        "state_shown",
        "attempts",
        "failed_at",
        "due_at",
        "error",
    ]
    readonly_fields = ["id", "state_shown"]
    actions = ["retry", "discard"]
    actions_detail = ["retry_this", "discard_this"]

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[DeadLetter], words: str
    ) -> QuerySet[DeadLetter]:
        return rows.filter(Q(topic=words) | Q(type=words) | Q(error__icontains=words))

    @display(description=_("state"), label={_("tried again by itself"): "warning", _("given up"): "danger"})
    def state_shown(self, letter: DeadLetter) -> str:
        return str(_("tried again by itself") if letter.due_at else _("given up"))

    @display(description=_("last error"))
    def short(self, letter: DeadLetter) -> str:
        return letter.error[:120]

    @console_action(_("Try again"), question=_("Hand it to its consumer again, now?"))
    def retry(self, request: HttpRequest, letter: DeadLetter) -> bool:
        return retry_dead_letter(letter=letter.pk)

    @console_action(
        _("Let it be"), question=_("Forget it? Whatever it should have brought about will not happen.")
    )
    def discard(self, request: HttpRequest, letter: DeadLetter) -> bool:
        return discard_dead_letter(letter=letter)

    retry_this = on_one(retry, icon="restart_alt")
    discard_this = on_one(discard, icon="delete", variant=ActionVariant.DANGER)


class OldPath(ChoiceFilter):
    title = _("path")
    parameter_name = "path"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("old", _("old ones")), ("unversioned", _("without version")), ("present", _("present ones"))]

    def narrow(self, rows: QuerySet[Usage], value: str) -> QuerySet[Usage]:
        match value:
            case "old":
                return rows.exclude(alias="")
            case "unversioned":
                return rows.filter(is_unversioned=True)
            case _:
                return rows.filter(alias="", is_unversioned=False)


@admin.register(Usage)
class UsageAdmin(ReadOnlyAdmin):
    """Which clients call what, in which version, and what do they get? Who still comes by an old path?"""

    list_display = [
        "day",
        "client",
        "count",
        "outcome_shown",
        "method",
        "route",
        "alias",
        "version",
        "is_unversioned",
    ]
    list_filter = ["outcome", OldPath, "version", "method", "day"]
    date_hierarchy = "day"
    search_fields = ["client"]
    search_help_text = _("A part of the client, the path or the old path")
    sortable_by = ["day", "count"]
    fields = list_display
    readonly_fields = ["outcome_shown"]

    def search_by_id(self, rows: QuerySet[Usage], wanted: UUID) -> QuerySet[Usage]:
        return rows.none()  # it is of nobody

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Usage], words: str) -> QuerySet[Usage]:
        return rows.filter(Q(client__icontains=words) | Q(route__icontains=words) | Q(alias__icontains=words))

    @display(
        description=_("outcome"),
        ordering="outcome",
        label={
            _("done"): "success",
            _("refused"): "warning",
            _("limited"): "warning",
            _("failed"): "danger",
        },
    )
    def outcome_shown(self, usage: Usage) -> str:
        return usage.get_outcome_display()
