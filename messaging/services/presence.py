"""Whether people are here: what they say of it, what their devices do, who sees it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import Block, User
from accounts.registries import Seen, settings_of
from common.events import emit, topic_of_user
from messaging.events import PresenceUpdated, topic_of_chat
from messaging.models import Chat, Contact, Participant, ParticipantQuerySet, Presence
from messaging.presence import Claim, Entry, StoreAway, store

from .openness import contacts_with

logger = structlog.get_logger(__name__)

State, Choice = Presence.State, Presence.Choice

LASTS: Final = timedelta(seconds=90)  # a connection of which nobody says that it is still there
GRACE: Final = timedelta(seconds=30)  # after a connection ended: who comes back within it was never gone
COALESCED: Final = timedelta(seconds=1)  # changes of one person within it are told as one
LEASE: Final = timedelta(seconds=10)  # for telling of changes; then another process does
PORTION: Final = 500  # people looked at in one go
MOST_MEMBERS: Final = 100  # of a chat up to which presence is told in it: beyond it somebody always comes
MOST_CHATS: Final = 100  # in which one person's presence is told: those in which most happened lately
BY_REST: Final = "rest"  # stands for a connection of somebody who said something without one


@dataclass(frozen=True, slots=True)
class Device:
    """A connection of somebody: `online`, or `away` while nobody is at it."""

    user: UUID
    connection: str
    state: Presence.State = State.ONLINE


@dataclass(frozen=True)
class Change:
    """What others are to be told of somebody: in these topics, but not these people."""

    user: UUID
    state: Presence.State
    topics: list[str]
    hidden_from: frozenset[UUID]


@transaction.atomic
def set_presence(
    *, actor: User, status: str, device: Device | None = None, is_automatic: bool = False
) -> Presence:
    """Have *actor* be here in this way.

    `busy` and `invisible` are said of the person: they hold on all devices, until they say something else.
    `online` and `away` end that, and are said of the device; without one `away` is said of the person, too.

    Args:
        status: a `Presence.Choice`.
        device: at which they say it, in the state that it is in now; None: by REST, which is a sign of life
            for a while.
        is_automatic: a client noticed by itself that somebody is at the device or not. What the person chose
            stays.

    Emits `PresenceUpdated` to the actor, if what they say of themselves changed.
    """
    if is_automatic:
        presence = Presence.objects.filter(user=actor).first() or Presence(user=actor)
    else:
        presence = _choose(actor, Choice.ONLINE if device and status == Choice.AWAY else Choice(status))
    # Not before: who is here for the first time, and invisible, is at no moment anything else.
    transaction.on_commit(lambda: _show(device or Device(actor.pk, BY_REST)), robust=True)
    return presence


def _show(device: Device) -> None:
    hold_devices([device])
    _look_at([device.user])


def _choose(actor: User, choice: Presence.Choice) -> Presence:
    presence, _ = Presence.objects.select_for_update().get_or_create(user=actor)
    if presence.choice != choice:
        presence.choice = choice
        if choice == Choice.INVISIBLE and _devices_of([actor.pk])[actor.pk] != State.OFFLINE:
            presence.last_seen_at = timezone.now()
        presence.save(update_fields=["choice", "last_seen_at"])
        emit(PresenceUpdated(status=choice), audience=[actor.pk])
    return presence


def hold_devices(devices: Sequence[Device]) -> None:
    """These connections are there, for a while: to be said again before it is over. New ones are told of."""
    now = timezone.now()
    try:
        new = store().hold([_entry(device, seen=now, expires=now + LASTS) for device in devices])
        store().look_at(new, at=now + COALESCED)
    except StoreAway:
        logger.warning("presence_away", exc_info=True)  # said again in a moment


def end_devices(devices: Sequence[Device]) -> None:
    """These connections ended. Others hear of it after a while, unless the person is back by then."""
    now = timezone.now()
    try:
        store().hold([_entry(device, seen=now, expires=now + GRACE) for device in devices])
    except StoreAway:
        logger.warning("presence_away", exc_info=True)  # they are over by themselves
    keep_last_seen({device.user: now for device in devices})


@transaction.atomic
def keep_last_seen(seen: Mapping[UUID, datetime]) -> None:
    """Keep when people were last here; of the invisible it stays as it is. Three statements, however many."""
    kept = Presence.objects.in_bulk(seen)
    there = User.objects.filter(pk__in=seen).order_by("pk").values_list("pk", flat=True)  # not the erased
    rows = [Presence(user_id=pk, last_seen_at=seen[pk]) for pk in there if _is_later(seen[pk], kept.get(pk))]
    Presence.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user"], update_fields=["last_seen_at"]
    )


def _is_later(at: datetime, kept: Presence | None) -> bool:
    if kept is None:
        return True
    return kept.choice != Choice.INVISIBLE and (kept.last_seen_at is None or kept.last_seen_at < at)


def _entry(device: Device, *, seen: datetime, expires: datetime) -> Entry:
    return Entry(
        user=device.user, connection=device.connection, state=device.state, seen=seen, expires=expires
    )


def _look_at(users: Iterable[UUID]) -> None:
    try:
        store().look_at(users, at=timezone.now() + COALESCED)
    except StoreAway:
        logger.warning("presence_away", exc_info=True)


# --- Who is to hear of it -----------------------------------------------------------------------------------


def due_changes() -> tuple[list[Change], list[Claim]]:
    """Look at the people who are due, and at nobody whom another process looks at.

    Returns:
        What others are to be told of them: nothing that they know already. And the claims, to be released
        once they are told.

    Raises:
        StoreAway
    """
    now = timezone.now()
    claims = store().claim(at=now, until=now + LEASE, limit=PORTION)
    if not claims:
        return [], []
    found = store().here({claim.user for claim in claims}, at=now)
    kept = Presence.objects.in_bulk(found)
    states = {user: kept.get(user, Presence()).shown(here.state) for user, here in found.items()}
    gone = {user: here.seen for user, here in found.items() if here.state == State.OFFLINE and here.seen}
    if gone:
        keep_last_seen(gone)
    changed = [user for user, here in found.items() if states[user] != (here.told or State.OFFLINE)]
    topics, apart = _topics_of(changed), _apart_from(changed)
    news = store().tell({user: states[user] for user in changed}) if changed else set()
    changes = [Change(user, states[user], topics[user], frozenset(apart[user] | {user})) for user in news]
    return changes, claims


def release_changes(claims: Sequence[Claim]) -> None:
    """What `due_changes` gave was told.

    Raises:
        StoreAway
    """
    store().release(claims)


def partings(blocker: UUID, blocked: UUID) -> list[Change]:
    """What two of whom one has just blocked the other are to be told: of each that they are gone.

    Nothing of one whom the other does not know to be here: it would say of a block what nobody is told.
    """
    if Block.objects.filter(blocker=blocked, blocked=blocker).exists():
        return []  # they have not seen each other for long
    try:
        here = store().here([blocker, blocked], at=timezone.now())
    except StoreAway:
        logger.warning("presence_away", exc_info=True)
        return []
    return [
        Change(gone, State.OFFLINE, [topic_of_user(hearer)], frozenset())
        for hearer, gone in ((blocker, blocked), (blocked, blocker))
        if here[gone].told
    ]


def _topics_of(users: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The chats in which the presence of each is told.

    One that a stranger opened, and that they have not accepted yet, is among them if everybody may see it.
    """
    topics: dict[UUID, list[str]] = defaultdict(list)
    if not users:
        return topics
    newest = Window(RowNumber(), partition_by="user", order_by="-chat__last_activity_at")
    rows = _in_small_chats().filter(user__in=users).annotate(place=newest).filter(place__lte=MOST_CHATS)
    places = list(rows.values_list("user", "chat", "is_request"))
    asked = {user for user, _, is_request in places if is_request}
    people = User.objects.filter(pk__in=asked) if asked else User.objects.none()
    open_ = {person.pk for person in people if _visibility(person) == "everyone"}
    for user, chat, is_request in places:
        if not is_request or user in open_:
            topics[user].append(topic_of_chat(chat))
    return topics


