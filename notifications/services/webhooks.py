"""Webhooks: whom we call with what happens."""

import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import audit
from common.actors import SYSTEM, System
from common.events import emit
from common.outbound import AddressRefused, target_of
from common.problems import Invalid
from common.relay.services import next_key
from notifications import policies
from notifications.events import WebhookPaused
from notifications.models import Delivery, Webhook
from notifications.models.deliveries import DeliveryQuerySet
from notifications.problems import TooManyWebhooks
from notifications.reasons import Reason
from notifications.webhook_types import is_pattern, narrowed

from .delivering import ring
from .locking import locked, locked_if_there

CHANNEL: Final = "webhook"
CONSUMER: Final = "webhooks"  # of the log
OVERLAP: Final = timedelta(days=1)  # both secrets sign for so long: time to bring out the new one
LONGEST_OVERLAP: Final = timedelta(days=7)
SECRET: Final = "whsec_"  # noqa: S105 (what every secret begins with: Standard Webhooks, "Signature scheme")
SECRET_BYTES: Final = 32  # of 24 to 64
NOTED_EVERY: Final = timedelta(seconds=10)  # how exact `last_success_at` is
EDITABLE: Final = frozenset({"url", "description", "types", "state"})


@dataclass(frozen=True)
class Secret:
    """A webhook and the secret that it signs with, which nobody sees a second time."""

    webhook: Webhook
    text: str


@transaction.atomic
def create_webhook(*, user: User, url: str, types: Iterable[str], description: str = "") -> Secret:
    """Have *url* called with what happens of *types*, from now on, as far as *user* may know it.

    Args:
        types: names of types, `message.*` for all of a kind, or `*`.

    Raises:
        Invalid: an address that is not called, or a type that there is not.
        TooManyWebhooks: they have `Webhook.LIMIT`.
    """
    webhook = Webhook(user=user, url=_callable(url), types=_known(types), description=description)
    webhook.begins_with = next_key(consumer=CONSUMER)  # before the lock: who is waited for may need that row
    User.objects.select_for_update().get(pk=user.pk)  # one maker at a time: the limit is counted
    if Webhook.objects.alive().filter(user=user).count() >= Webhook.LIMIT:
        raise TooManyWebhooks(limit=Webhook.LIMIT)
    webhook.secret = _new_secret()
    webhook.save(force_insert=True)
    _record("webhook.created", actor=user, webhook=webhook, types=webhook.types)
    return Secret(webhook, webhook.secret)


@transaction.atomic
def update_webhook(*, actor: User, webhook: Webhook, **changes: Any) -> Webhook:
    """Change where or with what *webhook* is called, or whether it is. What waits goes to the new address.

    Args:
        changes: any of `EDITABLE`, as for `create_webhook`; `state`, of `Webhook.State`, pauses and resumes.

    Raises:
        Invalid
        NotFound: it was deleted meanwhile.
    """
    if not changes.keys() <= EDITABLE:
        raise TypeError(f"a webhook has no such fields: {sorted(changes.keys() - EDITABLE)}")
    if "url" in changes:
        changes["url"] = _callable(changes["url"])
    if "types" in changes:
        changes["types"] = _known(changes["types"])
    row = lock_webhook(webhook.pk)
    state = changes.pop("state", row.state)
    if changed := sorted(name for name, value in changes.items() if getattr(row, name) != value):
        for name in changed:
            setattr(row, name, changes[name])
        if "url" in changed:
            row.failing_since = None  # nobody knows yet how the new one does
        row.save(update_fields=[*changed, "failing_since"])
        _record("webhook.changed", actor=actor, webhook=row, fields=changed)
    if state != row.state:
        change = pause_webhook if state == Webhook.State.PAUSED else resume_webhook
        change(actor=actor, webhook=row)
        row.refresh_from_db()
    return row


