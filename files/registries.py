"""What other apps, and the tasks of this one, add to what happens to files."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.db.models import Q

from accounts.models import User

from .models import File

readers: Final[list[Callable[[User], Q]]] = []
"""Which files somebody may read for what an app does with them, as a condition on `File` (an `Exists`)."""

arrived: Final[list[Callable[[UUID], None]]] = []
"""Called with the id of each file that was taken in, after the commit: there is work to queue."""

claims: Final[list[Callable[[], Q]]] = []
"""Which files an app names now, as a condition on `File` (an `Exists`). What nobody names is deleted."""

changed: Final[list[Callable[[UUID], None]]] = []
"""Called with the id of a file about which more is known (its scan, its pictures), after the commit."""

leaving: Final[list[Callable[[File], None]]] = []
"""Called in the transaction of a file's deletion, before its row is locked: whoever names it lets it go."""
