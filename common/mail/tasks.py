from uuid import UUID

from celery import shared_task
from django.utils import timezone

from .delivery import deliver_mail, due_mails


@shared_task
def deliver(mail: str) -> bool:
    """Send one queued mail."""
    return deliver_mail(mail=UUID(mail))


@shared_task
def deliver_due_mails() -> int:
    """Send what a dead worker or an absent mail server left. Every half minute; safe to run twice at once.

    Returns:
        How many were sent, at most 200 a run.
    """
    return sum(deliver_mail(mail=mail) for mail in due_mails(at=timezone.now()))
