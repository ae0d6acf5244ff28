"""Which roles does somebody hold, and who gave them?"""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.models import RoleGrant
from common.console import ReadOnlyInline, link_to


class RoleGrantInline(ReadOnlyInline):
    model = RoleGrant
    fk_name = "user"
    verbose_name_plural = _("roles")
    permission = "accounts.view_user"
    fields = ["role", "giver", "granted_at"]
    show_change_link = False
    ordering = ["id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGrant]:
        return super().get_queryset(request).select_related("granted_by")

    @display(description=_("granted by"))
    def giver(self, grant: Any) -> str:
        return link_to(grant.granted_by)
