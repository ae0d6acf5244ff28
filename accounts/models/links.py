"""Pages that people have elsewhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.networks import MAX_URL, NETWORKS

from .people import User

NETWORK_CHOICES = [(name, network.title if network else _("Website")) for name, network in NETWORKS.items()]


class SocialLink(models.Model):
    """A person's page at a network: one each, in the order in which they want them shown."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="social_links")
    network = models.CharField(_("network"), max_length=16, choices=NETWORK_CHOICES)
    url = models.URLField(_("address"), max_length=3 * MAX_URL)  # what was escaped is longer than it came
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        ordering = ["position"]
        verbose_name = _("social link")
        constraints = [models.UniqueConstraint(fields=["user", "network"], name="one_link_per_network")]

    def __str__(self) -> str:
        return f"{self.network} of {self.user_id}"
