"""Failed attempts: counted by account and place before they are looked at, and the delay that follows.

OWASP's device cookies: a device that its person signed in on before has a count of its own, and so has a
network they signed in from lately, for clients that keep no token. All others are strangers: each network
has a count, and all of them together one, which delays them all and nobody who is known (ASVS 5.0 6.1.1,
6.3.1). For an account that doesn't exist the same is counted, asked and answered.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import AttemptCount, Session, User, normalize_email
from accounts.problems import LoginDelayed
from common.actors import System
from common.mail.services import queue_mail

from . import audit
from .codes import Purpose, find_by_token, make_code, use_code
from .devices import is_known, network_of, read_device_token, remember_network, storable

Kind = AttemptCount.Kind


@dataclass(frozen=True)
class Place:
    """Where an attempt counts."""

    account: str
    kind: Kind
    name: str = ""
    user: UUID | None = None


@contextmanager
def attempt_to_sign_in(
    *,
    email: str,
    user: User | None,
    user_agent: str = "",
    address: str | None = None,
    device: str = "",
) -> Iterator[None]:
    """What is proved within lets somebody in: an exception is a failure.

    In no transaction that the exception would end: it would take the count back.

    Args:
        user: whose *email* is; None if nobody's, and nobody can tell.
        device: the token that the device shows.

    Raises:
        LoginDelayed: there were too many; nothing is looked at.
    """
    account, owner = _account(email), user.pk if user else None
    named, network = read_device_token(device), network_of(address)
    by_device, by_network = is_known(email=normalize_email(email), device=named, network=network)
    if by_device:
        places = [Place(account, Kind.DEVICE, str(named), owner)]
    else:
        places = [Place(account, Kind.NETWORK, network, owner)]
        if not by_network:
            places.append(Place(account, Kind.STRANGERS, user=owner))
    _begin(places, address=address, user_agent=storable(user_agent))
    yield
    _forgive(places)


@contextmanager
def attempt_of(session: Session) -> Iterator[None]:
    """What is proved within by whoever has *session* already counts against that session, and nothing else.

    Raises:
        LoginDelayed: as above.
    """
    places = [Place(_account(session.user.email), Kind.SESSION, str(session.pk), session.user_id)]
    _begin(places, address=session.address, user_agent=session.user_agent)
    yield
    _forgive(places)


def _begin(places: list[Place], *, address: str | None, user_agent: str) -> None:
    """Count a failure until it is forgiven: of many at once no more get on than may."""
    # Made before anything is locked: who waits to make a row while they hold another waits for ever.
    while not _count(places, address=address, user_agent=user_agent):
        now = timezone.now()
        AttemptCount.objects.bulk_create(
            [
                AttemptCount(
                    account=place.account,
                    kind=place.kind,
                    place=place.name,
                    user_id=place.user,
                    failed_at=now,
                )
                for place in sorted(places, key=lambda place: place.kind)
            ],
            ignore_conflicts=True,
        )


@transaction.atomic
def _count(places: list[Place], *, address: str | None, user_agent: str) -> bool:
    """Whether a failure is counted; not where a row of *places* is still to be made."""
    wanted = Q()
    for place in places:
        wanted |= Q(account=place.account, kind=place.kind, place=place.name)
    # In one order for everybody, `_forgive` too.
    rows = list(AttemptCount.objects.select_for_update().filter(wanted).order_by("kind"))
    if len(rows) < len(places):
        return False
    now = timezone.now()
    if wait := max(row.wait(now) for row in rows):
        raise LoginDelayed(headers={"Retry-After": str(wait)}, retry_after=wait)
    for row in rows:
        row.failures, row.failed_at = row.failures_at(now) + 1, now
        row.address, row.user_agent = address, user_agent
        row.user_id = places[0].user  # the account may be younger than the count
        row.save()
    return True


@transaction.atomic
def _forgive(places: list[Place]) -> None:
    """It was right: the place begins anew, and the strangers have one failure less."""
    for place in sorted(places, key=lambda place: place.kind):
        row = AttemptCount.objects.filter(account=place.account, kind=place.kind, place=place.name)
        if place.kind == Kind.STRANGERS:
            row.filter(failures__gt=0).update(failures=F("failures") - 1)
        else:
            row.delete()


def _account(email: str) -> str:
    return salted_hmac("accounts.attempts", normalize_email(email), algorithm="sha256").hexdigest()


def forget_attempts(*, user: User) -> bool:
    """Forget every failed attempt at the account of *user*: the next one is looked at at once."""
    return bool(AttemptCount.objects.filter(user=user).delete()[0])


@transaction.atomic
def let_in(*, user: User, actor: User | System) -> bool:
    """As `forget_attempts`, by staff: it is written down, and *user* is told."""
    if not forget_attempts(user=user):
        return False
    audit.record(category=audit.Category.SECURITY, verb="attempts.forgiven", actor=actor, subject=user)
    return True


def tell_of_delays() -> int:
    """Write down delays that began, and mail a way in to people whose strangers are delayed.

    Apart from the attempts themselves: what is done for an account that exists would show in their time.

    Returns:
        How many, at most 200 a run.
    """
    due = AttemptCount.objects.untold().values_list("pk", flat=True)[:200]
    return sum(_tell_of_delay(pk) for pk in list(due))


@transaction.atomic
def _tell_of_delay(pk: UUID) -> bool:
    row = (
        AttemptCount.objects.untold()
        .select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=pk)
        .first()
    )
    if row is None or row.user is None:
        return False
    row.told_at = timezone.now()
    row.save(update_fields=["told_at"])
    audit.record(
        category=audit.Category.SECURITY,
        verb="attempts.delayed",
        actor=None,
        subject=row.user,
        details={"where": row.kind, "place": row.place, "failures": row.failures},
    )
    if row.kind == Kind.STRANGERS and row.user.is_active and row.user.is_verified:
        _mail_way_in(row.user, row)
    return True


def _mail_way_in(user: User, row: AttemptCount) -> None:
    token = make_code(user=user, purpose=Purpose.UNLOCK).token
    queue_mail(
        to=user.email,
        template="attempts_delayed",
        language=user.language,
        context={
            "name": user.display_name,
            "link": f"{settings.PUBLIC_URL}/let-me-in/{token}",
            "address": row.address or "",
            "client": row.user_agent,
            "hours": int(AttemptCount.TELL_EVERY.total_seconds() // 3600),
        },
    )


def unlock(*, token: str, address: str | None) -> User:
    """Hold the network in which its owner used the mailed link for known: strangers don't delay it any more.

    Raises:
        CodeInvalid: used, too old, or no such link.
    """
    proof = find_by_token(token=token, purpose=Purpose.UNLOCK)
    with transaction.atomic():
        user = use_code(proof)
        remember_network(user=user, address=address)
        here = AttemptCount.objects.filter(user=user, kind=Kind.NETWORK, place=network_of(address))
        here.delete()
        audit.record(category=audit.Category.SECURITY, verb="attempts.unlocked", actor=user, subject=user)
    return user


def purge_attempts() -> int:
    """Forget failures that count no more.

    Returns:
        How many places.
    """
    return AttemptCount.objects.forgotten(at=timezone.now()).delete()[0]
