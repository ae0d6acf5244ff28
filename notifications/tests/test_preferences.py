"""How people want to hear of things."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import User
from common.models import LogEntry
from notifications.models import Preferences, TopicPreference
from notifications.services.clocks import digest_due, quiet_until, zone_of

URL = "/api/v1/notifications/preferences"
CHAT = "0198c5b3-01aa-7d13-b5c6-7a8b9c0d1e2f"
ClientOf = Callable[[User], APIClient]


@pytest.mark.django_db
class TestOverRest:
    def test_who_chose_nothing_sees_what_holds(self, layla: User, client_of: ClientOf) -> None:
        found = client_of(layla).get(URL).json()

        mention = found["kinds"]["mention"]
        assert mention["label"] == "Somebody mentions you"
        assert mention["channels"] == {"in_app": True, "email": True, "push": True, "webhook": True}
        assert found["kinds"]["message"]["channels"]["in_app"] is False
        assert found["kinds"]["security"]["mandatory"] == ["email", "in_app", "push"]
        assert (found["chats"], found["muted_until"], found["quiet_hours"]) == ({}, None, None)
        assert (found["digest"], found["email_content"], found["timezone"]) == ("off", "full", "UTC")
        assert not Preferences.objects.exists()

    def test_some_are_changed_and_the_rest_stays(self, layla: User, client_of: ClientOf) -> None:
        client = client_of(layla)
        client.patch(URL, {"kinds": {"mention": {"email": False}}, "digest": "daily", "digest_at": "07:30"})

        found = client.put(
            URL, {"quiet_hours": {"from": "22:00", "to": "07:00"}, "chats": {CHAT: "mentions"}}
        ).json()

        assert found["kinds"]["mention"]["channels"]["email"] is False
        assert found["kinds"]["mention"]["channels"]["push"] is True
        assert (found["digest"], found["digest_at"]) == ("daily", "07:30")
        assert found["quiet_hours"] == {"from": "22:00", "to": "07:00"}
        assert found["chats"] == {CHAT: "mentions"}
        told = LogEntry.objects.filter(type="notification_preferences.updated")
        assert told.count() == 2

    def test_the_same_again_tells_nobody(self, layla: User, client_of: ClientOf) -> None:
        client = client_of(layla)
        body = {"kinds": {"mention": {"email": False}}, "chats": {CHAT: "none"}}
        first, again = client.patch(URL, body), client.patch(URL, body)

        assert first.json() == again.json()
        assert LogEntry.objects.filter(type="notification_preferences.updated").count() == 1

    def test_what_is_as_by_itself_is_not_kept(self, layla: User, client_of: ClientOf) -> None:
        client = client_of(layla)
        client.patch(URL, {"kinds": {"mention": {"email": False}}, "chats": {CHAT: "none"}})
        client.patch(URL, {"kinds": {"mention": {"email": True}}, "chats": {CHAT: "all"}})

        assert Preferences.objects.get().choices == {}
        assert not TopicPreference.objects.exists()

    def test_by_the_paths_that_clients_know(self, layla: User, client_of: ClientOf) -> None:
        for path in ("/api/account/notification-settings", "/api/settings/email-notifications"):
            response = client_of(layla).get(path)

            assert response.status_code == 200
            assert response.json()["emailContent"] == "full"

    @pytest.mark.parametrize("channel", ["in_app", "push", "email"])
    def test_the_safety_of_the_account_is_told_in_any_case(
        self, channel: str, layla: User, client_of: ClientOf
    ) -> None:
        response = client_of(layla).patch(URL, {"kinds": {"security": {channel: False}}, "digest": "daily"})

        assert response.status_code == 409
        assert response.json()["code"] == "channel_mandatory"
        assert response.json()["kind"] == "security"
        assert not Preferences.objects.exclude(digest="off").exists()

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"kinds": {"weather": {"email": True}}}, "unknown_kind"),
            ({"kinds": {"mention": {"pigeon": True}}}, "unknown_channel"),
            ({"kinds": {"mention": {"email": "yes"}}}, "invalid"),
            ({"kinds": {"mention": []}}, "not_a_dict"),
            ({"chats": {"7": "all"}}, "invalid"),
            ({"chats": {CHAT: "some"}}, "invalid_choice"),
            ({"quiet_hours": {"from": "22:00"}}, "required"),
            ({"quiet_hours": {"from": "25:00", "to": "07:00"}}, "invalid"),
            ({"quiet_hours": {"from": 22, "to": 7}}, "invalid"),
            ({"quiet_hours": {"from": "07:00", "to": "07:00"}}, "all_day"),
            ({"quiet_hours": {"from": "22:00", "to": "7:00"}}, "invalid"),
            ({"quiet_hours": {"from": "22:00", "to": "٠٧:٠٠"}}, "invalid"),
            ({"digest_at": "7:30"}, "invalid"),
            ({"digest_at": "07:30:00"}, "invalid"),
            ({"digest": "weekly"}, "invalid_choice"),
            ({"email_content": "all"}, "invalid_choice"),
            ({"muted_until": "2020-01-01T00:00:00Z"}, "past"),
            ({"muted_until": "tomorrow"}, "invalid"),
            ({"muted": True}, "unknown_field"),
        ],
    )
    def test_what_can_not_be_wanted_is_refused(
        self, body: Any, code: str, layla: User, client_of: ClientOf
    ) -> None:
        response = client_of(layla).patch(URL, {"digest": "hourly"} | body)

        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == code
        assert not Preferences.objects.exclude(digest="off").exists()

    def test_they_are_ones_own(self, layla: User, omar: User, client_of: ClientOf) -> None:
        client_of(layla).patch(URL, {"digest": "daily"})

        assert client_of(omar).get(URL).json()["digest"] == "off"

    def test_mute_for_a_while_and_unmute(self, layla: User, client_of: ClientOf) -> None:
        client, until = client_of(layla), timezone.now() + timedelta(hours=2)

        assert client.patch(URL, {"muted_until": until.isoformat()}).json()["muted_until"]
        assert client.patch(URL, {"muted_until": None}).json()["muted_until"] is None


# --- Clocks -------------------------------------------------------------------------------------------------

ZONES = ["UTC", "Asia/Riyadh", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@given(at=moments, start=times, end=times, zone=st.sampled_from(ZONES))
def test_quiet_hours_are_what_the_clock_shows(at: datetime, start: time, end: time, zone: str) -> None:
    wants = Preferences(quiet_from=start, quiet_to=end)

    until = quiet_until(wants, zone=ZoneInfo(zone), at=at)

    shown = at.astimezone(ZoneInfo(zone)).time()
    is_quiet = start <= shown < end if start <= end else shown >= start or shown < end
    assert (until is not None) == is_quiet
    if until:
        assert at < until <= at + timedelta(hours=25, minutes=1)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-28T21:30:00+00:00", "2026-03-29T05:00:00+00:00"),  # the night of one hour less
        ("2026-10-24T20:30:00+00:00", "2026-10-25T06:00:00+00:00"),  # of one more
        ("2026-11-22T05:59:59+00:00", "2026-11-22T06:00:00+00:00"),
        ("2026-11-22T06:00:00+00:00", None),
    ],
)
def test_a_night_in_berlin_ends_at_seven(at: str, until: str | None) -> None:
    wants = Preferences(quiet_from=time(22), quiet_to=time(7))

    found = quiet_until(wants, zone=ZoneInfo("Europe/Berlin"), at=datetime.fromisoformat(at))

    assert found == (datetime.fromisoformat(until) if until else None)


@given(at=moments, hour=times, zone=st.sampled_from(ZONES))
def test_a_digest_comes_within_the_day(at: datetime, hour: time, zone: str) -> None:
    wants = Preferences(digest="daily", digest_at=hour)

    due = digest_due(wants, zone=ZoneInfo(zone), at=at)

    assert at < due <= at + timedelta(hours=25, minutes=1)


@given(at=moments)
def test_an_hourly_one_comes_at_the_full_hour(at: datetime) -> None:
    due = digest_due(Preferences(digest="hourly"), zone=zone_of("UTC"), at=at)

    assert (due.minute, due.second, due.microsecond) == (0, 0, 0)
    assert at < due <= at + timedelta(hours=1)


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("Mars/Olympus") == ZoneInfo("UTC")
    assert zone_of("../../etc/passwd") == ZoneInfo("UTC")
