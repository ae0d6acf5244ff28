"""What people are told and asked: documents in versions and languages, acceptances, consents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.ids import uuid7
from common.locales import best

validate_label = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}\Z",
    _("1 to 32 letters, digits, dots, dashes or underscores, a letter or digit first."),
    code="invalid_label",
)


class Document(models.Model):
    """What the versions of one kind have in common: its row is locked by who publishes one of them."""

    class Kind(models.TextChoices):
        """In the order in which people are asked to accept them."""

        TERMS = "terms", _("Terms of service")
        PRIVACY = "privacy", _("Privacy policy")
        COOKIES = "cookies", _("Cookie policy")
        PAYOUT_TERMS = "payout_terms", _("Payout terms")
        GUIDELINES = "guidelines", _("Community guidelines")
        IMPRINT = "imprint", _("Legal notice")

    kind = models.CharField(_("kind"), max_length=32, choices=Kind, primary_key=True)

    def __str__(self) -> str:
        return str(self.get_kind_display())


class VersionQuerySet(models.QuerySet["Version"]):
    def draft(self) -> VersionQuerySet:
        return self.filter(published_at=None)

    def published(self, *, at: datetime) -> VersionQuerySet:
        """Those that people may read at *at*: the one in force and those before it."""
        return self.filter(published_at__lte=at)

    def scheduled(self, *, at: datetime) -> VersionQuerySet:
        return self.filter(published_at__gt=at)

    def in_force(self, *, at: datetime) -> VersionQuerySet:
        """Of each document the one published last: never two, since no two have the same time."""
        later = Version.objects.published(at=at).filter(
            document=models.OuterRef("document"), published_at__gt=models.OuterRef("published_at")
        )
        return self.published(at=at).filter(~models.Exists(later))

    def superseded(self, *, at: datetime) -> VersionQuerySet:
        return self.published(at=at).exclude(pk__in=Version.objects.in_force(at=at).values("pk"))

    def with_state(self, *, at: datetime) -> VersionQuerySet:
        """Say of each what it is at *at*: `state`."""
        current = Version.objects.in_force(at=at).filter(pk=models.OuterRef("pk"))
        states = [
            models.When(published_at=None, then=models.Value(Version.State.DRAFT)),
            models.When(published_at__gt=at, then=models.Value(Version.State.SCHEDULED)),
            models.When(models.Exists(current), then=models.Value(Version.State.CURRENT)),
        ]
        return self.annotate(state=models.Case(*states, default=models.Value(Version.State.SUPERSEDED)))


class Version(models.Model):
    """A version of a document, in one or more languages.

    A draft has no `published_at`. From then on, be it now or on a date to come, neither it nor its texts can
    change: services refuse, and so does the database (migration 0002).
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("scheduled")
        CURRENT = "current", _("in force")
        SUPERSEDED = "superseded", _("superseded")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    document = models.ForeignKey(
        Document, on_delete=models.PROTECT, related_name="versions", verbose_name=_("document")
    )
    label = models.CharField(
        _("version"), max_length=32, validators=[validate_label], help_text=_("Such as 2.1 or 2026-11.")
    )
    requires_acceptance = models.BooleanField(
        _("required"),
        default=False,
        help_text=_("Once it is in force, nobody goes on until they have accepted it or a later one."),
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    created_at = models.DateTimeField(_("drafted"), auto_now_add=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("version")
        permissions = [("publish_version", "Can publish a version")]
        constraints = [
            models.UniqueConstraint(fields=["document", "label"], name="version_label_once"),
            # The latest is in force, so there is one at most; it is also what finds it.
            models.UniqueConstraint(fields=["document", "published_at"], name="version_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{Document.Kind(self.kind).label} {self.label}"

    @property
    def kind(self) -> str:
        return self.document_id

    @property
    def is_draft(self) -> bool:
        return self.published_at is None

    @property
    def url(self) -> str:
        """The page where people read it."""
        return f"{settings.PUBLIC_URL}/legal/{self.kind}?version={self.label}"


class TextQuerySet(models.QuerySet["Text"]):
    def best(self, wanted: Iterable[str]) -> Text | None:
        """Of the texts of one version the one that somebody reads best who wants these languages."""
        by_locale = {text.locale: text for text in self}
        return by_locale.get(best(wanted, by_locale))

    def of_published(self, *, at: datetime) -> TextQuerySet:
        return self.filter(version__in=Version.objects.published(at=at).values("pk"))

    def in_force(self, *, at: datetime) -> TextQuerySet:
        return self.filter(version__in=Version.objects.in_force(at=at).values("pk"))

    def with_version(self, *, at: datetime) -> TextQuerySet:
        """Join what a reader is told of the version, and whether it is in force: one query."""
        current = Version.objects.in_force(at=at).filter(pk=models.OuterRef("version"))
        return self.select_related("version").annotate(
            is_current=models.Exists(current), published_at=models.F("version__published_at")
        )


class Text(models.Model):
    """What a version says in one language: Markdown, as it was written."""

    MAX_BODY = 200_000  # characters: some fifty printed pages

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="texts")
    locale = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), max_length=MAX_BODY, help_text=_("Markdown."))

    objects = TextQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "locale"], name="text_in_a_language_once")]

    def __str__(self) -> str:
        return f"{self.title} ({self.locale})"


class AcceptanceQuerySet(models.QuerySet["Acceptance"]):
    def of_current(self, kind: str, *, at: datetime) -> AcceptanceQuerySet:
        """Of the version of *kind* that is in force."""
        current = Version.objects.in_force(at=at).filter(document=kind)
        return self.filter(version__in=current.values("pk"))


class Acceptance(models.Model):
    """Somebody accepted a version. Made once and never changed: the first one stands."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="acceptances", verbose_name=_("user")
    )
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="acceptances", verbose_name=_("version")
    )
    accepted_at = models.DateTimeField(_("accepted"), default=timezone.now)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    session = models.UUIDField(_("session"), null=True, blank=True)  # an id: it outlives the session's row
    # Of the text that was shown.
    locale = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, blank=True)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("acceptance")
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="acceptance_once")]
        indexes = [models.Index(fields=["user", "-id"], name="acceptance_of_user")]  # the person's list

    def __str__(self) -> str:
        return f"{self.version} by {self.user_id}"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def standing(self, user: UUID) -> ConsentQuerySet:
        """The last word of *user* on each purpose."""
        later = Consent.objects.filter(
            user=models.OuterRef("user"),
            purpose=models.OuterRef("purpose"),
            number__gt=models.OuterRef("number"),
        )
        return self.filter(~models.Exists(later), user=user)


class Consent(models.Model):
    """Somebody consented to a purpose, or withdrew it. Rows are only added: the last one of a purpose holds.

    Attributes:
        number: counts the rows of a person and a purpose from 1, so that of two at once one is last.
        wording: which words the person was shown (purposes.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents", verbose_name=_("user"))
    purpose = models.CharField(_("purpose"), max_length=32)
    number = models.PositiveIntegerField(_("number"))
    given = models.BooleanField(_("given"))
    wording = models.CharField(_("wording"), max_length=32)
    at = models.DateTimeField(_("at"), default=timezone.now)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    session = models.UUIDField(_("session"), null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("consent")
        constraints = [
            models.UniqueConstraint(fields=["user", "purpose", "number"], name="consent_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {'given' if self.given else 'withdrawn'} by {self.user_id}"
