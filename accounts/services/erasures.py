"""Forgetting somebody: asked for, called off within the days of grace, done, and proved.

The map of holdings (`common/holdings.py`) says what becomes of each row. The account's own row stays,
emptied, because rows of others point to it; it is the last one, in the transaction that writes the receipt.
"""

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.hashers import check_password
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from accounts import receipts
from accounts.models import Erasure, Session, User
from accounts.problems import CurrentPasswordWrong, ErasureBegun, StaffStay
from common import holdings
from common.actors import SYSTEM, System
from common.holdings import Holding, Subject
from common.jobs.services import start_job
from common.jobs.work import Run, run_job
from common.mail.services import queue_mail

from . import audit
from .attempts import attempt_of
from .erasing import erase_batch, receipt_of, receipt_of_place
from .factors import standing_of
from .freshness import require_fresh
from .sessions import revoke_sessions

KIND: Final = "account.erase"
BEFORE: Final = " before"  # counted apart: rows that an app deleted before it came to its tables
FORMAT: Final = "serai-erasure-receipt/1"


def request_erasure(*, session: Session, password: str = "") -> Erasure:
    """Somebody wants to be forgotten. Every session but *session* ends; for `Erasure.GRACE` they may stay.

    Args:
        password: the present one. Who has none, or has a second factor, needs a fresh proof.

    Returns:
        The open wish: asking twice changes and tells nothing.

    Raises:
        CurrentPasswordWrong, LoginDelayed, StepUpRequired
        StaffStay: they are staff.
    """
    has_password = session.user.has_usable_password()
    if not has_password or standing_of(session.user).methods:
        require_fresh(session)
    if has_password:
        with attempt_of(session):
            if not check_password(password, session.user.password):
                raise CurrentPasswordWrong
    return _open(user=session.user, actor=session.user, keep=session)[0]


def order_erasure(*, actor: User, user: User) -> bool:
    """The same, written down by staff for somebody who asked them to. False if it was already.

    Raises:
        StaffStay
    """
    return _open(user=user, actor=actor)[1]


@transaction.atomic
def _open(*, user: User, actor: User, keep: Session | None = None) -> tuple[Erasure, bool]:
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.is_staff or user.is_superuser:
        raise StaffStay
    if there := Erasure.objects.open().filter(user=user).first():
        return there, False
    now = timezone.now()
    erasure = Erasure.objects.create(
        user=user,
        by_staff=None if actor.pk == user.pk else actor,
        requested_at=now,
        due_at=now + Erasure.GRACE,
    )
    revoke_sessions(user=user, reason="erasure", keep=keep)
    _record("erasure.requested", actor, user, erasure)
    queue_mail(
        to=user.email,
        template="erasure_requested",
        language=user.language,
        context={"name": user.display_name, "due": erasure.due_at.date().isoformat()},
    )
    return erasure, True


@transaction.atomic
def cancel_erasure(*, actor: User, user: User) -> bool:
    """Call it off. False if there was nothing to call off.

    Raises:
        ErasureBegun: too late.
    """
    erasure = Erasure.objects.open().select_for_update().filter(user=user).first()
    if erasure is None:
        return False
    if erasure.begun_at:
        raise ErasureBegun
    erasure.cancelled_at = timezone.now()
    erasure.save(update_fields=["cancelled_at"])
    _record("erasure.cancelled", actor, user, erasure)
    queue_mail(
        to=user.email,
        template="erasure_cancelled",
        language=user.language,
        context={"name": user.display_name},
    )
    return True


def begin_due_erasures() -> int:
    """Have those erased whose days of grace are over, also those at which an earlier try failed.

    Returns:
        How many jobs were started, at most 100.
    """
    due = list(Erasure.objects.due(at=timezone.now()).values_list("pk", flat=True)[:100])
    return sum(_start(erasure)[1] for erasure in due)


def erase(run: Run) -> dict[str, Any]:
    """Erase somebody, from wherever an earlier try came to."""
    erasure = Erasure.objects.get(pk=run.job.key)
    if erasure.erased_at is None:
        if (who := _begin(erasure)) is None:
            return {}
        _erase_everything(erasure, who, run)
    name = f"erasures/{erasure.pk}.json"  # outside the database, for `replay_erasures`
    storages["private"].save(name, ContentFile(json.dumps(erasure.receipt, indent=2)))
    return {}


@transaction.atomic
def _begin(erasure: Erasure) -> Subject | None:
    """From here on it can't be called off. None if it was, or if they became staff meanwhile."""
    user = User.objects.select_for_update().get(pk=erasure.user_id)
    erasure.refresh_from_db(from_queryset=Erasure.objects.select_for_update())
    if erasure.cancelled_at:
        return None
    if user.is_staff or user.is_superuser:
        erasure.cancelled_at = timezone.now()
        erasure.save(update_fields=["cancelled_at"])
        _record("erasure.cancelled", SYSTEM, user, erasure)
        return None
    if not erasure.begun_at:
        erasure.begun_at = timezone.now()
        erasure.save(update_fields=["begun_at"])
        User.objects.filter(pk=user.pk).update(is_active=False)
        revoke_sessions(user=user, reason="erasure")
    return user.as_subject()