@transaction.atomic
def rotate_webhook(*, actor: User, webhook: Webhook, overlap: timedelta = OVERLAP) -> Secret:
    """Give *webhook* another secret. The one it had signs beside it for *overlap*, the one before no more.

    Args:
        overlap: none to a week.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    row, now = lock_webhook(webhook.pk), timezone.now()
    row.previous_secret = row.secret if overlap else ""
    row.previous_until = now + min(overlap, LONGEST_OVERLAP) if overlap else None
    row.secret, row.rotated_at = _new_secret(), now
    row.save(update_fields=["secret", "previous_secret", "previous_until", "rotated_at"])
    _record("webhook.rotated", actor=actor, webhook=row)
    return Secret(row, row.secret)


@transaction.atomic
def delete_webhook(*, actor: User, webhook: Webhook) -> None:
    """Call it no more, show it nowhere, and have it forgotten with its events soon. Twice is once.

    There may be hundreds of thousands of them: `forget_deleted` has no request waiting for it.
    """
    row = _present(webhook.pk)
    if row is None:
        return
    row.deleted_at = timezone.now()
    if not row.is_paused:
        row.paused_at, row.paused_reason = row.deleted_at, Webhook.Pause.OWNER
    row.secret, row.previous_secret, row.previous_until = "", "", None
    row.save(
        update_fields=[
            "deleted_at", "paused_at", "paused_reason", "secret", "previous_secret", "previous_until"
        ]
    )  # fmt: skip
    _record("webhook.deleted", actor=actor, webhook=row)


@transaction.atomic
def pause_webhook(*, actor: User | System, webhook: Webhook, reason: str = Webhook.Pause.OWNER) -> bool:
    """Call *webhook* no more until it is resumed. What it is to hear is still kept for the gap call.

    What waits for it is not sent any more; what is under way at this moment may still arrive.

    Returns:
        Whether this call did it: not if it is paused, or was deleted meanwhile.

    Emits `WebhookPaused` to its owner, unless they did it themselves.
    """
    row = _present(webhook.pk)
    if row is None or row.is_paused:
        return False
    row.paused_at, row.paused_reason = timezone.now(), reason
    row.save(update_fields=["paused_at", "paused_reason"])
    _skip_waiting(row.pk)
    _record("webhook.paused", actor=actor, webhook=row, reason=reason)
    if reason != Webhook.Pause.OWNER:
        emit(WebhookPaused(webhook=row.pk, reason=reason), audience=[row.user_id])
    return True


@transaction.atomic
def resume_webhook(*, actor: User | System, webhook: Webhook) -> bool:
    """Call *webhook* again, with what happens from now on: a receiver that was away is not flooded.

    What it missed it asks for, from the position on that it knows (`WebhookEventQuerySet.after`).

    Returns:
        Whether this call did it.

    Raises:
        NotAllowed: staff paused it, and the actor is none.
        NotFound: it was deleted meanwhile.
    """
    row = lock_webhook(webhook.pk)
    if not row.is_paused:
        return False
    if row.paused_reason == Webhook.Pause.STAFF:
        policies.require(actor, "webhook.resume_paused_by_staff")
    row.paused_at, row.paused_reason, row.failing_since = None, "", None
    row.save(update_fields=["paused_at", "paused_reason", "failing_since"])
    _record("webhook.resumed", actor=actor, webhook=row)
    return True


@transaction.atomic
def note_success(*, webhook: UUID) -> None:
    """Something was taken just now: what waits for the receiver to be back need wait no longer."""
    now = timezone.now()
    # Not each time: every write waits for the row, and of a busy receiver there are many.
    just_noted = Q(failing_since=None, last_success_at__gt=now - NOTED_EVERY)
    rows = Webhook.objects.alive().filter(~just_noted, pk=webhook)
    if not rows.update(failing_since=None, last_success_at=now):
        return
    held_back = _free(webhook).filter(due_at__gt=now, attempts=F("earlier_attempts"))
    if Delivery.objects.filter(pk__in=list(held_back.values_list("pk", flat=True))).update(due_at=now):
        ring([CHANNEL])


def note_failure(*, webhook: UUID) -> None:
    """Something was not taken just now."""
    Webhook.objects.filter(pk=webhook, failing_since=None).update(failing_since=timezone.now())


@transaction.atomic
def pause_if_dead(delivery: Delivery) -> None:
    """Pause the receiver of a delivery that is given up, if nothing at all was taken in all its time.

    Standard Webhooks, "Deliverability and reliability": disable what fails for long, and tell its owner.
    """
    webhook = _present(UUID(delivery.target))
    tried = delivery.attempt_rows.filter(number__gt=delivery.earlier_attempts).order_by("number").first()
    if webhook is None or tried is None or webhook.failing_since is None:
        return
    if webhook.last_success_at is None or webhook.last_success_at < tried.at:
        pause_webhook(actor=SYSTEM, webhook=webhook, reason=Webhook.Pause.DEAD)


def _skip_waiting(webhook: UUID) -> None:
    """Those that a worker has at this moment it finds paused itself, or has sent already."""
    Delivery.objects.filter(pk__in=list(_free(webhook).values_list("pk", flat=True))).update(
        state=Delivery.State.SKIPPED, reason=Reason.PAUSED, ended_at=timezone.now()
    )


def _free(webhook: UUID) -> DeliveryQuerySet:
    """What waits for it and no worker has. Locked, never waited for: a worker may wait for the webhook."""
    waiting = Delivery.objects.waiting().filter(channel=CHANNEL, target=str(webhook), holder=None)
    return waiting.select_for_update(skip_locked=True)


def lock_webhook(webhook: UUID) -> Webhook:
    """
    Raises:
        NotFound: it was deleted meanwhile.
    """
    return locked(_theirs(), webhook)


def _present(webhook: UUID) -> Webhook | None:
    """The same; None if it was deleted."""
    return locked_if_there(_theirs(), webhook)


def _theirs() -> QuerySet[Webhook]:
    return Webhook.objects.alive().select_related("user")


def _callable(url: str) -> str:
    try:
        target_of(url)
    except AddressRefused as refused:
        raise Invalid.field("url", refused.code, str(refused)) from None
    return url


def _known(types: Iterable[str]) -> list[str]:
    wanted = set(types)
    if unknown := sorted(each for each in wanted if not is_pattern(each)):
        raise Invalid.field("types", "unknown_type", _("There is no event type %s.") % ", ".join(unknown))
    return narrowed(wanted)


def _new_secret() -> str:
    return SECRET + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _record(verb: str, *, actor: User | System, webhook: Webhook, **details: object) -> None:
    audit.record(
        category=audit.Category.SECURITY,
        verb=verb,
        actor=actor,
        subject=webhook.user,
        target=webhook,
        details={"description": webhook.description, **details},
    )
