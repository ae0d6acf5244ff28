from io import BytesIO
from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts.models import User
from accounts.tests.factories import UserFactory
from files.models import File
from files.services import take_in

from .contents import TEXT


class FileFactory(DjangoModelFactory[File]):
    """A row for counting and listing, of which nothing is stored. Behaviour is tested on `file_of`'s."""

    class Meta:
        model = File

    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"notes-{n}.txt")
    size = 1000
    type = "text/plain"
    kind = "text"
    scan = "skipped"
    stored = factory.Sequence(lambda n: f"files/00/{n:032x}")


def file_of(owner: User, content: bytes = TEXT, name: str = "notes.txt", **more: Any) -> File:
    """A file as the service takes it in."""
    return take_in(owner=owner, name=name, content=BytesIO(content), **more)
