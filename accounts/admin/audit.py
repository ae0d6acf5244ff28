"""What happened, who did it, and is the log of it whole?"""

from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts.models import AuditCheck, AuditEntry, User
from accounts.services import audit, read_anchor
from common.console import ChoiceFilter, ReadOnlyAdmin, link, link_to
from common.ids import first_id_at

SPANS: Final = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
CATEGORIES: Final = {
    _("security"): "warning",
    _("user"): "default",
    _("system"): "info",
    _("admin"): "primary",
}
STATES: Final = {_("whole"): "success", _("not whole"): "danger"}


class Happened(ChoiceFilter):
    """By the time in the ids, which are the order of the list: never a walk over the whole table."""

    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("1h", _("Last hour")),
            ("24h", _("Last 24 hours")),
            ("7d", _("Last 7 days")),
            ("30d", _("Last 30 days")),
        ]

    def narrow(self, rows: QuerySet[AuditEntry], value: str) -> QuerySet[AuditEntry]:
        return rows.filter(pk__gte=first_id_at(timezone.now() - SPANS[value]))


class Verb(ChoiceFilter):
    title = _("what")
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(((verb, str(words)) for verb, words in audit.verbs.items()), key=lambda row: row[1])

    def narrow(self, rows: QuerySet[AuditEntry], value: str) -> QuerySet[AuditEntry]:
        return rows.filter(verb=value)


class HasAddress(ChoiceFilter):
    title = _("address")
    parameter_name = "has_address"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Known")), ("no", _("Unknown or forgotten"))]

    def narrow(self, rows: QuerySet[AuditEntry], value: str) -> QuerySet[AuditEntry]:
        return rows.filter(address__isnull=value == "no")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what to whom, when, from where?"""

    list_display = ["at", "of_category", "words", "who", "whose", "thing", "address", "more"]
    list_filter = ["category", Verb, Happened, HasAddress]
    list_before_template = "admin/audit_state.html"
    search_fields = ["actor", "subject", "target", "request_id", "address"]
    search_help_text = _("Id of a person, a thing, a request or an entry, or a network address")
    ordering = ["-id"]
    sortable_by = ()
    paginator = InfinitePaginator  # a count would read the whole log
    fields = [
        "id", "at", "of_category", "words", "verb", "who", "whose", "thing", "page", "details",
        "address", "of_request", "session", "place", "hash",
    ]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        def name(column: str) -> Subquery:
            return Subquery(User.objects.filter(pk=OuterRef(column)).values("username"))

        return super().get_queryset(request).annotate(actor_name=name("actor"), subject_name=name("subject"))

    def search_by_id(self, rows: QuerySet[AuditEntry], wanted: UUID) -> QuerySet[AuditEntry]:
        """Request ids that we make are UUIDs too, without dashes."""
        said = Q(target=str(wanted)) | Q(request_id__in=[str(wanted), wanted.hex])
        return rows.filter(Q(pk=wanted) | Q(actor=wanted) | Q(subject=wanted) | Q(session=wanted) | said)

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[AuditEntry], words: str
    ) -> QuerySet[AuditEntry]:
        found = Q(request_id=words) | Q(target=words)
        with suppress(ValueError):
            found |= Q(address=str(ip_address(words)))
        return rows.filter(found)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        state = {
            "head": read_anchor(),
            "waiting": AuditEntry.objects.waiting().count(),
            "check": AuditCheck.objects.first(),
            "checks": reverse("admin:accounts_auditcheck_changelist"),
        }
        return super().changelist_view(request, {**(extra_context or {}), "audit": state})

    # --- columns ---
    @display(description=_("category"), label=CATEGORIES)
    def of_category(self, entry: AuditEntry) -> str:
        return entry.get_category_display()

    @display(description=_("what"))
    def words(self, entry: AuditEntry) -> str:
        return str(audit.verbs.get(entry.verb, entry.verb))

    @display(description=_("who"))
    def who(self, entry: Any) -> str:
        return _person(entry.actor, entry.actor_name)

    @display(description=_("whose account"))
    def whose(self, entry: Any) -> str:
        return _person(entry.subject, entry.subject_name)

    @display(description=_("thing"))
    def thing(self, entry: AuditEntry) -> str:
        """What else happened to it."""
        if not entry.target:
            return ""
        page = f"{reverse('admin:accounts_auditentry_changelist')}?q={entry.target}"
        return link(page, f"{entry.target_type.partition('.')[2]} {entry.target[:8]}")

    @display(description=_("its page"))
    def page(self, entry: AuditEntry) -> str:
        """Where it has one, and is still there."""
        return link_to(_target_of(entry))

    @display(description=_("more"))
    def more(self, entry: AuditEntry) -> str:
        return ", ".join(f"{name}: {value}" for name, value in entry.details.items())[:80]

    @display(description=_("request"))
    def of_request(self, entry: AuditEntry) -> str:
        page = f"{reverse('admin:accounts_auditentry_changelist')}?q={entry.request_id}"
        return link(page, entry.request_id) if entry.request_id else ""


class CheckState(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("failed", _("not whole")), ("failed_lately", _("not whole, in the last 7 days"))]

    def narrow(self, rows: QuerySet[AuditCheck], value: str) -> QuerySet[AuditCheck]:
        failed = rows & AuditCheck.objects.failed()
        return failed & AuditCheck.objects.lately(at=timezone.now()) if value == "failed_lately" else failed


@admin.register(AuditCheck)
class AuditCheckAdmin(ReadOnlyAdmin):
    """Was the log whole, each time that all of it was read?"""

    list_display = ["at", "state", "place", "hash", "faults"]
    list_filter = [CheckState, "at"]
    search_fields = ["faults", "hash"]
    sortable_by = ()
    fields = ["at", "state", "place", "hash", "faults"]
    readonly_fields = ["state"]

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[AuditCheck], words: str
    ) -> QuerySet[AuditCheck]:
        return rows.filter(Q(faults__icontains=words) | Q(hash=words))

    @display(description=_("state"), label=STATES)
    def state(self, check: AuditCheck) -> str:
        return str(_("not whole") if check.faults else _("whole"))


def _person(pk: UUID | None, name: str | None) -> str:
    """Their page; of somebody who is gone, what is left of them."""
    if pk is None:
        return ""
    return link(reverse("admin:accounts_user_change", args=[pk]), f"@{name}") if name else str(pk)


def _target_of(entry: AuditEntry) -> Model | None:
    try:
        model = apps.get_model(entry.target_type)
        return (
            model._default_manager.filter(pk=entry.target).first()
            if admin.site.is_registered(model)
            else None
        )
    except (LookupError, ValueError, ValidationError):  # a model or an id of former times
        return None
