"""Why files refuses."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class QuotaExceeded(Problem):
    status = 409
    code = "quota_exceeded"
    title = _("Your files take as much room as they may. Delete some first.")


class FileWithheld(Problem):
    status = 409
    code = "file_withheld"
    title = _("The content of this file is given to nobody: it is not scanned yet, or was found infected.")


class LinkInvalid(Problem):
    status = 401
    code = "link_invalid"
    title = _("This address of a file is over, or was changed. Ask for the file again.")