def _apart_from(users: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    apart: dict[UUID, set[UUID]] = defaultdict(set)
    blocks = (
        Block.objects.filter(Q(blocker__in=users) | Q(blocked__in=users)) if users else Block.objects.none()
    )
    for blocker, blocked in blocks.values_list("blocker", "blocked"):
        apart[blocker].add(blocked)
        apart[blocked].add(blocker)
    return apart


# --- Who sees it --------------------------------------------------------------------------------------------


def presence_of(reader: User, people: Sequence[User]) -> dict[UUID, Seen]:
    """How *people* appear to *reader*. As many queries, however many people.

    Presence: to those who share a small chat with them or are their contacts, and to everybody if everybody
    may see when they were last here. To others, and where one has blocked the other, they are offline, as the
    invisible are. Last seen: as `privacy.last_seen_visibility` says, and only to those who let them see the
    same. Who reads of themselves sees what they chose.
    """
    devices = _devices_of([person.pk for person in people])
    kept = Presence.objects.in_bulk(devices)
    others = devices.keys() - {reader.pk}
    apart = Block.objects.apart_from(reader.pk, others) if others else set()
    near, admitting = _near_to(reader, people)
    admitted = _admitted_by(reader, devices)
    told = {}
    for pk, state in devices.items():
        presence = kept.get(pk, Presence())
        if pk == reader.pk:
            shown = presence.choice if presence.choice == Choice.INVISIBLE else _shown(presence, state)
            told[pk] = Seen(presence=shown, last_seen=presence.last_seen_at)
        elif pk in apart or pk not in near:
            told[pk] = Seen(presence=state and State.OFFLINE)
        else:
            last_seen = presence.last_seen_at if pk in admitting & admitted else None
            told[pk] = Seen(presence=_shown(presence, state), last_seen=last_seen)
    return told


def _devices_of(users: Sequence[UUID]) -> dict[UUID, Presence.State | None]:
    """The state of the devices of each; None while nobody knows."""
    try:
        return {user: here.state for user, here in store().here(users, at=timezone.now()).items()}
    except StoreAway:
        logger.warning("presence_away", exc_info=True)
        return dict.fromkeys(users)


def _shown(presence: Presence, devices: Presence.State | None) -> Presence.State | None:
    return presence.shown(devices) if devices else None


def _near_to(reader: User, people: Sequence[User]) -> tuple[set[UUID], set[UUID]]:
    """Those of *people* who let *reader* see whether they are here, and those of them when they last were."""
    choices = {person.pk: _visibility(person) for person in people}
    open_ = {pk for pk, choice in choices.items() if choice == "everyone"}
    if not (others := [person for person in people if person.pk not in open_]):
        return open_, open_
    contacts = contacts_with(reader, others)
    chats = Participant.objects.present().filter(user=reader).values("chat")
    shared = _in_small_chats().filter(user__in=others, chat__in=chats, is_request=False)
    together = shared.values_list("user", flat=True)
    admitting = open_ | {pk for pk in contacts if choices[pk] == "contacts"}
    return open_ | contacts | set(together), admitting


def _admitted_by(reader: User, people: Iterable[UUID]) -> set[UUID]:
    """Those of *people* who may see when *reader* was last here."""
    match _visibility(reader):
        case "everyone":
            return set(people)
        case "contacts":
            contacts = Contact.objects.filter(owner=reader, user__in=list(people))
            return set(contacts.values_list("user", flat=True))
        case _:
            return set()


def _visibility(person: User) -> str:
    return str(settings_of(person)["privacy"]["last_seen_visibility"])


def _in_small_chats() -> ParticipantQuerySet:
    """Who is in a chat in which people see each other."""
    return (
        Participant.objects.present()
        .filter(chat__deleted_at=None, chat__participant_count__lte=MOST_MEMBERS)
        .exclude(chat__type=Chat.Type.CHANNEL)
    )
