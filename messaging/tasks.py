from uuid import UUID

from celery import shared_task
from django.utils import timezone

from common.actors import SYSTEM

from . import services
from .models import Chat, Message, Pin
from .services import send_due_messages, send_message, unpin_message


@shared_task
def post_notice(chat: str, text: str, client_id: str) -> str:
    """Say something in a chat as the platform. Safe to run twice: *client_id* makes it one message.

    Returns:
        The message's id.
    """
    message, _ = send_message(
        actor=SYSTEM, chat=Chat(pk=UUID(chat)), text=text, kind=Message.Kind.SYSTEM, client_id=client_id
    )
    return str(message.pk)


@shared_task
def send_scheduled_messages() -> int:
    """Send what is due. Every 15 seconds; safe to run twice at once.

    Returns:
        How many were sent, at most 500 a run.
    """
    return send_due_messages()


@shared_task
def purge_mark_moves() -> int:
    """Forget when marks moved long ago. Every day; safe to run twice at once."""
    return services.purge_mark_moves()


@shared_task
def unpin_expired() -> int:
    """Take down pins whose time is over. Every minute; safe to run twice at once.

    Returns:
        How many it took down, at most 500 a run.
    """
    due = list(Pin.objects.filter(chat__deleted_at=None).expired(at=timezone.now())[:500])
    return sum(unpin_message(actor=SYSTEM, pin=pin) for pin in due)
