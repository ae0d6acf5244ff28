"""`manage.py addresses`: the rules for addresses and countries, for who can't reach the console any more."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import AddressRule, parse_rule_value
from accounts.services import add_address_rule, clear_address_rules, is_denied, remove_address_rule
from common import geo
from common.actors import SYSTEM
from common.addresses import parse_address
from common.problems import Problem


class Command(BaseCommand):
    help = "Rules for networks and countries, also for who is locked out: who is served, and who is not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        does = parser.add_subparsers(dest="does", required=True)
        does.add_parser("list", help="every rule, the newest first")
        for effect in AddressRule.Effect.values:
            adds = does.add_parser(effect, help=f"{effect} a network or a country")
            adds.add_argument("value", help="203.0.113.0/24, 2001:db8::/32, an address, or a country: SA")
            adds.add_argument("--note", default="", help="why")
            adds.add_argument("--hours", type=float, help="how long it holds (default: for ever)")
        does.add_parser("remove", help="remove one rule").add_argument("value", help="as `list` shows it")
        does.add_parser("clear", help="remove every rule: everybody is served")
        does.add_parser("check", help="is this address served?").add_argument("address")

    def handle(self, *args: Any, does: str, **given: Any) -> None:
        try:
            match does:
                case "list":
                    self._list()
                case "remove":
                    self._remove(given["value"])
                case "clear":
                    self.stdout.write(f"{clear_address_rules(actor=SYSTEM)} removed: everybody is served.")
                case "check":
                    self._check(given["address"])
                case effect:
                    self._add(effect, **{name: given[name] for name in ("value", "note", "hours")})
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except Problem as problem:
            raise CommandError(str(problem)) from None

    def _list(self) -> None:
        now = timezone.now()
        for rule in AddressRule.objects.select_related("created_by"):
            ends = f"until {rule.expires_at:%Y-%m-%d %H:%M} UTC" if rule.expires_at else ""
            state = "" if rule.is_in_force(at=now) else "(expired)"
            by = f"by @{rule.created_by.username}" if rule.created_by else ""
            words = (f"{rule.effect:<5} {rule.value:<18}", ends, state, by, rule.note)
            self.stdout.write("  ".join(word for word in words if word))

    def _add(self, effect: str, *, value: str, note: str, hours: float | None) -> None:
        expires_at = timezone.now() + timedelta(hours=hours) if hours else None
        rule = add_address_rule(actor=SYSTEM, effect=effect, value=value, note=note, expires_at=expires_at)
        self.stdout.write(f"{rule}: holds in every process within five seconds.")

    def _remove(self, value: str) -> None:
        rule = AddressRule.objects.filter(value=parse_rule_value(value)[1]).first()
        if rule is None or not remove_address_rule(actor=SYSTEM, rule=rule):
            raise CommandError(f"There is no rule for {value}.")
        self.stdout.write(f"{rule}: removed.")

    def _check(self, text: str) -> None:
        if (parsed := parse_address(text)) is None:
            raise CommandError(f"{text} is no address.")
        address = str(parsed)
        place = geo.place_of(address) or ("unknown place" if geo.is_configured() else "no GeoIP file")
        verdict = "not served" if is_denied(address=address) else "served"
        self.stdout.write(f"{address} ({place}): {verdict}")
        now = timezone.now()
        for rule in AddressRule.objects.matching(address).in_force(at=now):
            self.stdout.write(f"  {rule}  {rule.note}".rstrip())
