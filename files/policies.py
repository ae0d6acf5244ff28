"""Who may do what to files that are not their own. Reading is a question of `services.visible_to`."""

from collections.abc import Mapping
from typing import Final

from accounts.models import User
from accounts.policies import Rule, denied_by, may
from common.actors import System
from common.problems import NotAllowed

from .models import File

ALLOWED: Final[Mapping[str, Rule]] = {
    "file.delete": Rule(permission="files.delete_file"),
    "file.rescan": Rule(permission="files.change_file"),
    "file.quarantine": Rule(permission="files.change_file"),
}


def require_own(actor: User | System, action: str, file: File) -> None:
    """That it is the actor's own file, or that they may do *action* to anybody's.

    Raises:
        NotAllowed: neither is so.
    """
    if file.owner_id != actor.pk and not may(actor, action, table=ALLOWED):
        raise NotAllowed(denied_by=denied_by(action, actor))
