from celery import shared_task

from . import services


@shared_task
def forgot_password(email: str) -> None:
    """Mail somebody a way to a new password. A task, so that who asks can't tell from the time it takes."""
    services.forgot_password(email=email)


@shared_task
def purge_codes() -> int:
    """Forget mailed codes past their day. Every hour; safe to run twice at once."""
    return services.purge_codes()


@shared_task
def purge_sessions() -> int:
    """Forget sessions that ended a month ago. Every day; safe to run twice at once."""
    return services.purge_sessions()
