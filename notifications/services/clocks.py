"""Hours by people's own clocks."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifications.models import Preferences


@lru_cache(maxsize=1000)
def zone_of(name: str) -> ZoneInfo:
    """By its IANA name; UTC for one that there is not."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def quiet_until(wants: Preferences, *, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the quiet hours end in which *at* falls; None outside them.

    From the clock's *quiet_from* up to its *quiet_to*, over midnight if that is the earlier: what the clock
    shows counts, also in a night that has an hour more or less.
    """
    start, end = wants.quiet_from, wants.quiet_to
    if start is None or end is None or start == end:
        return None
    local = at.astimezone(zone)
    now = local.time()
    if start < end:
        is_quiet, ends_on = start <= now < end, local.date()
    else:
        is_quiet = now >= start or now < end
        ends_on = local.date() + timedelta(days=now >= start)
    if not is_quiet:
        return None
    ends = _at(ends_on, end, zone)
    return ends if ends > at else _at(ends_on + timedelta(days=1), end, zone)


def digest_due(wants: Preferences, *, zone: ZoneInfo, at: datetime) -> datetime:
    """When a digest that opens at *at* is sent: the next full hour, or their hour of the day."""
    if wants.digest == Preferences.Digest.HOURLY:
        return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    today = at.astimezone(zone).date()
    due = _at(today, wants.digest_at, zone)
    return due if due > at else _at(today + timedelta(days=1), wants.digest_at, zone)


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """That moment in UTC. Of a time that the clock skips, the moment after; of one shown twice, the first."""
    return datetime.combine(day, clock, zone).astimezone(UTC)
