"""What staff do at the console, for the audit log."""

from common.console import Act

from .models import AuditEntry, User
from .services import audit


def record_act(act: Act) -> None:
    """Write down who did what to which row: names of fields and actions, never what stands in them."""
    details: dict[str, object] = {}
    if act.action:
        details["action"] = act.action
    if act.fields:
        details["fields"] = act.fields
    audit.record(
        category=AuditEntry.Category.ADMIN,
        verb=f"console.{act.what}",
        actor=act.actor,
        subject=act.row if isinstance(act.row, User) else None,
        target=act.row,
        details=details,
    )
