"""What the pages of the staff console share: quick lists, actions that ask first and leave a note."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_permission_codename
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action
from unfold.enums import ActionVariant

from .problems import Problem

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry

MOST_ROWS: Final = 1000  # of one action: what a request can do while somebody waits
SHOWN_ROWS: Final = 20  # of those that a question is about

Action = Callable[..., HttpResponse | None]


def console_action(
    description: str | Promise,
    *,
    question: str | Promise,
    permissions: Iterable[str] = ("act",),
    form: type[forms.Form] = forms.Form,
) -> Callable[[Callable[..., bool]], Action]:
    """Makes an action of a method that does something to one row.

    The method gets the request, the row and what *form* holds, calls a service, and returns whether anything
    changed. Nothing happens before somebody has answered the question; what happened is in the row's history.

    Args:
        permissions: names of `has_<name>_permission` methods.
    """

    def decorate(method: Callable[..., bool]) -> Action:
        @wraps(method)
        def run(self: "ConsoleAdmin", request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
            answered = request.method == "POST" and "answered" in request.POST
            given = form(request.POST if answered else None)
            chosen = list(rows[:MOST_ROWS])
            if not (answered and given.is_valid()):
                return self.ask(request, chosen, description, question, given)
            done = 0
            for row in chosen:
                try:
                    with transaction.atomic():  # the act and the word of it
                        if self.may_act_on(request, row) and method(self, request, row, **given.cleaned_data):
                            self.log_action_on(request, row, method.__name__, str(description))
                            done += 1
                except Problem as problem:
                    self.message_user(request, f"{row}: {problem.detail or problem.title}", messages.ERROR)
            self.message_user(
                request,
                _("%(action)s: %(done)d of %(all)d done.")
                % {"action": description, "done": done, "all": len(chosen)},
                messages.SUCCESS if done == len(chosen) else messages.WARNING,
            )
            return None

        run.short_description = description  # type: ignore[attr-defined]
        run.allowed_permissions = permissions  # type: ignore[attr-defined]
        return run

    return decorate


def on_one(run: Any, *, icon: str, variant: ActionVariant = ActionVariant.DEFAULT) -> Any:
    """The same action as a button on the page of one row."""

    @action(
        description=run.short_description,
        permissions=run.allowed_permissions,
        url_path=run.__name__,
        icon=icon,
        variant=variant,
    )
    def run_here(self: "ConsoleAdmin", request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        rows = self.get_queryset(request).filter(pk=row.pk)
        if question := run(self, request, rows):
            return question
        return HttpResponseRedirect(self.page_of(row) if rows.exists() else self.list_page())

    return run_here


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a member of staff has done to a row at the console.

    Attributes:
        what: `added`, `changed`, `deleted`, or `acted`: one of our actions, whose name is in `action`.
        fields: names of what was changed, never what it was changed to.
    """

    actor: Any
    row: Model
    what: str
    action: str = ""
    fields: tuple[str, ...] = ()


listeners: Final[list[Callable[[Act], None]]] = []
"""Called in the transaction of each act."""


class AuditedAdmin(ModelAdmin):
    """Tells of whatever is done on its pages. Wherever Django leaves a note, somebody may want to know."""

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
    ) -> Any:
        request.changed_fields = tuple(form.changed_data)  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> "LogEntry":
        _tell(request, obj, "added")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> "LogEntry":
        _tell(request, obj, "changed", fields=getattr(request, "changed_fields", ()))
        return super().log_change(request, obj, message)

    def log_action_on(self, request: HttpRequest, row: Model, action: str, description: str) -> None:
        _tell(request, row, "acted", action=action)
        super().log_change(request, row, description)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for row in queryset:
            _tell(request, row, "deleted")
        return super().log_deletions(request, queryset)


def _tell(request: HttpRequest, row: Model, what: str, **more: Any) -> None:
    act = Act(actor=request.user, row=row, what=what, **more)
    for listener in listeners:
        listener(act)


class ConsoleAdmin(AuditedAdmin):
    """A list that answers within a fixed number of queries, however many rows there are."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count the whole table
    list_disable_select_all = True
    list_filter_sheet = True

    def has_act_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Actions change rows: they are for those who may."""
        return self._allows(request, "change")

    def may_act_on(self, request: HttpRequest, row: Any) -> bool:
        """Whether this very row is theirs to change."""
        return True

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """A refusal by a service is said on the page; nothing of what was sent is saved."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Problem as problem:
            self.message_user(request, str(problem.detail or problem.title), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def search_by_id(self, rows: QuerySet[Any], wanted: UUID) -> QuerySet[Any]:
        return rows.filter(pk=wanted)

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Any], words: str) -> QuerySet[Any]:
        raise NotImplementedError

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """An id finds by index what it names; anything else is words."""
        words = search_term.strip()
        if not words:
            return queryset, False
        try:
            return self.search_by_id(queryset, UUID(words)), False
        except ValueError:
            return self.search_by_words(request, queryset, words), False

    def page_of(self, row: Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def list_page(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def ask(
        self,
        request: HttpRequest,
        rows: list[Any],
        title: str | Promise,
        question: str | Promise,
        form: forms.Form,
    ) -> TemplateResponse:
        """The page between an action's name and the action."""
        context = self.admin_site.each_context(request) | {
            "title": title,
            "question": question,
            "form": form,
            "opts": self.opts,
            "rows": rows[:SHOWN_ROWS],
            "more": max(len(rows) - SHOWN_ROWS, 0),
            "back": self.page_of(rows[0]) if request.method == "GET" and rows else self.list_page(),
            "repeated": [
                (name, value)
                for name in ("action", ACTION_CHECKBOX_NAME)
                for value in request.POST.getlist(name)
            ],
        }
        return TemplateResponse(request, "admin/ask.html", context)

    def _allows(self, request: HttpRequest, verb: str) -> bool:
        codename = get_permission_codename(verb, self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")


class ReadOnlyAdmin(ConsoleAdmin):
    """A window, not a form: rows change through actions, which call services."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Rows that belong to the row of the page, a few at a time, with a link to each."""

    extra = 0
    per_page = 20
    can_delete = False
    show_change_link = True
    hide_title = True
    tab = True
    permission: ClassVar[str]  # whoever has it sees them

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> Any:
        return self.fields

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm(self.permission)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ChoiceFilter(admin.SimpleListFilter):
    """A filter by a few named querysets."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.narrow(queryset, value) if value else queryset

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        raise NotImplementedError


class TimeSetFilter(ChoiceFilter):
    """Whether the time in `field` is set."""

    field: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{f"{self.field}__isnull": value == "no"})


def link(page: str, text: object) -> str:
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', page, text)


def link_to_search(model: type[Model], words: object) -> str:
    """The list of *model*, searched for *words*."""
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return link(f"{page}?{urlencode({'q': words})}", _("Show all"))


def link_to(row: Model | None, text: str | None = None) -> str:
    """The page of another row."""
    if row is None:
        return ""
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return link(page, text or row)


panels: Final[defaultdict[str, list[type[ReadOnlyInline]]]] = defaultdict(list)
"""What an app adds to the page of a row that is another's, by `<app>.<model>`."""
