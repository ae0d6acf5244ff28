"""Why files refuses."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class QuotaExceeded(Problem):
    status = 409
    code = "quota_exceeded"
    title = _("Your files take as much room as they may. Delete some first.")
