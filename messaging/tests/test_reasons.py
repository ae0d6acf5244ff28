"""Whatever keeps something from somebody, or brings it to them, they can find out: of each reason a case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any, Final

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.services import audit, block_user
from messaging.models import Chat, Message, Participant
from messaging.services import delete_message, mark_read, remove_participant, send_message, set_preferences
from notifications.models import Notification, Webhook
from notifications.outcomes import Outcome, Result
from notifications.reasons import Reason
from notifications.services import change_preferences, deliver_due
from notifications.services.webhook_events import send_test
from notifications.tests.channels import Bells, ringing

pytestmark = pytest.mark.django_db

LATER: Final = timedelta(hours=4)


@dataclass
class World:
    """Layla and Omar in a group; Omar has a phone and an address."""

    group: Chat
    layla: User
    omar: User
    push: Bells
    email: Bells
    relay: Callable[[], int]
    client: APIClient

    def say(self, author: User | None = None, **more: Any) -> Message:
        return send_message(actor=author or self.layla, chat=self.group, text="Salam", **more)[0]

    def mention(self) -> Message:
        return self.say(mentions=[self.omar.pk])

    def deliver(self, after: timedelta = LATER) -> None:
        self.relay()
        for wait in (timedelta(minutes=5), after):
            with time_machine.travel(timezone.now() + wait):
                for channel in ("push", "email"):
                    deliver_due(channel)

    def reasons(self, path: str) -> set[str]:
        response = self.client.get(f"/api/v1/{path}")
        assert response.status_code == 200
        body = response.json()
        found: set[str] = set()
        for trace in body.get("results", [body]):
            found |= {step["reason"] for step in trace.get("steps", [])}
            found |= {each["reason"] for each in trace.get("deliveries", [])}
            for each in [*trace.get("steps", []), *trace.get("deliveries", [])]:
                assert bool(each["reason"]) == bool(each["explanation"])
        return found

    def of(self, message: Message) -> set[str]:
        return self.reasons(f"messages/{message.pk}/notification-trace")


@pytest.fixture
def world(
    group: Chat, layla: User, omar: User, relayed: Callable[[], int], client_of: Any
) -> Iterator[World]:
    Participant.objects.filter(chat=group).update(is_request=False)
    relayed()
    Notification.objects.all().delete()
    with ringing("push") as push, ringing("email", is_digested=True) as email:
        push.reach(omar, "phone")
        email.reach(omar)
        yield World(group, layla, omar, push, email, relayed, client_of(omar))


def own(world: World) -> set[str]:
    return world.of(world.say(world.omar))


def not_in_audience(world: World) -> set[str]:
    root = world.say()
    return world.of(world.say(thread=root.pk))


def blocked(world: World) -> set[str]:
    block_user(actor=world.omar, user=world.layla)
    return world.of(world.say())


def request(world: World) -> set[str]:
    Participant.objects.filter(user=world.omar).update(is_request=True)
    return world.of(world.say())


def silent(world: World) -> set[str]:
    return world.of(world.say(silent=True))


def chat_level(world: World) -> set[str]:
    change_preferences(user=world.omar, topics={f"chat:{world.group.pk}": "mentions"})
    return world.of(world.say())


def chat_muted(world: World) -> set[str]:
    set_preferences(actor=world.omar, chat=world.group, muted_until=Participant.FOR_GOOD)
    return world.of(world.say())


def channel_off(world: World) -> set[str]:
    change_preferences(user=world.omar, choices={"message": {"push": False}})
    return world.of(world.say())


def elsewhere(world: World) -> set[str]:
    audit.record(
        category=audit.Category.SECURITY, verb="password.changed", actor=world.omar, subject=world.omar
    )
    world.relay()
    return world.reasons(f"notifications/{Notification.objects.get().pk}/trace")


def muted(world: World) -> set[str]:
    change_preferences(user=world.omar, muted_until=timezone.now() + timedelta(hours=1))
    return world.of(world.say())


def no_target(world: World) -> set[str]:
    world.push.targets.clear()
    return world.of(world.say())


def quiet_hours(world: World) -> set[str]:
    now = timezone.now()
    start, end = (now - timedelta(hours=1)).time(), (now + timedelta(hours=2)).time()
    change_preferences(user=world.omar, quiet=(time(start.hour), time(end.hour)))
    message = world.say()
    world.relay()
    return world.of(message)


def digest(world: World) -> set[str]:
    change_preferences(user=world.omar, digest="daily")
    message = world.mention()
    world.relay()
    return world.of(message)


def delay(world: World) -> set[str]:
    message = world.say()
    world.relay()
    return world.of(message)


def read(world: World) -> set[str]:
    message = world.say()
    world.relay()
    mark_read(actor=world.omar, chat=world.group, seq=message.seq)
    world.deliver()
    return world.of(message)


def gone(world: World) -> set[str]:
    world.mention()
    world.relay()
    delete_message(actor=world.layla, message=Message.objects.latest("seq"))
    world.deliver()
    return world.reasons(f"notifications/{Notification.objects.get().pk}/trace")


def sent(world: World) -> set[str]:
    message = world.say()
    world.deliver()
    return world.of(message)


def came_of(world: World, result: Result) -> set[str]:
    world.push.outcomes = [Outcome(result=result, code="they_say_so")] * 9
    message = world.say()
    world.deliver(timedelta(hours=1))
    world.deliver(timedelta(hours=3))
    return world.of(message)


def target_gone(world: World) -> set[str]:
    return came_of(world, Result.GONE)


def refused(world: World) -> set[str]:
    return came_of(world, Result.REFUSED)


def gave_up(world: World) -> set[str]:
    return came_of(world, Result.AGAIN)


def paused(world: World) -> set[str]:
    webhook = Webhook.objects.create(user=world.omar, url="https://example.com/", types=["*"])
    send_test(webhook=webhook)
    Webhook.objects.update(paused_at=timezone.now(), paused_reason=Webhook.Pause.OWNER)
    deliver_due("webhook")
    deliveries = world.client.get("/api/v1/notifications/deliveries?channel=webhook").json()["results"]
    return {each["reason"] for each in deliveries}


CASES: Final = {case.__name__: case for case in (
    own, not_in_audience, blocked, request, silent, chat_level, chat_muted, channel_off, elsewhere, muted,
    no_target, quiet_hours, digest, delay, read, gone, sent, target_gone, refused, gave_up, paused,
)}  # fmt: skip


@pytest.mark.parametrize("reason", Reason.values)
def test_each_reason_is_told_to_whom_it_concerns(reason: str, world: World) -> None:
    assert reason in CASES[reason](world)


def test_who_was_removed_is_told_nothing_more_of_the_chat(world: World) -> None:
    message = world.say()
    world.relay()
    remove_participant(actor=world.layla, chat=world.group, user=world.omar)
    world.deliver()

    assert world.client.get(f"/api/v1/messages/{message.pk}/notification-trace").status_code == 404
    assert world.push.brought == []
