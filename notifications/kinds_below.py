"""Kinds of the apps below this one, which know nothing of notifications."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.events import RoleGranted, RoleRevoked, SecurityNoticed
from accounts.models import Role
from accounts.services import exports
from common.direction import isolated
from common.jobs.events import JobUpdated
from common.models import Job, LogEntry

from .events import WebhookPaused
from .kinds import Asked, Call, Caller, Kind, Words
from .models import Notification, Webhook

SECURITY: Final = "security"
EXPORT: Final = "export_ready"
WEBHOOK_PAUSED: Final = "webhook_paused"

NOTICED: Final = {
    "api_key.created": gettext_lazy("An API key of your account was made"),
    "attempts.delayed": gettext_lazy("Somebody tries passwords at your account"),
    "attempts.forgiven": gettext_lazy("Our staff let you in again"),
    "attempts.unlocked": gettext_lazy("You can sign in again"),
    "email.changed": gettext_lazy("Your account has another e-mail address now"),
    "erasure.cancelled": gettext_lazy("Your account stays"),
    "erasure.requested": gettext_lazy("Your account is going to be erased"),
    "export.requested": gettext_lazy("A copy of all your data was asked for"),
    "factors.removed": gettext_lazy("The second factors of your account were removed"),
    "identity.linked": gettext_lazy("Another way to sign in was linked to your account"),
    "identity.unlinked": gettext_lazy("A way to sign in was unlinked from your account"),
    "passkey.added": gettext_lazy("A passkey was added to your account"),
    "passkey.regressed": gettext_lazy("A passkey of yours was refused: there may be a copy of it"),
    "passkey.removed": gettext_lazy("A passkey was removed from your account"),
    "password.changed": gettext_lazy("Your password was changed"),
    "password.reset": gettext_lazy("Your password was reset"),
    "recovery_code.used": gettext_lazy("A recovery code of your account was used"),
    "recovery_codes.renewed": gettext_lazy("Your account has new recovery codes"),
    "session.on_new_device": gettext_lazy("Somebody signed in on a new device"),
    "session.token_reused": gettext_lazy("A session of yours was ended: its token was used twice"),
    "totp.disabled": gettext_lazy("The authenticator app of your account was switched off"),
    "totp.enabled": gettext_lazy("An authenticator app was added to your account"),
}

ROLES: Final = {
    Role.MEMBER: gettext_lazy("member"),
    Role.CREATOR: gettext_lazy("creator"),
    Role.MARKETER: gettext_lazy("marketer"),
    Role.MODERATOR: gettext_lazy("moderator"),
    Role.STAFF: gettext_lazy("staff"),
}


PAUSED: Final = {
    Webhook.Pause.STAFF: gettext_lazy("Our staff paused %(address)s."),
    Webhook.Pause.DEAD: gettext_lazy("Nothing was taken at %(address)s for as long as we try."),
    Webhook.Pause.GONE: gettext_lazy("%(address)s answered that it is gone for good."),
}


def owner_of(entry: LogEntry) -> UUID:
    """Whose stream it stands in."""
    return UUID(entry.topic.partition(":")[2])


def to_owner(kind: str, *fields: str, only: Callable[[LogEntry], bool] = lambda _entry: True) -> Caller:
    """A caller for events of people's own streams: each is for whose stream it is.

    Args:
        fields: of the event, that the words are made of.
        only: those that there is something to say of.
    """

    def calls(entries: Sequence[LogEntry], asked: Asked) -> list[Sequence[Call]]:
        return [
            [Call(kind=kind, user=owner_of(entry), data={name: entry.data[name] for name in fields})]
            if only(entry) and (among is None or owner_of(entry) in among)
            else []
            for entry, among in zip(entries, asked, strict=True)
        ]

    return calls


def security(rows: Sequence[Notification]) -> list[Words | None]:
    def words(row: Notification) -> Words:
        what = row.data["what"]
        return Words(
            title=str(NOTICED.get(what, _("Something happened to the safety of your account"))),
            body=_("If it was not you, end your sessions and choose a new password."),
            path="/settings/security",
        )

    return [words(row) for row in rows]


def export_ready(rows: Sequence[Notification]) -> list[Words | None]:
    there = Job.objects.in_bulk([UUID(row.data["job"]) for row in rows])
    return [
        Words(
            title=_("The copy of your data is ready"),
            body=_("It can be downloaded for seven days."),
            path="/settings/export",
        )
        if UUID(row.data["job"]) in there
        else None
        for row in rows
    ]


def role_granted(rows: Sequence[Notification]) -> list[Words | None]:
    return [
        Words(title=_("You can act as %(role)s now") % {"role": _role(row)}, path="/settings/roles")
        for row in rows
    ]


def role_revoked(rows: Sequence[Notification]) -> list[Words | None]:
    return [
        Words(title=_("You can act as %(role)s no longer") % {"role": _role(row)}, path="/settings/roles")
        for row in rows
    ]


def webhooks_paused(rows: Sequence[Notification]) -> list[Words | None]:
    found = Webhook.objects.alive().in_bulk([UUID(row.data["webhook"]) for row in rows])

    def words(row: Notification) -> Words | None:
        webhook = found.get(UUID(row.data["webhook"]))
        if webhook is None:
            return None
        return Words(
            title=_("A webhook of yours is paused"),
            body=str(PAUSED[row.data["reason"]]) % {"address": isolated(webhook.url)},
            path=f"/settings/webhooks/{webhook.pk}",
        )

    return [words(row) for row in rows]


def _role(row: Notification) -> str:
    return str(ROLES.get(row.data["role"], row.data["role"]))


def is_finished_export(entry: LogEntry) -> bool:
    return entry.data["kind"] == exports.KIND and entry.data["state"] == Job.State.DONE


IN_APP_AND_PUSH: Final = frozenset({"in_app", "push"})

KINDS: Final = [
    Kind(
        name=SECURITY,
        label=gettext_lazy("The safety of your account"),
        words=security,
        channels=IN_APP_AND_PUSH,
        mandatory=IN_APP_AND_PUSH,
        elsewhere=frozenset({"email"}),
        is_urgent=True,
    ),
    Kind(
        name=EXPORT,
        label=gettext_lazy("A copy of your data is ready"),
        words=export_ready,
        channels=IN_APP_AND_PUSH,
        elsewhere=frozenset({"email"}),
    ),
    Kind(
        name=WEBHOOK_PAUSED,
        label=gettext_lazy("A webhook of yours is paused"),
        words=webhooks_paused,
        channels=frozenset({"in_app", "email", "push"}),
    ),
    Kind(
        name="role_granted",
        label=gettext_lazy("You are given a role"),
        words=role_granted,
        channels=frozenset({"in_app", "email", "push"}),
    ),
    Kind(
        name="role_revoked",
        label=gettext_lazy("A role is taken from you"),
        words=role_revoked,
        channels=frozenset({"in_app", "email", "push"}),
    ),
]
CALLERS: Final = {
    SecurityNoticed.type: to_owner(SECURITY, "what"),
    JobUpdated.type: to_owner(EXPORT, "job", only=is_finished_export),
    WebhookPaused.type: to_owner(WEBHOOK_PAUSED, "webhook", "reason"),
    RoleGranted.type: to_owner("role_granted", "role"),
    RoleRevoked.type: to_owner("role_revoked", "role"),
}
