"""Whom do people complain about, and what was made of it?"""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import Block, Report, SocialLink
from accounts.services import close_report
from common.console import ReadOnlyAdmin, ReadOnlyInline, console_action, link_to, on_one

REPORT_STATE = {_("open"): "warning", _("resolved"): "success", _("dismissed"): "info"}


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("Note for other staff"),
        max_length=1000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class ReportInline(ReadOnlyInline):
    """On a person's page: what others say of them."""

    model = Report
    fk_name = "subject"
    verbose_name_plural = _("reports about them")
    permission = "accounts.view_report"
    fields = ["created_at", "reason", "text", "condition", "by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return super().get_queryset(request).select_related("reporter")

    @display(description=_("state"), label=REPORT_STATE)
    def condition(self, report: Report) -> str:
        return str(report.get_state_display())

    @display(description=_("reported by"))
    def by(self, report: Report) -> str:
        return link_to(report.reporter)


class BlockInline(ReadOnlyInline):
    """On a person's page: whom they block."""

    model = Block
    fk_name = "blocker"
    verbose_name_plural = _("blocks")
    permission = "accounts.view_block"
    fields = ["whom", "created_at"]
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Block]:
        return super().get_queryset(request).select_related("blocked")

    @display(description=_("who is blocked"))
    def whom(self, block: Block) -> str:
        return link_to(block.blocked)


class SocialLinkInline(ReadOnlyInline):
    """On a person's page: their pages elsewhere."""

    model = SocialLink
    verbose_name_plural = _("social links")
    permission = "accounts.view_sociallink"
    fields = ["network", "url"]
    show_change_link = False


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """Whom do people complain about, and what was made of it?"""

    list_display = ["created_at", "about", "reason", "condition", "by", "closed_by", "closed_at"]
    list_select_related = ["subject", "reporter", "closed_by"]
    list_filter = ["state", "reason", "created_at"]
    search_fields = ["subject", "reporter", "text"]
    search_help_text = _("Either person, words of the report, or an id")
    sortable_by = ()
    fields = [
        "id", "about", "reason", "text", "by", "created_at", "condition", "closed_by", "closed_at", "note"
    ]  # fmt: skip
    readonly_fields = ["id", "about", "by", "condition"]
    actions = ["resolve", "dismiss"]
    actions_detail: ClassVar[list[str]] = ["resolve_here", "dismiss_here"]

    def search_by_id(self, rows: QuerySet[Report], wanted: UUID) -> QuerySet[Report]:
        return rows.filter(Q(pk=wanted) | Q(subject=wanted) | Q(reporter=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Report], words: str) -> QuerySet[Report]:
        about = Q(subject__email__icontains=words) | Q(subject__username__icontains=words)
        by = Q(reporter__email__icontains=words) | Q(reporter__username__icontains=words)
        return rows.filter(about | by | Q(text__icontains=words))

    @display(description=_("about"))
    def about(self, report: Report) -> str:
        return link_to(report.subject)

    @display(description=_("reported by"))
    def by(self, report: Report) -> str:
        return link_to(report.reporter)

    @display(description=_("state"), label=REPORT_STATE)
    def condition(self, report: Report) -> str:
        return str(report.get_state_display())

    @console_action(_("Resolve"), question=_("Was something done about it?"), form=NoteForm)
    def resolve(self, request: Any, report: Report, note: str) -> bool:
        return close_report(actor=request.user, report=report, state=Report.State.RESOLVED, note=note)

    @console_action(_("Dismiss"), question=_("Did nothing have to be done?"), form=NoteForm)
    def dismiss(self, request: Any, report: Report, note: str) -> bool:
        return close_report(actor=request.user, report=report, state=Report.State.DISMISSED, note=note)

    resolve_here = on_one(resolve, icon="task_alt")
    dismiss_here = on_one(dismiss, icon="do_not_disturb_on")
