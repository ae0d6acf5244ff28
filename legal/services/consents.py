"""Consenting, and withdrawing it."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.services import audit
from legal.models import Consent
from legal.purposes import Purpose, purposes


@transaction.atomic
def change_consents(
    *,
    user: User,
    changes: Mapping[str, bool],
    address: str | None = None,
    session: UUID | None = None,
) -> list[Consent]:
    """Give (true) or withdraw (false) the consent of *user* to purposes, by name.

    Returns:
        The rows that were added: none where all was so already.

    Raises:
        KeyError: there is no such purpose.
    """
    User.objects.select_for_update().get(pk=user.pk)  # one change of theirs at a time
    latest = {row.purpose: row for row in Consent.objects.standing(user.pk).filter(purpose__in=list(changes))}
    added = []
    for name, given in changes.items():
        purpose, before = purposes[name], latest.get(name)
        if given == holds(purpose, before):
            continue
        added.append(
            Consent.objects.create(
                user=user,
                purpose=name,
                number=before.number + 1 if before else 1,
                given=given,
                wording=purpose.wording,
                address=address,
                session=session,
            )
        )
        audit.record(
            category=audit.Category.USER,
            verb="consent.given" if given else "consent.withdrawn",
            actor=user,
            subject=user,
            details={"purpose": name, "wording": purpose.wording},
        )
    return added


def has_consent(user: User, purpose: str) -> bool:
    """Whether *user* has consented to *purpose*, in the words of today, and not withdrawn it. One query.

    Raises:
        KeyError: there is no such purpose.
    """
    return holds(purposes[purpose], Consent.objects.standing(user.pk).filter(purpose=purpose).first())


def holds(purpose: Purpose, latest: Consent | None) -> bool:
    return latest is not None and latest.given and latest.wording == purpose.wording
