"""Why notifications refuse."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class ChannelMandatory(Problem):
    status = 409
    code = "channel_mandatory"
    title = _("This is told in any case: it is about the safety of the account.")


class TooManyWebhooks(Problem):
    status = 409
    code = "too_many_webhooks"
    title = _("You have as many webhooks as anybody can have. Delete one first.")


class WebhookIsPaused(Problem):
    status = 409
    code = "webhook_paused"
    title = _("This webhook is paused. Resume it first.")


class EventsTooOld(Problem):
    status = 410
    code = "events_too_old"
    title = _("Some of these events are not kept any more. Read anew what you need, and go on from `first`.")
