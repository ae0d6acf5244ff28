from typing import Final

from celery import shared_task
from django.core.cache import cache

from . import services


@shared_task
def clear_statuses() -> int:
    """Forget statuses whose time is over. Every hour; safe to run twice at once."""
    return services.clear_statuses()


@shared_task
def forgot_password(email: str) -> None:
    """Mail somebody a way to a new password. A task, so that who asks can't tell from the time it takes."""
    services.forgot_password(email=email)


@shared_task
def resend_verification(email: str) -> None:
    """Mail the link again, where somebody waits for one. A task, as `forgot_password`."""
    services.resend_verification(email=email)


@shared_task
def tell_of_delays() -> int:
    """Write down delayed sign-ins, mail their people a way in. Every minute; safe to run twice at once."""
    return services.tell_of_delays()


@shared_task
def purge_attempts() -> int:
    """Forget failed attempts past their day. Every hour; safe to run twice at once."""
    return services.purge_attempts()


@shared_task
def purge_devices() -> int:
    """Forget devices unused for half a year. Every day; safe to run twice at once."""
    return services.purge_devices()


@shared_task
def begin_due_erasures() -> int:
    """Have accounts erased whose days of grace are over. Every hour; safe to run twice at once."""
    return services.begin_due_erasures()


@shared_task
def purge_codes() -> int:
    """Forget mailed codes past their day. Every hour; safe to run twice at once."""
    return services.purge_codes()


@shared_task
def purge_challenges() -> int:
    """Forget sign-ins that nobody finished in time. Every hour; safe to run twice at once."""
    return services.purge_challenges()


@shared_task
def purge_sessions() -> int:
    """Forget sessions that ended a month ago. Every day; safe to run twice at once."""
    return services.purge_sessions()


BELL: Final = "audit-bell"


def ring_for_sealing() -> None:
    """Have entries of the audit log sealed: one task for all that are written within a second, anywhere."""
    if cache.add(BELL, 1, timeout=1):
        seal_audit_log.apply_async(countdown=1)  # seconds


@shared_task
def seal_audit_log() -> int:
    """Seal what waits in the audit log. Every 15 seconds, and after each entry; safe to run twice at once."""
    return services.seal_entries()


@shared_task(time_limit=3000)  # seconds: it reads every entry there is
def check_audit_log() -> bool:
    """Read the whole audit log, and note whether it is whole. Every day; safe to run twice at once."""
    return not services.note_check().faults
