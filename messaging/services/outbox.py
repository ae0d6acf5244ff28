"""What a client could not send for a while, all at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from accounts.models import User
from common.problems import Problem
from messaging.models import Chat, Message

from .content import Said
from .sending import send_message


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One send of an outbox.

    Attributes:
        client_id: the sender's own name for it; None where what came is too malformed to have one.
        after_client_id: goes only once the sender's message of that name is sent.
        problem: why it can't even be tried; then it has no chat.
    """

    client_id: str | None
    after_client_id: str | None = None
    chat: Chat | None = None
    said: Said = field(default_factory=Said)
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one: sent, refused with a problem, or skipped, which leaves both unset."""

    of: Waiting
    message: Message | None = None
    is_new: bool = False
    problem: Problem | None = None


def send_outbox(*, actor: User, outbox: Iterable[Waiting]) -> list[Result]:
    """Send what waits, in its order, a transaction each. Safe to repeat for ever, whole or in parts.

    What comes after something that was refused, or that is not there, is skipped: sent later it stands where
    it belongs. What was sent before is sent, whatever became of what it comes after.

    Emits `MessageSent` for each that is new.
    """
    outbox = list(outbox)
    names = {name for each in outbox for name in (each.client_id, each.after_client_id) if name}
    before = set(
        Message.objects.filter(author=actor, client_id__in=names).values_list("client_id", flat=True)
    )
    sent, refused, results = set[str](), set[str](), []
    for each in outbox:
        after = each.after_client_id
        is_held_up = after is not None and (after in refused or after not in before | sent)
        if is_held_up and each.problem is None and each.client_id not in before | sent:
            result = Result(of=each)
        else:
            result = _send(actor, each)
        results.append(result)
        if result.message:
            sent.add(result.message.client_id)
        elif each.client_id:
            refused.add(each.client_id)
        refused -= sent  # of two under one name, one sent is enough
    return results


def _send(actor: User, each: Waiting) -> Result:
    if each.problem or each.chat is None:
        return Result(of=each, problem=each.problem)
    try:
        message, is_new = send_message(
            actor=actor, chat=each.chat, client_id=each.client_id or "", **each.said
        )
    except Problem as problem:
        return Result(of=each, problem=problem)
    return Result(of=each, message=message, is_new=is_new)
