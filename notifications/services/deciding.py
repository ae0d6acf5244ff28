"""Whether, how and when somebody is told: one list of rules, in one order, and what each of them said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from accounts.models import User
from notifications.kinds import LEVELS, Call, Kind
from notifications.models import Preferences
from notifications.reasons import Reason
from notifications.registries import Channel, Target, channels

from .clocks import digest_due, quiet_until, zone_of

IN_APP: Final = "in_app"


@dataclass(frozen=True, kw_only=True)
class Wants:
    """Somebody, and all that they chose."""

    user: User
    preferences: Preferences
    level: str = "all"  # of the topic it is about


@dataclass(frozen=True, kw_only=True)
class Way:
    """By which channel something goes to which target, and when.

    Attributes:
        is_digested: not by itself, but with what else waits for *due_at*.
    """

    channel: str
    target: Target
    due_at: datetime
    is_digested: bool = False


@dataclass
class Decision:
    """
    Attributes:
        trace: every rule that was asked, in order: `rule`, `channel` (null: of all of them), `passed`,
            and `reason`, `until` and `target` where they say something.
    """

    ways: list[Way] = field(default_factory=list)
    is_listed: bool = False
    trace: list[dict[str, Any]] = field(default_factory=list)

    def note(
        self,
        rule: str,
        reason: Reason | None = None,
        *,
        channel: str | None = None,
        until: datetime | None = None,
        target: str = "",
        stops: bool = True,
    ) -> bool:
        """Write down what *rule* said: a reason if it had something to say, which *stops* it or not.

        Returns:
            Whether it goes on.
        """
        step: dict[str, Any] = {"rule": rule, "channel": channel, "passed": reason is None or not stops}
        if reason:
            step["reason"] = str(reason)
        if until:
            step["until"] = until.isoformat()
        if target:
            step["target"] = target
        self.trace.append(step)
        return bool(step["passed"])


def decide(
    *,
    call: Call,
    kind: Kind,
    wants: Wants,
    ways: Sequence[Channel],
    targets: Mapping[str, Sequence[Target]],
    at: datetime,
) -> Decision:
    """Ask the rules.

    Args:
        ways: channels, in the order in which they are asked.
        targets: by channel, where it reaches the person.
    """
    decision = Decision()
    if not decision.note("audience", call.refusal):
        return decision
    if kind.level and not decision.note("chat_level", _too_little(kind.level, wants.level)):
        return decision
    for channel in ways:
        _decide_channel(decision, call, kind, wants, channel, targets.get(channel.name, ()), at)
    return decision


def is_on(kind: Kind, channel: str, preferences: Preferences) -> bool:
    """Whether somebody is told of this kind by this channel."""
    if channel in kind.mandatory | kind.elsewhere:
        return True
    chosen = preferences.choices.get(kind.name, {}).get(channel)
    return is_on_by_itself(kind, channel) if chosen is None else bool(chosen)


def is_on_by_itself(kind: Kind, channel: str) -> bool:
    """Whether people who chose nothing are told of this kind by this channel."""
    return channel in kind.channels or channels[channel].is_by_event


def _too_little(needed: str, level: str) -> Reason | None:
    return Reason.CHAT_LEVEL if LEVELS.index(level) < LEVELS.index(needed) else None


def _decide_channel(
    decision: Decision,
    call: Call,
    kind: Kind,
    wants: Wants,
    channel: Channel,
    targets: Sequence[Target],
    at: datetime,
) -> None:
    name, preferences = channel.name, wants.preferences
    off = None if is_on(kind, name, preferences) else Reason.CHANNEL_OFF
    if not decision.note("preference", off, channel=name):
        return
    if name in kind.elsewhere:
        decision.note("elsewhere", Reason.ELSEWHERE, channel=name)
        return
    if name == IN_APP:
        decision.is_listed = True
        return
    if channel.is_by_event:
        return
    if not _may_call(decision, call, kind, preferences, channel, at):
        return
    if not decision.note("target", None if targets else Reason.NO_TARGET, channel=name):
        return
    due_at = at
    if delay := kind.delays.get(name):
        due_at = at + delay
        decision.note("delay", Reason.DELAY, channel=name, until=due_at, stops=False)
    person = zone_of(wants.user.timezone)
    if channel.is_digested and not kind.is_urgent and preferences.digest != Preferences.Digest.OFF:
        due = digest_due(preferences, zone=person, at=at)
        decision.note("digest", Reason.DIGEST, channel=name, until=due, stops=False)
        decision.ways.append(Way(channel=name, target=targets[0], due_at=due, is_digested=True))
        return
    for target in targets:
        zone = zone_of(target.timezone) if target.timezone else person
        ends = quiet_until(preferences, zone=zone, at=due_at) if channel.is_loud else None
        if ends and not kind.is_urgent:
            decision.note(
                "quiet_hours", Reason.QUIET_HOURS, channel=name, until=ends, target=target.id, stops=False
            )
        decision.ways.append(
            Way(channel=name, target=target, due_at=ends if ends and not kind.is_urgent else due_at)
        )


def _may_call(
    decision: Decision, call: Call, kind: Kind, preferences: Preferences, channel: Channel, at: datetime
) -> bool:
    """What keeps it from making a sound or a mail: in the list it stands all the same."""
    name = channel.name
    if kind.is_urgent or not (channel.is_loud or channel.is_digested):
        return True
    if channel.is_loud and not decision.note(
        "silent", Reason.SILENT if call.is_silent else None, channel=name
    ):
        return False
    until = call.muted_until if call.muted_until and call.muted_until > at else None
    if not decision.note("chat_muted", Reason.CHAT_MUTED if until else None, channel=name, until=until):
        return False
    muted = preferences.muted_until
    until = muted if muted and muted > at else None
    return decision.note("muted", Reason.MUTED if until else None, channel=name, until=until)
