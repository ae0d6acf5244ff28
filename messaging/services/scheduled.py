"""Messages that are sent later: once, whatever happens meanwhile, and as if they were sent then."""

import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Unpack
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.events import emit
from common.problems import Invalid, NotAllowed, NotFound, Problem
from messaging import policies
from messaging.events import ScheduledFailed, ScheduledRemoved, ScheduledUpdated
from messaging.models import Chat, Participant, ScheduledMessage
from messaging.models.scheduled import FIRST_ZONE, instant_of
from messaging.problems import AlreadySent, ClientIdConflict, TooManyScheduled

from .content import Content, Said, packed, unpacked
from .sending import send_message
from .threads import root_in

logger = logging.getLogger(__name__)

AT_ONCE: Final = 500  # messages a run: the next is seconds away
LOOK_AGAIN: Final = timedelta(minutes=15)  # at one on another's clock, who may travel meanwhile


def schedule_message(
    *, actor: User, chat: Chat, scheduled_for: datetime, client_id: str = "", **said: Unpack[Said]
) -> tuple[ScheduledMessage, bool]:
    """Have something said in a chat later.

    Args:
        scheduled_for: when. Without a zone it is what the clock of the other one in a private chat is to
            show, wherever they are then.
        client_id: the author's own name for it. Again under it is the same, for ever.
        said: what is said, as `Content` has it.

    Returns:
        It, and whether it is new.

    Raises:
        NotFound, NotAllowed: as `send_message`, now and when it is due.
        Invalid: there are files; the time is over or too far ahead; a group is to hear it by the clock of
            each.
        ClientIdConflict: something else was scheduled under this client id.
        TooManyScheduled: as many are pending in this chat.

    Emits `ScheduledUpdated` to the author's own devices.
    """
    _require_no_files(said)
    content = Content(**said)
    try:
        return _schedule(actor, chat, scheduled_for, client_id, content, said)
    except IntegrityError:  # the same client id in the same moment
        if (row := _scheduled_before(actor, client_id, _print_of(content, chat, scheduled_for))) is None:
            raise
        return row, False


@transaction.atomic
def _schedule(
    actor: User, chat: Chat, scheduled_for: datetime, client_id: str, content: Content, said: Said
) -> tuple[ScheduledMessage, bool]:
    me = Participant.objects.present().select_for_update().filter(chat=chat, user=actor).first()
    policies.require(actor, "message.send", chat)
    fingerprint = _print_of(content, chat, scheduled_for)
    if row := _scheduled_before(actor, client_id, fingerprint):
        return row, False
    if content.thread:
        root_in(chat, content.thread, actor=actor)
    row = ScheduledMessage(
        chat=chat, author=actor, client_id=client_id, fingerprint=fingerprint, said=packed(said)
    )
    _set_time(row, scheduled_for)
    pending = ScheduledMessage.objects.pending().filter(chat=chat, author=actor)
    if me and pending.count() >= ScheduledMessage.MAX_PENDING:  # one at a time: the row of theirs is locked
        raise TooManyScheduled(limit=ScheduledMessage.MAX_PENDING)
    row.save(force_insert=True)
    emit(ScheduledUpdated(chat=chat.pk, scheduled=row.pk), audience=[actor.pk])
    return row, True


@transaction.atomic
def change_scheduled(
    *, actor: User, scheduled: ScheduledMessage, scheduled_for: datetime | None = None, **said: Unpack[Said]
) -> ScheduledMessage:
    """Change what is said later, or when. One that had failed is tried again.

    Args:
        scheduled_for, said: as in `schedule_message`; what is left out stays.

    Raises:
        NotFound, NotAllowed, Invalid: as `schedule_message`.
        AlreadySent

    Emits `ScheduledUpdated` to the author's own devices.
    """
    _require_no_files(said)
    row = _pending(actor, scheduled)
    policies.require(actor, "message.send", row.chat)
    if thread := said.get("thread"):
        root_in(row.chat, thread, actor=actor)
    row.said |= packed(said)
    _set_time(row, scheduled_for or _asked_time(row))
    row.state, row.problem = ScheduledMessage.State.WAITING, None
    row.save(update_fields=["said", "local_time", "scheduled_for", "look_at", "state", "problem"])
    emit(ScheduledUpdated(chat=row.chat_id, scheduled=row.pk), audience=[actor.pk])
    return row


def _require_no_files(said: Said) -> None:
    if said.get("files"):  # nobody else names them until then: they would be gone after a day
        raise Invalid.field("files", "not_later", _("Files can't be sent later."))


