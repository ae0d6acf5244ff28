"""Who is signed in, on what, from where?"""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant

from accounts.models import Session
from accounts.services import revoke_session
from common.console import ChoiceFilter, ReadOnlyAdmin, ReadOnlyInline, console_action, link_to, on_one

from .staff import StaffRequest

SESSION_STATE = {_("open"): "success", _("ended"): "info", _("expired"): "warning"}


class Alive(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("alive", _("open")), ("ended", _("ended"))]

    def narrow(self, rows: QuerySet[Session], value: str) -> QuerySet[Session]:
        now = timezone.now()
        if value == "alive":
            return rows & Session.objects.alive(at=now)
        return rows.filter(Q(revoked_at__isnull=False) | Q(expires_at__lte=now) | Q(user__is_active=False))


class SessionInline(ReadOnlyInline):
    model = Session
    permission = "accounts.view_session"
    fields = ["state", "device_name", "user_agent", "address", "place", "last_seen_at", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return super().get_queryset(request).select_related("user")

    @display(description=_("place"))
    def place(self, session: Session) -> str:
        return str(session.place or "")

    @display(description=_("state"), label=SESSION_STATE)
    def state(self, session: Session) -> str:
        return session_state(session)


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Who is signed in, on what, from where?"""

    list_display = [
        "person", "device_name", "client", "address", "place", "state", "generation", "last_seen_at",
        "created_at",
    ]  # fmt: skip
    list_select_related = ["user"]
    list_filter = [Alive, "created_at", "last_seen_at"]
    search_fields = ["user", "address", "device_name"]
    search_help_text = _("Person, network address, device or id")
    sortable_by = ()
    fields = [
        "id", "user", "state", "device_name", "user_agent", "address", "place", "generation",
        "created_at", "last_seen_at", "refreshed_at", "expires_at", "revoked_at", "revoked_reason",
    ]  # fmt: skip
    readonly_fields = ["id", "place", "state"]
    actions = ["revoke"]
    actions_detail: ClassVar[list[str]] = ["revoke_here"]

    def search_by_id(self, rows: QuerySet[Session], wanted: UUID) -> QuerySet[Session]:
        return rows.filter(Q(pk=wanted) | Q(user=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Session], words: str) -> QuerySet[Session]:
        found = Q(user__email__icontains=words) | Q(user__username__icontains=words)
        return rows.filter(found | Q(device_name__icontains=words) | Q(address__startswith=words))

    @display(description=_("user"))
    def person(self, session: Session) -> str:
        return link_to(session.user)

    @display(description=_("place"))
    def place(self, session: Session) -> str:
        return str(session.place or "")

    @display(description=_("client"))
    def client(self, session: Session) -> str:
        return session.user_agent[:40]

    @display(description=_("state"), label=SESSION_STATE)
    def state(self, session: Session) -> str:
        return session_state(session)

    @console_action(_("End session"), question=_("Sign the device out?"))
    def revoke(self, request: StaffRequest, session: Session) -> bool:
        return revoke_session(session=session, reason="staff", actor=request.user)

    revoke_here = on_one(revoke, icon="logout", variant=ActionVariant.DANGER)


def session_state(session: Session) -> str:
    if session.is_alive:
        return str(_("open"))
    return str(_("expired") if session.revoked_at is None else _("ended"))
