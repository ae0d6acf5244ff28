"""People and sessions on the start page of the staff console."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.dashboard import Card

from .models import Session, User

CARDS = [
    Card(
        title=_("People"),
        icon="group",
        rows=User.objects.all,
        changelist="accounts_user",
        permission="accounts.view_user",
        place=10,
    ),
    Card(
        title=_("With a verified address"),
        icon="verified_user",
        rows=lambda: User.objects.filter(email_verified_at__isnull=False),
        changelist="accounts_user",
        query="?verified=yes",
        permission="accounts.view_user",
        place=20,
    ),
    Card(
        title=_("Open sessions"),
        icon="devices",
        rows=lambda: Session.objects.alive(at=timezone.now()),
        changelist="accounts_session",
        query="?state=alive",
        permission="accounts.view_session",
        place=30,
    ),
]
