"""Turning mails off, and on again, from a mail."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import transaction

from accounts.models import User
from notifications.kinds import Kind, kinds
from notifications.models import Preferences

from .deciding import is_on
from .preferences import change_preferences, set_choice

EMAIL: Final = "email"
EVERY_KIND: Final = "*"  # that may be turned off


def can_be_turned_off(kind: Kind) -> bool:
    return EMAIL not in kind.mandatory | kind.elsewhere


@transaction.atomic
def unsubscribe(*, user: User, kind: str) -> list[str]:
    """Mail *user* no more of *kind*, or of every kind that may be turned off, if it is `*`.

    Returns:
        The kinds that were mailed until now.

    Raises:
        Invalid: there is no such kind.
        ChannelMandatory: nobody can turn it off.
    """
    Preferences.objects.bulk_create([Preferences(user=user)], ignore_conflicts=True)
    before = Preferences.objects.select_for_update().get(pk=user.pk)
    were_on = [
        name
        for name, each in kinds.items()
        if kind in (name, EVERY_KIND) and can_be_turned_off(each) and is_on(each, EMAIL, before)
    ]
    set_choice(user=user, kind=kind, channel=EMAIL, is_on=False)
    return were_on


def take_back(*, user: User, kinds: Collection[str]) -> None:
    """Mail *user* of these kinds again.

    Raises:
        Invalid: there is no such kind.
    """
    change_preferences(user=user, choices={name: {EMAIL: True} for name in kinds})
