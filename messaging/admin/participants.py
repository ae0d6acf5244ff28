"""Who is in which chat."""

from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.console import (
    ReadOnlyInline,
    link_to,
    panels,
)
from messaging.models import MembershipChange, Participant

from .naming import name_of, standing, the_two

CHANGES = {
    _("came in"): "success",
    _("changed role"): "info",
    _("left"): "warning",
    _("was removed"): "danger",
}
ROLES = {_("owner"): "primary", _("admin"): "info", _("member"): "default", _("left"): "warning"}


class ParticipantInline(ReadOnlyInline):
    model = Participant
    verbose_name_plural = _("participants")
    permission = "messaging.view_chat"
    tab = False
    fields = ["person", "standing", "read_seq", "joined_at", "bringer"]
    show_change_link = False
    ordering = [F("left_seq").asc(nulls_first=True), "id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        return super().get_queryset(request).select_related("user", "added_by")

    @display(description=_("user"))
    def person(self, participant: Participant) -> str:
        return link_to(participant.user)

    @display(description=_("role"), label=ROLES)
    def standing(self, participant: Participant) -> str:
        return standing(participant)

    @display(description=_("brought in by"))
    def bringer(self, participant: Participant) -> str:
        return link_to(participant.added_by)


class MembershipChangeInline(ReadOnlyInline):
    """Who brought in, promoted or removed whom, the last first: all there ever was."""

    model = MembershipChange
    permission = "messaging.view_chat"
    tab = False
    fields = ["at", "person", "what", "role", "doer"]
    show_change_link = False
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[MembershipChange]:
        return super().get_queryset(request).select_related("user", "by")

    @display(description=_("user"))
    def person(self, change: MembershipChange) -> str:
        return link_to(change.user)

    @display(description=_("what"), label=CHANGES)
    def what(self, change: MembershipChange) -> str:
        return str(change.get_kind_display())

    @display(description=_("by"))
    def doer(self, change: MembershipChange) -> str:
        return link_to(change.by) or str(_("the platform"))


class ParticipationInline(ReadOnlyInline):
    """On a person's page: which chats are they in?"""

    model = Participant
    fk_name = "user"
    verbose_name_plural = _("chats")
    permission = "messaging.view_chat"
    fields = ["conversation", "standing", "read_seq", "joined_at"]
    show_change_link = False
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        return (
            super()
            .get_queryset(request)
            .select_related("chat")
            .prefetch_related(the_two("chat__participants"))
        )

    @display(description=_("chat"))
    def conversation(self, participant: Participant) -> str:
        return link_to(participant.chat, name_of(participant.chat))

    @display(description=_("role"), label=ROLES)
    def standing(self, participant: Participant) -> str:
        return standing(participant)


panels["accounts.user"].append(ParticipationInline)
