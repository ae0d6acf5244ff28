"""Where people's apps and browsers take pushes."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Session, User
from accounts.services import audit
from accounts.tokens import fingerprint
from common.actors import System
from common.ids import uuid7
from common.problems import Invalid
from notifications.models import PushDevice
from notifications.providers.push import provider_for
from notifications.providers.push.webpush import allowed_endpoint

from .locking import locked

# Others may register the same token in that moment: the second try finds what they made, unless it is gone.
TRIES: Final = 3


def register_device(
    *,
    user: User,
    session: Session,
    provider: str,
    token: str,
    p256dh: str = "",
    auth: str = "",
    app: str | None = None,
    is_sandbox: bool | None = None,
    name: str | None = None,
    language: str | None = None,
    timezone_name: str | None = None,
) -> tuple[PushDevice, bool]:
    """Send pushes of *user* to this app or browser as long as *session* lasts.

    A token that they have registered is refreshed: what is None stays as it was. One of somebody else's is
    theirs no more: that is how phones change hands. With more than `PushDevice.LIMIT` the one unused longest
    is forgotten.

    Args:
        token: of Web Push the `endpoint` of the subscription.
        p256dh, auth: of Web Push the subscription's keys, base64url.
        app: of APNs the bundle id; the first of `APNS_TOPIC` if it was never said.
        is_sandbox: of APNs whether it was built for development; as `APNS_SANDBOX` says if it was never said.
        language, timezone_name: the person's own if empty; the zone is IANA's.

    Returns:
        The device, and whether it is new.

    Raises:
        ProviderNotConfigured: there is no account with that provider.
        Invalid: an app that is none of ours, or an endpoint at nobody's push service.
    """
    provider_for(provider)
    is_apple, is_browser = provider == PushDevice.Provider.APNS, provider == PushDevice.Provider.WEBPUSH
    if is_browser and not allowed_endpoint(token):
        raise Invalid.field("token", "endpoint_not_allowed", _("This is no address of a push service."))
    topics = settings.PUSH["apns"]["topics"] if is_apple else []
    if app and app not in topics:
        raise Invalid.field("app", "unknown_app", _("There is no such app here."))
    perhaps = {
        "app": app,
        "is_sandbox": is_sandbox,
        "name": name,
        "language": language,
        "timezone": timezone_name,
    }
    said = {
        "session": session,
        "token": token,
        "p256dh": p256dh,
        "auth": auth,
        "gone_at": None,
        "gone_reason": "",
        **{column: value for column, value in perhaps.items() if value is not None},
    }
    unsaid = {
        "app": next(iter(topics), ""),
        "is_sandbox": is_apple and settings.PUSH["apns"]["sandbox"],
        "name": "",
        "language": "",
        "timezone": "",
    }
    for _attempt in range(TRIES - 1):
        try:
            return _register(user, provider, said, unsaid)
        except IntegrityError:  # somebody registered the same token in the same moment
            continue
    return _register(user, provider, said, unsaid)


@transaction.atomic
def _register(
    user: User, provider: str, said: dict[str, Any], unsaid: dict[str, Any]
) -> tuple[PushDevice, bool]:
    """
    Args:
        said: of the columns, what is so from now on.
        unsaid: what is so of a device that is new to them, where nothing is said of it.
    """
    User.objects.select_for_update().get(pk=user.pk)  # one registration of theirs at a time: they are counted
    token_hash = fingerprint(str(said["token"]))
    found = PushDevice.objects.select_for_update().filter(provider=provider, token_hash=token_hash).first()
    now = timezone.now()
    if found and found.user_id == user.pk:
        for column, value in said.items():
            setattr(found, column, value)
        found.seen_at = now
        found.save()
        return found, False
    _make_room(user)
    given = {**unsaid, **said, "user": user, "seen_at": now}
    if found is None:
        device = PushDevice(provider=provider, token_hash=token_hash, **given)
        device.save(force_insert=True)
        return device, True
    # Not deleted and made anew: of many people at once each finds it here, and waits for the one before.
    device_id = uuid7()
    PushDevice.objects.filter(pk=found.pk).update(id=device_id, created_at=now, **given)
    return PushDevice.objects.get(pk=device_id), True


def _make_room(user: User) -> None:
    """For one more: the one unused longest goes, before it those that are gone."""
    mine = PushDevice.objects.filter(user=user)
    by_use = mine.order_by(F("gone_at").desc(nulls_first=True), "-seen_at", "-id")
    kept = list(by_use.values_list("pk", flat=True)[: PushDevice.LIMIT - 1])
    mine.exclude(pk__in=kept).delete()


@transaction.atomic
def change_device(
    *,
    device: PushDevice,
    name: str | None = None,
    language: str | None = None,
    timezone_name: str | None = None,
) -> PushDevice:
    """Change what its person says of *device*; what is None stays."""
    row = locked(PushDevice.objects.all(), device.pk)
    changes = {"name": name, "language": language, "timezone": timezone_name}
    changed = {column: value for column, value in changes.items() if value is not None}
    for column, value in changed.items():
        setattr(row, column, value)
    row.save(update_fields=list(changed))
    return row


def forget_device(*, device: PushDevice) -> bool:
    """Send nothing to *device* any more: its person says so. Twice is once: False."""
    return bool(PushDevice.objects.filter(pk=device.pk).delete()[0])


@transaction.atomic
def retire_device(*, device: PushDevice, reason: str, actor: User | System) -> bool:
    """Send nothing to *device* until it registers again: on the provider's word that it is gone, or staff's.

    Args:
        device: as it was when the provider was asked: if it has registered since, it stays.
        reason: one word, such as `unregistered`, or `staff`.

    Returns:
        Whether this call did it.
    """
    unchanged = PushDevice.objects.filter(pk=device.pk, seen_at=device.seen_at, gone_at=None)
    if not unchanged.update(gone_at=timezone.now(), gone_reason=reason[:32]):
        return False
    if isinstance(actor, User):
        audit.record(
            category=audit.Category.ADMIN,
            verb="push_device.retired",
            actor=actor,
            subject=device.user,
            target=device,
            details={"provider": device.provider},
        )
    return True


def purge_devices(*, at: datetime) -> int:
    """Forget devices that went a month ago.

    Returns:
        How many.
    """
    return PushDevice.objects.expired(at=at).delete()[0]
