"""Who accepted and consented to what, and when? To be read, never changed."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from common.console import ChoiceFilter, ReadOnlyAdmin, link_to
from legal.models import Acceptance, Consent, Document
from legal.purposes import purposes


class OfCurrent(ChoiceFilter):
    title = _("of the version in force")
    parameter_name = "current"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Document.Kind.choices)

    def narrow(self, rows: QuerySet[Acceptance], value: str) -> QuerySet[Acceptance]:
        return rows & Acceptance.objects.of_current(value, at=timezone.now())


class OfPurpose(ChoiceFilter):
    title = _("purpose")
    parameter_name = "purpose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(purpose.name, purpose.title) for purpose in purposes.values()]

    def narrow(self, rows: QuerySet[Consent], value: str) -> QuerySet[Consent]:
        return rows.filter(purpose=value)


class RecordAdmin(ReadOnlyAdmin):
    """Rows of people, the newest first, by index, and never counted."""

    list_select_related = ["user"]
    search_fields = ["user", "address"]
    search_help_text = _("E-mail, username, network address, or id of the row, the person or the session")
    sortable_by = ()
    paginator = InfinitePaginator

    def search_by_id(self, rows: QuerySet[Any], wanted: UUID) -> QuerySet[Any]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted) | Q(session=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Any], words: str) -> QuerySet[Any]:
        found = Q(user__email__icontains=words) | Q(user__username__icontains=words)
        return rows.filter(found | Q(address__startswith=words))

    @display(description=_("user"))
    def person(self, row: Any) -> str:
        return link_to(row.user)


@admin.register(Acceptance)
class AcceptanceAdmin(RecordAdmin):
    """Who accepted which version, when, from where?"""

    list_display = ["accepted_at", "person", "of_version", "locale", "address", "session"]
    list_select_related = ["user", "version"]
    list_filter = [OfCurrent, "locale", "accepted_at"]
    fields = ["id", "person", "of_version", "accepted_at", "locale", "address", "session"]
    readonly_fields = ["id", "person", "of_version"]

    @display(description=_("version"))
    def of_version(self, acceptance: Acceptance) -> str:
        return link_to(acceptance.version)


@admin.register(Consent)
class ConsentAdmin(RecordAdmin):
    """Who consented to what, in which words, and who withdrew it?"""

    list_display = ["at", "person", "purpose", "is_given", "wording", "address", "session"]
    list_filter = [OfPurpose, "given", "at"]
    fields = ["id", "person", "purpose", "is_given", "number", "wording", "at", "address", "session"]
    readonly_fields = ["id", "person", "is_given"]

    @display(description=_("state"), label={_("given"): "success", _("withdrawn"): "warning"})
    def is_given(self, consent: Consent) -> str:
        return str(_("given") if consent.given else _("withdrawn"))
