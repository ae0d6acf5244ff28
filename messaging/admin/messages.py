"""Messages."""

from datetime import timedelta
from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.paginator import InfinitePaginator

from accounts.models import AuditEntry, User, normalize_email
from accounts.services import audit
from common.actors import SYSTEM
from common.console import (
    ChoiceFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    console_action,
    link_to,
    on_one,
)
from common.ids import first_id_at
from messaging.models import Message, Revision
from messaging.services import delete_message

from .naming import may_read, name_of, the_two

SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}


class Sent(ChoiceFilter):
    """By the time in the ids, which are the order of the list: never a walk over the whole table."""

    title = _("sent")
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("24h", _("Last 24 hours")), ("7d", _("Last 7 days")), ("30d", _("Last 30 days"))]

    def narrow(self, rows: QuerySet[Message], value: str) -> QuerySet[Message]:
        return rows.filter(pk__gte=first_id_at(timezone.now() - SPANS[value]))


class RevisionInline(ReadOnlyInline):
    """What an edited message said before, for those who may read messages."""

    model = Revision
    verbose_name_plural = _("revisions")
    permission = "messaging.view_message_text"
    fields = ["revision", "text", "created_at"]
    show_change_link = False


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """What was sent where and when. What it says is for those who may read it (`view_message_text`).

    The newest first, by index, and never counted: this is the table that grows.
    """

    list_display = ["created_at", "conversation", "seq", "writer", "kind", "deleted_at", "excerpt"]
    list_select_related = ["chat", "author"]
    list_filter = [Sent, "kind"]
    search_fields = ["chat", "author"]
    ordering = ["-id"]
    sortable_by = ()
    paginator = InfinitePaginator
    fields = [
        "id",
        "conversation",
        "seq",
        "writer",
        "kind",
        "text",
        "client_id",
        "answered",
        "forwarded",
        "created_at",
        "revision",
        "edited_at",
        "deleted_at",
        "deleter",
    ]
    readonly_fields = ["id", "conversation", "writer", "answered", "forwarded", "deleter"]
    inlines: ClassVar[list[type[ReadOnlyInline]]] = [RevisionInline]
    actions = ["remove"]
    actions_detail: ClassVar[list[str]] = ["remove_here"]

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

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Whoever may read sees what each message of the page says: the audit log names them."""
        page = super().changelist_view(request, extra_context)
        shown = getattr(page, "context_data", None) or {}
        if may_read(request) and "cl" in shown and (ids := [row.pk for row in shown["cl"].result_list]):
            audit.record(
                category=AuditEntry.Category.ADMIN,
                verb="messages.looked_at",
                actor=cast(User, request.user),
                details={"messages": ids},
            )
        return page

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        page = super().changeform_view(request, object_id, form_url, extra_context)
        shown = getattr(page, "context_data", None) or {}
        if may_read(request) and (message := shown.get("original")):
            audit.record(
                category=AuditEntry.Category.ADMIN,
                verb="message.looked_at",
                actor=cast(User, request.user),
                subject=message.author,
                target=message,
                details={"chat": message.chat_id},
            )
        return page

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

    @display(description=_("reply to"))
    def answered(self, message: Message) -> str:
        return link_to(message.reply_to)

    @display(description=_("forwarded from"))
    def forwarded(self, message: Message) -> str:
        return link_to(message.forwarded_from)

    @display(description=_("deleted by"))
    def deleter(self, message: Message) -> str:
        return link_to(message.deleted_by) or (str(_("Serai")) if message.deleted_at else "")

    @display(description=_("text"))
    def excerpt(self, message: Message) -> str:
        return Truncator(message.text).chars(60)

    def has_remove_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._allows(request, "delete")

    @console_action(
        _("Delete for everybody"),
        question=_("Delete it for everybody? What it says is gone then."),
        permissions=["remove"],
    )
    def remove(self, request: HttpRequest, message: Message) -> bool:
        if message.deleted_at:
            return False
        delete_message(actor=SYSTEM, message=message)
        return True

    remove_here = on_one(remove, icon="delete", variant=ActionVariant.DANGER)
