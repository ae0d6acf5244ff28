"""Whether people let somebody open a chat with them, or bring them into one."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Q

from accounts.models import Block, User
from accounts.registries import settings_of
from common.actors import System
from common.problems import NotFound
from messaging.models import Chat, Contact, Participant
from messaging.problems import NotOpenToYou


def require_not_blocked(actor: User, people: Sequence[User]) -> None:
    """That none of *people* has blocked the actor.

    Raises:
        NotFound: one has, so they are not there for them.
    """
    if people and Block.objects.filter(blocker__in=people, blocked=actor).exists():
        raise NotFound


def require_no_block(actor: User, people: Sequence[User]) -> None:
    """That between the actor and *people* nobody blocks the other.

    Raises:
        NotFound: one of them has blocked the actor, so they are not there for them.
        NotOpenToYou: the actor blocks one of them.
    """
    require_not_blocked(actor, people)
    blocked = Block.objects.filter(blocker=actor, blocked__in=people).values_list("blocked", flat=True)
    if blocked:
        raise NotOpenToYou(users=[str(pk) for pk in blocked])


def require_open(actor: User | System, people: Sequence[User], *, in_group: bool = False) -> None:
    """That *people* let the actor open a chat with them or bring them into one.

    Args:
        in_group: it is one of several people: nobody brings there whom they block themselves. With them alone
            they may still open a chat, in which neither can say anything.

    Raises:
        NotFound: one of them has blocked the actor, so they are not there for them.
        NotOpenToYou: the actor blocks one of them, or one wants neither from anybody, or from their own
            contacts alone.
    """
    if isinstance(actor, System) or not people:
        return
    between = Q(blocker__in=people, blocked=actor) | Q(blocker=actor, blocked__in=people)
    blocks = Block.objects.filter(between).values_list("blocker", "blocked")
    if any(blocked == actor.pk for _, blocked in blocks):
        raise NotFound
    choices = {person.pk: settings_of(person)["privacy"]["who_may_add_me"] for person in people}
    choosy = [pk for pk, choice in choices.items() if choice == "contacts"]
    know_them = Contact.objects.filter(owner__in=choosy, user=actor) if choosy else Contact.objects.none()
    open_to = {pk for pk, choice in choices.items() if choice == "everyone"} | {actor.pk}
    open_to |= set(know_them.values_list("owner", flat=True))
    if in_group:
        open_to -= {blocked for _, blocked in blocks}
    if closed := [str(pk) for pk in choices if pk not in open_to]:
        raise NotOpenToYou(users=closed)


def contacts_with(actor: User, people: Iterable[User]) -> set[UUID]:
    """Those of *people* who have the actor among their contacts."""
    return set(Contact.objects.filter(owner__in=list(people), user=actor).values_list("owner", flat=True))


def strangers(actor: User | System, people: Sequence[User]) -> set[UUID]:
    """Those of *people* whom the actor comes to as a stranger: what they open waits until it is accepted.

    No stranger is a contact, nor who has a private chat with them that they have accepted.
    """
    if isinstance(actor, System):
        return set()
    others = [person for person in people if person.pk != actor.pk]
    keys = [Chat.private_key_of([actor.pk, person.pk]) for person in others]
    accepted = Participant.objects.filter(chat__private_key__in=keys, is_request=False)
    known = set(accepted.values_list("user", flat=True)) | contacts_with(actor, others)
    return {person.pk for person in others} - known
