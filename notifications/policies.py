"""What of other people's staff may do. One's own is one's own."""

from typing import Final

from accounts.models import User
from common.actors import System
from common.problems import NotAllowed

NEEDS: Final = {
    # action: a permission of staff
    "webhook.resume_paused_by_staff": "notifications.change_webhook",
}


def require(actor: User | System, action: str) -> None:
    """
    Raises:
        NotAllowed: *actor* has not the permission for it.
    """
    if not isinstance(actor, System) and not actor.has_perm(NEEDS[action]):
        raise NotAllowed(denied_by={"action": action, "role": actor.role})
