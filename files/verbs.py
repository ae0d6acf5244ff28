"""What the audit log says of files, in words for people."""

from typing import Final

from django.utils.translation import gettext_lazy as _

VERBS: Final = {
    "file.deleted": _("File deleted"),
}
