"""Who may do what to others. What somebody does with what is their own needs no row here.

An action has one ground or several:
* a role that the caller acts as (`User.role`). To hold it is not enough: whoever acts as a member does what
  members do, and switches first.
* a permission of the staff console, which staff have by their groups, whatever they act as.
* being a superuser.

Rooms above write their own table in their own `policies.py`, of the same `Rule`s, and ask it through `may`
and `require`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.actors import System
from common.problems import NotAllowed

from .models import Role, User


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who may do an action: superusers always."""

    roles: frozenset[Role] = frozenset()
    permission: str = ""


SUPERUSERS: Final = Rule()

ALLOWED: Final[Mapping[str, Rule]] = {
    "role.grant": Rule(permission="accounts.add_rolegrant"),
    "role.revoke": Rule(permission="accounts.delete_rolegrant"),
    "access.change": SUPERUSERS,
}


def may(
    actor: User | System, action: str, *, to: User | None = None, table: Mapping[str, Rule] = ALLOWED
) -> bool:
    """Whether *actor* may do *action*.

    Args:
        to: whom it is done to. Only superusers do anything to staff: what gets hold of an administrator's
            account is a way to become one.
    """
    if isinstance(actor, System):
        return True
    if not actor.is_active:
        return False
    if actor.is_superuser:
        return True
    if to is not None and (to.is_staff or to.is_superuser):
        return False
    rule = table[action]
    if actor.role in rule.roles:
        return True
    return bool(rule.permission) and actor.is_staff and actor.has_perm(rule.permission)


def require(
    actor: User | System, action: str, *, to: User | None = None, table: Mapping[str, Rule] = ALLOWED
) -> None:
    """Refuse what *actor* may not do.

    Raises:
        NotAllowed: with what was to be done, and as whom.
    """
    if not may(actor, action, to=to, table=table):
        raise NotAllowed(denied_by=denied_by(action, actor))


def denied_by(action: str, actor: User | System) -> dict[str, str]:
    """What a refusal says of the rule: what was to be done, and as whom."""
    return {"action": action, "role": "system" if isinstance(actor, System) else actor.role}
