from uuid import UUID

from celery import shared_task

from common.actors import SYSTEM

from . import services
from .models import Chat, Message
from .services import send_due_messages, send_message


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
