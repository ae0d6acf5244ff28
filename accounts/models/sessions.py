"""Sign-ins on devices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import models
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.geo import Place, place_of
from common.ids import uuid7
from common.instances import stored
from common.statements import Statement, array

from .devices import KnownDevice
from .factors import AuthenticatorApp, Passkey
from .people import User

OF_SESSION: Final = ("id", "user_id", "last_seen_at")
OF_USER: Final = ("display_name", "settings")


# Of `versions`: what stands in the statement for that of a call.
AT: Final = datetime.max.replace(tzinfo=UTC)
IDS: Final = "ids"


class SessionQuerySet(models.QuerySet["Session"]):
    def alive(self, *, at: datetime) -> SessionQuerySet:
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)

    def with_second_factor(self) -> SessionQuerySet:
        """Join whether its holder has one, as `has_second_factor`."""
        app = AuthenticatorApp.objects.filter(user=models.OuterRef("user"), confirmed_at__isnull=False)
        passkeys = Passkey.objects.filter(user=models.OuterRef("user"))
        return self.annotate(has_second_factor=models.Exists(app) | models.Exists(passkeys))

    def ended_before(self, at: datetime) -> SessionQuerySet:
        return self.filter(models.Q(revoked_at__lt=at) | models.Q(expires_at__lt=at))

    def briefly(self, ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Session]:
        """Those of *ids* that are alive, with what most requests ask of a session and its user: the rest is
        fetched if it is asked for.
        """
        rows = (
            self.alive(at=at)
            .filter(pk__in=list(ids))
            .values_list(*OF_SESSION, *(f"user__{name}" for name in OF_USER))
        )
        found = {}
        for row in rows:
            of_session = dict(zip(OF_SESSION, row, strict=False))
            of_user = dict(zip(OF_USER, row[len(OF_SESSION) :], strict=True))
            session = stored(Session, using=self.db, **of_session)
            session.user = stored(User, using=self.db, id=session.user_id, **of_user)
            found[session.pk] = session
        return found

    def versions(self, ids: Iterable[UUID], *, at: datetime) -> dict[str, str]:
        """Those of *ids* that are alive, and of each what is another text after any change of its row or its
        user's. For PostgreSQL, where `xmin` and `ctid` together are another pair after each change.
        """
        statement, parameters = _versions()
        given: dict[Any, str] = {AT: at.isoformat(), IDS: array(ids)}
        versions: dict[str, str] = orjson.loads(statement.run(*[given[each] for each in parameters]) or b"{}")
        return versions

    def alive_among(self, ids: Iterable[UUID], *, at: datetime) -> set[UUID]:
        return set(self.alive(at=at).filter(pk__in=list(ids)).values_list("pk", flat=True))


@cache
def _versions() -> tuple[Statement, list[Any]]:
    """The statement, put together once: Django takes longer for that than PostgreSQL for the answer."""
    session, user = Session._meta.db_table, User._meta.db_table
    named = models.Func(
        "pk",
        models.Value(IDS),
        template="%(expressions)s::uuid[])",
        arg_joiner=" = ANY(",
        output_field=models.BooleanField(),
    )
    version = models.Func(
        template=f"concat({session}.xmin, {session}.ctid, {user}.xmin, {user}.ctid)",
        output_field=models.TextField(),
    )
    alive = Session.objects.alive(at=AT).filter(named)
    rows = alive.values_list(Cast("pk", models.TextField()), version)
    text, parameters = rows.order_by().query.sql_with_params()
    numbered = text % tuple(f"${number}" for number, _ in enumerate(parameters, 1))
    statement = f"SELECT json_object_agg(id, version) FROM ({numbered}) AS alive (id, version)"  # noqa: S608
    return Statement("session_versions", statement), list(parameters)


class Session(models.Model):
    """A sign-in on a device. This row is the authority: once it is revoked, nothing of it holds.

    The refresh token is signed from (id, generation, refreshed_at), so that the present one can be given
    again to a client that raced itself, while only its hash is stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions", verbose_name=_("user"))
    device = models.ForeignKey(
        KnownDevice, null=True, blank=True, on_delete=models.SET_NULL, related_name="sessions"
    )
    device_name = models.CharField(_("device"), max_length=100, blank=True)
    user_agent = models.CharField(_("client"), max_length=300, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    generation = models.PositiveIntegerField(_("generation"), default=0)
    refreshed_at = models.DateTimeField(_("refreshed"))
    refresh_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("signed in"), auto_now_add=True)
    # When its holder last proved all that is asked of them: `services.require_fresh`.
    proved_at = models.DateTimeField(_("proved"), null=True, blank=True)
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_reason = models.CharField(_("why"), max_length=32, blank=True)

    has_second_factor: bool  # its holder, where `with_second_factor` asked

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("session")
        indexes = [
            models.Index(fields=["user", "-id"], name="session_of_user"),  # the person's list
            models.Index(fields=["expires_at"], name="session_expiry"),  # the purge
        ]

    def __str__(self) -> str:
        return f"session {self.pk}"

    @property
    def place(self) -> Place | None:
        """Roughly where it was opened. Read and not kept: a newer file knows better, and less is held."""
        return place_of(self.address)

    @property
    def is_alive(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now() and self.user.is_active
