"""How people want to hear of things."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.events import emit
from common.problems import Invalid
from notifications.events import PreferencesChanged
from notifications.kinds import kinds
from notifications.models import Preferences, TopicPreference
from notifications.problems import ChannelMandatory
from notifications.registries import channels

from .deciding import is_on_by_itself


class Wishes(TypedDict, total=False):
    """What is left out stays.

    choices: whether a kind is told by a channel, by both their names.
    topics: `all`, `mentions` or `none`, by topic.
    quiet: from and to, by the person's clock; None: no quiet hours.
    """

    choices: Mapping[str, Mapping[str, bool]]
    topics: Mapping[str, str]
    muted_until: datetime | None
    quiet: tuple[time, time] | None
    digest: str
    digest_at: time
    email_content: str


@transaction.atomic
def change_preferences(*, user: User, **wishes: Unpack[Wishes]) -> Preferences:
    """Change how somebody is told. Emits `PreferencesChanged`, if anything changed.

    Raises:
        Invalid: there is no such kind or channel; muted until a time that is over; quiet hours that are a
            whole day; too many chats.
        ChannelMandatory: a kind that nobody can turn off there.
    """
    Preferences.objects.bulk_create([Preferences(user=user)], ignore_conflicts=True)
    row = Preferences.objects.select_for_update().get(pk=user.pk)
    before = _all_of(row)
    _choose(row, wishes.get("choices", {}))
    if "muted_until" in wishes:
        until = wishes["muted_until"]
        if until is not None and until <= timezone.now():
            raise Invalid.field("muted_until", "past", _("That time is over."))
        row.muted_until = until
    if "quiet" in wishes:
        start, end = wishes["quiet"] or (None, None)
        if start is not None and start == end:
            raise Invalid.field(
                "quiet_hours", "all_day", _("They have to end: all day is a channel that is off.")
            )
        row.quiet_from, row.quiet_to = start, end
    row.digest = wishes.get("digest", row.digest)
    row.digest_at = wishes.get("digest_at", row.digest_at)
    row.email_content = wishes.get("email_content", row.email_content)
    has_other_topics = _set_topics(user, wishes.get("topics", {}))
    if _all_of(row) != before or has_other_topics:
        row.save()
        emit(PreferencesChanged(), audience=[user.pk])
    return row


def set_choice(*, user: User, kind: str, channel: str, is_on: bool) -> None:
    """Whether *kind* is told by *channel*; of every kind that may be turned off there, if it is `*`.

    Raises:
        Invalid, ChannelMandatory: as `change_preferences`.
    """
    wanted = [kind]
    if kind == "*":
        wanted = [name for name, each in kinds.items() if channel not in each.mandatory | each.elsewhere]
    change_preferences(user=user, choices={name: {channel: is_on} for name in wanted})


def _all_of(row: Preferences) -> list[Any]:
    return [
        {kind: dict(each) for kind, each in row.choices.items()},
        row.muted_until,
        row.quiet_from,
        row.quiet_to,
        row.digest,
        row.digest_at,
        row.email_content,
    ]


def _choose(row: Preferences, wanted: Mapping[str, Mapping[str, bool]]) -> None:
    choices = {kind: dict(each) for kind, each in row.choices.items()}
    for name, ways in wanted.items():
        kind = kinds.get(name)
        if kind is None:
            raise Invalid.field(f"kinds.{name}", "unknown_kind", _("There is no such kind."))
        for channel, is_on in ways.items():
            if channel not in channels:
                raise Invalid.field(f"kinds.{name}.{channel}", "unknown_channel", _("There is no such way."))
            if channel in kind.mandatory | kind.elsewhere:
                if not is_on:
                    raise ChannelMandatory(kind=name, channel=channel)
                continue
            chosen = choices.setdefault(name, {})
            if is_on == is_on_by_itself(kind, channel):
                chosen.pop(channel, None)  # only what differs is kept
            else:
                chosen[channel] = is_on
    row.choices = {name: chosen for name, chosen in choices.items() if chosen}


def _set_topics(user: User, wanted: Mapping[str, str]) -> bool:
    """Whether any of them is another now."""
    rows = TopicPreference.objects.filter(user=user)
    before = dict(rows.filter(topic__in=wanted).values_list("topic", "level"))
    changed = {topic: level for topic, level in wanted.items() if before.get(topic, "all") != level}
    rows.filter(topic__in=changed).delete()
    kept = {topic: level for topic, level in changed.items() if level != "all"}
    if rows.count() + len(kept) > TopicPreference.LIMIT:
        raise Invalid.field("chats", "too_many", _("These are more chats than can be kept."))
    TopicPreference.objects.bulk_create(
        TopicPreference(user=user, topic=topic, level=level) for topic, level in kept.items()
    )
    return bool(changed)
