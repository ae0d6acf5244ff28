"""Writing documents, and putting them in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import audit
from common.actors import System
from common.problems import Invalid
from legal import policies
from legal.duties import board
from legal.models import Document, Text, Version
from legal.problems import PublicationTimeTaken, VersionIncomplete, VersionLabelTaken, VersionPublished

MOMENT: Final = timedelta(microseconds=1)  # as exact as the database keeps times


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a version says in one language.

    Attributes:
        body: Markdown.
    """

    title: str
    body: str


@transaction.atomic
def draft_version(
    *,
    actor: User | System,
    kind: str,
    label: str,
    requires_acceptance: bool,
    texts: Mapping[str, Words],
    version: Version | None = None,
) -> Version:
    """Make a draft, or change all of *version*, which is one.

    Args:
        texts: by language; a language left out is taken away.

    Raises:
        NotAllowed: the actor writes no documents.
        VersionPublished: it is no draft any more.
        VersionLabelTaken: the document has a version of that name.
    """
    policies.require(actor, "version.change" if version else "version.add")
    document, _new = Document.objects.get_or_create(pk=kind)
    row = Version.objects.select_for_update().get(pk=version.pk) if version else Version()
    if not row.is_draft:
        raise VersionPublished
    row.document, row.label, row.requires_acceptance = document, label, requires_acceptance
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise VersionLabelTaken from None
    row.texts.exclude(locale__in=list(texts)).delete()
    for locale, words in texts.items():
        said = {"title": words.title, "body": words.body}
        Text.objects.update_or_create(version=row, locale=locale, defaults=said)
    return row


@transaction.atomic
def publish_version(*, actor: User | System, version: Version, at: datetime | None = None) -> bool:
    """Put a draft in force, now or at a time to come. What was in force until then is superseded.

    Args:
        at: aware; now if None.

    Returns:
        Whether this call did it: a version that is published, or has its date, is left as it is.

    Raises:
        NotAllowed: the actor publishes nothing.
        Invalid: the time has passed.
        VersionIncomplete: there is nothing to read.
        PublicationTimeTaken: another version begins at that very time.
    """
    policies.require(actor, "version.publish")
    Document.objects.select_for_update().get(pk=version.document_id)  # one publisher at a time
    row = Version.objects.select_for_update().get(pk=version.pk)
    if not row.is_draft:
        return False
    if not row.texts.exists():
        raise VersionIncomplete
    now = timezone.now()
    if at is not None and at <= now:
        raise Invalid.field("at", "past", _("This time has passed. Leave it empty to publish now."))
    others = Version.objects.filter(document=row.document_id)
    if at is None:  # after the one in force, also where the clock of the process that set it is ahead
        newest = others.published(at=now + timedelta(minutes=1)).order_by("-published_at").first()
        at = max(now, newest.published_at + MOMENT) if newest and newest.published_at else now
    elif others.filter(published_at=at).exists():
        raise PublicationTimeTaken
    row.published_at = at
    row.save(update_fields=["published_at"])
    _changed("document.published", actor, row)
    return True


@transaction.atomic
def take_back(*, actor: User | System, version: Version) -> bool:
    """Make a draft again of a version whose date has not come. Twice is once: False.

    Raises:
        NotAllowed: the actor publishes nothing.
        VersionPublished: its date has come.
    """
    policies.require(actor, "version.publish")
    row = Version.objects.select_for_update().get(pk=version.pk)
    if row.published_at is None:
        return False
    if row.published_at <= timezone.now():
        raise VersionPublished
    row.published_at = None
    row.save(update_fields=["published_at"])
    _changed("document.taken_back", actor, row)
    return True


@transaction.atomic
def lift_requirement(*, actor: User | System, version: Version) -> bool:
    """Ask nobody to accept *version* any more: the one thing of a published version that may change.

    It is the way out where everybody stands before a version that should not have been required.

    Raises:
        NotAllowed: the actor publishes nothing.
    """
    policies.require(actor, "version.publish")
    row = Version.objects.select_for_update().get(pk=version.pk)
    if row.is_draft or not row.requires_acceptance:
        return False
    row.requires_acceptance = False
    row.save(update_fields=["requires_acceptance"])
    _changed("requirement.lifted", actor, row)
    return True


def _changed(verb: str, actor: User | System, version: Version) -> None:
    """What holds from when on has changed: it is written down, and this process looks again."""
    at = version.published_at
    audit.record(
        category=audit.Category.ADMIN,
        verb=verb,
        actor=actor,
        target=version,
        details={
            "kind": version.kind,
            "version": version.label,
            "required": version.requires_acceptance,
            "at": at.isoformat() if at else None,
        },
    )
    transaction.on_commit(board.forget)
