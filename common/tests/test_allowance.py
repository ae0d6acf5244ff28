"""What the caller may still do, told up front and counting nothing."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.tests.factories import SessionFactory
from accounts.tokens import make_access
from common.api.limits import named
from common.tests.limits import OFF

pytestmark = pytest.mark.django_db

LIMITS = "/api/v1/limits"
ME = "/api/v1/users/me"
LOGIN = "/api/v1/auth/login"


@pytest.fixture
def stranger(address):
    return APIClient(REMOTE_ADDR=address)


@pytest.fixture
def client_there(address):
    """Makes the client of somebody who is signed in at the stranger's address."""

    def make(user):
        access = make_access(SessionFactory(user=user))
        return APIClient(REMOTE_ADDR=address, HTTP_AUTHORIZATION=f"Bearer {access}")

    return make


def row(name, limit=None, period=None, remaining=None, reset=None):
    return {"name": name, "limit": limit, "period": period, "remaining": remaining, "reset": reset}


def left(client):
    """What is left of each limit, by its name."""
    return {limit["name"]: limit["remaining"] for limit in client.get(LIMITS).json()["limits"]}


def test_every_limit_that_is_set_can_be_told():
    assert {limit.name for limit in named} == set(django_settings.LIMITS)


def test_a_stranger_hears_of_their_address_and_the_rate_per_account(stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "100/15m", "USER": "9/s", "AUTH": "5/15m", "AUTH_ADDRESS": "50/h"}

    response = stranger.get(LIMITS)

    assert response.status_code == 200
    assert response.json()["limits"] == [
        row("GENERAL", 100, 900, 100, 0),
        row("AUTH_ADDRESS", 50, 3600, 50, 0),
        row("AUTH", 5, 900),
        row("WEBHOOK"),
        row("SOCKET"),
    ]


def test_who_is_signed_in_hears_of_their_own(layla, client_there, settings):
    settings.LIMITS = {
        "GENERAL": "100/15m",
        "USER": "9/30s",
        "AUTH": "5/15m",
        "AUTH_ADDRESS": "50/h",
        "AI": "10/m",
        "MULTIMODAL": "20/h",
        "PAYMENT": "20/h",
        "ANALYTICS": "50/m",
        "WEBHOOK": "30/m",
        "SOCKET": "1200/m",
    }

    response = client_there(layla).get(LIMITS)

    assert response.status_code == 200
    assert response.json()["limits"] == [
        row("USER", 9, 30, 9, 0),
        row("AUTH_ADDRESS", 50, 3600, 50, 0),
        row("AUTH", 5, 900, 5, 0),
        row("AI", 10, 60, 10, 0),
        row("MULTIMODAL", 20, 3600, 20, 0),
        row("PAYMENT", 20, 3600, 20, 0),
        row("ANALYTICS", 50, 60, 50, 0),
        row("WEBHOOK", 30, 60, 30, 0),
        row("SOCKET", 1200, 60),  # each socket has a count of its own
    ]


def test_what_is_off_is_null(stranger, layla, client_there, settings):
    settings.LIMITS = OFF

    of_a_stranger = stranger.get(LIMITS).json()["limits"]
    of_layla = client_there(layla).get(LIMITS).json()["limits"]

    of_all = [row(name) for name in ("AUTH_ADDRESS", "AUTH")]
    of_people = [row(name) for name in ("AI", "MULTIMODAL", "PAYMENT", "ANALYTICS")]
    beside = [row("WEBHOOK"), row("SOCKET")]
    assert of_a_stranger == [row("GENERAL"), *of_all, *beside]
    assert of_layla == [row("USER"), *of_all, *of_people, *beside]


def test_asking_counts_nothing_and_tells_what_the_headers_tell(layla, client_there, settings):
    settings.LIMITS = OFF | {"USER": "2/15m"}
    client = client_there(layla)

    asked = [left(client)["USER"] for _ in range(3)]
    used = client.get(ME)

    assert asked == [2, 2, 2]
    assert used.headers["RateLimit-Remaining"] == "1"
    assert left(client)["USER"] == 1


