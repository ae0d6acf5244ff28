"""What the audit log says of legal, in words for people."""

from typing import Final

from django.utils.translation import gettext_lazy as _

VERBS: Final = {
    "consent.given": _("Consent given"),
    "consent.withdrawn": _("Consent withdrawn"),
    "document.published": _("Document published"),
    "document.taken_back": _("Document taken back before its date"),
    "requirement.lifted": _("Document not required any more"),
    "terms.accepted": _("Document accepted"),
}
