"""Files, and where the search for viruses in them is."""

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.paginator import InfinitePaginator

from accounts.models import User, normalize_email
from common.console import ReadOnlyAdmin, console_action, link_to, on_one
from files.models import File, FileScan
from files.services import delete_file, release_file, rescan_file

SCAN = {_("pending"): "warning", _("clean"): "success", _("infected"): "danger", _("skipped"): "info"}


@admin.register(File)
class FileAdmin(ReadOnlyAdmin):
    """Whose file is this, where is its scan, and what was found? What is in it nobody sees here."""

    list_display = ["created_at", "name", "uploaded_by", "kind", "room", "scanned", "finding"]
    list_select_related = ["owner", "scanning"]
    list_filter = ["scan", "kind"]
    search_fields = ["id", "owner", "name"]
    search_help_text = _("E-mail or username of the owner, the name of the file, or id of file or owner")
    sortable_by = ()
    paginator = InfinitePaginator
    fields = [
        "id", "name", "uploaded_by", "kind", "type", "room", "purpose", "created_at", "claimed_at",
        "scanned", "finding", "attempts", "tried_at", "due_at", "error", "scanned_at", "purged_at",
        "duration", "playable", "width", "height",
    ]  # fmt: skip
    readonly_fields = [
        "id", "uploaded_by", "room", "scanned", "finding", "attempts", "tried_at", "due_at", "error",
        "scanned_at", "purged_at",
    ]  # fmt: skip
    actions = ["rescan", "release", "remove"]
    actions_detail: ClassVar[list[str]] = ["rescan_here", "release_here", "remove_here"]

    def search_by_id(self, rows: QuerySet[File], wanted: UUID) -> QuerySet[File]:
        return rows.filter(Q(pk=wanted) | Q(owner=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[File], words: str) -> QuerySet[File]:
        owners = User.objects.filter(Q(email=normalize_email(words)) | Q(username__iexact=words))
        return rows.filter(Q(owner__in=owners.order_by().values("pk")) | Q(name__icontains=words))

    @display(description=_("uploaded by"))
    def uploaded_by(self, file: File) -> str:
        return link_to(file.owner)

    @display(description=_("size"))
    def room(self, file: File) -> str:
        return filesizeformat(file.size)

    @display(description=_("scan"), label=SCAN)
    def scanned(self, file: File) -> str:
        return str(file.get_scan_display())

    @display(description=_("found"))
    def finding(self, file: File) -> str:
        return _of(file, "finding")

    @display(description=_("tries"))
    def attempts(self, file: File) -> str:
        return _of(file, "attempts")

    @display(description=_("last tried"))
    def tried_at(self, file: File) -> Any:
        return _of(file, "tried_at")

    @display(description=_("next try"))
    def due_at(self, file: File) -> Any:
        return _of(file, "due_at")

    @display(description=_("last error"))
    def error(self, file: File) -> str:
        return _of(file, "error")

    @display(description=_("looked through"))
    def scanned_at(self, file: File) -> Any:
        return _of(file, "scanned_at")

    @display(description=_("content deleted"))
    def purged_at(self, file: File) -> Any:
        return _of(file, "purged_at")

    @console_action(
        _("Look for viruses again"),
        question=_("Look into these files again? Until it is done nobody gets their content."),
    )
    def rescan(self, request: Any, file: File) -> bool:
        return rescan_file(actor=request.user, file=file)

    @console_action(
        _("Take out of quarantine"),
        question=_("Was it found by mistake? Everybody who may read these files gets their content again."),
    )
    def release(self, request: Any, file: File) -> bool:
        return release_file(actor=request.user, file=file)

    @console_action(
        _("Delete with content"),
        question=_("Delete these files for everybody, wherever they are used? It can't be undone."),
    )
    def remove(self, request: Any, file: File) -> bool:
        delete_file(actor=request.user, file=file)
        return True

    rescan_here = on_one(rescan, icon="search")
    release_here = on_one(release, icon="lock_open")
    remove_here = on_one(remove, icon="delete", variant=ActionVariant.DANGER)


def _of(file: File, name: str) -> Any:
    """What the search in *file* says; nothing where nobody has begun one."""
    try:
        return getattr(file.scanning, name)
    except FileScan.DoesNotExist:
        return ""
