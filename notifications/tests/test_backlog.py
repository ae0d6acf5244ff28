"""How much is overdue, as operators are told."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from notifications.metrics import due
from notifications.tests.factories import DeliveryFactory

pytestmark = pytest.mark.django_db

AGO, AHEAD = timedelta(minutes=-7), timedelta(minutes=2)


@pytest.mark.parametrize(
    ("late", "more", "count"),
    [
        (AGO, {}, 1),
        (AGO, {"holder": uuid4()}, 1),  # its worker died: the lease is over, and nobody has taken it since
        (AHEAD, {"holder": uuid4()}, 0),  # a worker has it
        (AHEAD, {}, 0),
        (AGO, {"state": "sent"}, 0),
        (AGO, {"channel": "email"}, 0),
    ],
)
def test_what_is_overdue_is_counted_with_the_time_it_was_due(
    late: timedelta, more: dict[str, Any], count: int
) -> None:
    delivery = DeliveryFactory(**({"channel": "push", "due_at": timezone.now() + late} | more))

    found = due("push")()

    assert found.count == count
    assert found.oldest == (delivery.due_at if count else None)
