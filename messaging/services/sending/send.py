"""What may be said, and what becomes of it: the rules, once for every door and every backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Unpack
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from prometheus_client import Histogram

from accounts.models import User
from common.actors import System
from common.events import emit_each
from common.instances import new, refer
from common.outages import is_outage
from common.problems import NotFound, Problem
from messaging import policies
from messaging.events import MessageSent
from messaging.models import Chat, Message
from messaging.problems import ClientIdConflict
from messaging.services.attachments import attach, pass_on
from messaging.services.content import Content, Said
from messaging.services.mentions import called_by, set_mentions
from messaging.services.participants import bring_in
from messaging.services.preferences import accept
from messaging.services.replies import replied_to
from messaging.services.threads import count_reply, root_in

from .backends import backend, sent_before
from .ground import Before, Ground, Send

logger = structlog.get_logger(__name__)

BATCHES: Final = Histogram(
    "serai_message_batch_size", "Plain messages sent in one call.", buckets=(1, 2, 4, 8, 16, 32, 64)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What became of a send: a message, new or sent before, or why there is none."""

    message: Message | None = None
    is_new: bool = False
    error: Exception | None = None

    def result(self) -> tuple[Message, bool]:
        """The message, and whether it is new.

        Raises:
            Exception: why there is none.
        """
        if self.message is None:
            raise self.error or LookupError("neither sent nor refused")
        return self.message, self.is_new


def send_message(
    *, actor: User | System, chat: Chat, client_id: str = "", **said: Unpack[Said]
) -> tuple[Message, bool]:
    """Say something in a chat.

    Args:
        client_id: the sender's own name for this message. Again under it is the same message, for ever.
        said: what is said, as `Content` has it.

    Returns:
        The message, and whether it is new.

    Raises:
        NotFound, NotAllowed, NotOpenToYou: the policy `message.send` says no, or in a thread
            `message.thread`, or of calling everybody `message.mention_all`.
        Invalid: the thread's root is not in this chat, or in a thread itself; somebody called is not there.
        Invalid: of `files.<number>`: `unknown_file`, `infected_file`.
        Invalid: what it replies to is not there, or does not say what is quoted.
        ClientIdConflict: another message has this client id.

    Emits `MessageSent`; in a thread also `ThreadUpdated` to who follows it from now on.
    """
    return _alone(Send(actor=actor, chat=chat.pk, client_id=client_id, content=Content(**said))).result()


def send_messages(sends: Sequence[Send]) -> list[Sent]:
    """Send what was asked for at the same time, each as `send_message` would and for itself.

    Plain ones share a transaction and its statements, whosever and in whichever chats they are.

    Returns:
        What became of each, in their order. Nothing is raised.
    """
    plain = [number for number, send in enumerate(sends) if send.content.is_plain]
    if plain:
        BATCHES.observe(len(plain))
    sent: dict[int, Sent] = {}
    if len(plain) > 1:
        try:
            sent = dict(zip(plain, _together([sends[number] for number in plain]), strict=True))
        except Exception as error:
            if is_outage(error):
                # They may be kept all the same: whoever sent one asks again under its client id.
                return [Sent(error=error)] * len(sends)
            # Something in one of them can't be kept: that one fails, and no other.
            logger.warning("batch_refused", sends=len(plain), exc_info=True)
    return [sent.get(number) or _alone(send) for number, send in enumerate(sends)]


def _alone(send: Send) -> Sent:
    try:
        return _together([send])[0]
    except IntegrityError as error:
        # The same client id in the same moment, in another chat: that one is there now.
        before = sent_before([send]).get((send.author, send.client_id))
        if before is None:
            return Sent(error=error)
        try:
            return Sent(message=_same(send, before))
        except Problem as problem:
            return Sent(error=problem)
    except Exception as error:  # noqa: BLE001 (told to whoever sent it)
        return Sent(error=error)


