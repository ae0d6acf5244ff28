"""Files in the staff console. Nobody sees their content here."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.paginator import InfinitePaginator

from accounts.models import User, normalize_email
from accounts.services import audit
from common.console import ReadOnlyAdmin, TimeSetFilter, console_action, link_to, on_one
from files.models import File, FileScan
from files.services import delete_file, quarantine_file, release_file, rescan_file

SCANS = {_("pending"): "warning", _("clean"): "success", _("infected"): "danger", _("skipped"): "info"}


class Named(TimeSetFilter):
    title = _("used by something")
    parameter_name = "named"
    field = "claimed_at"


@admin.register(File)
class FileAdmin(ReadOnlyAdmin):
    """Who uploaded what, how large is it, where is its scan?

    The newest first, by index, and never counted. Opening a file's page is written down: its name says a lot.
    """

    list_display = ["created_at", "uploader", "kind", "long", "scanned", "claimed_at"]
    list_select_related = ["owner"]
    list_filter = ["scan", "kind", Named]
    search_fields = ["owner"]
    search_help_text = _("E-mail or username of who uploaded it, or id of the file or the person")
    ordering = ["-id"]
    sortable_by = ()
    paginator = InfinitePaginator
    fields = [
        "id",
        "uploader",
        "name",
        "type",
        "long",
        "purpose",
        "scanned",
        "found",
        "attempts",
        "tried_at",
        "due_at",
        "error",
        "claimed_at",
        "created_at",
    ]
    readonly_fields = [
        "id",
        "uploader",
        "long",
        "scanned",
        "found",
        "attempts",
        "tried_at",
        "due_at",
        "error",
    ]
    actions = ["rescan", "quarantine", "release", "remove"]
    actions_detail: ClassVar[list[str]] = ["rescan_here", "quarantine_here", "release_here", "remove_here"]

    def search_by_id(self, rows: QuerySet[File], wanted: UUID) -> QuerySet[File]:
        return rows.filter(Q(pk=wanted) | Q(owner=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[File], words: str) -> QuerySet[File]:
        people = User.objects.filter(Q(email=normalize_email(words)) | Q(username__iexact=words))
        return rows.filter(owner__in=people.order_by().values("pk"))

    def has_remove_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._allows(request, "delete")

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().change_view(request, object_id, *args, **kwargs)
        file = self.get_object(request, object_id) if response.status_code == 200 else None
        if file is not None and isinstance(request.user, User):
            audit.record(
                category=audit.Category.ADMIN,
                verb="file.looked_up",
                actor=request.user,
                subject=file.owner,
                target=file,
            )
        return response

    # --- columns ---
    @display(description=_("uploaded by"))
    def uploader(self, file: File) -> str:
        return link_to(file.owner)

    @display(description=_("size"))
    def long(self, file: File) -> str:
        return str(filesizeformat(file.size))

    @display(description=_("scan"), label=SCANS)
    def scanned(self, file: File) -> str:
        return str(file.get_scan_display())

    @display(description=_("found"))
    def found(self, file: File) -> str:
        return scan_of(file).finding

    @display(description=_("attempts"))
    def attempts(self, file: File) -> int:
        return scan_of(file).attempts

    @display(description=_("last tried"))
    def tried_at(self, file: File) -> Any:
        return scan_of(file).tried_at

    @display(description=_("next try"))
    def due_at(self, file: File) -> Any:
        return scan_of(file).due_at

    @display(description=_("last error"))
    def error(self, file: File) -> str:
        return scan_of(file).error

    # --- actions ---
    @console_action(
        _("Scan again"), question=_("Look for viruses again? Until then nobody gets the content.")
    )
    def rescan(self, request: HttpRequest, file: File) -> bool:
        return rescan_file(actor=staff_of(request), file=file)

    @console_action(_("Quarantine"), question=_("Give the content to nobody any more?"))
    def quarantine(self, request: HttpRequest, file: File) -> bool:
        return quarantine_file(actor=staff_of(request), file=file)

    @console_action(_("Release"), question=_("Was it found by mistake? Whoever may read it gets it again."))
    def release(self, request: HttpRequest, file: File) -> bool:
        return release_file(actor=staff_of(request), file=file)

    @console_action(_("Delete file"), question=_("Delete it wherever it is used?"), permissions=["remove"])
    def remove(self, request: HttpRequest, file: File) -> bool:
        delete_file(actor=staff_of(request), file=file)
        return True

    rescan_here = on_one(rescan, icon="policy")
    quarantine_here = on_one(quarantine, icon="block")
    release_here = on_one(release, icon="lock_open")
    remove_here = on_one(remove, icon="delete", variant=ActionVariant.DANGER)


def scan_of(file: File) -> FileScan:
    """How its scan went; an empty one where nobody has tried yet."""
    return getattr(file, "scanning", None) or FileScan(file=file)


def staff_of(request: HttpRequest) -> User:
    user: Any = request.user  # somebody signed in: the console lets nobody else in
    return user
