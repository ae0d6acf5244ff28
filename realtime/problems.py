"""Why the live engine refuses."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class UnknownCommand(Problem):
    code = "unknown_command"
    title = _("There is no such command.")
