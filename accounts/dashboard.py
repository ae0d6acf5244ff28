"""People and sessions on the start page of the staff console."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.dashboard import Card

from .models import AuditCheck, Report, Session, User

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
    Card(
        title=_("Audit checks failed in the last 7 days"),
        icon="gpp_maybe",
        rows=lambda: AuditCheck.objects.failed().lately(at=timezone.now()),
        changelist="accounts_auditcheck",
        query="?state=failed_lately",
        permission="accounts.view_auditcheck",
        place=80,
    ),
    Card(
        title=_("Open reports"),
        icon="flag",
        rows=Report.objects.open,
        changelist="accounts_report",
        query="?state__exact=open",
        permission="accounts.view_report",
        place=35,
    ),
]