@transaction.atomic
def _together(sends: Sequence[Send]) -> list[Sent]:
    """Plain sends, or one of any kind, of which a refusal is raised: what it did before is undone."""
    ground = backend().look(sends)
    sent: list[Sent] = []
    said: list[Message] = []
    moved: dict[UUID, Chat] = {}
    for send in sends:
        try:
            message, is_new = _say(send, ground)
        except Problem as problem:
            if not send.content.is_plain:
                raise
            sent.append(Sent(error=problem))
            continue
        sent.append(Sent(message=message, is_new=is_new))
        if is_new:
            said.append(message)
            moved[message.chat_id] = ground.chats[message.chat_id]
    if said:
        plain = [message if message._state.adding else None for message in said]
        emit_each(
            [MessageSent(chat=message.chat_id, seq=message.seq, message=message.pk) for message in said],
            subjects=plain,
            keep=partial(
                backend().keep, said=[message for message in plain if message], moved=list(moved.values())
            ),
        )
    return sent


def _say(send: Send, ground: Ground) -> tuple[Message, bool]:
    chat, content = ground.chats.get(send.chat), send.content
    if chat is None:
        raise NotFound
    actor, author, me = send.actor, send.author, None
    if author:
        me = ground.people.get((send.chat, author))
        policies.require_of(me, "message.send", chat, apart=lambda: (send.chat, author) in ground.apart)
    name = (author, send.client_id)
    if send.client_id and (before := ground.before.get(name)):
        return _same(send, before), False
    if me:
        accept(me)  # who answers a stranger has accepted
    if chat.type == Chat.Type.PRIVATE and chat.participant_count < 2:
        bring_in(chat=chat, users=_absent(chat), by=actor)  # whoever left hears that there is something new
    message = (_new if content.is_plain else _new_with_more)(send, chat)
    if message.thread_id is None:
        chat.last_message_id = message.pk
        chat.last_activity_at = message.created_at
    message.shown_reactions, message.my_reactions = [], []  # it is new: no need to look
    if send.client_id:
        ground.before[name] = Before(message.pk, message.fingerprint, is_deleted=False, message=message)
    return message, True


def _new(send: Send, chat: Chat) -> Message:
    message = new(
        Message,
        chat_id=chat.pk,
        author_id=send.author,
        seq=chat.take_seq(),
        client_id=send.client_id,
        fingerprint=send.content.fingerprint(chat.pk),
        **send.content.columns(),
    )
    # Whole: the answer names them.
    refer(message, author=send.actor if isinstance(send.actor, User) else None)
    for name, value in send.content.provenance().items():
        setattr(message, name, value)
    message.shown_files = []
    return message


def _new_with_more(send: Send, chat: Chat) -> Message:
    """What is more than a text: kept at once, since rows of its own hang on it."""
    actor, content = send.actor, send.content
    if content.kind_there in Message.WITH_FILES:
        policies.require(actor, "message.attach", chat)
    root = root_in(chat, content.thread, actor=actor) if content.thread else None
    if root:
        policies.require(actor, "message.thread", chat)
    message = _new(send, chat)
    message.thread = root
    message.reply_to = replied_to(actor=actor, chat=chat, content=content)
    message.save(force_insert=True)
    if content.mentions:
        set_mentions(actor=actor, chat=chat, message=message, mentions=content.mentions)
    if root:
        count_reply(root=root, reply=message, called=lambda: called_by(root))
    message.shown_files = (
        pass_on(message=message, source=content.forwarded)
        if content.forwarded
        else attach(message=message, files=content.files, by=actor)
    )
    return message


def _same(send: Send, before: Before) -> Message:
    """What was sent before under this client id.

    Raises:
        ClientIdConflict: it said something else. Of a deleted one nobody knows any more what it said.
    """
    if not before.is_deleted and before.fingerprint != send.content.fingerprint(send.chat):
        raise ClientIdConflict
    if before.message:
        return before.message
    shown = Message.objects.shown_to(send.author) if send.author else Message.objects.shown()
    return shown.get(pk=before.id)


def _absent(chat: Chat) -> list[User]:
    left = chat.participants.filter(left_seq__isnull=False).select_related("user")
    return [row.user for row in left]
