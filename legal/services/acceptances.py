"""Accepting what is in force."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.newcomers import Newcomer
from accounts.services import audit
from common.problems import Invalid
from legal.models import Acceptance, Document, Version
from legal.problems import VersionSuperseded


@transaction.atomic
def accept_version(
    *,
    user: User,
    kind: str,
    label: str,
    locales: Iterable[str] = (),
    address: str | None = None,
    session: UUID | None = None,
) -> tuple[Acceptance, bool]:
    """Note that *user* accepts the version *label* of the document *kind*, which is in force.

    Args:
        locales: the languages they want, the most wanted first: which text they were shown follows.

    Returns:
        The acceptance, and whether it is new: the first one stands.

    Raises:
        Invalid: no such version, or not one that people can read yet.
        VersionSuperseded: it was in force before, and they had not accepted it then.
    """
    now = timezone.now()
    versions = Version.objects.published(at=now).with_state(at=now)
    version: Any = versions.filter(document=kind, label=label).first()
    if version is None:
        raise Invalid.field("version", "unknown_label", _("This document has no such version."))
    if earlier := Acceptance.objects.filter(user=user, version=version).first():
        return earlier, False
    if version.state != Version.State.CURRENT:
        current = Version.objects.in_force(at=now).get(document=kind)
        raise VersionSuperseded(kind=kind, version=current.label, url=current.url)
    return _accept(user, version, locales, address, session)


def accept_at_sign_up(newcomer: Newcomer) -> None:
    """What `accept_terms` at sign-up means: the terms that are in force at that moment, if there are any."""
    if not newcomer.accepts_terms:
        return
    current = Version.objects.in_force(at=timezone.now()).filter(document=Document.Kind.TERMS).first()
    if current:
        _accept(newcomer.user, current, newcomer.locales, newcomer.address, None)


def _accept(
    user: User, version: Version, locales: Iterable[str], address: str | None, session: UUID | None
) -> tuple[Acceptance, bool]:
    shown = version.texts.defer("body").best(locales)
    acceptance, is_new = Acceptance.objects.get_or_create(
        user=user,
        version=version,
        defaults={"address": address, "session": session, "locale": shown.locale if shown else ""},
    )
    if is_new:
        audit.record(
            category=audit.Category.USER,
            verb="terms.accepted",
            actor=user,
            subject=user,
            target=version,
            details={"kind": version.kind, "version": version.label},
        )
    return acceptance, is_new
