"""The log of what happened (architecture: the way of a change)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict
from uuid import UUID

import orjson
from django.db import connection, models
from django.utils import timezone

from common.ids import uuid7
from common.statements import Statement

LOG_KEPT: Final = timedelta(days=7)  # how far back a client may resume (api.md §3)


KEEP_ENTRIES: Final = Statement(
    "keep_entries",
    """
    INSERT INTO common_logentry (topic, seq, type, data, at)
    SELECT topic, seq, type, data, at
    FROM json_to_recordset($1::json) AS new (topic text, seq bigint, type text, data jsonb, at timestamptz)
    """,
)


class Entry(TypedDict):
    """What a new one is written from."""

    topic: str
    seq: int
    type: str
    data: dict[str, Any]
    at: datetime


class LogQuerySet(models.QuerySet["LogEntry"]):
    def after(self, topic: str, seq: int) -> LogQuerySet:
        """What followed position *seq* of *topic*, in order."""
        return self.filter(topic=topic, seq__gt=seq).order_by("seq")

    def keep(self, log: Sequence[Entry]) -> None:
        """Write new entries: every change does, so on PostgreSQL without Django's work for each value."""
        if not log:
            return
        if connection.vendor != "postgresql":
            LogEntry.objects.bulk_create(LogEntry(**each) for each in log)
            return
        KEEP_ENTRIES.run(orjson.dumps(log))

    def moved_since(self, at: datetime) -> dict[str, int]:
        """Topics with entries made at *at* or later, and the newest position of each."""
        newest = self.filter(at__gte=at).values_list("topic").annotate(models.Max("seq"))
        return dict(newest.order_by())

    def expired(self, *, at: datetime) -> LogQuerySet:
        return self.filter(at__lt=at - LOG_KEPT)


class LogEntry(models.Model):
    """One event of a topic: ids only, content is read under the reader's own right when it is sent.

    A topic is `chat:<id>` or `user:<id>`. Positions of a topic have no gap: each is taken under the lock of
    the row that counts it, in the transaction of the change.
    """

    topic = models.CharField(max_length=64)
    seq = models.PositiveBigIntegerField()
    type = models.CharField(max_length=64)
    data = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    objects = LogQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "log entries"
        constraints = [models.UniqueConstraint(fields=["topic", "seq"], name="log_position")]
        indexes = [models.Index(fields=["at"], name="log_at")]  # what moved lately; what is past its time

    def __str__(self) -> str:
        return f"{self.topic} {self.seq} {self.type}"


class UserPosition(models.Model):
    """How far a person's own stream (`user:<id>`) has come: the counter of `user_seq`."""

    user = models.UUIDField(primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"user:{self.user} {self.seq}"

    @classmethod
    def of(cls, user: UUID) -> int:
        return cls.of_each([user])[user]

    @classmethod
    def of_each(cls, users: Collection[UUID]) -> dict[UUID, int]:
        """By user; 0 of whom nothing was told yet."""
        return dict.fromkeys(users, 0) | dict(cls.objects.filter(pk__in=users).values_list("pk", "seq"))


class LogEpoch(models.Model):
    """The identity of the log. A restored or reset one gets another, so that no old position is believed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    value = models.UUIDField(default=uuid7)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_epoch")]

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def current(cls) -> str:
        return str(cls.objects.get_or_create(pk=1)[0])
