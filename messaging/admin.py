"""The staff console of chats and messages."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4, uuid5

from django import forms
from django.contrib import admin
from django.db.models import F, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User, normalize_email
from common.actors import SYSTEM
from common.console import (
    ChoiceFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    TimeSetFilter,
    console_action,
    link,
    link_to,
    on_one,
    panels,
)
from common.ids import first_id_at
from common.problems import NotAllowed

from .models import Chat, Message, Participant
from .services import delete_chat, send_message
from .tasks import post_notice

SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
ROLES = {_("owner"): "primary", _("admin"): "info", _("member"): "default", _("left"): "warning"}


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


class Sent(ChoiceFilter):
    """By the time in the ids, which are the order of the list: never a walk over the whole table."""

    title = _("sent")
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("24h", _("Last 24 hours")), ("7d", _("Last 7 days")), ("30d", _("Last 30 days"))]

    def narrow(self, rows: QuerySet[Message], value: str) -> QuerySet[Message]:
        return rows.filter(pk__gte=first_id_at(timezone.now() - SPANS[value]))


class ParticipantInline(ReadOnlyInline):
    model = Participant
    verbose_name_plural = _("participants")
    permission = "messaging.view_chat"
    tab = False
    fields = ["person", "standing", "read_seq", "left_seq", "joined_at"]
    show_change_link = False
    ordering = [F("left_seq").asc(nulls_first=True), "id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        return super().get_queryset(request).select_related("user")

    @display(description=_("user"))
    def person(self, participant: Participant) -> str:
        return link_to(participant.user)

    @display(description=_("role"), label=ROLES)
    def standing(self, participant: Participant) -> str:
        return standing(participant)


class ParticipationInline(ReadOnlyInline):
    """On a person's page: which chats are they in?"""

    model = Participant
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
                    ("participant_count", "members_can_add"),
                    ("last_seq", "messages"),
                    ("created_at", "last_activity_at"),
                    "deleted_at",
                ]
            },
        ),
    ]
    readonly_fields = ["id", "kind", "creator", "messages"]
    inlines: ClassVar[list[type[ReadOnlyInline]]] = [ParticipantInline]
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

    @display(description=_("type"), label={_("group"): "primary", _("private"): "info"})
    def kind(self, chat: Chat) -> str:
        return str(chat.get_type_display())

    @display(description=_("created by"))
    def creator(self, chat: Chat) -> str:
        return link_to(chat.created_by)

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
        if chat.type != Chat.Type.GROUP:
            raise NotAllowed(_("A private chat belongs to the two in it."))
        delete_chat(actor=SYSTEM, chat=chat)
        return True

    post_notice_here = on_one(post_one_notice, icon="campaign")
    remove_here = on_one(remove, icon="delete", variant=ActionVariant.DANGER)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """What was sent where and when. What it says is for those who may read it (`view_message_text`).

    The newest first, by index, and never counted: this is the table that grows.
    """

    list_display = ["created_at", "conversation", "seq", "writer", "kind", "excerpt"]
    list_select_related = ["chat", "author"]
    list_filter = [Sent, "kind"]
    search_fields = ["chat", "author"]
    ordering = ["-id"]
    sortable_by = ()
    paginator = InfinitePaginator
    fields = ["id", "conversation", "seq", "writer", "kind", "text", "client_id", "created_at"]
    readonly_fields = ["id", "conversation", "writer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).prefetch_related(the_two("chat__participants"))

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return [name for name in self.list_display if name != "excerpt" or may_read(request)]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self.fields if name != "text" or may_read(request)]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.search_help_text = (
            _("Words of the text, e-mail or username of the author, or id of message, chat or author")
            if may_read(request)
            else _("E-mail or username of the author, or id of message, chat or author")
        )
        return changelist

    def search_by_id(self, rows: QuerySet[Message], wanted: UUID) -> QuerySet[Message]:
        return rows.filter(Q(pk=wanted) | Q(chat=wanted) | Q(author=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Message], words: str) -> QuerySet[Message]:
        authors = User.objects.filter(Q(email=normalize_email(words)) | Q(username__iexact=words))
        found = Q(author__in=authors.order_by().values("pk"))
        return rows.filter(found | Q(text__icontains=words) if may_read(request) else found)

    @display(description=_("chat"))
    def conversation(self, message: Message) -> str:
        return link_to(message.chat, name_of(message.chat))

    @display(description=_("author"))
    def writer(self, message: Message) -> str:
        return link_to(message.author) or str(_("Serai"))

    @display(description=_("text"))
    def excerpt(self, message: Message) -> str:
        return Truncator(message.text).chars(60)


def may_read(request: HttpRequest) -> bool:
    return request.user.has_perm("messaging.view_message_text")


def the_two(path: str) -> "Prefetch[Any]":
    """Who is in a private chat: one query for a page of rows, and none of a group's thousands."""
    two = Participant.objects.filter(chat__type=Chat.Type.PRIVATE).select_related("user").order_by("id")
    return Prefetch(path, two, to_attr="the_two")


def name_of(chat: Any) -> str:
    """A private chat has no title: it is called after the two in it."""
    return chat.title or " · ".join(each.user.display_name for each in chat.the_two)


def standing(participant: Participant) -> str:
    if participant.left_seq is not None:
        return str(_("left"))
    return str(participant.get_role_display())
