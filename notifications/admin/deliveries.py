"""Did it reach them, and if not, why?"""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts.models import User, normalize_email
from common.console import ChoiceFilter, ReadOnlyAdmin, ReadOnlyInline, console_action, link_to, on_one
from notifications.models import Attempt, Delivery
from notifications.outcomes import Result
from notifications.reasons import Reason
from notifications.registries import channels
from notifications.services import retry_delivery

STATES = {_("waiting"): "info", _("sent"): "success", _("not sent"): "warning", _("given up"): "danger"}
RESULTS = {
    Result.SENT.label: "success",
    Result.AGAIN.label: "warning",
    Result.LOST.label: "warning",
    Result.GONE.label: "danger",
    Result.REFUSED.label: "danger",
    Result.HELD.label: "info",
    Result.SKIPPED.label: "info",
}


class ByChannel(ChoiceFilter):
    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, channel.label) for name, channel in channels.items() if channel.pack]

    def narrow(self, rows: QuerySet[Delivery], value: str) -> QuerySet[Delivery]:
        return rows.filter(channel=value)


class ByReason(ChoiceFilter):
    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(reason.value, reason.label) for reason in Reason]

    def narrow(self, rows: QuerySet[Delivery], value: str) -> QuerySet[Delivery]:
        return rows.filter(reason=value)


class AttemptInline(ReadOnlyInline):
    model = Attempt
    permission = "notifications.view_delivery"
    fields = ["number", "at", "seconds", "result_shown", "code", "answer"]

    @display(description=_("result"), label=RESULTS)
    def result_shown(self, attempt: Attempt) -> str:
        return str(attempt.get_result_display())


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Did it reach them, by which way, and if not, why? Newest first, by index, and never counted."""

    list_display = ["created_at", "person", "channel", "of", "state_shown", "why", "attempts", "next_at"]
    list_select_related = ["user", "notification", "event"]
    list_filter = [ByChannel, "state", ByReason, "purpose"]
    search_fields = ["user"]
    search_help_text = _(
        "E-mail or username of whom it is for; id of the delivery, person, device or receiver"
    )
    ordering = ["-id"]
    sortable_by = ()
    paginator = InfinitePaginator
    fields = [
        "id",
        "person",
        "channel",
        "target",
        "purpose",
        "of",
        "number",
        "state_shown",
        "why",
        "next_at",
        "attempts",
        "created_at",
        "ended_at",
    ]
    readonly_fields = ["id", "person", "of", "state_shown", "why", "next_at"]
    inlines: ClassVar[list[Any]] = [AttemptInline]
    actions = ["send_again"]
    actions_detail: ClassVar[list[str]] = ["send_this_again"]

    def search_by_id(self, rows: QuerySet[Delivery], wanted: UUID) -> QuerySet[Delivery]:
        at_target = Q(channel__in=list(channels), target=str(wanted))  # the index begins with the channel
        return rows.filter(Q(pk=wanted) | Q(user=wanted) | at_target | Q(notification=wanted))

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[Delivery], words: str
    ) -> QuerySet[Delivery]:
        people = User.objects.filter(Q(email=normalize_email(words)) | Q(username__iexact=words))
        return rows.filter(user__in=people.order_by().values("pk"))

    @display(description=_("to"))
    def person(self, delivery: Delivery) -> str:
        return link_to(delivery.user)

    @display(description=_("of"))
    def of(self, delivery: Delivery) -> str:
        if delivery.notification:
            return link_to(delivery.notification, delivery.notification.kind)
        if delivery.event:
            return delivery.event.type
        return str(_("digest") if delivery.digest_id else delivery.get_purpose_display())

    @display(description=_("next try"))
    def next_at(self, delivery: Delivery) -> Any:
        return delivery.due_at if delivery.state == Delivery.State.WAITING else None

    @display(description=_("state"), label=STATES)
    def state_shown(self, delivery: Delivery) -> str:
        return str(delivery.get_state_display())

    @display(description=_("why"))
    def why(self, delivery: Delivery) -> str:
        if not delivery.reason:
            return ""
        return str(Reason(delivery.reason).label) if delivery.reason in Reason.values else delivery.reason

    @console_action(
        _("Send again"),
        question=_("Try again to bring it to its target, under the same id? What was sent may come twice."),
    )
    def send_again(self, request: HttpRequest, delivery: Delivery) -> bool:
        return retry_delivery(delivery=delivery)

    send_this_again = on_one(send_again, icon="replay")
