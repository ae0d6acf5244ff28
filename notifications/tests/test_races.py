"""What is done in the same moment by several is done once. On PostgreSQL, in real threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from common.models import LogEntry
from notifications.models import Delivery, Digest, DigestItem, Notification, Preferences
from notifications.registries import Target
from notifications.services import (
    change_notifications,
    change_preferences,
    prepare,
    read_notification,
    retry_delivery,
)
from notifications.services.deciding import Way
from notifications.services.noticing import put_into_digest
from notifications.services.reading import note_read
from notifications.tests.factories import DeliveryFactory, NotificationFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer"),
]


def at_once(work: Callable[[int], Any], times: int = 12) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


@pytest.fixture
def person() -> User:
    return UserFactory()


def told(user: User) -> int:
    return LogEntry.objects.filter(topic=f"user:{user.pk}").count()


def test_one_is_read_once(person: User) -> None:
    row = NotificationFactory(user=person)

    at_once(lambda _: read_notification(actor=person, notification=row))

    assert told(person) == 1


def test_reading_one_all_and_the_chat_at_once_ends_with_all_read(person: User) -> None:
    rows = [NotificationFactory(user=person, place="chat:1", seq=seq) for seq in range(30)]

    def work(number: int) -> None:
        match number % 3:
            case 0:
                read_notification(actor=person, notification=rows[number])
            case 1:
                change_notifications(actor=person, action="read")
            case _:
                with transaction.atomic():
                    note_read([(person.pk, "chat:1", number)])

    at_once(work)

    assert not Notification.objects.unread().exists()


@pytest.mark.parametrize("many", [False, True])
def test_of_what_repeats_itself_one_is_unread_however_many_are_marked_so_at_once(
    many: bool,  # noqa: FBT001 (a case)
    person: User,
) -> None:
    read = {"collapse": "same", "read_at": timezone.now()}
    rows = [NotificationFactory(user=person, **read) for _ in range(12)]

    def work(number: int) -> None:
        if many and number % 2:
            change_notifications(actor=person, action="unread")
        else:
            read_notification(actor=person, notification=rows[number], is_read=False)

    at_once(work)

    assert Notification.objects.unread().count() == 1


def test_a_window_opens_once(person: User) -> None:
    rows = [NotificationFactory(user=person) for _ in range(12)]
    due = timezone.now() + timedelta(hours=1)

    def work(number: int) -> None:
        with transaction.atomic():
            put_into_digest(rows[number], Way(channel="email", target=Target(), due_at=due, is_digested=True))

    at_once(work)

    assert Digest.objects.count() == 1
    assert DigestItem.objects.count() == 12
    assert Delivery.objects.get().digest == Digest.objects.get()


def test_what_comes_while_a_window_closes_is_in_it_or_in_the_next(person: User) -> None:
    due = timezone.now()
    way = Way(channel="email", target=Target(), due_at=due, is_digested=True)
    first = NotificationFactory(user=person)
    with transaction.atomic():
        put_into_digest(first, way)
    delivery = Delivery.objects.get()
    rows = [NotificationFactory(user=person) for _ in range(12)]

    def work(number: int) -> None:
        if number == 0:
            prepare([delivery])
        with transaction.atomic():
            put_into_digest(rows[number], way)

    at_once(work)

    assert DigestItem.objects.count() == 13
    assert Digest.objects.filter(closed_at=None).count() <= 1
    for digest in Digest.objects.all():
        assert digest.delivery


def test_preferences_changed_at_once_all_hold(person: User) -> None:
    kinds = ["mention", "reply", "reaction", "invitation"]

    at_once(lambda number: change_preferences(user=person, choices={kinds[number % 4]: {"in_app": False}}))

    assert set(Preferences.objects.get().choices) == set(kinds)


def test_what_was_given_up_is_begun_anew_once(person: User) -> None:
    delivery = DeliveryFactory(user=person, state="failed")

    assert sum(at_once(lambda _: retry_delivery(delivery=delivery))) == 1
