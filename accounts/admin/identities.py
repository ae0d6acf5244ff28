"""Who people are elsewhere."""

from accounts.models import LinkedIdentity
from common.console import ReadOnlyInline


class LinkedIdentityInline(ReadOnlyInline):
    model = LinkedIdentity
    permission = "accounts.view_linkedidentity"
    show_change_link = False
    fields = ["provider", "label", "linked_at", "used_at"]
