"""Who is called with what happens, and does it arrive?"""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant

from common.console import ChoiceFilter, ReadOnlyAdmin, console_action, link_to, link_to_search, on_one
from notifications.models import Delivery, Webhook
from notifications.services import pause_webhook, resume_webhook

STATES = {_("works"): "success", _("fails"): "warning", _("paused"): "info"}


class WebhookStateFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("works", _("works")), ("fails", _("fails")), ("paused", _("paused"))]

    def narrow(self, rows: QuerySet[Webhook], value: str) -> QuerySet[Webhook]:
        if value == "paused":
            return rows.filter(paused_at__isnull=False)
        return rows.filter(paused_at=None, failing_since__isnull=value == "works")


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Who is called with what happens, and does it arrive?"""

    list_display = [
        "person",
        "url",
        "wanted",
        "state",
        "paused_reason",
        "failing_since",
        "last_success_at",
        "seq",
        "created_at",
    ]
    list_display_links = ["url"]  # the first has a link of its own
    list_select_related = ["user"]
    list_filter = [WebhookStateFilter, "paused_reason", "created_at"]
    search_fields = ["url", "description", "user"]
    search_help_text = _("Address, description, person or id")
    sortable_by = ()
    fields = [
        "id", "user", "url", "description", "wanted", "state", "paused_at", "paused_reason", "failing_since",
        "last_success_at", "seq", "deliveries", "created_at", "rotated_at", "previous_until",
    ]  # fmt: skip
    readonly_fields = ["id", "wanted", "state", "deliveries"]
    actions = ["pause", "resume"]
    actions_detail: ClassVar[list[str]] = ["pause_here", "resume_here"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        return super().get_queryset(request).filter(deleted_at=None)

    def search_by_id(self, rows: QuerySet[Webhook], wanted: UUID) -> QuerySet[Webhook]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Webhook], words: str) -> QuerySet[Webhook]:
        owner = Q(user__email__icontains=words) | Q(user__username__icontains=words)
        return rows.filter(owner | Q(url__icontains=words) | Q(description__icontains=words))

    @display(description=_("owner"))
    def person(self, webhook: Webhook) -> str:
        return link_to(webhook.user)

    @display(description=_("event types"))
    def wanted(self, webhook: Webhook) -> str:
        return ", ".join(webhook.types)

    @display(description=_("state"), label=STATES)
    def state(self, webhook: Webhook) -> str:
        if webhook.is_paused:
            return str(_("paused"))
        return str(_("fails") if webhook.failing_since else _("works"))

    @display(description=_("deliveries"))
    def deliveries(self, webhook: Webhook) -> str:
        return link_to_search(Delivery, webhook.pk)

    @console_action(_("Pause webhook"), question=_("Call this address no more until it is resumed?"))
    def pause(self, request: HttpRequest, webhook: Webhook) -> bool:
        return pause_webhook(actor=request.user, webhook=webhook, reason=Webhook.Pause.STAFF)  # type: ignore[arg-type]

    @console_action(
        _("Resume webhook"),
        question=_("Call this address again, with what happens from now on? What it missed it can ask for."),
    )
    def resume(self, request: HttpRequest, webhook: Webhook) -> bool:
        return resume_webhook(actor=request.user, webhook=webhook)  # type: ignore[arg-type]

    pause_here = on_one(pause, icon="pause", variant=ActionVariant.DANGER)
    resume_here = on_one(resume, icon="play_arrow")
