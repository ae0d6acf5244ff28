"""Files."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7

THUMBNAILS: Final = (160, 320, 1280)  # pixels of the longer side: a list, a bubble, a screen


class FileQuerySet(models.QuerySet["File"]):
    def bytes_of(self, owner: User) -> int:
        """What counts against the quota of *owner*."""
        return self.filter(owner=owner).aggregate(size=Sum("size", default=0))["size"]

    def unpictured(self) -> FileQuerySet:
        """Pictures of which nobody has made smaller ones yet."""
        return self.filter(kind=File.Kind.IMAGE, pictured_at=None).order_by("created_at")

    def unclaimed(self, *, at: datetime) -> FileQuerySet:
        """What nobody has named in the time that there is for it."""
        return self.filter(claimed_at=None, created_at__lt=at - File.CLAIMED_WITHIN).order_by("created_at")


class File(models.Model):
    """Something that somebody uploaded. Its bytes are in the private storage, under an unguessable name."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("image")
        AUDIO = "audio", _("audio")
        VIDEO = "video", _("video")
        DOCUMENT = "document", _("document")
        TEXT = "text", _("text")
        ARCHIVE = "archive", _("archive")

    class Scan(models.TextChoices):
        PENDING = "pending", _("pending")
        CLEAN = "clean", _("clean")
        INFECTED = "infected", _("infected")
        SKIPPED = "skipped", _("skipped")  # there is nobody who looks

    OPEN: Final = (Scan.CLEAN, Scan.SKIPPED)  # whose content is given out
    CLAIMED_WITHIN = timedelta(days=1)  # from uploading it to a row that names it

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="files", verbose_name=_("uploaded by")
    )
    name = models.CharField(_("name"), max_length=255)
    size = models.PositiveBigIntegerField(_("size"))  # bytes, of the content as it came
    type = models.CharField(_("type"), max_length=100)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    purpose = models.CharField(_("purpose"), max_length=32, blank=True)
    scan = models.CharField(_("scan"), max_length=8, choices=Scan, default=Scan.PENDING)
    stored = models.CharField(max_length=80, unique=True, editable=False)  # its name in the private storage
    width = models.PositiveIntegerField(_("width"), null=True, blank=True)  # pixels, upright
    height = models.PositiveIntegerField(_("height"), null=True, blank=True)
    blurhash = models.CharField(max_length=40, blank=True)
    thumbnails = models.JSONField(default=list, blank=True)  # sizes that there are, of `THUMBNAILS`
    pictures = models.CharField(max_length=80, blank=True, editable=False)  # how names of thumbnails begin
    pictured_at = models.DateTimeField(null=True, blank=True)  # when smaller ones of a picture were made
    duration = models.PositiveIntegerField(_("duration"), null=True, blank=True)  # milliseconds
    waveform = models.JSONField(default=list, blank=True)  # loudness over its length, 0 to 100
    playable = models.BooleanField(_("plays in browsers"), null=True, blank=True)  # null: nobody has looked
    claimed_at = models.DateTimeField(_("first named"), null=True, blank=True)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    objects = FileQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("file")
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0), name="file_not_empty"),
            models.CheckConstraint(
                condition=Q(scan__in=["pending", "clean", "infected", "skipped"]), name="file_scan"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="file_list"),
            models.Index(fields=["owner", "size"], name="file_quota"),
            models.Index(fields=["created_at"], condition=Q(claimed_at=None), name="file_unclaimed"),
            models.Index(fields=["created_at"], condition=Q(scan="pending"), name="file_to_scan"),
            models.Index(
                fields=["created_at"], condition=Q(kind="image", pictured_at=None), name="file_to_picture"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether its content may be given out, to whom it is for."""
        return self.scan in self.OPEN

    @property
    def every_stored(self) -> list[str]:
        """The names of all that is stored of it."""
        return [self.stored, *(self.thumbnail(size) for size in self.thumbnails)]

    def thumbnail(self, size: int) -> str:
        """The name of its picture of *size* pixels in the private storage."""
        return f"{self.pictures}-{size}"
