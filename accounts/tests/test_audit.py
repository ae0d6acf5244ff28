"""What is written down of acts that matter."""

import pytest
import structlog

from accounts.models import AuditEntry
from accounts.services import audit
from common.actors import SYSTEM

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_did_what_to_whose_account_and_where_from(layla, omar):
    session = "018f3c5e-0000-7000-8000-000000000001"
    with structlog.contextvars.bound_contextvars(request_id="r1", address="192.0.2.7", session=session):
        audit.record(
            category=AuditEntry.Category.ADMIN,
            verb="console.acted",
            actor=omar,
            subject=layla,
            target=layla,
            details={"action": "deactivate"},
        )

    entry = AuditEntry.objects.get()
    assert (entry.category, entry.verb, entry.actor, entry.subject) == (
        "admin",
        "console.acted",
        omar.pk,
        layla.pk,
    )
    assert (entry.target_type, entry.target) == ("accounts.user", str(layla.pk))
    assert entry.details == {"action": "deactivate"}
    assert (entry.request_id, entry.address, str(entry.session)) == ("r1", "192.0.2.7", session)


@pytest.mark.parametrize("actor", [SYSTEM, None])
def test_the_platform_and_strangers_have_no_id(actor):
    entry = audit.record(category=AuditEntry.Category.SYSTEM, verb="console.acted", actor=actor)

    assert entry.actor is None
    assert (entry.request_id, entry.address, entry.session) == ("", None, None)