def test_who_has_none_left_may_still_ask(stranger, layla, client_there, settings):
    settings.LIMITS = OFF | {"USER": "1/15m", "GENERAL": "1/15m"}
    client = client_there(layla)
    answers = [caller.get(ME).status_code for caller in (client, client, client, stranger, stranger)]

    assert answers == [200, 429, 429, 401, 429]
    assert (left(client)["USER"], left(stranger)["GENERAL"]) == (0, 0)


def test_what_one_uses_is_nobody_elses(stranger, layla, omar, client_there, settings):
    settings.LIMITS = OFF | {"USER": "5/15m", "GENERAL": "5/15m", "AUTH": "5/15m"}
    client_there(layla).get(ME)
    stranger.get(ME)
    stranger.get(ME)
    stranger.post(LOGIN, {"email": "layla@example.com", "password": "eight camels at noon"})

    of_layla, of_omar = left(client_there(layla)), left(client_there(omar))
    assert (of_layla["USER"], of_layla["AUTH"]) == (4, 4)
    assert (of_omar["USER"], of_omar["AUTH"]) == (5, 5)
    assert left(stranger)["GENERAL"] == 2


def test_the_time_runs_down_and_begins_anew(own_cache, stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "2/15m"}
    with time_machine.travel(timezone.now(), tick=False) as clock:
        seen = []
        for minutes in (0, 10, 6):
            clock.shift(timedelta(minutes=minutes))
            seen.append(stranger.get(LIMITS).json()["limits"][0])
            if minutes == 0:
                stranger.get(ME)

    assert seen == [
        row("GENERAL", 2, 900, 2, 0),
        row("GENERAL", 2, 900, 1, 300),
        row("GENERAL", 2, 900, 2, 0),
    ]


def test_the_sizes_of_every_app_are_told(stranger):
    assert stranger.get(LIMITS).json()["sizes"] == {
        "body_bytes": 1048576,
        "page_size": 200,
        "frame_characters": 262144,
        "resume_topics": 5000,
        "sync_topics": 100,
        "password_characters": 128,
        "username_characters": 30,
        "display_name_characters": 80,
        "avatar_bytes": 5242880,
        "avatar_pixels": 33177600,
        "status_text_characters": 140,
        "text_characters": 10000,
        "mentions": 100,
        "draft_copies": 20,
        "scheduled_messages": 100,
        "client_id_characters": 255,
        "chat_title_characters": 120,
        "chat_description_characters": 1000,
        "files_per_message": 10,
        "voice_seconds": 900,
        "video_seconds": 300,
        "quote_characters": 1000,
        "reactions_per_message": 20,
        "pins_per_chat": 50,
        "chats_per_forward": 20,
        "participants": 10000,
        "participants_per_request": 200,
        "outbox_messages": 100,
        "file_bytes": 104857600,
        "file_pixels": 33177600,
        "file_name_characters": 255,
        "archive_entries": 10000,
        "archive_unpacked_bytes": 1073741824,
        "files_bytes": 5368709120,
        "files_per_batch": 10,
        "upload_piece_bytes": 8388608,
        "uploads_open": 20,
        "search_query_characters": 200,
        "webhooks": 10,
        "webhook_types": 100,
        "contacts": 5000,
        "contact_alias_characters": 80,
        "chat_folders": 20,
        "chats_per_folder": 200,
        "chat_avatar_bytes": 5242880,
        "invitation_days": 30,
        "invitations_per_chat": 100,
        "push_devices": 20,
        "push_device_name_characters": 80,
    }


def test_it_takes_no_query_of_a_stranger_and_one_of_who_is_signed_in(
    stranger, layla, client_there, settings, django_assert_num_queries
):
    settings.LIMITS = OFF | {"GENERAL": "100/15m", "USER": "9/s", "AUTH": "5/15m", "AUTH_ADDRESS": "50/h"}
    client = client_there(layla)

    with django_assert_num_queries(0):
        stranger.get(LIMITS)
    with django_assert_num_queries(1):  # the session
        client.get(LIMITS)


def test_a_token_that_is_none_is_refused_here_too(stranger):
    response = stranger.get(LIMITS, headers={"Authorization": "Bearer x"})

    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
