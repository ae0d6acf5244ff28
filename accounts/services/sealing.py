"""Sealing the audit log: every entry gets its place in the chain, one after the other.

It is done beside the transactions that write entries, so that none of them waits for another. `place` is the
order of sealing: entries that are there at the same time, by id; one whose transaction took longer than its
neighbours', after them, though its id and its time are earlier. When something happened, `at` says; that
nothing was changed, taken out, put in or moved since it was sealed, the chain says. Whoever can write to the
database can still take out what is not sealed yet: seconds, with a worker alive.
"""

from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import chain
from accounts.models import AuditEntry, AuditHead

PORTION: Final = 500  # entries under one lock of the head
MOST_PORTIONS: Final = 200  # a run; the next one goes on

logger = structlog.get_logger(__name__)


class ChainBroken(Exception):  # noqa: N818 (it says what is so)
    """Somebody has been at the head: sealing on would cover it up. `manage.py audit verify` says more."""


def seal_entries() -> int:
    """Seal what waits, in the order of ids. Safe to run twice at once, and to kill.

    After each portion the log has an anchor, `place` and `hash`: what is kept of it elsewhere proves later
    that the chain was not made anew, by whoever.

    Returns:
        How many were sealed, at most 100,000 a run.

    Raises:
        ChainBroken: the head is not ours, or was set back.
    """
    sealed = 0
    for _ in range(MOST_PORTIONS):
        portion = _seal_portion()
        sealed += portion
        if portion < PORTION:
            break
    return sealed


def _seal_portion() -> int:
    try:
        with transaction.atomic():
            head = _lock_head()
            if not chain.is_head_ours(head):
                raise ChainBroken(f"The head of the audit log (place {head.place}) is not ours.")
            waiting = list(AuditEntry.objects.waiting()[:PORTION])
            for entry in waiting:
                head.place = entry.place = head.place + 1
                head.hash = chain.link(head.hash, entry)
                AuditEntry.objects.filter(pk=entry.pk).seal(place=head.place, hash=head.hash)
            if waiting:
                head.at = timezone.now()
                chain.sign_head(head)
                head.save()
    except IntegrityError:
        raise ChainBroken("There are sealed entries after the head of the audit log.") from None
    if waiting:
        logger.info("audit_sealed", place=head.place, hash=head.hash)
    return len(waiting)


def _lock_head() -> AuditHead:
    heads = AuditHead.objects.select_for_update()
    if head := heads.first():
        return head
    first = AuditHead()
    chain.sign_head(first)
    AuditHead.objects.bulk_create([first], ignore_conflicts=True)
    return heads.get()
