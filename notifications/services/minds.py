"""What people chose, and where they are reached."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from accounts.models import User
from notifications.models import Preferences, TopicPreference
from notifications.registries import Channel, Target

from .deciding import Wants


class Minds:
    """Of many, in a few queries.

    Args:
        topics: whose levels are asked for.
        ways: channels whose targets are.
    """

    def __init__(self, users: Collection[UUID], topics: set[str], ways: Iterable[Channel]) -> None:
        self._users = User.objects.filter(is_active=True).in_bulk(users)
        self._preferences = Preferences.objects.in_bulk(users)
        levels = TopicPreference.objects.filter(user__in=users, topic__in=topics - {""})
        self._levels = {(row.user_id, row.topic): row.level for row in levels}
        self._targets: dict[str, Mapping[UUID, Sequence[Target]]] = {
            channel.name: channel.targets(self._users) for channel in ways
        }

    def of(self, user: UUID, topic: str = "") -> Wants | None:
        """None of whom there is no account any more."""
        found = self._users.get(user)
        if found is None:
            return None
        return Wants(
            user=found,
            preferences=self._preferences.get(user) or Preferences(user=found),
            level=self._levels.get((user, topic), "all"),
        )

    def targets_of(self, user: UUID) -> dict[str, Sequence[Target]]:
        return {name: found.get(user, ()) for name, found in self._targets.items()}
