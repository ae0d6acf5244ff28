"""Telling staff of somebody, and what staff make of it."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEntry, Report, User
from common.problems import Invalid

from . import audit


@transaction.atomic
def report_user(*, actor: User, user: User, reason: str, text: str = "") -> tuple[Report, bool]:
    """Ask staff to look at *user*, who does not hear of it.

    Returns:
        The report, and whether it is new: while one is open, another by the same person adds nothing.

    Raises:
        Invalid: oneself.
    """
    if user == actor:
        raise Invalid.field("user", "oneself", "Nobody can report themselves.")
    report, is_new = Report.objects.get_or_create(
        reporter=actor, subject=user, state=Report.State.OPEN, defaults={"reason": reason, "text": text}
    )
    if is_new:
        audit.record(
            category=AuditEntry.Category.USER,
            verb="user.reported",
            actor=actor,
            subject=user,
            target=report,
            details={"reason": reason},
        )
    return report, is_new


@transaction.atomic
def close_report(*, actor: User, report: Report, state: str, note: str = "") -> bool:
    """Resolve or dismiss a report. False if it is closed already.

    Args:
        state: `resolved` (something was done) or `dismissed` (nothing had to be).
        note: for other staff.
    """
    still_open = Report.objects.open().filter(pk=report.pk)
    if not still_open.update(state=state, closed_at=timezone.now(), closed_by=actor, note=note):
        return False
    audit.record(
        category=AuditEntry.Category.ADMIN,
        verb=f"report.{state}",
        actor=actor,
        subject=report.subject,
        target=report,
    )
    return True


def drop_reports_about(*, user: UUID) -> int:
    """Forget what was told about somebody who is being erased. How many reports there were."""
    return Report.objects.filter(subject=user).delete()[0]
