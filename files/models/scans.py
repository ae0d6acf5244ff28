"""Looking for viruses."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .files import File


class FileScanQuerySet(models.QuerySet["FileScan"]):
    def quarantined(self, *, until: datetime) -> FileScanQuerySet:
        """Of infected files that were found by *until* and whose content is still there."""
        found = self.filter(file__scan=File.Scan.INFECTED, purged_at=None, scanned_at__lte=until)
        return found.select_related("file").order_by("scanned_at")


class FileScan(models.Model):
    """How the search for viruses in one file went. What came of it is the file's `scan`."""

    PAUSE = timedelta(minutes=1)  # after the first failure; twice as long after each
    LONGEST_PAUSE = timedelta(hours=1)

    file = models.OneToOneField(
        File, primary_key=True, on_delete=models.CASCADE, related_name="scanning", verbose_name=_("file")
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    due_at = models.DateTimeField(_("next try"), null=True, blank=True)  # null: there is none
    error = models.CharField(_("last error"), max_length=255, blank=True)
    finding = models.CharField(_("found"), max_length=255, blank=True)  # the name of the signature
    scanned_at = models.DateTimeField(_("looked through"), null=True, blank=True)
    purged_at = models.DateTimeField(_("content deleted"), null=True, blank=True)

    objects = FileScanQuerySet.as_manager()

    class Meta:
        verbose_name = _("search for viruses")
        verbose_name_plural = _("searches for viruses")
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="file_scan_due"),
            models.Index(
                fields=["scanned_at"], condition=~Q(finding="") & Q(purged_at=None), name="file_quarantined"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} {self.finding or self.error}"

    def pause(self) -> timedelta:
        """From this attempt to the next."""
        return min(self.PAUSE * 2 ** min(self.attempts, 10), self.LONGEST_PAUSE)
