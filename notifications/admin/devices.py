"""Where people's apps and browsers take pushes, and why one takes none."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant

from accounts.models import User, normalize_email
from common.console import ChoiceFilter, ReadOnlyAdmin, console_action, link_to, link_to_search, on_one
from notifications.models import Delivery, PushDevice
from notifications.services import retire_device

DEVICE_STATE = {_("takes pushes"): "success", _("signed out"): "info", _("gone"): "warning"}


class TakesPushes(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("alive", _("takes pushes")), ("signed_out", _("signed out")), ("gone", _("gone"))]

    def narrow(self, rows: QuerySet[PushDevice], value: str) -> QuerySet[PushDevice]:
        alive = PushDevice.objects.alive(at=timezone.now())
        if value == "alive":
            return rows & alive
        if value == "gone":
            return rows.filter(gone_at__isnull=False)
        return rows.filter(gone_at=None).exclude(pk__in=alive.order_by().values("pk"))


@admin.register(PushDevice)
class PushDeviceAdmin(ReadOnlyAdmin):
    """Where does somebody take pushes, and why do they take none? Never the token."""

    list_display = ["created_at", "person", "provider", "name", "state", "seen_at", "gone_at", "gone_reason"]
    list_select_related = ["user", "session", "session__user"]
    list_filter = [TakesPushes, "provider", "gone_reason", "seen_at"]
    search_fields = ["user"]
    search_help_text = _("E-mail or username of the person, or id of the device, the session or the person")
    ordering = ["-id"]
    sortable_by = ()
    fields = [
        "id", "person", "provider", "name", "state", "on_session", "app", "is_sandbox", "language",
        "timezone", "created_at", "seen_at", "gone_at", "gone_reason", "deliveries",
    ]  # fmt: skip
    readonly_fields = ["id", "person", "state", "on_session", "deliveries"]
    actions = ["retire"]
    actions_detail: ClassVar[list[str]] = ["retire_here"]

    def search_by_id(self, rows: QuerySet[PushDevice], wanted: UUID) -> QuerySet[PushDevice]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted) | Q(session=wanted))

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[PushDevice], words: str
    ) -> QuerySet[PushDevice]:
        people = User.objects.filter(Q(email=normalize_email(words)) | Q(username__iexact=words))
        return rows.filter(user__in=people.order_by().values("pk"))

    @display(description=_("user"))
    def person(self, device: PushDevice) -> str:
        return link_to(device.user)

    @display(description=_("session"))
    def on_session(self, device: PushDevice) -> str:
        return link_to(device.session)

    @display(description=_("state"), label=DEVICE_STATE)
    def state(self, device: PushDevice) -> str:
        words = {"": _("takes pushes"), "signed_out": _("signed out"), "device_gone": _("gone")}
        return str(words[device.absence])

    @display(description=_("deliveries"))
    def deliveries(self, device: PushDevice) -> str:
        return link_to_search(Delivery, device.pk)

    @console_action(
        _("Send nothing more"), question=_("Send nothing to this device until its app registers it again?")
    )
    def retire(self, request: HttpRequest, device: PushDevice) -> bool:
        return retire_device(device=device, reason="staff", actor=request.user)  # type: ignore[arg-type]

    retire_here = on_one(retire, icon="notifications_off", variant=ActionVariant.DANGER)
