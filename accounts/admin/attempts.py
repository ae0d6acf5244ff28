"""Why can't somebody sign in?"""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.models import AttemptCount
from common.console import ChoiceFilter, ReadOnlyAdmin, ReadOnlyInline, link_to

DELAYED = {_("delayed"): "warning", _("counted"): "info"}


class Existing(ChoiceFilter):
    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("somebody's")), ("no", _("nobody's"))]

    def narrow(self, rows: QuerySet[AttemptCount], value: str) -> QuerySet[AttemptCount]:
        return rows.filter(user__isnull=value == "no")


class AttemptCountInline(ReadOnlyInline):
    """On the page of a person: what delays them now."""

    model = AttemptCount
    permission = "accounts.view_attemptcount"
    verbose_name_plural = _("failed attempts")
    ordering = ["-failures", "-failed_at"]
    fields = ["state", "kind", "place", "failures", "failed_at", "until", "address", "user_agent"]

    @display(description=_("state"), label=DELAYED)
    def state(self, row: AttemptCount) -> str:
        return state_of(row)

    @display(description=_("looks again at"))
    def until(self, row: AttemptCount) -> Any:
        return row.delayed_until(timezone.now())


@admin.register(AttemptCount)
class AttemptCountAdmin(ReadOnlyAdmin):
    """Who is guessed at, from where, and who has to wait? *Let in now* is on the person's page."""

    list_display = ["person", "state", "kind", "place", "failures", "failed_at", "until", "address", "client"]
    list_select_related = ["user"]
    list_filter = [Existing, "kind", "failed_at"]
    search_fields = ["user", "place", "address"]
    search_help_text = _("Person, network address or id")
    sortable_by = ()
    fields = [
        "id", "user", "state", "kind", "place", "failures", "failed_at", "until",
        "address", "user_agent", "told_at",
    ]  # fmt: skip
    readonly_fields: ClassVar[list[str]] = ["id", "state", "until"]

    def search_by_id(self, rows: QuerySet[AttemptCount], wanted: UUID) -> QuerySet[AttemptCount]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted) | Q(place=str(wanted)))

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[AttemptCount], words: str
    ) -> QuerySet[AttemptCount]:
        found = Q(user__email__icontains=words) | Q(user__username__icontains=words)
        return rows.filter(found | Q(place__startswith=words) | Q(address__startswith=words))

    @display(description=_("user"))
    def person(self, row: AttemptCount) -> str:
        return link_to(row.user) or str(_("nobody"))

    @display(description=_("state"), label=DELAYED)
    def state(self, row: AttemptCount) -> str:
        return state_of(row)

    @display(description=_("looks again at"))
    def until(self, row: AttemptCount) -> Any:
        return row.delayed_until(timezone.now())

    @display(description=_("client"))
    def client(self, row: AttemptCount) -> str:
        return row.user_agent[:40]


def state_of(row: AttemptCount) -> str:
    return str(_("delayed") if row.delayed_until(timezone.now()) else _("counted"))
