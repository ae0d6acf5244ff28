"""What accounts itself adds to a person's settings, numbers, portfolio and acts."""

from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from .api.serializers import AccountStatsSerializer, PrivacySettings, SocialLinkSerializer
from .models import AuditEntry, Session, User
from .registries import Acts, Section, SettingsSection

SETTINGS: Final = {
    "privacy": SettingsSection(
        shape=PrivacySettings,
        defaults={
            "last_seen_visibility": "everyone",
            "who_may_add_me": "everyone",
            "read_receipts": True,
            "found_by_email": False,
            "public_portfolio": False,
        },
    )
}


def _numbers(user: User) -> dict[str, Any]:
    still_open = Session.objects.alive(at=timezone.now()).filter(user=user)
    return {"member_since": user.created_at, "open_sessions": still_open.count()}


STATS: Final = {"account": Section(shape=AccountStatsSerializer, of=_numbers)}

PORTFOLIO: Final = {
    "social_links": Section(
        shape=lambda: SocialLinkSerializer(many=True),
        of=lambda user: user.social_links.all(),
    )
}


def _own_acts(user: User) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(actor=user.pk, category=AuditEntry.Category.USER)


def _said_of(entry: AuditEntry) -> dict[str, Any]:
    is_about_another = entry.subject and entry.subject != entry.actor
    return entry.details | ({"user": str(entry.subject)} if is_about_another else {})


ACTS: Final = [
    Acts(
        rows=lambda user: user.sessions.all(),
        at="created_at",
        key="pk",
        kind=lambda session: "session.opened",
        data=lambda session: {"session": str(session.pk), "device_name": session.device_name},
    ),
    Acts(
        rows=_own_acts,
        at="at",
        key="pk",
        kind=lambda entry: entry.verb,
        data=_said_of,
    ),
]
