"""What is in force, what comes next, and what did we change?"""

from collections.abc import Iterator
from datetime import datetime
from types import new_class
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from common.console import ChoiceFilter, ConsoleAdmin, console_action, link, on_one
from common.problems import Problem
from common.sizes import characters
from legal.comparing import compare
from legal.models import Acceptance, Document, Text, Version
from legal.problems import VersionLabelTaken
from legal.services import draft_version, lift_requirement, publish_version, take_back
from legal.services.documents import Words
from legal.showing import page_of

State = Version.State
STATES = {
    State.DRAFT.label: "info",
    State.SCHEDULED.label: "warning",
    State.CURRENT.label: "success",
    State.SUPERSEDED.label: "default",
}


class OfState(ChoiceFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(State.choices)

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(state=value)


class VersionForm(forms.ModelForm):
    """A version with its texts: a title and a body in each language."""

    kind = forms.ChoiceField(
        label=_("Document"), choices=Document.Kind.choices, widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = Version
        fields = ["label", "requires_acceptance"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial.update(words_of(self.instance))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for locale, _name in settings.LANGUAGES:
            title, body = given.get(f"title_{locale}"), given.get(f"body_{locale}")
            if bool(title) != bool(body):
                missing = "body" if title else "title"
                self.add_error(f"{missing}_{locale}", _("A language has a title and a text, or neither."))
        same = Version.objects.filter(document=given.get("kind"), label=given.get("label"))
        if same.exclude(pk=self.instance.pk).exists():
            self.add_error("label", VersionLabelTaken.title)
        return given

    def texts(self) -> dict[str, Words]:
        given = self.cleaned_data
        return {
            locale: Words(title=given[f"title_{locale}"], body=given[f"body_{locale}"])
            for locale, _name in settings.LANGUAGES
            if given[f"title_{locale}"]
        }


def text_fields(locale: str) -> dict[str, forms.Field]:
    written = {"dir": "rtl" if get_language_info(locale)["bidi"] else "ltr", "lang": locale}
    return {
        f"title_{locale}": forms.CharField(
            label=_("Title"),
            required=False,
            max_length=characters(Text, "title"),
            widget=UnfoldAdminTextInputWidget(attrs=written),
        ),
        f"body_{locale}": forms.CharField(
            label=_("Text"),
            required=False,
            max_length=Text.MAX_BODY,
            widget=UnfoldAdminTextareaWidget(attrs=written | {"rows": 24}),
            help_text=_("Markdown. HTML is shown as it is written."),
        ),
    }


def words_of(version: Version) -> dict[str, str]:
    """What the form shows of *version*."""
    shown = {"kind": version.kind}
    for text in Text.objects.filter(version=version):
        shown |= {f"title_{text.locale}": text.title, f"body_{text.locale}": text.body}
    return shown


# Made of the languages that there are: a form's fields are known when its class is.
DraftForm: Any = new_class(
    "DraftForm",
    (VersionForm,),
    exec_body=lambda body: [body.update(text_fields(code)) for code, _name in settings.LANGUAGES],
)


class PublishForm(forms.Form):
    at = forms.DateTimeField(
        label=_("In force from"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text=_("UTC. Leave it empty to publish now."),
    )


@admin.register(Version)
class VersionAdmin(ConsoleAdmin):
    """What is in force, what comes next, and what did we change?

    Drafts are written here, seen as people will see them and compared with what is in force; publishing is a
    right of its own, asks first, and cannot be undone once its time has come.
    """

    form = DraftForm
    list_display = [
        "document_kind", "label", "standing", "languages", "requires_acceptance", "published_at", "accepted",
        "created_at",
    ]  # fmt: skip
    list_filter = [OfState, "document", "requires_acceptance", "published_at"]
    search_fields = ["label", "title"]
    search_help_text = _("Version, title or id")
    sortable_by = ()
    actions = ["publish", "take_back", "lift_requirement"]
    actions_detail: ClassVar[list[Any]] = [
        "preview",
        "changes",
        "publish_here",
        {"title": _("More"), "items": ["next_version", "take_back_here", "lift_requirement_here"]},
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        theirs = Acceptance.objects.filter(version=OuterRef("pk")).order_by()
        counted = theirs.values("version").annotate(n=Count("pk")).values("n")
        return (
            super()
            .get_queryset(request)
            .with_state(at=timezone.now())
            .annotate(acceptance_count=Coalesce(Subquery(counted, IntegerField()), 0))
            .prefetch_related(Prefetch("texts", Text.objects.defer("body").order_by("locale")))
        )

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Version], words: str) -> QuerySet[Version]:
        titled = Text.objects.filter(title__icontains=words).values("version")
        return rows.filter(Q(label__icontains=words) | Q(pk__in=titled))

    # --- columns ---
    @display(description=_("document"))
    def document_kind(self, version: Version) -> str:
        return str(Document.Kind(version.kind).label)

    @display(description=_("state"), label=STATES)
    def standing(self, version: Any) -> str:
        return str(State(version.state).label)

    @display(description=_("languages"))
    def languages(self, version: Version) -> str:
        return ", ".join(text.locale for text in version.texts.all())

    @display(description=_("accepted by"))
    def accepted(self, version: Any) -> str:
        page = reverse("admin:legal_acceptance_changelist")
        return link(f"{page}?version={version.pk}", version.acceptance_count)

    @display(description=_("texts"))
    def texts(self, version: Version) -> SafeString:
        pages = ((_page(version, text.locale), text.title, text.locale) for text in version.texts.all())
        return format_html_join(
            "", '<p><a class="text-primary-600 dark:text-primary-500" href="{}">{}</a> ({})</p>', pages
        )

    # --- the draft ---
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, Version) or obj.is_draft)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a draft that comes to nothing stays one

    def has_publish_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("legal.publish_version")

    def has_draft_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._allows(request, "add")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            fields = [
                ("document_kind", "label"), ("standing", "published_at"),
                ("requires_acceptance", "accepted"), "texts",
            ]  # fmt: skip
            return [(None, {"fields": fields})]
        return [
            (None, {"fields": [("kind", "label"), "requires_acceptance"]}),
            *(
                (name, {"fields": [f"title_{locale}", f"body_{locale}"], "classes": ["tab"]})
                for locale, name in settings.LANGUAGES
            ),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["document_kind", "standing", "accepted", "texts", "published_at"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`?from=<id>`: begin with the words of another version."""
        initial = super().get_changeform_initial_data(request)
        if before := self.get_object(request, initial.get("from", "")):
            initial |= words_of(before)
        return initial

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Problem as problem:  # somebody published it, or took the name, while the form was open
            self.message_user(request, str(problem.detail or problem.title), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Version, form: Any, change: bool) -> None:  # noqa: FBT001
        drafted = draft_version(
            actor=request.user,  # type: ignore[arg-type]
            kind=form.cleaned_data["kind"],
            label=form.cleaned_data["label"],
            requires_acceptance=form.cleaned_data["requires_acceptance"],
            texts=form.texts(),
            version=obj if change else None,
        )
        obj.pk, obj.document_id, obj._state.adding = drafted.pk, drafted.document_id, False

    # --- actions ---
    @console_action(
        _("Publish"),
        question=_("Publish? From then on it can't be changed."),
        permissions=("publish",),
        form=PublishForm,
    )
    def publish(self, request: HttpRequest, version: Version, at: datetime | None) -> bool:
        return publish_version(actor=request.user, version=version, at=at)  # type: ignore[arg-type]

    @console_action(
        _("Take back"),
        question=_("Make a draft again of what is scheduled?"),
        permissions=("publish",),
    )
    def take_back(self, request: HttpRequest, version: Version) -> bool:
        return take_back(actor=request.user, version=version)  # type: ignore[arg-type]

    @console_action(
        _("Require no longer"),
        question=_("Let people go on who have not accepted it?"),
        permissions=("publish",),
    )
    def lift_requirement(self, request: HttpRequest, version: Version) -> bool:
        return lift_requirement(actor=request.user, version=version)  # type: ignore[arg-type]

    publish_here = on_one(publish, icon="publish", variant=ActionVariant.PRIMARY)
    take_back_here = on_one(take_back, icon="undo")
    lift_requirement_here = on_one(lift_requirement, icon="lock_open", variant=ActionVariant.DANGER)

    # --- looking ---
    @action(description=_("Preview"), url_path="preview", icon="visibility", permissions=["view"])
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page that people will see, of a draft too."""
        version = self._version(request, object_id)
        text = version.texts.best([request.GET.get("locale", "")])
        context = page_of(version, text) | {"back": self.page_of(version)}
        return TemplateResponse(request, "admin/legal/preview.html", context)

    @action(description=_("Changes"), url_path="changes", icon="difference", permissions=["view"])
    def changes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What it says that the version before it did not, and the other way round."""
        version = self._version(request, object_id)
        before = _before(version)
        context = self.admin_site.each_context(request) | {
            "title": _("What changes"),
            "opts": self.opts,
            "version": version,
            "before": before,
            "back": self.page_of(version),
            "texts": [
                {"language": get_language_info(locale), "rows": compare(old, new)}
                for locale, old, new in _sides(before, version)
            ],
        }
        return TemplateResponse(request, "admin/legal/changes.html", context)

    @action(
        description=_("New version from this"),
        url_path="next",
        icon="content_copy",
        permissions=["draft"],
    )
    def next_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('admin:legal_version_add')}?from={object_id}")

    def _version(self, request: HttpRequest, object_id: str) -> Any:
        version = self.get_object(request, unquote(object_id))
        if version is None:
            raise Http404
        return version


def _before(version: Version) -> Version | None:
    """The version that *version* takes the place of, or took."""
    published = Version.objects.filter(document=version.document_id).published(at=timezone.now())
    if version.published_at:
        published = published.filter(published_at__lt=version.published_at)
    return published.order_by("-published_at").first()


def _sides(before: Version | None, version: Version) -> Iterator[tuple[str, str, str]]:
    """Each language of either, with what both say in it."""
    said = {
        (text.version_id, text.locale): f"# {text.title}\n\n{text.body}"
        for text in Text.objects.filter(version__in=[each for each in (before, version) if each])
    }
    for locale, _name in settings.LANGUAGES:
        old, new = (said.get((each.pk, locale), "") if each else "" for each in (before, version))
        if old or new:
            yield locale, old, new


def _page(version: Version, locale: str) -> str:
    return f"{reverse('admin:legal_version_preview', args=[version.pk])}?locale={locale}"
