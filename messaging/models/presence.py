"""Whether people are here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Presence(models.Model):
    """What is kept of somebody's presence. Whether they are here now stands in no table."""

    class Choice(models.TextChoices):
        """What a person says of themselves. It holds until they say something else."""

        ONLINE = "online", _("as their devices are")
        AWAY = "away", _("away")
        BUSY = "busy", _("busy")
        INVISIBLE = "invisible", _("invisible")

    class State(models.TextChoices):
        """What others see, the strongest first."""

        BUSY = "busy", _("busy")
        ONLINE = "online", _("online")
        AWAY = "away", _("away")
        OFFLINE = "offline", _("offline")

    STRENGTH: ClassVar[dict[str, int]] = {State.BUSY: 3, State.ONLINE: 2, State.AWAY: 1, State.OFFLINE: 0}

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="+")
    choice = models.CharField(_("says"), max_length=9, choices=Choice, default=Choice.ONLINE)
    # While they were invisible it stood still, as of somebody who is not here.
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)

    class Meta:
        verbose_name = _("presence")

    def __str__(self) -> str:
        return f"presence of {self.user_id}"

    def shown(self, devices: Presence.State) -> Presence.State:
        """What others see while the person's devices together are in this state."""
        if devices == self.State.OFFLINE or self.choice == self.Choice.INVISIBLE:
            return self.State.OFFLINE
        return devices if self.choice == self.Choice.ONLINE else self.State(self.choice)