def _erase_everything(erasure: Erasure, who: Subject, run: Run) -> None:
    theirs = [each for each in holdings.holdings() if each.whose and each.model is not User]
    total = sum(each.rows(who).count() for each in theirs)
    done = 0
    for part in holdings.parts():
        if part.before:
            gone = part.before(who).items()
            _count(erasure, {f"{label}{BEFORE}": count for label, count in gone})
        for holding in part.holdings:
            if holding not in theirs:
                continue
            while dealt := _erase_batch(erasure, holding, who):
                done += dealt
                run.report(done, total)
    for place in holdings.places():
        if place.erase:
            _count(erasure, {place.name: place.erase(who)})
    _close(erasure, who)


@transaction.atomic
def _close(erasure: Erasure, who: Subject) -> None:
    """What a request that was under way has still written, then the account itself, and the receipt."""
    user = User.objects.select_for_update().get(pk=who.id)
    erasure.refresh_from_db(from_queryset=Erasure.objects.select_for_update())
    if erasure.erased_at:
        return  # another worker, which took this one for dead, was faster
    address, language, name = user.email, user.language, user.display_name
    [of_user] = [each for each in holdings.holdings() if each.model is User]
    for holding in holdings.holdings():
        if holding.whose and holding is not of_user:
            while _erase_batch(erasure, holding, who):
                pass
    _erase_batch(erasure, of_user, who)
    erasure.erased_at = now = timezone.now()
    _record("account.erased", SYSTEM, user, erasure)
    erasure.receipt = receipts.sign(_receipt(erasure, who, at=now))
    erasure.save(update_fields=["erased_at", "receipt"])
    if not erasure.replays:
        queue_mail(
            to=address,
            template="erased",
            language=language,
            context={"name": name, "receipt": json.dumps(erasure.receipt, indent=1, ensure_ascii=False)},
            is_last=True,
        )


def _receipt(erasure: Erasure, who: Subject, *, at: datetime) -> dict[str, Any]:
    counts = erasure.counts
    return {
        "format": FORMAT,
        "erasure": str(erasure.pk),
        "account": str(who.id),
        "requested_at": erasure.requested_at.isoformat(),
        "erased_at": at.isoformat(),
        "replays": str(erasure.replays) if erasure.replays else None,
        "tables": [
            receipt_of(
                each,
                who,
                counted=counts.get(each.label, 0),
                before=counts.get(f"{each.label}{BEFORE}", 0),
            )
            for each in holdings.holdings()
            if each.whose
        ],
        "places": [receipt_of_place(each, counted=counts.get(each.name, 0)) for each in holdings.places()],
    }


def replay_erasures() -> list[Erasure]:
    """Erase again whom a restored database knows again. Receipts outside it tell whom.

    Returns:
        Those that had to be done again, as they are now.

    Raises:
        ReceiptInvalid: one of the receipts is not ours: nothing is erased on a forged word.
    """
    replayed = []
    for receipt in _kept_outside():
        user = User.objects.filter(pk=receipt["account"]).first()
        if user is None or Erasure.objects.filter(user=user, erased_at__isnull=False).exists():
            continue
        with transaction.atomic():
            now = timezone.now()
            erasure, _ = Erasure.objects.open().get_or_create(
                user=user, defaults={"requested_at": receipt["requested_at"], "due_at": now}
            )
            erasure.due_at, erasure.replays = now, UUID(receipt["erasure"])
            erasure.save(update_fields=["due_at", "replays"])
            User.objects.filter(pk=user.pk).update(is_staff=False, is_superuser=False)  # as the receipt knew
            job, _ = _start(erasure.pk)
        run_job(job=job.pk)
        erasure.refresh_from_db()
        replayed.append(erasure)
    return replayed


def _kept_outside() -> list[dict[str, Any]]:
    """Every receipt, oldest first, each of them ours."""
    folder, found = storages["private"], []
    for name in sorted(folder.listdir("erasures")[1] if folder.exists("erasures") else []):
        with folder.open(f"erasures/{name}") as file:
            found.append(receipts.verify(json.load(file)))
    return found


def _start(erasure: UUID) -> tuple[Any, bool]:
    return start_job(kind=KIND, key=str(erasure))


@transaction.atomic
def _erase_batch(erasure: Erasure, holding: Holding, who: Subject) -> int:
    # As it is now, and locked: a worker that was held for dead may be at it too.
    locked = Erasure.objects.select_for_update()
    erasure.refresh_from_db(fields=["counts", "reached"], from_queryset=locked)
    dealt, last = erase_batch(holding, who, after=erasure.reached.get(holding.label))
    if dealt:
        erasure.reached[holding.label] = str(last)
        _count(erasure, {holding.label: dealt})
    return dealt


def _count(erasure: Erasure, more: dict[str, int]) -> None:
    for name, count in more.items():
        if count:
            erasure.counts[name] = erasure.counts.get(name, 0) + count
    erasure.save(update_fields=["counts", "reached"])


def _record(verb: str, actor: User | System, user: User, erasure: Erasure) -> None:
    audit.record(category=audit.Category.SECURITY, verb=verb, actor=actor, subject=user, target=erasure)
