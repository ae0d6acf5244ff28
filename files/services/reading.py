"""Who may read a file: whoever uploaded it, and whom an app that uses it names."""

from django.conf import settings
from django.core.files import File as DjangoFile
from django.core.files.storage import storages
from django.db.models import Q

from accounts.models import User
from common.problems import NotFound
from common.storage import PRIVATE
from files.models import File, FileQuerySet
from files.problems import FileWithheld
from files.registries import readers


def visible_to(user: User) -> FileQuerySet:
    """The files that are there for *user*. Whether their content is given out is another question."""
    may = Q(owner=user)
    for reader in readers:
        may |= reader(user)
    return File.objects.filter(may)


def require_open(file: File) -> None:
    """That the content of *file* may be given out at all.

    Raises:
        FileWithheld: nobody has looked for viruses yet, or one was found.
    """
    if not file.is_open:
        raise FileWithheld(scan=file.scan)


def open_stored(name: str) -> DjangoFile:
    """What is stored under *name*, to be closed.

    Raises:
        NotFound: it is not there any more.
    """
    try:
        return storages[PRIVATE].open(name)
    except FileNotFoundError:
        raise NotFound from None


def size_of_stored(name: str) -> int:
    """Its bytes; 0 where a bucket says so itself.

    Raises:
        NotFound: it is not there any more.
    """
    if settings.S3_BUCKET:
        return 0
    try:
        return storages[PRIVATE].size(name)
    except FileNotFoundError:
        raise NotFound from None


def thumbnail_for(file: File, size: int) -> int:
    """The smallest picture of *file* that is at least *size* pixels long, or else its largest.

    Raises:
        NotFound: there is none.
    """
    there = sorted(file.thumbnails)
    if not there:
        raise NotFound
    return next((each for each in there if each >= size), there[-1])
