"""Whether somebody has proved lately that they are who their session says."""

from django.conf import settings
from django.utils import timezone

from accounts.models import Session
from accounts.problems import StepUpRequired

from .factors import standing_of


def is_fresh(session: Session) -> bool:
    now = timezone.now()
    return session.proved_at is not None and now - session.proved_at < settings.STEP_UP_LIFETIME


def require_fresh(session: Session) -> None:
    """Ask for a proof within the last ten minutes, before what can't be undone (ASVS 5.0 7.5.1).

    Signing in is one; after that `services.step_up`.

    Raises:
        StepUpRequired: it names what would do.
    """
    if not is_fresh(session):
        user = session.user
        raise StepUpRequired(password=user.has_usable_password(), methods=standing_of(user).methods)


def mark_proved(session: Session) -> None:
    session.proved_at = timezone.now()
    Session.objects.filter(pk=session.pk).update(proved_at=session.proved_at)
