"""Files on their way to us."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

from .files import File


class UploadQuerySet(models.QuerySet["Upload"]):
    def of(self, owner: User) -> UploadQuerySet:
        return self.filter(owner=owner)

    def open(self) -> UploadQuerySet:
        return self.filter(state=Upload.State.OPEN)

    def expired(self, *, at: datetime) -> UploadQuerySet:
        return self.filter(expires_at__lte=at).order_by("expires_at")


class Upload(models.Model):
    """A file that comes in pieces: through us, one after the other, or in parts straight to the bucket.

    What came is kept until the file is whole; then it is taken in like any other. Any process goes on with
    it.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")  # whole, and refused

    LIFETIME: Final = timedelta(days=1)  # from the last piece
    PIECE: Final = 8 * 1024 * 1024  # bytes of one, at most; it is in memory for a moment
    MAX_PIECES: Final = 2000
    MAX_OPEN: Final = 20  # of one person

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="uploads", verbose_name=_("uploaded by")
    )
    name = models.CharField(_("name"), max_length=255, blank=True)
    purpose = models.CharField(_("purpose"), max_length=32, blank=True)
    metadata = models.TextField(blank=True)  # the header as it was sent: whoever asks gets it back
    size = models.PositiveBigIntegerField(_("size"))  # bytes, as announced
    offset = models.PositiveBigIntegerField(_("received"), default=0)  # bytes
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.OPEN)
    error = models.CharField(_("error"), max_length=64, blank=True)  # the code of the refusal
    file = models.OneToOneField(
        File, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("file")
    )
    is_direct = models.BooleanField(_("straight to the bucket"), default=False)
    stored = models.CharField(max_length=80, blank=True)  # its name there, in the private storage
    multipart = models.CharField(max_length=1024, blank=True)  # what the bucket calls it (UploadId)
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("upload")
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0), name="upload_not_empty"),
            models.CheckConstraint(condition=Q(offset__lte=F("size")), name="upload_offset"),
        ]
        indexes = [
            models.Index(fields=["owner"], condition=Q(state="open"), name="upload_open"),
            models.Index(fields=["expires_at"], name="upload_expiry"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.pk)

    @property
    def part_count(self) -> int:
        """How many parts go to the bucket, all of `PIECE` bytes but the last."""
        return -(-self.size // self.PIECE)

    def part_size(self, number: int) -> int:
        """The bytes of part *number*, from 1 on."""
        return min(self.PIECE, self.size - (number - 1) * self.PIECE)


class UploadPiece(models.Model):
    """What came of an upload in one go."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="pieces")
    offset = models.PositiveBigIntegerField()
    size = models.PositiveIntegerField()
    stored = models.CharField(max_length=80)  # its name in the private storage

    class Meta:
        ordering = ["offset"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "offset"], name="upload_piece_position"),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.offset}"
