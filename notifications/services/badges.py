"""The number on an app's icon."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from notifications import registries
from notifications.models import Notification


def badges_of(people: Collection[UUID]) -> dict[UUID, int]:
    """Of each: places with something unread, such as a chat, and what else they were told and have not read.

    A mention counts with its chat, unless they have muted that one: then it counts by itself.
    """
    places: defaultdict[UUID, set[str]] = defaultdict(set)
    for find in registries.unread:
        for person, found in find(people).items():
            places[person].update(found)
    badges = {person: len(places[person]) for person in people}
    rows = Notification.objects.filter(user__in=people, is_listed=True).present(at=timezone.now()).unread()
    told = rows.order_by().values("user", "place").annotate(count=Count("pk"))
    for person, place, count in told.values_list("user", "place", "count"):
        if not place or place not in places[person]:
            badges[person] += count
    return badges
