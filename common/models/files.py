"""Files that no row names."""

from __future__ import annotations

from datetime import datetime

from django.db import models


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
