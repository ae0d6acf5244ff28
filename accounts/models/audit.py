"""What happened that may have to be proved later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .people import User


class WrittenOnce(TypeError):  # noqa: N818 (it says what is so)
    """An audit entry is neither changed nor deleted. The database refuses it too."""


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def waiting(self) -> AuditEntryQuerySet:
        """Those that have no place yet, in the order in which they get one."""
        return self.filter(place=None).order_by("id")

    def overdue(self, *, at: datetime) -> AuditEntryQuerySet:
        """Those that wait for longer than a sealer that is alive lets them."""
        return self.waiting().filter(at__lt=at - AuditEntry.SEALED_WITHIN)

    def history_of(self, user: User) -> AuditEntryQuerySet:
        """What somebody sees of their own account's security."""
        return self.filter(subject=user.pk, category=AuditEntry.Category.SECURITY)

    def seal(self, *, place: int, hash: str) -> int:
        """Give the place, once."""
        return self.filter(place=None)._write(place=place, hash=hash)

    def _write(self, **values: Any) -> int:
        return super().update(**values)

    def update(self, **values: Any) -> NoReturn:
        raise WrittenOnce

    def bulk_update(self, *args: Any, **more: Any) -> NoReturn:
        raise WrittenOnce

    def delete(self) -> NoReturn:
        raise WrittenOnce


class AuditEntry(models.Model):
    """An act that matters for security or for who answers for what. Written once, never changed.

    People are ids without a foreign key: an entry outlives them, and tells nobody who they were. The address
    may be forgotten, with their account (privacy/records.py): what else it says stays proved.

    `place` and `hash` come when it is sealed, soon after its transaction (services/sealing.py).
    """

    SEALED_WITHIN = timedelta(minutes=1)

    class Category(models.TextChoices):
        SECURITY = "security", _("security")  # of an account: its owner sees them
        USER = "user", _("user")  # what somebody did with what is theirs
        SYSTEM = "system", _("system")  # what nobody in particular did
        ADMIN = "admin", _("admin")  # what staff did

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("when"), default=timezone.now)
    category = models.CharField(_("category"), max_length=8, choices=Category)
    verb = models.CharField(_("verb"), max_length=64)  # noun.past_verb
    actor = models.UUIDField(_("who"), null=True, blank=True)  # null: the platform, or a stranger
    subject = models.UUIDField(_("whose account"), null=True, blank=True)
    target_type = models.CharField(_("kind of thing"), max_length=64, blank=True)  # `messaging.chat`
    target = models.CharField(_("thing"), max_length=64, blank=True)  # its id
    details = models.JSONField(_("details"), default=dict, blank=True)
    request_id = models.CharField(_("request"), max_length=128, blank=True)
    session = models.UUIDField(_("session"), null=True, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    address_mac = models.CharField(max_length=64, blank=True, editable=False)
    mac = models.CharField(max_length=64, blank=True, editable=False)
    place = models.PositiveBigIntegerField(_("place"), null=True, unique=True, editable=False)
    hash = models.CharField(_("hash"), max_length=64, blank=True, editable=False)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["subject", "category", "-id"], name="audit_of_subject"),  # their history
            models.Index(fields=["actor", "-id"], name="audit_of_actor"),
            models.Index(fields=["target", "-id"], name="audit_of_thing"),
            models.Index(fields=["category", "-id"], name="audit_by_category"),
            models.Index(fields=["verb", "-id"], name="audit_by_verb"),
            models.Index(fields=["request_id"], name="audit_of_request"),
            models.Index(fields=["address", "-id"], name="audit_from_address"),
            models.Index(fields=["id"], condition=models.Q(place=None), name="audit_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"

    def save(self, *args: Any, **more: Any) -> None:
        if not self._state.adding:
            raise WrittenOnce
        super().save(*args, **more)

    def delete(self, *args: Any, **more: Any) -> NoReturn:
        raise WrittenOnce


class AuditHead(models.Model):
    """How far the audit log is sealed: the last place and its hash. One row, locked by whoever seals."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    place = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    mac = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_audit_head")
        ]

    def __str__(self) -> str:
        return f"{self.place}:{self.hash}"


class AuditCheckQuerySet(models.QuerySet["AuditCheck"]):
    def failed(self) -> AuditCheckQuerySet:
        return self.exclude(faults="")

    def lately(self, *, at: datetime) -> AuditCheckQuerySet:
        return self.filter(at__gte=at - timedelta(days=7))


class AuditCheck(models.Model):
    """A reading of the whole audit log, and whether it is whole."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    place = models.PositiveBigIntegerField(_("up to place"))
    hash = models.CharField(_("hash there"), max_length=64, blank=True)
    faults = models.TextField(_("faults"), blank=True)  # a line each

    objects = AuditCheckQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name = _("audit check")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
