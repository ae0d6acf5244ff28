"""A small world to look at: three people, a group, a private chat, terms that nobody has to accept."""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.actors import SYSTEM
from legal.models import Document
from legal.services import draft_version, publish_version
from legal.services.documents import Words
from messaging.models import Chat
from messaging.services import add_reaction, create_chat, mark_read, send_message

from .demo_documents import PRIVACY_AR, PRIVACY_EN, TERMS_AR, TERMS_EN

PASSWORD: Final = "caravan-at-dawn-26"  # noqa: S105 (of the demo world, told to everybody)


@dataclass(frozen=True)
class Person:
    email: str
    username: str
    display_name: str
    note: str
    is_staff: bool = False


PEOPLE: Final = [
    Person("layla@serai.example", "layla", "Layla Haddad", "owns the group"),
    Person("omar@serai.example", "omar", "Omar Aziz", "a member"),
    Person("mina@serai.example", "mina", "Mina Park", "a member, with unread messages"),
    Person("admin@serai.example", "admin", "Ada Staff", "staff: may enter the admin", is_staff=True),
]
TALK: Final = [
    ("layla", "Four days in Wadi Rum: who drives?"),
    ("omar", "I have room for three, and the big cooler."),
    ("mina", "Count me in. Do we need to book the camp?"),
    ("layla", "Booked. We leave on Thursday at dawn."),
    ("omar", "صباح الخير! I bring the coffee."),
]


@dataclass(frozen=True)
class DemoDocument:
    kind: Document.Kind
    texts: dict[str, Words]


DOCUMENTS: Final = [
    DemoDocument(
        Document.Kind.TERMS,
        {
            "en": Words(title="Terms of service", body=TERMS_EN),
            "ar": Words(title="شروط الخدمة", body=TERMS_AR),
        },
    ),
    DemoDocument(
        Document.Kind.PRIVACY,
        {
            "en": Words(title="Privacy policy", body=PRIVACY_EN),
            "ar": Words(title="سياسة الخصوصية", body=PRIVACY_AR),
        },
    ),
]


@transaction.atomic
def load() -> bool:
    """Make the demo world in an empty database; leave one with people in it alone.

    Returns:
        Whether it was made.
    """
    if User.objects.exists():
        return False
    people = {person.username: _make(person) for person in PEOPLE}
    layla, omar, mina = people["layla"], people["omar"], people["mina"]
    group, _ = create_chat(
        actor=layla,
        type=Chat.Type.GROUP,
        title="Wadi Rum, December",
        description="Four days, two cars.",
        participants=[omar, mina],
    )
    said = [
        send_message(actor=people[author], chat=group, text=text, client_id=f"demo-{number}")[0]
        for number, (author, text) in enumerate(TALK)
    ]
    for friend, emoji in ((mina, "🎉"), (omar, "👍")):  # which is told in the app alone: no mail goes out
        add_reaction(actor=friend, message=said[3], emoji=emoji)
    mark_read(actor=layla, chat=group, seq=len(TALK))
    for document in DOCUMENTS:
        _publish(document)
    private, _ = create_chat(actor=omar, type=Chat.Type.PRIVATE, participants=[mina])
    send_message(actor=omar, chat=private, text="Shall I pick you up?", client_id="demo-private")
    return True


def _publish(document: DemoDocument) -> None:
    version = draft_version(
        actor=SYSTEM,
        kind=document.kind,
        label="1",
        requires_acceptance=False,
        texts=document.texts,
    )
    publish_version(actor=SYSTEM, version=version)


def is_there() -> bool:
    """Whether the logins of the demo world work here."""
    return User.objects.filter(email=PEOPLE[0].email).exists()


def _make(person: Person) -> User:
    make = User.objects.create_superuser if person.is_staff else User.objects.create_user
    return make(
        email=person.email,
        username=person.username,
        display_name=person.display_name,
        password=PASSWORD,
        email_verified_at=timezone.now(),
    )
