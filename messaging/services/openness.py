"""Whether people let somebody open a chat with them, or bring them into one."""

from collections.abc import Sequence

from django.db.models import Q

from accounts.models import Block, User
from accounts.registries import settings_of
from common.actors import System
from common.problems import NotFound
from messaging.models import Contact
from messaging.problems import NotOpenToYou


def require_not_blocked(actor: User, people: Sequence[User]) -> None:
    """That none of *people* has blocked the actor.

    Raises:
        NotFound: one has, so they are not there for them.
    """
    if people and Block.objects.filter(blocker__in=people, blocked=actor).exists():
        raise NotFound


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
