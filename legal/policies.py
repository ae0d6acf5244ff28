"""Who may do what to documents. Reading what is published is everybody's."""

from typing import Final

from accounts.models import User
from common.actors import System
from common.problems import NotAllowed

NEEDS: Final = {
    # action: a permission of staff
    "version.add": "legal.add_version",
    "version.change": "legal.change_version",
    "version.publish": "legal.publish_version",
}


def require(actor: User | System, action: str) -> None:
    """
    Raises:
        NotAllowed: *actor* has not the permission for it.
    """
    if not isinstance(actor, System) and not actor.has_perm(NEEDS[action]):
        raise NotAllowed(denied_by={"action": action, "role": actor.role})
