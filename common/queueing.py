"""Work that stands in the queue once, however often it is called for."""

from typing import Final

from celery import Task
from django.core.cache import cache

QUEUED_FOR: Final = 5  # seconds until a run is queued again that may have been lost with its queue


def queue_once(task: Task, name: str) -> None:
    """Have *task* run for *name*, soon. One run in the queue is enough: while no worker is there, they would
    be hundreds in a minute.
    """
    if cache.add(_slot(task, name), "", timeout=QUEUED_FOR):
        task.delay(name)


def begun(task: Task, name: str) -> None:
    """Said by the run itself, before it looks: whatever comes from here on calls for another."""
    cache.delete(_slot(task, name))


def _slot(task: Task, name: str) -> str:
    return f"queued:{task.name}:{name}"
