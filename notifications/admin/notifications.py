"""What were they told, and how was it decided? Staff see kinds and rules, never the words."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts.models import User, normalize_email
from common.console import ChoiceFilter, ReadOnlyAdmin, ReadOnlyInline, TimeSetFilter, link_to
from notifications.kinds import kinds
from notifications.models import Delivery, Notification
from notifications.reasons import Reason

from .deliveries import STATES


class Read(TimeSetFilter):
    title = _("read")
    parameter_name = "read"
    field = "read_at"


class ByKind(ChoiceFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, kind.label) for name, kind in sorted(kinds.items())]

    def narrow(self, rows: QuerySet[Notification], value: str) -> QuerySet[Notification]:
        return rows.filter(kind=value)


class DeliveryInline(ReadOnlyInline):
    model = Delivery
    permission = "notifications.view_delivery"
    fields = ["way", "target", "purpose", "state_shown", "reason", "attempts", "due_at", "ended_at"]

    @display(description=_("channel"))
    def way(self, delivery: Delivery) -> str:
        return link_to(delivery, delivery.channel)

    @display(description=_("state"), label=STATES)
    def state_shown(self, delivery: Delivery) -> str:
        return str(delivery.get_state_display())


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """What was somebody told, when, and by which rules?"""

    list_display = ["at", "person", "kind", "count", "is_listed", "read_at", "archived_at"]
    list_select_related = ["user"]
    list_filter = [ByKind, Read, "is_listed"]
    search_fields = ["user"]
    search_help_text = _("E-mail or username of whom it is for, or id of the notification or the person")
    ordering = ["-id"]
    sortable_by = ()
    paginator = InfinitePaginator
    fields = [
        "id",
        "person",
        "kind",
        "topic",
        "count",
        "is_listed",
        "created_at",
        "at",
        "read_at",
        "archived_at",
        "snoozed_until",
        "rules",
    ]
    readonly_fields = ["id", "person", "rules"]
    inlines: ClassVar[list[Any]] = [DeliveryInline]

    def search_by_id(self, rows: QuerySet[Notification], wanted: UUID) -> QuerySet[Notification]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted))

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[Notification], words: str
    ) -> QuerySet[Notification]:
        people = User.objects.filter(Q(email=normalize_email(words)) | Q(username__iexact=words))
        return rows.filter(user__in=people.order_by().values("pk"))

    @display(description=_("to"))
    def person(self, notification: Notification) -> str:
        return link_to(notification.user)

    @display(description=_("rules"))
    def rules(self, notification: Notification) -> SafeString:
        return format_html_join("", "<div>{} · {}: {} {}</div>", map(_line, notification.trace))


def _line(step: dict[str, Any]) -> tuple[Any, ...]:
    reason, until = step.get("reason"), step.get("until")
    said = Reason(reason).label if reason in Reason.values else reason or _("goes on")
    when = date_format(localtime(datetime.fromisoformat(until)), "DATETIME_FORMAT") if until else ""
    return step["channel"] or _("all"), step["rule"], said, when
