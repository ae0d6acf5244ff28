"""What the audit log says of files, in words for people."""

from typing import Final

from django.utils.translation import gettext_lazy as _

VERBS: Final = {
    "file.deleted": _("File deleted"),
    "file.infected": _("A virus was found in a file of yours: nobody gets it"),
    "file.looked_up": _("Staff looked at what is known of a file"),
    "file.quarantined": _("A file was put into quarantine by staff"),
    "file.released": _("A file was taken out of quarantine by staff"),
    "file.rescanned": _("A file is looked into again"),
}
