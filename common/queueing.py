"""Work that stands in the queue once, however often it is called for."""

from datetime import UTC, datetime
from math import ceil
from typing import Final

from celery import Task
from django.core.cache import cache
from django.utils import timezone

QUEUED_FOR: Final = 5  # seconds until a run is queued again that may have been lost with its queue


def queue_once(task: Task, name: str) -> None:
    """Have *task* run for *name*, soon. One run in the queue is enough: while no worker is there, they would
    be hundreds in a minute.
    """
    if cache.add(_slot(task, name), "", timeout=QUEUED_FOR):
        task.delay(name)


def queue_at(task: Task, name: str, at: datetime) -> None:
    """Have *task* run for *name* within a second after *at*: one run in the queue for each second."""
    second = ceil(at.timestamp())
    wait = max(0, second - int(timezone.now().timestamp()))
    if cache.add(f"{_slot(task, name)}:{second}", "", timeout=wait + QUEUED_FOR):
        task.apply_async((name,), eta=datetime.fromtimestamp(second, UTC))


def begun(task: Task, name: str) -> None:
    """Said by the run itself, before it looks: whatever comes from here on calls for another."""
    cache.delete(_slot(task, name))


def _slot(task: Task, name: str) -> str:
    return f"queued:{task.name}:{name}"
