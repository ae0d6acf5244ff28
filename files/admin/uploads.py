"""Files on their way."""

from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts.models import User, normalize_email
from common.console import ReadOnlyAdmin, link_to
from files.models import Upload

STATE = {_("open"): "warning", _("done"): "success", _("failed"): "danger"}


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    """How far is somebody's upload, and why did it fail?"""

    list_display = ["created_at", "name", "uploaded_by", "offset", "size", "condition", "error", "is_direct"]
    list_select_related = ["owner"]
    list_filter = ["state", "is_direct"]
    search_fields = ["id", "owner"]
    search_help_text = _("E-mail or username of the owner, or id of upload, file or owner")
    sortable_by = ()
    paginator = InfinitePaginator
    fields = [
        "id", "name", "uploaded_by", "purpose", "offset", "size", "condition", "error", "became",
        "is_direct", "created_at", "expires_at",
    ]  # fmt: skip
    readonly_fields = ["id", "uploaded_by", "condition", "became"]

    def search_by_id(self, rows: QuerySet[Upload], wanted: UUID) -> QuerySet[Upload]:
        return rows.filter(Q(pk=wanted) | Q(owner=wanted) | Q(file=wanted))

    def search_by_words(self, request: HttpRequest, rows: QuerySet[Upload], words: str) -> QuerySet[Upload]:
        owners = User.objects.filter(Q(email=normalize_email(words)) | Q(username__iexact=words))
        return rows.filter(owner__in=owners.order_by().values("pk"))

    @display(description=_("uploaded by"))
    def uploaded_by(self, upload: Upload) -> str:
        return link_to(upload.owner)

    @display(description=_("state"), label=STATE)
    def condition(self, upload: Upload) -> str:
        return str(upload.get_state_display())

    @display(description=_("file"))
    def became(self, upload: Upload) -> str:
        return link_to(upload.file)
