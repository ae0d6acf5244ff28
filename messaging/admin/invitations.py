"""Invitations."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.models import User
from common.actors import SYSTEM
from common.console import ChoiceFilter, ReadOnlyAdmin, console_action, link_to, on_one
from messaging.models import Invitation
from messaging.services import revoke_invitation

from .naming import name_of, the_two

STATES = {_("open"): "success", _("ended"): "default", _("revoked"): "warning", _("declined"): "warning"}


class Open(ChoiceFilter):
    title = _("open")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def narrow(self, rows: QuerySet[Invitation], value: str) -> QuerySet[Invitation]:
        live = Invitation.objects.live(at=timezone.now()).order_by().values("pk")
        return rows.filter(pk__in=live) if value == "yes" else rows.exclude(pk__in=live)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who invites whom where, and does it still let anybody in? The link itself is never shown."""

    list_display = [
        "created_at",
        "conversation",
        "inviter",
        "person",
        "state",
        "uses",
        "max_uses",
        "expires_at",
    ]
    list_select_related = ["chat", "created_by", "user"]
    list_filter = [Open, "approval", "created_at"]
    search_fields = ["chat", "created_by", "user"]
    search_help_text = _(
        "E-mail or username of inviter or invited, or id of an invitation, a chat or a person"
    )
    ordering = ["-id"]
    sortable_by = ()
    fields: ClassVar[list[str]] = [
        "id",
        "conversation",
        "inviter",
        "person",
        "state",
        "approval",
        "uses",
        "max_uses",
        "created_at",
        "expires_at",
        "revoked_at",
        "declined_at",
    ]
    readonly_fields = ["id", "conversation", "inviter", "person", "state"]
    actions = ["revoke"]
    actions_detail: ClassVar[list[str]] = ["revoke_here"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).prefetch_related(the_two("chat__participants"))

    def search_by_id(self, rows: QuerySet[Invitation], wanted: Any) -> QuerySet[Invitation]:
        return rows.filter(Q(pk=wanted) | Q(chat=wanted) | Q(created_by=wanted) | Q(user=wanted))

    def search_by_words(
        self, request: HttpRequest, rows: QuerySet[Invitation], words: str
    ) -> QuerySet[Invitation]:
        found = User.objects.filter(Q(email__icontains=words) | Q(username__icontains=words))
        people = found.order_by().values("pk")
        return rows.filter(Q(created_by__in=people) | Q(user__in=people))

    @display(description=_("chat"))
    def conversation(self, invitation: Invitation) -> str:
        return link_to(invitation.chat, name_of(invitation.chat))

    @display(description=_("who invites"))
    def inviter(self, invitation: Invitation) -> str:
        return link_to(invitation.created_by)

    @display(description=_("for"))
    def person(self, invitation: Invitation) -> str:
        return link_to(invitation.user) or str(_("whoever has the link"))

    @display(description=_("state"), label=STATES)
    def state(self, invitation: Invitation) -> str:
        if invitation.revoked_at:
            return str(_("revoked"))
        if invitation.declined_at:
            return str(_("declined"))
        return str(_("open") if invitation.is_live(at=timezone.now()) else _("ended"))

    @console_action(_("Revoke"), question=_("Let nobody in by it any more?"))
    def revoke(self, request: HttpRequest, invitation: Invitation) -> bool:
        if not invitation.is_live(at=timezone.now()):
            return False
        revoke_invitation(actor=SYSTEM, invitation=invitation)
        return True

    revoke_here = on_one(revoke, icon="link_off")
