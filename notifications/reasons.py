"""Why something was, or was not, brought to somebody. A test asks of each that something shows it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    # Who it is for.
    OWN = "own", _("It was their own doing.")
    NOT_IN_AUDIENCE = "not_in_audience", _("It was not for them: they were not there, or not called.")
    BLOCKED = "blocked", _("They have blocked who did it.")
    REQUEST = "request", _("It came from a stranger whom they have not accepted yet.")
    SILENT = "silent", _("Its author sent it without a sound.")
    # What they want of it.
    CHAT_LEVEL = "chat_level", _("They want to hear less, or nothing, of this chat.")
    CHAT_MUTED = "chat_muted", _("They have muted this chat.")
    CHANNEL_OFF = "channel_off", _("They don't want this kind by this way.")
    ELSEWHERE = "elsewhere", _("It has a mail of its own, which is always sent.")
    MUTED = "muted", _("They have muted everything for a while.")
    # Whether it can reach them.
    NO_TARGET = "no_target", _("There is no device, address or receiver for it.")
    # When.
    QUIET_HOURS = "quiet_hours", _("It waits for the end of their quiet hours.")
    DIGEST = "digest", _("It waits for their next digest.")
    DELAY = "delay", _("It waits a little: they may read it by themselves.")
    # At the moment of sending.
    READ = "read", _("They had read it by then.")
    GONE = "gone", _("It was no longer there for them by then.")
    # What came of it.
    SENT = "sent", _("It was handed over.")
    TARGET_GONE = "target_gone", _("The other side says that nobody is there any more.")
    REFUSED = "refused", _("The other side refused it for good.")
    GAVE_UP = "gave_up", _("Every attempt failed.")
    PAUSED = "paused", _("The receiver is paused.")
