"""Idempotency keys (api.md §2): a request that is sent again is answered again, not done again.

**Whose key.** A key counts for one caller, method and canonical path, so that an old path, the older clients'
door and the canonical path are one operation. A person is their id, whichever session they use: who signs in
again after a lost answer still gets it. A stranger is their address, which they may share with others: but
whoever wants the answer must send the same body, and so knows all that the first one knew.

**What is kept** is the answer before it is dressed for a door, for 24 hours. The key itself is not: only a
hash of it stands here, and the body's fingerprint is made with the key and with `SECRET_KEY`, so that nobody
can try passwords on a stolen table. What tells of our fault (5xx) or of the moment (429) is not kept.

**Not for secrets.** An operation that answers with tokens takes no part (`Repeatable.answers_with_secrets`)
rather than keep them encrypted: they would be stale (a refresh token that comes back after its successor was
used ends its session), they would be given to somebody whose password was not looked at again, and what
isn't stored can't be stolen. Those operations are safe to repeat without a key.

**When a process dies.** Claim, change and kept answer are three transactions: a request may take longer than
a row may be locked. A process that dies between the first and the last leaves a claim without an answer. For
a minute the key is answered with 409, then the next repeat takes it over and **runs again**, also where the
change had been committed; services are safe to repeat by themselves, by what they find there and by
`client_id`. For the same reason nothing here may be the only guard of something that must not happen twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.utils import timezone
from django.utils.crypto import salted_hmac

from .ids import uuid7
from .models import KeptAnswer
from .problems import IdempotencyKeyInUse, IdempotencyKeyReused


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that no door has dressed yet.

    Attributes:
        body: JSON; empty for none.
        content_type: None for what the door gives by itself.
    """

    status: int
    body: str
    content_type: str | None
    headers: Mapping[str, str]

    @property
    def may_be_kept(self) -> bool:
        return self.status < 500 and self.status != 429


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to run what a key stands for."""

    slot: str
    holder: UUID


def claim(
    *, caller: str, operation: str, key: str, content: bytes, user: UUID | None = None
) -> Claim | Answer:
    """The right to run *operation* under *key*, or the answer that it had.

    Of any number who ask at once one gets the right: the slot is the primary key.

    Args:
        caller: who asks, such as `user <id>`.
        operation: method and canonical path.
        content: all else that says what is to be done.
        user: whose answer it will be; None: a stranger's.

    Raises:
        IdempotencyKeyReused: the key was used with another *content*.
        IdempotencyKeyInUse: who has the right has not answered yet.
    """
    slot = sha256("\n".join([caller, operation, key]).encode()).hexdigest()
    fingerprint = salted_hmac(f"idempotency {key}", content, algorithm="sha256").hexdigest()
    ours = Claim(slot=slot, holder=uuid7())
    while True:
        now = timezone.now()
        row = KeptAnswer(slot=slot, fingerprint=fingerprint, user=user, holder=ours.holder, at=now)
        KeptAnswer.objects.bulk_create([row], ignore_conflicts=True)
        there = KeptAnswer.objects.filter(pk=slot).first()
        if there is None:  # let go of in between
            continue
        if there.holder == ours.holder:
            return ours
        if not there.is_expired(at=now):
            if there.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            if there.status is not None:
                return Answer(
                    status=there.status,
                    body=there.body,
                    content_type=there.content_type or None,
                    headers=there.headers,
                )
            if not there.is_abandoned(at=now):
                raise IdempotencyKeyInUse(headers={"Retry-After": "1"})
        # As it was seen, so that it is neither a newer claim nor an answer that came just now.
        KeptAnswer.objects.held_by(slot, there.holder).filter(status=there.status).delete()


def keep(*, claim: Claim, answer: Answer) -> None:
    """Give *answer* to every repeat from now on; to none, where another one took the claim over."""
    KeptAnswer.objects.held_by(claim.slot, claim.holder).update(
        status=answer.status,
        body=answer.body,
        content_type=answer.content_type or "",
        headers=dict(answer.headers),
    )


def let_go(*, claim: Claim) -> None:
    """Let the next repeat run."""
    KeptAnswer.objects.held_by(claim.slot, claim.holder).delete()
