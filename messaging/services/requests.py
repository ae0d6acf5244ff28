"""What strangers open: it is live at once, and waits to be accepted."""

from django.db import transaction

from accounts.models import User
from accounts.services import block_user, report_user
from common.events import emit
from common.problems import Invalid, NotFound
from messaging.events import PreferencesUpdated
from messaging.models import Chat, Participant

from .chats import leave_chat
from .preferences import accept


@transaction.atomic
def accept_chat(*, actor: User, chat: Chat) -> None:
    """Keep a chat that a stranger opened, or brought the actor into. Safe to repeat.

    Raises:
        NotFound: they are not in it.

    Emits `PreferencesUpdated` to the actor's own devices, if it waited.
    """
    me = Participant.objects.present().select_for_update().filter(chat=chat, user=actor).first()
    if me is None:
        raise NotFound
    if accept(me):
        emit(PreferencesUpdated(chat=chat.pk), audience=[actor.pk])


@transaction.atomic
def decline_chat(*, actor: User, chat: Chat, block: bool = False, report: str = "") -> None:
    """Leave a chat that waits to be accepted; the stranger may be blocked, or reported for a reason.

    Raises:
        NotFound: they are not in it.
        Invalid: it does not wait, or nobody is there any more to block or report.

    Emits `ParticipantRemoved`, `ChatRemoved`, `UserBlocked`.
    """
    me = Participant.objects.present().select_related("added_by").filter(chat=chat, user=actor).first()
    if me is None:
        raise NotFound
    if not me.is_request or me.added_by is None:
        raise Invalid.field(
            "block" if block else "report", "not_a_request", "No stranger waits here for an answer."
        )
    leave_chat(actor=actor, chat=chat)
    if block:
        block_user(actor=actor, user=me.added_by)
    if report:
        report_user(actor=actor, user=me.added_by, reason=report)
