"""Who may read a file: whoever uploaded it, and whom an app that uses it names."""

from django.db.models import Q

from accounts.models import User
from files.models import File, FileQuerySet
from files.registries import readers


def visible_to(user: User) -> FileQuerySet:
    """The files that are there for *user*. Whether their content is given out is another question."""
    may = Q(owner=user)
    for reader in readers:
        may |= reader(user)
    return File.objects.filter(may)
