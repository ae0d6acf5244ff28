"""Which addresses and countries are served, and which are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.addresses import Network, around, parse_address, parse_network
from common.gate import Rule
from common.geo import COUNTRIES, place_of
from common.ids import uuid7

from .people import User


class AddressRuleQuerySet(models.QuerySet["AddressRule"]):
    def in_force(self, *, at: datetime) -> AddressRuleQuerySet:
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=at))

    def expired(self, *, at: datetime) -> AddressRuleQuerySet:
        return self.filter(expires_at__lte=at)

    def around(self, network: Network) -> AddressRuleQuerySet:
        """Whose network is *network* or holds it: by the index, for there are only so many that do."""
        return self.filter(value__in=[str(larger) for larger in around(network)])

    def matching(self, address: str) -> AddressRuleQuerySet:
        """Whose network holds *address*, or whose country it is in; expired ones too."""
        values = [str(larger) for larger in around(parse_network(address))]
        if place := place_of(address):
            values.append(place.country)
        return self.filter(value__in=values)

    def as_rules(self) -> Iterator[Rule]:
        """In the words of `common.gate`."""
        for value, effect, expires_at in self.values_list("value", "effect", "expires_at"):
            yield Rule(value=value, allows=effect == AddressRule.Effect.ALLOW, expires_at=expires_at)


class AddressRule(models.Model):
    """A network or a country that is served, or not: `common.gate` says what comes of several that match.

    There is one rule for a network or country, in one spelling. Services alone write rules: each change takes
    the next `AddressRulesVersion`, by which every process learns of it.
    """

    class Effect(models.TextChoices):
        ALLOW = "allow", _("allow")
        DENY = "deny", _("deny")

    class Kind(models.TextChoices):
        NETWORK = "network", _("network")
        COUNTRY = "country", _("country")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    effect = models.CharField(_("effect"), max_length=5, choices=Effect)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, editable=False)
    value = models.CharField(_("network or country"), max_length=43)  # the longest of IPv6, with its length
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("added by")
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    expires_at = models.DateTimeField(_("holds until"), null=True, blank=True)

    objects = AddressRuleQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("address rule")
        constraints = [
            models.UniqueConstraint(fields=["value"], name="one_rule_for_a_value"),
            models.CheckConstraint(
                condition=models.Q(kind="network", value__contains="/")
                | (models.Q(kind="country") & ~models.Q(value__contains="/")),
                name="address_rule_is_of_its_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.effect} {self.value}"

    def is_in_force(self, *, at: datetime) -> bool:
        return self.expires_at is None or self.expires_at > at


class AddressRulesVersion(models.Model):
    """How often the rules have changed: what processes look at. Whoever changes rules holds its lock."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_version_of_address_rules")]

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def current(cls) -> int:
        return cls.objects.filter(pk=1).values_list("number", flat=True).first() or 0


def parse_rule_value(text: str) -> tuple[AddressRule.Kind, str]:
    """What *text* means, in the one spelling that is stored: `203.0.113.7` is the network `203.0.113.7/32`.

    Raises:
        ValidationError: neither a network nor a country.
    """
    text = text.strip()
    if text.upper() in COUNTRIES:
        return AddressRule.Kind.COUNTRY, text.upper()
    try:
        return AddressRule.Kind.NETWORK, str(parse_network(text))
    except ValueError:
        raise ValidationError(
            _(
                "Write a network (203.0.113.0/24, 2001:db8::/32), an address, or a country in two letters "
                "(SA; ISO 3166-1)."
            ),
            code="invalid_rule",
        ) from None


def rules_in_force() -> Iterator[Rule]:
    return AddressRule.objects.in_force(at=timezone.now()).as_rules()


def matching_rules(text: str) -> AddressRuleQuerySet | None:
    """Rules for what *text* spells, an address or a network; None if it spells neither."""
    if address := parse_address(text):
        return AddressRule.objects.matching(str(address))
    try:
        return AddressRule.objects.around(parse_network(text))
    except ValueError:
        return None
