"""The audit log's one way in."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import models, transaction
from django.utils.functional import Promise

from accounts import chain
from accounts.events import SecurityNoticed
from accounts.models import AuditEntry, User
from common.actors import System
from common.events import emit

Category = AuditEntry.Category

verbs: Final[dict[str, str | Promise]] = {}
"""What can be recorded, `noun.past_verb`, in words for people. Each app adds its own."""

bells: Final[list[Callable[[], None]]] = []
"""Rung after the commit: there is something to seal."""


# What somebody else may have done in their name: they are told of it wherever they are.
ALARMING: Final = frozenset(
    {
        "api_key.created",
        "attempts.delayed",
        "attempts.forgiven",
        "attempts.unlocked",
        "email.changed",
        "erasure.cancelled",
        "erasure.requested",
        "export.requested",
        "factors.removed",
        "identity.linked",
        "identity.unlinked",
        "passkey.added",
        "passkey.regressed",
        "passkey.removed",
        "password.changed",
        "password.reset",
        "recovery_code.used",
        "recovery_codes.renewed",
        "totp.disabled",
        "totp.enabled",
    }
)


def record(
    *,
    category: Category,
    verb: str,
    actor: User | System | None,
    subject: User | None = None,
    target: models.Model | None = None,
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write down what was done, in the transaction that does it. Where from is known from the context.

    Nobody waits for anybody here: the entry gets its place in the chain when it is sealed.

    Args:
        verb: `noun.past_verb`, such as `password.changed`; one of `verbs`.
        actor: who did it; None for a stranger.
        subject: whose account it is about. In the category `security` they see it.
        target: the thing it was done to, where that is not the account.
        details: a few ids and words; no content, no secrets.

    Raises:
        LookupError: a verb that has no words.
        TypeError: details that are something else than text, whole numbers, ids, times, and lists of them.

    Emits `SecurityNoticed` to *subject*, if it is alarming.
    """
    if verb not in verbs:
        raise LookupError(f"{verb!r} is no verb of the audit log yet: give it words in the app's verbs.py.")
    context = structlog.contextvars.get_contextvars()
    session = context.get("session")
    entry = AuditEntry(
        category=category,
        verb=verb,
        actor=actor.pk if actor else None,
        subject=subject.pk if subject else None,
        target_type=target._meta.label_lower if target else "",
        target=str(target.pk) if target else "",
        details=_plain(details or {}),
        request_id=context.get("request_id", ""),
        session=UUID(session) if session else None,
        address=context.get("address"),
    )
    chain.sign(entry)
    entry.save(force_insert=True)
    transaction.on_commit(_ring, robust=True)
    if category == Category.SECURITY and subject and verb in ALARMING:
        emit(SecurityNoticed(what=verb), audience=[subject.pk])
    return entry


def _ring() -> None:
    for bell in bells:
        bell()


def _plain(value: Any) -> Any:
    """As every database gives it back, to the byte: a fraction would come back in another spelling."""
    match value:
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]
        case None | bool() | int():
            return value
        case str() | UUID() | Promise():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            raise TypeError(f"The audit log takes ids and words, not {type(value).__name__}.")
