"""Which addresses and countries are served. What changes here holds in every process within seconds."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AddressRule, AddressRulesVersion, AuditEntry, User, parse_rule_value
from accounts.problems import AddressRuleExists, WouldLockOut
from common.actors import System
from common.gate import Rules

from . import audit

CHANGEABLE: Final = frozenset({"effect", "value", "note", "expires_at"})


@transaction.atomic
def add_address_rule(
    *,
    actor: User | System,
    effect: str,
    value: str,
    note: str = "",
    expires_at: datetime | None = None,
    actor_address: str | None = None,
) -> AddressRule:
    """Allow or deny a network or a country.

    Args:
        value: as `parse_rule_value` takes it.
        actor_address: where *actor* sits. No rule is made that would deny them; None asks nothing.

    Returns:
        The rule; the one that is there, if it says the same.

    Raises:
        ValidationError: *value* is neither a network nor a country.
        AddressRuleExists: there is another rule for this network or country.
        WouldLockOut: *actor* could not come here any more.
    """
    version = _locked_version()
    kind, value = parse_rule_value(value)
    said = {"effect": effect, "note": note, "expires_at": expires_at}
    if there := AddressRule.objects.filter(value=value).first():
        if all(getattr(there, name) == wanted for name, wanted in said.items()):
            return there
        raise AddressRuleExists
    creator = actor if isinstance(actor, User) else None
    rule = AddressRule.objects.create(kind=kind, value=value, created_by=creator, **said)
    _record("address_rule.added", actor, rule)
    _finish(version, actor_address)
    return rule


@transaction.atomic
def change_address_rule(
    *, actor: User | System, rule: AddressRule, actor_address: str | None = None, **changes: Any
) -> AddressRule:
    """Change what *rule* says.

    Args:
        changes: any of `CHANGEABLE`.

    Raises:
        ValidationError, AddressRuleExists, WouldLockOut: as `add_address_rule`.
        AddressRule.DoesNotExist: it was removed meanwhile.
    """
    if not changes.keys() <= CHANGEABLE:
        raise TypeError(f"an address rule has no such fields: {sorted(changes.keys() - CHANGEABLE)}")
    version = _locked_version()
    row = AddressRule.objects.get(pk=rule.pk)
    if "value" in changes:
        row.kind, changes["value"] = parse_rule_value(changes["value"])
        if AddressRule.objects.filter(value=changes["value"]).exclude(pk=row.pk).exists():
            raise AddressRuleExists
    if all(getattr(row, name) == wanted for name, wanted in changes.items()):
        return row
    was = _said(row)
    for name, wanted in changes.items():
        setattr(row, name, wanted)
    row.save()
    _record("address_rule.changed", actor, row, was=was)
    _finish(version, actor_address)
    return row


@transaction.atomic
def remove_address_rule(*, actor: User | System, rule: AddressRule, actor_address: str | None = None) -> bool:
    """Take *rule* away. Twice is once: False.

    Raises:
        WouldLockOut: it allowed what another rule denies, and *actor* sits there.
    """
    version = _locked_version()
    row = AddressRule.objects.filter(pk=rule.pk).first()
    if row is None:
        return False
    _record("address_rule.removed", actor, row)
    AddressRule.objects.filter(pk=row.pk).delete()
    _finish(version, actor_address)
    return True


@transaction.atomic
def clear_address_rules(*, actor: User | System) -> int:
    """Take every rule away, so that everybody is served: the way back for who locked themselves out.

    Returns:
        How many there were.
    """
    version = _locked_version()
    if rules := list(AddressRule.objects.all()):
        for rule in rules:
            _record("address_rule.removed", actor, rule)
        AddressRule.objects.all().delete()
        _finish(version, None)
    return len(rules)


def is_denied(*, address: str) -> bool:
    """Whether *address* is not served, by the rules as they stand in the database now."""
    now = timezone.now()
    return Rules(AddressRule.objects.matching(address).as_rules()).denies(address, at=now)


def _locked_version() -> AddressRulesVersion:
    """One change at a time: two that are harmless alone might lock somebody out together."""
    return AddressRulesVersion.objects.select_for_update().get_or_create(pk=1)[0]


def _finish(version: AddressRulesVersion, actor_address: str | None) -> None:
    """Let the change hold, unless it would deny who makes it: then nothing has happened."""
    if actor_address and is_denied(address=actor_address):
        raise WouldLockOut(_("This would deny %(address)s, where you are.") % {"address": actor_address})
    version.number += 1
    version.save(update_fields=["number"])


def _record(verb: str, actor: User | System, rule: AddressRule, **more: Any) -> None:
    audit.record(
        category=AuditEntry.Category.ADMIN, verb=verb, actor=actor, target=rule, details=_said(rule) | more
    )


def _said(rule: AddressRule) -> dict[str, Any]:
    ends = rule.expires_at.isoformat() if rule.expires_at else None
    return {"effect": rule.effect, "value": rule.value, "expires_at": ends}
