from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts.models import User
from accounts.tests.factories import UserFactory
from messaging.models import Chat, Message, Participant
from messaging.services import create_chat


class ChatFactory(DjangoModelFactory[Chat]):
    """A group with nobody in it: rows for counting and reading. Behaviour is tested on `group_of`'s."""

    class Meta:
        model = Chat

    type = Chat.Type.GROUP
    title = factory.Sequence(lambda n: f"Group {n}")


class ParticipantFactory(DjangoModelFactory[Participant]):
    class Meta:
        model = Participant

    chat = factory.SubFactory(ChatFactory)
    user = factory.SubFactory(UserFactory)
    read_seq = 0
    delivered_seq = factory.SelfAttribute("read_seq")  # what is read was delivered, and is shown as read
    shown_seq = factory.SelfAttribute("read_seq")


class MessageFactory(DjangoModelFactory[Message]):
    class Meta:
        model = Message

    chat = factory.SubFactory(ChatFactory)
    seq = factory.Sequence(lambda n: n + 1)
    author = factory.SubFactory(UserFactory)
    text = factory.Sequence(lambda n: f"Message {n}")


def crowd_of(count: int) -> list[User]:
    """People for counting, in one statement: nobody signs in as one of them."""
    return User.objects.bulk_create(UserFactory.build_batch(count, password="!"))


def group_of(owner: User, *others: User, **more: Any) -> Chat:
    """A group as the service makes it."""
    chat, _ = create_chat(
        actor=owner, type=Chat.Type.GROUP, participants=others, **({"title": "Wadi Rum"} | more)
    )
    return chat
