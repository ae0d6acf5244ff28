"""Whether people let somebody open a chat with them, or bring them into one."""

from collections.abc import Sequence

from accounts.models import Block, User
from accounts.registries import settings_of
from common.actors import System
from common.problems import NotFound
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
        NotOpenToYou: one of them wants neither from anybody.
    """
    if isinstance(actor, System):
        return
    require_not_blocked(actor, people)
    # Contacts are not known yet, so nobody is one.
    closed = [person for person in people if person != actor and not _is_open(person)]
    if closed:
        raise NotOpenToYou(users=[str(person.pk) for person in closed])


def _is_open(person: User) -> bool:
    return settings_of(person)["privacy"]["who_may_add_me"] == "everyone"
