"""Who uses what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

COUNT_MORE: Final = """
INSERT INTO common_usage (day, method, route, version, is_unversioned, alias, client, outcome, count)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (day, method, route, version, is_unversioned, alias, client, outcome)
DO UPDATE SET count = common_usage.count + excluded.count
"""


class UsageQuerySet(models.QuerySet["Usage"]):
    def count_more(self, day: date, counted: Sequence[tuple[Any, ...]]) -> None:
        """Add to what is there, in one statement for each: other processes do, too.

        Args:
            counted: method, route, version, whether without it, alias, client, outcome, and how often.
        """
        with connection.cursor() as cursor:
            # In one order for everybody, so that none waits for another in a circle.
            cursor.executemany(COUNT_MORE, [(day, *each) for each in sorted(counted)])

    def expired(self, *, at: datetime) -> UsageQuerySet:
        return self.filter(day__lt=(at - Usage.KEPT).date())


class Usage(models.Model):
    """How often one kind of client got one kind of answer from one operation on a day. Of no person."""

    KEPT = timedelta(days=400)  # a year and the same month of the one before

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")  # 4xx
        LIMITED = "limited", _("limited")  # 429
        FAILED = "failed", _("failed")  # 5xx

        @classmethod
        def of(cls, status: int) -> Usage.Outcome:
            if status >= 500:
                return cls.FAILED
            if status >= 400:
                return cls.LIMITED if status == 429 else cls.REFUSED
            return cls.DONE

    day = models.DateField(_("day"))  # in UTC
    method = models.CharField(_("method"), max_length=7)
    route = models.CharField(_("route"), max_length=200)  # the pattern of the path
    version = models.PositiveSmallIntegerField(_("version"))
    is_unversioned = models.BooleanField(_("without version"))  # by the older clients' door
    alias = models.CharField(_("old path"), max_length=200, blank=True)  # its pattern, if it came by one
    client = models.CharField(_("client"), max_length=60)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    count = models.PositiveBigIntegerField(_("requests"))

    objects = UsageQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "-count"]
        verbose_name_plural = _("usage")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "method", "route", "version", "is_unversioned", "alias", "client", "outcome"],
                name="one_usage",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.client} {self.method} {self.alias or self.route}"