@transaction.atomic
def cancel_scheduled(*, actor: User, scheduled: ScheduledMessage) -> None:
    """Take back what is not sent yet.

    Raises:
        NotFound: it is taken back already.
        AlreadySent

    Emits `ScheduledRemoved` to the author's own devices.
    """
    row = _pending(actor, scheduled)
    told = ScheduledRemoved(chat=row.chat_id, scheduled=row.pk, message=None)
    row.delete()
    emit(told, audience=[actor.pk])


def send_due_messages() -> int:
    """Send what is due, a transaction each. Safe to run twice at once and to be killed at any moment.

    Returns:
        How many were sent.
    """
    due = list(ScheduledMessage.objects.due(at=timezone.now()).values_list("pk", flat=True)[:AT_ONCE])
    sent = 0
    for pk in due:
        try:
            sent += _send_due(pk)
        except Exception:  # our fault: it waits for the next run, and holds no other up
            logger.exception("scheduled_message_not_sent")
    return sent


@transaction.atomic
def _send_due(pk: UUID) -> bool:
    """Whether it was sent now. The message and the word that it is sent are one commit."""
    found = ScheduledMessage.objects.due(at=timezone.now()).filter(pk=pk).select_related("chat", "author")
    row = found.select_for_update(skip_locked=True, of=("self",)).first()
    if row is None:  # somebody else has it in hand, or its author changed it
        return False
    try:
        if not _is_due(row):
            row.save(update_fields=["scheduled_for", "look_at"])
            return False
        if not row.author.is_active:
            raise NotAllowed
        with transaction.atomic():
            message, _is_new = send_message(
                actor=row.author, chat=row.chat, client_id=f"scheduled-{row.pk}", **unpacked(row.said)
            )
    except Problem as problem:
        row.state, row.problem = ScheduledMessage.State.FAILED, problem.body()
        row.save(update_fields=["state", "problem"])
        emit(ScheduledFailed(chat=row.chat_id, scheduled=row.pk), audience=[row.author_id])
        return False
    row.state, row.message, row.said = ScheduledMessage.State.SENT, message, {}
    row.save(update_fields=["state", "message", "said"])
    told = ScheduledRemoved(chat=row.chat_id, scheduled=row.pk, message=message.pk)
    emit(told, audience=[row.author_id])
    return True


def _is_due(row: ScheduledMessage) -> bool:
    """Whether *row*, which is to be looked at, is to be sent; if not, its times are set anew."""
    if not row.local_time:
        return True
    now = timezone.now()
    row.scheduled_for = instant_of(_asked_time(row), _zone_of_the_other(row.chat, row.author))
    row.look_at = min(row.scheduled_for, now + LOOK_AGAIN)
    return row.scheduled_for <= now


def _set_time(row: ScheduledMessage, asked: datetime) -> None:
    if asked.tzinfo is None:
        row.local_time = asked.isoformat()
        row.scheduled_for = instant_of(asked, _zone_of_the_other(row.chat, row.author))
        row.look_at = asked.replace(tzinfo=UTC) - FIRST_ZONE  # they may be anywhere by then
    else:
        row.local_time, row.scheduled_for, row.look_at = "", asked, asked
    now = timezone.now()
    if row.scheduled_for <= now:
        raise Invalid.field("scheduled_for", "past", _("This time is over."))
    if row.scheduled_for > now + ScheduledMessage.FURTHEST:
        raise Invalid.field("scheduled_for", "too_far", _("At most a year ahead."))


def _asked_time(row: ScheduledMessage) -> datetime:
    return datetime.fromisoformat(row.local_time) if row.local_time else row.scheduled_for


def _zone_of_the_other(chat: Chat, author: User) -> str:
    if chat.type != Chat.Type.PRIVATE:
        detail = _("A chat of several has one order for all: give the time with its offset from UTC.")
        raise Invalid.field("local", "not_private", detail)
    other = User.objects.filter(participations__chat=chat).exclude(pk=author.pk).first()
    return other.timezone if other else author.timezone


def _pending(actor: User, scheduled: ScheduledMessage) -> ScheduledMessage:
    found = ScheduledMessage.objects.filter(pk=scheduled.pk, author=actor).select_related("chat", "author")
    row = found.select_for_update(of=("self",)).first()
    if row is None:
        raise NotFound
    if row.state == ScheduledMessage.State.SENT:
        raise AlreadySent(message=str(row.message_id))
    return row


def _print_of(content: Content, chat: Chat, scheduled_for: datetime) -> str:
    return sha256(f"{content.fingerprint(chat.pk)} {scheduled_for.isoformat()}".encode()).hexdigest()


def _scheduled_before(actor: User, client_id: str, fingerprint: str) -> ScheduledMessage | None:
    if not client_id:
        return None
    row = ScheduledMessage.objects.filter(author=actor, client_id=client_id).first()
    if row and row.fingerprint != fingerprint:
        raise ClientIdConflict
    return row
