"""Chats."""

from typing import Any, ClassVar
from uuid import UUID, uuid4, uuid5

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User
from common.actors import SYSTEM
from common.console import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    TimeSetFilter,
    console_action,
    link,
    link_to,
    on_one,
)
from common.problems import NotAllowed
from messaging.models import Chat, Message, Participant
from messaging.services import delete_chat, send_message
from messaging.tasks import post_notice

from .naming import name_of, the_two
from .participants import MembershipChangeInline, ParticipantInline

UNITS = (
    (24 * 3600, ngettext_lazy("%d day", "%d days")),
    (3600, ngettext_lazy("%d hour", "%d hours")),
    (60, ngettext_lazy("%d minute", "%d minutes")),
    (1, ngettext_lazy("%d second", "%d seconds")),
)
TYPES = {_("group"): "primary", _("channel"): "success", _("private"): "info"}


def _spelt_out(seconds: int) -> str:
    parts: list[str] = []
    for size, name in UNITS:
        count, seconds = divmod(seconds, size)
        if count or (size == 1 and not parts):
            parts.append(str(name % count))
    return ", ".join(parts)


class NoticeForm(forms.Form):
    """What the platform has to say."""

    text = forms.CharField(
        label=_("Text"), max_length=Message.MAX_TEXT, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4})
    )
    # Made once, with the page: sending the page again posts nothing twice.
    batch = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)

    @staticmethod
    def client_id(chat: Chat, text: str, batch: UUID) -> str:
        return f"notice-{uuid5(batch, f'{chat.pk} {text}')}"


class Deleted(TimeSetFilter):
    title = _("deleted")
    parameter_name = "deleted"
    field = "deleted_at"


@admin.register(Chat)
class ChatAdmin(ReadOnlyAdmin):
    """Which chats are there, how big, how lively?"""

    list_display = [
        "name",
        "kind",
        "participant_count",
        "last_seq",
        "last_activity_at",
        "creator",
        "deleted_at",
    ]
    list_select_related = ["created_by"]
    list_filter = ["type", Deleted, "last_activity_at", "created_at"]
    search_fields = ["title", "participants"]
    search_help_text = _("Title, e-mail or username of somebody in it, or id")
    ordering = ["-last_activity_at", "-id"]
    sortable_by = ()
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("id", "kind"),
                    ("title", "creator"),
                    "description",
                    ("participant_count", "overrides"),
                    ("editing", "no_forward"),
                    ("last_seq", "messages"),
                    ("created_at", "last_activity_at"),
                    "deleted_at",
                ]
            },
        ),
    ]
    readonly_fields = ["id", "kind", "creator", "messages", "overrides", "editing"]
    inlines: ClassVar[list[type[ReadOnlyInline]]] = [ParticipantInline, MembershipChangeInline]
    actions = ["post_notices", "remove"]
    actions_detail: ClassVar[list[str]] = ["post_notice_here", "remove_here"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Chat]:
        return super().get_queryset(request).prefetch_related(the_two("participants"))

    def search_by_id(self, rows: QuerySet[Chat], wanted: UUID) -> QuerySet[Chat]:
        theirs = Participant.objects.filter(user=wanted).values("chat")
        return rows.filter(Q(pk=wanted) | Q(pk__in=theirs))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Chat], words: str) -> QuerySet[Chat]:
        people = User.objects.filter(Q(email__icontains=words) | Q(username__icontains=words))
        theirs = Participant.objects.filter(user__in=people.order_by().values("pk")).values("chat")
        return rows.filter(Q(title__icontains=words) | Q(pk__in=theirs))

    def has_remove_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._allows(request, "delete")

    # --- columns ---
    @display(description=_("title"))
    def name(self, chat: Any) -> str:
        return name_of(chat)

    @display(description=_("type"), label=TYPES)
    def kind(self, chat: Chat) -> str:
        return str(chat.get_type_display())

    @display(description=_("created by"))
    def creator(self, chat: Chat) -> str:
        return link_to(chat.created_by)

    @display(description=_("permissions of its own"))
    def overrides(self, chat: Chat) -> str:
        levels = dict(Chat.Level.choices)
        return ", ".join(f"{action}: {levels[level]}" for action, level in sorted(chat.permissions.items()))

    @display(description=_("edit window"))
    def editing(self, chat: Chat) -> str:
        if chat.edit_window is None:
            return str(_("without end"))
        return _spelt_out(chat.edit_window)

    @display(description=_("messages"))
    def messages(self, chat: Chat) -> str:
        page = reverse("admin:messaging_message_changelist")
        return link(f"{page}?q={chat.pk}", _("Show them"))

    # --- actions ---
    @console_action(
        _("Post a notice"),
        question=_("What shall Serai tell everybody in it?"),
        form=NoticeForm,
    )
    def post_notices(self, request: HttpRequest, chat: Chat, *, text: str, batch: UUID) -> bool:
        if chat.deleted_at:
            return False
        post_notice.delay(str(chat.pk), text, NoticeForm.client_id(chat, text, batch))
        return True

    @console_action(
        _("Post a notice"),
        question=_("What shall Serai tell everybody in it?"),
        form=NoticeForm,
    )
    def post_one_notice(self, request: HttpRequest, chat: Chat, *, text: str, batch: UUID) -> bool:
        client_id = NoticeForm.client_id(chat, text, batch)
        _message, is_new = send_message(
            actor=SYSTEM, chat=chat, text=text, kind=Message.Kind.SYSTEM, client_id=client_id
        )
        return is_new

    @console_action(_("Delete group"), question=_("Delete it for everyone in it?"), permissions=["remove"])
    def remove(self, request: HttpRequest, chat: Chat) -> bool:
        if chat.type == Chat.Type.PRIVATE:
            raise NotAllowed(_("A private chat belongs to the two in it."))
        delete_chat(actor=SYSTEM, chat=chat)
        return True

    post_notice_here = on_one(post_one_notice, icon="campaign")
    remove_here = on_one(remove, icon="delete", variant=ActionVariant.DANGER)
