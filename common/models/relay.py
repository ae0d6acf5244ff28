"""How far the consumers of the log have come, and what they could not take."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .log import LogEntry


class RelayCursor(models.Model):
    """How far one consumer has come. Its row's lock is held by whoever takes the next portion.

    Keys of entries are given before their commit, so that one may come into sight behind a later one: the
    cursor passes no gap before nobody is left who could fill it.
    """

    consumer = models.CharField(primary_key=True, max_length=32)
    upto = models.BigIntegerField(default=0)  # the key of the last entry it has taken

    def __str__(self) -> str:
        return f"{self.consumer} {self.upto}"

    @classmethod
    def slowest(cls) -> int | None:
        """What all consumers have taken; None where there is none."""
        found: int | None = cls.objects.aggregate(models.Min("upto"))["upto__min"]
        return found


class DeadLetterQuerySet(models.QuerySet["DeadLetter"]):
    def due(self, *, at: datetime) -> DeadLetterQuerySet:
        return self.filter(due_at__lte=at).order_by("due_at")

    def given_up(self) -> DeadLetterQuerySet:
        """Until somebody has them tried again."""
        return self.filter(due_at=None)


class DeadLetter(models.Model):
    """An entry that a consumer failed at: tried again by itself, then by staff; gone once taken."""

    WAITS: ClassVar = [timedelta(seconds=each) for each in (5, 30, 120, 600, 1800, 7200, 21_600)]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    consumer = models.CharField(_("consumer"), max_length=32)
    entry = models.PositiveBigIntegerField(default=0)  # its key in the log; 0: put aside before it was noted
    topic = models.CharField(_("topic"), max_length=64)
    seq = models.PositiveBigIntegerField(_("position"))
    type = models.CharField(_("event"), max_length=64)
    data = models.JSONField(_("ids"))
    at = models.DateTimeField(_("happened"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=1)
    error = models.TextField(_("last error"))
    failed_at = models.DateTimeField(_("last tried"), default=timezone.now)
    due_at = models.DateTimeField(_("next try"), null=True, blank=True)  # null: given up

    objects = DeadLetterQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("dead letter")
        constraints = [
            models.UniqueConstraint(fields=["consumer", "topic", "seq"], name="dead_letter_once"),
        ]
        indexes = [models.Index(fields=["due_at"], name="dead_letter_due")]

    def __str__(self) -> str:
        return f"{self.type} for {self.consumer}"

    def as_entry(self) -> LogEntry:
        """What the consumer is given: the log itself may have forgotten it."""
        return LogEntry(
            pk=self.entry, topic=self.topic, seq=self.seq, type=self.type, data=self.data, at=self.at
        )
