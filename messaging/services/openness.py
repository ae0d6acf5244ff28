"""Whether people let somebody open a chat with them, or bring them into one."""

from collections.abc import Sequence

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


def require_open(actor: User | System, people: Sequence[User]) -> None:
    """That *people* let the actor open a chat with them or bring them into one.

    Raises:
        NotFound: one of them has blocked the actor, so they are not there for them.
        NotOpenToYou: one of them wants neither from anybody, or from their own contacts alone.
    """
    if isinstance(actor, System):
        return
    require_not_blocked(actor, people)
    choices = {person.pk: settings_of(person)["privacy"]["who_may_add_me"] for person in people}
    choosy = [pk for pk, choice in choices.items() if choice == "contacts"]
    know_them = Contact.objects.filter(owner__in=choosy, user=actor) if choosy else Contact.objects.none()
    open_to = {pk for pk, choice in choices.items() if choice == "everyone"} | {actor.pk}
    open_to |= set(know_them.values_list("owner", flat=True))
    if closed := [str(pk) for pk in choices if pk not in open_to]:
        raise NotOpenToYou(users=closed)
