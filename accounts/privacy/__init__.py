"""What accounts holds about people, and Django's own tables beneath it: a module a noun."""

from typing import Final

from accounts.models import Report
from accounts.services import drop_reports_about
from common.holdings import Part, Subject

from . import credentials, djangos, factors, people, records, relations, sessions

HOLDINGS: Final = [
    *people.HOLDINGS,
    *sessions.HOLDINGS,
    *credentials.HOLDINGS,
    *factors.HOLDINGS,
    *relations.HOLDINGS,
    *records.HOLDINGS,
    *djangos.HOLDINGS,
]


def drop_reports(who: Subject) -> dict[str, int]:
    """What others told staff about them: nobody has to look any more."""
    return {Report._meta.label_lower: drop_reports_about(user=who.id)}


PART: Final = Part(app="accounts", holdings=HOLDINGS, before=drop_reports)
