"""Who wants to be forgotten, and who was?"""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.models import Erasure, User
from accounts.services import cancel_erasure
from common.console import ChoiceFilter, ReadOnlyAdmin, console_action, link_to, on_one

STATES = {
    _("waiting"): "info",
    _("running"): "warning",
    _("erased"): "success",
    _("called off"): "default",
}
SHOWN = dict(zip(["waiting", "running", "erased", "cancelled"], STATES, strict=True))


class ErasureState(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(SHOWN.items())

    def narrow(self, rows: QuerySet[Erasure], value: str) -> QuerySet[Erasure]:
        match value:
            case "waiting":
                return rows & Erasure.objects.waiting()
            case "running":
                return rows & Erasure.objects.open().filter(begun_at__isnull=False)
            case "erased":
                return rows.filter(erased_at__isnull=False)
            case _:
                return rows.filter(cancelled_at__isnull=False)


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """Who wants to be forgotten, when, and what became of it?"""

    list_display = ["requested_at", "person", "state_shown", "due_at", "erased_at", "by_staff"]
    list_select_related = ["user", "by_staff"]
    list_filter = [ErasureState, "requested_at", "due_at"]
    search_fields = ["user"]
    search_help_text = _("Person or id")
    sortable_by = ()
    fields = [
        "id", "user", "by_staff", "state_shown", "requested_at", "due_at",
        "cancelled_at", "begun_at", "erased_at", "receipt",
    ]  # fmt: skip
    readonly_fields = ["id", "state_shown"]
    actions = ["call_off"]
    actions_detail: ClassVar[list[str]] = ["call_off_here"]

    def search_by_id(self, rows: QuerySet[Erasure], wanted: UUID) -> QuerySet[Erasure]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Erasure], words: str) -> QuerySet[Erasure]:
        return rows.filter(Q(user__email__icontains=words) | Q(user__username__icontains=words))

    @display(description=_("user"))
    def person(self, erasure: Erasure) -> str:
        return link_to(erasure.user)

    @display(description=_("state"), label=STATES)
    def state_shown(self, erasure: Erasure) -> str:
        return str(SHOWN[erasure.state])

    @console_action(_("Call off"), question=_("Keep the account after all?"))
    def call_off(self, request: HttpRequest, erasure: Erasure) -> bool:
        if erasure.state in ("cancelled", "erased"):
            return False
        return cancel_erasure(actor=cast(User, request.user), user=erasure.user)

    call_off_here = on_one(call_off, icon="undo")
