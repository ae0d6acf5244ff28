"""The log of what happened (architecture: the way of a change), mails, kept answers, and long work."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, TypedDict
from uuid import UUID

import orjson
from django.db import connection, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .ids import uuid7
from .statements import Statement

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


class KeptAnswerQuerySet(models.QuerySet["KeptAnswer"]):
    def held_by(self, slot: str, holder: UUID) -> KeptAnswerQuerySet:
        return self.filter(pk=slot, holder=holder)

    def expired(self, *, at: datetime) -> KeptAnswerQuerySet:
        return self.filter(at__lt=at - KeptAnswer.KEPT)


class KeptAnswer(models.Model):
    """What an idempotency key was answered with; a claim on it while `status` is null (idempotency.py)."""

    KEPT = timedelta(hours=24)  # from the claim on (api.md §2)
    ABANDONED = timedelta(minutes=1)  # far longer than a request takes: its process is dead

    slot = models.CharField(max_length=64, primary_key=True)  # a hash of caller, operation and key
    fingerprint = models.CharField(max_length=64)  # of what was sent
    user = models.UUIDField(null=True, db_index=True)  # whose answer; null: a stranger's
    holder = models.UUIDField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    content_type = models.CharField(max_length=64, blank=True)
    headers = models.JSONField(default=dict)

    objects = KeptAnswerQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["at"], name="kept_answer_at")]  # what is past its time

    def __str__(self) -> str:
        return f"{self.slot[:8]} {self.status or 'running'}"

    def is_expired(self, *, at: datetime) -> bool:
        return self.at < at - self.KEPT

    def is_abandoned(self, *, at: datetime) -> bool:
        return self.status is None and self.at < at - self.ABANDONED


class LooseFileQuerySet(models.QuerySet["LooseFile"]):
    def due(self, *, at: datetime) -> LooseFileQuerySet:
        return self.filter(due_at__lte=at).order_by("due_at")


class LooseFile(models.Model):
    """A file in the storage that no row names: not yet, or not any more. It is deleted when it is due."""

    name = models.CharField(max_length=200, primary_key=True)
    storage = models.CharField(max_length=20, default="default")  # one of `STORAGES`
    due_at = models.DateTimeField(db_index=True)

    objects = LooseFileQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class JobQuerySet(models.QuerySet["Job"]):
    def open(self) -> JobQuerySet:
        return self.filter(state__in=Job.OPEN)

    def free(self, *, at: datetime) -> JobQuerySet:
        """Open, and in nobody's hands: not begun, or begun by a worker that gives no sign of life."""
        abandoned = models.Q(state=Job.State.RUNNING, alive_at__lt=at - Job.ABANDONED)
        return self.filter(models.Q(state=Job.State.QUEUED) | abandoned)

    def latest_of(self, kind: str, key: str) -> Job | None:
        return self.filter(kind=kind, key=key).order_by("-id").first()

    def expired(self, *, at: datetime) -> JobQuerySet:
        """Whose result is over."""
        return self.filter(expires_at__lte=at)


class Job(models.Model):
    """Long work that somebody waits for: how far it is, who has it in hand, what came of it (jobs.py)."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    OPEN = (State.QUEUED, State.RUNNING)
    ATTEMPTS = 5  # what kills its worker each time is not tried for ever
    ABANDONED = timedelta(minutes=2)  # far longer than a living worker is silent

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    key = models.CharField(_("of what"), max_length=64)  # of one kind and key there is one open job
    user = models.UUIDField(_("for whom"), null=True, blank=True, db_index=True)  # null: nobody is told
    given = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)  # percent
    result = models.JSONField(default=dict)
    error = models.CharField(_("error"), max_length=64, blank=True)  # a code; the log has the rest
    holder = models.UUIDField(null=True)
    alive_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("queued"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("job")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_open_job",
            ),
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="job_progress_percent"),
        ]
        indexes = [
            models.Index(fields=["kind", "key", "-id"], name="job_latest"),
            models.Index(
                fields=["alive_at"],
                condition=models.Q(state__in=["queued", "running"]),
                name="job_open",
            ),
            models.Index(fields=["expires_at"], name="job_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


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
