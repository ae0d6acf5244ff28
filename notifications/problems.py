"""Why notifications refuse."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class ChannelMandatory(Problem):
    status = 409
    code = "channel_mandatory"
    title = _("This is told in any case: it is about the safety of the account.")
