from celery import shared_task

from . import services


@shared_task
def purge_sessions() -> int:
    """Forget sessions that ended a month ago. Every day; safe to run twice at once."""
    return services.purge_sessions()
