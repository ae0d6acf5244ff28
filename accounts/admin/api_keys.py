"""Which services act for people, and within what?"""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant

from accounts.models import ApiKey
from accounts.services import revoke_api_key
from common.console import ChoiceFilter, ReadOnlyAdmin, ReadOnlyInline, console_action, link_to, on_one

KEY_STATE = {_("works"): "success", _("revoked"): "info", _("expired"): "warning"}


class Works(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("works", _("works")), ("ended", _("ended"))]

    def narrow(self, rows: QuerySet[ApiKey], value: str) -> QuerySet[ApiKey]:
        now = timezone.now()
        if value == "works":
            return rows & ApiKey.objects.alive(at=now)
        return rows.filter(Q(revoked_at__isnull=False) | Q(expires_at__lte=now) | Q(user__is_active=False))


class ApiKeyInline(ReadOnlyInline):
    model = ApiKey
    permission = "accounts.view_apikey"
    fields = ["name", "prefix", "state", "last_used_at", "expires_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).select_related("user")

    @display(description=_("state"), label=KEY_STATE)
    def state(self, key: ApiKey) -> str:
        return key_state(key)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Which services act for people, and within what?"""

    list_display = [
        "name",
        "prefix",
        "person",
        "allowed",
        "state",
        "last_used_at",
        "expires_at",
        "created_at",
    ]
    list_select_related = ["user"]
    list_filter = [Works, "created_at", "last_used_at"]
    search_fields = ["name", "prefix", "user"]
    search_help_text = _("Name, prefix, person or id")
    sortable_by = ()
    fields = [
        "id", "user", "name", "prefix", "allowed", "state", "created_at", "expires_at", "rotated_at",
        "previous_until", "last_used_at", "last_used_address", "revoked_at",
    ]  # fmt: skip
    readonly_fields = ["id", "allowed", "state"]
    actions = ["revoke"]
    actions_detail: ClassVar[list[str]] = ["revoke_here"]

    def search_by_id(self, rows: QuerySet[ApiKey], wanted: UUID) -> QuerySet[ApiKey]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[ApiKey], words: str) -> QuerySet[ApiKey]:
        owner = Q(user__email__icontains=words) | Q(user__username__icontains=words)
        return rows.filter(owner | Q(name__icontains=words) | Q(prefix__startswith=words))

    @display(description=_("user"))
    def person(self, key: ApiKey) -> str:
        return link_to(key.user)

    @display(description=_("scopes"))
    def allowed(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description=_("state"), label=KEY_STATE)
    def state(self, key: ApiKey) -> str:
        return key_state(key)

    @console_action(_("Revoke key"), question=_("Let this key work no more?"))
    def revoke(self, request: HttpRequest, key: ApiKey) -> bool:
        return revoke_api_key(actor=request.user, key=key)  # type: ignore[arg-type]

    revoke_here = on_one(revoke, icon="key_off", variant=ActionVariant.DANGER)


def key_state(key: ApiKey) -> str:
    if key.is_alive:
        return str(_("works"))
    return str(_("expired") if key.revoked_at is None else _("revoked"))
