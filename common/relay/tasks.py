from celery import shared_task

from common.queueing import begun, queue_once

from . import services
from .consumers import consumers


@shared_task
def drain(consumer: str) -> int:
    """Take to one consumer what is in the log. After commits, and every few seconds for lost bells."""
    begun(drain, consumer)
    return services.drain(consumer=consumer)


@shared_task
def drain_all() -> int:
    """Start a run for each consumer that is behind: a process may have died between commit and bell."""
    behind = [name for name in consumers if services.is_behind(name)]
    for name in behind:
        queue_once(drain, name)
    return len(behind)


@shared_task
def retry_dead_letters() -> int:
    """Try what consumers failed at again, as it falls due. Safe to run twice at once."""
    return services.retry_dead_letters()
