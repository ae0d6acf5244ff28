"""What is about to be brought to many is looked at together, and each has a reason of its own."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.services import block_user
from accounts.tests.factories import UserFactory
from messaging.models import Participant
from messaging.services import delete_message, mark_read, remove_participant, send_message
from messaging.tests.factories import group_of
from notifications.models import Delivery
from notifications.services import Parcel, deliver_due, prepare
from notifications.tests.channels import Bells, ringing

pytestmark = pytest.mark.django_db

LATER = timedelta(minutes=5)


@pytest.fixture(params=["push", "email"])
def bells(request: Any) -> Iterator[Bells]:
    with ringing(request.param, is_digested=request.param == "email") as found:
        yield found


def mentioned(author: User, bells: Bells, relayed: Callable[[], int], count: int) -> list[Any]:
    """As many people, each called by name in a group of their own: participant and message."""
    found = []
    for number in range(count):
        person = UserFactory(language="ar" if number % 2 else "en")
        bells.reach(person)
        chat = group_of(author, person)
        Participant.objects.filter(chat=chat).update(is_request=False)
        message = send_message(actor=author, chat=chat, text=f"Salam {number}", mentions=[person.pk])[0]
        found.append((Participant.objects.select_related("user", "chat").get(user=person), message))
    relayed()
    Delivery.objects.exclude(notification__kind="mention").delete()
    return found


def due(bells: Bells) -> list[Delivery]:
    return list(Delivery.objects.waiting().filter(channel=bells.name).order_by("id"))


def test_many_are_prepared_in_as_many_queries_as_two(
    layla: User, bells: Bells, relayed: Callable[[], int]
) -> None:
    mentioned(layla, bells, relayed, 12)
    counts = []

    for most in (2, 12):
        deliveries = due(bells)[:most]
        with CaptureQueriesContext(connection) as queries:
            parcels = prepare(deliveries)
        counts.append(len(queries))
        assert all(isinstance(each, Parcel) for each in parcels)

    assert len(due(bells)) == 12
    assert counts[0] == counts[1] <= 24


def test_each_of_many_finds_its_own_reason(layla: User, bells: Bells, relayed: Callable[[], int]) -> None:
    people = mentioned(layla, bells, relayed, 8)
    reads, leaves, blocks, deleted, off, mutes, first, second = (each for each, _ in people)
    mark_read(actor=reads.user, chat=reads.chat, seq=people[0][1].seq)
    remove_participant(actor=layla, chat=leaves.chat, user=leaves.user)
    block_user(actor=blocks.user, user=layla)
    delete_message(actor=layla, message=people[3][1])
    User.objects.filter(pk=off.user_id).update(is_active=False)
    Participant.objects.filter(pk=mutes.pk).update(muted_until=timezone.now() + timedelta(days=1))

    with time_machine.travel(timezone.now() + LATER):
        deliver_due(bells.name)

    reasons = {each.user_id: each.reason for each in Delivery.objects.filter(channel=bells.name)}
    assert reasons == {
        reads.user_id: "read",
        leaves.user_id: "not_in_audience",
        blocks.user_id: "blocked",
        deleted.user_id: "gone",
        off.user_id: "gone",
        mutes.user_id: "chat_muted",
        first.user_id: "sent",
        second.user_id: "sent",
    }
    by_person = {each.user.pk: each for each in bells.brought}
    assert by_person.keys() == {first.user_id, second.user_id}
    words = [by_person[each.user_id].items[0].words for each in (first, second)]
    assert [(each.title, each.body) for each in words] == [
        ("Layla mentioned you in Wadi Rum", "Salam 6"),
        ("إشارة إليك من \u2068Layla\u2069 في \u2068Wadi Rum\u2069", "Salam 7"),
    ]
