"""Mails on their way."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7


class MailQuerySet(models.QuerySet["Mail"]):
    def due(self, *, at: datetime) -> MailQuerySet:
        """Not sent, and not tried within the last minute: what a dead or failing worker left."""
        due = models.Q(tried_at=None) | models.Q(tried_at__lt=at - Mail.PAUSE)
        return self.waiting().filter(due).order_by("id")

    def waiting(self) -> MailQuerySet:
        return self.filter(sent_at=None, attempts__lt=Mail.ATTEMPTS)

    def failed(self) -> MailQuerySet:
        """Given up, until somebody sends them again."""
        return self.filter(sent_at=None, attempts__gte=Mail.ATTEMPTS)


class Mail(models.Model):
    """A mail that a committed change has promised. Its context is blanked once it is sent: it holds links."""

    ATTEMPTS = 20  # with a pause of a minute and more: most of an hour of a mail server's absence
    PAUSE = timedelta(minutes=1)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    to = models.EmailField(_("to"))
    template = models.CharField(_("template"), max_length=64)
    language = models.CharField(_("language"), max_length=8, default="en")
    context = models.JSONField(default=dict, blank=True)
    queued_at = models.DateTimeField(_("queued"), auto_now_add=True)
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=500, blank=True)
    is_last = models.BooleanField(_("last to its address"), default=False)  # its row goes with the sending

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(sent_at=None), name="mail_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.template} to {self.to}"
