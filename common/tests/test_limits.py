"""How often: counted per address and account, told in headers, exact under threads."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Session
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory
from accounts.tokens import make_access
from common.api.limits import Rate, take
from common.tests.limits import OFF
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"
LOGIN = "/api/v1/auth/login"
CHANGE = "/api/v1/auth/change-password"
WRONG = {"email": "layla@example.com", "password": "eight camels at noon"}


@pytest.fixture
def stranger(address):
    """A client at an address of its own."""
    return APIClient(REMOTE_ADDR=address)


def signed_in(user, address):
    """A client of *user* in a session of its own."""
    return APIClient(
        REMOTE_ADDR=address, HTTP_AUTHORIZATION=f"Bearer {make_access(SessionFactory(user=user))}"
    )


def told(response):
    return [response.headers.get(f"RateLimit-{name}") for name in ("Limit", "Remaining", "Reset")]


# --- How a limit is written ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/15m", Rate(100, 900)),
        ("5/s", Rate(5, 1)),
        ("1/2h", Rate(1, 7200)),
        ("10/d", Rate(10, 86_400)),
        ("off", None),
    ],
)
def test_a_limit_is_a_count_in_a_time(text, rate):
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text", ["", "100", "0/m", "5/0m", "-1/m", "5/15 m", "5/week", "OFF", "5/m\n", "٥/m"]
)
def test_anything_else_is_a_mistake_that_says_so(text):
    with pytest.raises(ImproperlyConfigured, match="100/15m"):
        Rate.parse(text)


# --- Strangers ----------------------------------------------------------------------------------------------


def test_strangers_are_counted_and_told(stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "2/15m"}

    first, second, third = (stranger.get(ME) for _ in range(3))

    assert [response.status_code for response in (first, second, third)] == [401, 401, 429]
    assert [told(response)[:2] for response in (first, second, third)] == [["2", "1"], ["2", "0"], ["2", "0"]]
    assert told(first)[2] == "900"
    assert 895 <= int(told(third)[2]) <= 900
    assert third.headers["Retry-After"] == told(third)[2]
    assert third.headers["Content-Type"] == "application/problem+json"
    assert (third.json()["code"], third.json()["retry_after"]) == ("limit_reached", int(told(third)[2]))


def test_refused_credentials_are_counted_too(stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "2/15m"}
    ended = make_access(SessionFactory(revoked_at=timezone.now()))

    answers = [
        stranger.get(ME, headers={"Authorization": f"Bearer {token}"}) for token in ("x", ended, "x", ended)
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 429, 429]
    assert [answer.json()["code"] for answer in answers] == [
        "token_invalid",
        "session_ended",
        "limit_reached",
        "limit_reached",
    ]


def test_the_signed_in_are_not_counted_as_strangers(address, settings):
    settings.LIMITS = OFF | {"GENERAL": "1/15m"}
    access = make_access(SessionFactory())
    client = APIClient(REMOTE_ADDR=address, HTTP_AUTHORIZATION=f"Bearer {access}")

    answers = [client.get(ME) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert told(answers[0]) == [None, None, None]


def test_who_refreshes_is_no_stranger_and_who_guesses_is(address, stranger, settings):
    UserFactory(username="layla")
    settings.LIMITS = OFF
    token = stranger.post(LOGIN, {"email": "layla@example.com", "password": PASSWORD}).json()["refresh"]
    Session.objects.update(last_seen_at=timezone.now())
    settings.LIMITS = OFF | {"GENERAL": "1/15m"}

    for _ in range(3):
        refreshed = stranger.post("/api/v1/auth/refresh", {"refresh": token})
        token = refreshed.json()["refresh"]
    guesses = [stranger.post("/api/v1/auth/refresh", {"refresh": "x"}) for _ in range(2)]

    assert refreshed.status_code == 200
    assert [guess.status_code for guess in guesses] == [401, 429]


# --- The signed in ------------------------------------------------------------------------------------------


def test_a_person_is_counted_on_all_devices_and_at_all_addresses_together(address, settings):
    settings.LIMITS = OFF | {"USER": "2/15m"}
    layla = UserFactory(username="layla")

    first, second, third = (signed_in(layla, f"{address}{n}").get(ME) for n in range(3))

    assert [response.status_code for response in (first, second, third)] == [200, 200, 429]
    assert [told(response)[:2] for response in (first, second, third)] == [["2", "1"], ["2", "0"], ["2", "0"]]
    assert third.json()["code"] == "limit_reached"
    assert third.headers["Retry-After"] == told(third)[2]


def test_a_person_over_the_limit_leaves_others_and_strangers_at_their_address_alone(address, settings):
    settings.LIMITS = OFF | {"USER": "1/15m", "GENERAL": "1/15m"}
    layla, omar = UserFactory(username="layla"), UserFactory(username="omar")
    for _ in range(3):
        hers = signed_in(layla, address).get(ME)

    his, nobodys = signed_in(omar, address).get(ME), APIClient(REMOTE_ADDR=address).get(ME)

    assert [answer.status_code for answer in (hers, his, nobodys)] == [429, 200, 401]


def test_what_is_refused_by_the_limit_is_not_done(address, settings):
    settings.LIMITS = OFF | {"USER": "1/15m"}
    layla = UserFactory(username="layla", status_text="At home")
    client = signed_in(layla, address)

    answers = [client.patch(ME, {"status_text": text}) for text in ("On the road", "In the tent")]

    assert [answer.status_code for answer in answers] == [200, 429]
    layla.refresh_from_db()
    assert layla.status_text == "On the road"


def test_a_tighter_limit_beside_the_persons_own_is_the_one_told(address, settings):
    settings.LIMITS = OFF | {"USER": "3000/15m", "AUTH": "5/15m"}

    answer = signed_in(UserFactory(), address).post(CHANGE, {})

    assert (answer.status_code, told(answer)[:2]) == (400, ["5", "4"])


def test_refreshing_counts_per_session_and_not_with_the_requests_of_its_person(address, settings):
    layla = UserFactory(username="layla")
    login = {"email": "layla@example.com", "password": PASSWORD}
    here, there = (APIClient().post(LOGIN, login).json()["refresh"] for _ in range(2))
    settings.LIMITS = OFF | {"USER": "2/15m", "GENERAL": "1/15m"}

    def refresh(token):
        return APIClient(REMOTE_ADDR=address).post("/api/v1/auth/refresh", {"refresh": token})

    answers = [refresh(here), refresh(here), refresh(here), refresh(there)]
    of_the_person = signed_in(layla, address).get(ME)

    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert told(answers[1])[:2] == ["2", "0"]
    assert (of_the_person.status_code, told(of_the_person)[:2]) == (200, ["2", "1"])
    assert Session.objects.filter(revoked_at=None).count() == 3


# --- Addresses ----------------------------------------------------------------------------------------------


def test_each_address_has_a_count_of_its_own(stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "1/15m"}
    stranger.get(ME)

    neighbour = APIClient(REMOTE_ADDR="2001:db8::" + stranger.defaults["REMOTE_ADDR"].split(":")[2])

    assert (stranger.get(ME).status_code, neighbour.get(ME).status_code) == (429, 401)


@pytest.mark.parametrize("path", ["/api/health", "/api/health/live", "/api/health/ready"])
def test_probes_are_never_limited(path, stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "1/15m"}

    assert [stranger.get(path).status_code for _ in range(3)] == [200, 200, 200]


def test_a_limit_may_be_off(stranger, settings):
    settings.LIMITS = OFF

    answers = [stranger.post(LOGIN, WRONG | {"email": f"layla{n}@example.com"}) for n in range(7)]

    assert [answer.status_code for answer in answers] == [401] * 7
    assert told(answers[0]) == [None, None, None]


# --- Attempts to sign in ------------------------------------------------------------------------------------


def test_attempts_are_counted_per_account_however_it_is_spelt(stranger, settings):
    settings.LIMITS = OFF | {"AUTH": "2/15m"}
    UserFactory(username="layla")

    answers = [
        stranger.post(LOGIN, WRONG | {"email": email})
        for email in ("layla@example.com", " LAYLA@example.com", "omar@example.com", "Layla@Example.com")
    ]
    right = stranger.post(LOGIN, WRONG | {"password": PASSWORD})

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert right.status_code == 429
    assert not Session.objects.exists()


def test_guesses_of_who_is_signed_in_count_with_those_to_sign_in(stranger, address, settings):
    settings.LIMITS = OFF | {"AUTH": "3/15m"}
    layla, omar = UserFactory(username="layla"), UserFactory(username="omar")
    change = {"current_password": "eight camels at noon", "password": "nine foxes at noon"}

    client = signed_in(layla, address)
    answers = [
        stranger.post(LOGIN, WRONG),
        client.post(CHANGE, change),
        client.post(CHANGE, change),
        client.post(CHANGE, change | {"current_password": PASSWORD}),
        signed_in(omar, address).post(CHANGE, change | {"current_password": PASSWORD}),
    ]

    assert [answer.status_code for answer in answers] == [401, 403, 403, 429, 204]
    layla.refresh_from_db()
    assert layla.check_password(PASSWORD)


def test_a_stranger_elsewhere_keeps_nobody_out(stranger, settings):
    settings.LIMITS = OFF | {"AUTH": "1/15m"}
    UserFactory(username="layla")
    for _ in range(3):
        stranger.post(LOGIN, WRONG)

    response = APIClient(REMOTE_ADDR="2001:db8:ffff::" + stranger.defaults["REMOTE_ADDR"][9:13]).post(
        LOGIN, WRONG | {"password": PASSWORD}
    )

    assert response.status_code == 200


def test_an_address_that_tries_many_accounts_is_stopped(stranger, settings):
    settings.LIMITS = OFF | {"AUTH": "5/15m", "AUTH_ADDRESS": "3/15m"}

    answers = [stranger.post(LOGIN, WRONG | {"email": f"layla{n}@example.com"}) for n in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert [told(answer)[:2] for answer in answers] == [["3", "2"], ["3", "1"], ["3", "0"], ["3", "0"]]


@pytest.mark.parametrize(
    "path",
    [
        "auth/login",
        "auth/register",
        "auth/verify-email",
        "auth/resend-verification",
        "auth/forgot-password",
        "auth/reset-password",
    ],
)
def test_every_door_of_strangers_has_the_limits_of_signing_in(path, stranger, settings):
    settings.LIMITS = OFF | {"AUTH": "1/15m"}

    answers = [stranger.post(f"/api/v1/{path}", {"email": "layla@example.com"}) for _ in range(2)]

    assert answers[0].status_code in (204, 400)
    assert answers[1].status_code == 429


@pytest.mark.parametrize(
    "body", [b'{"email": ["a"]}', b'{"email": null}', b'{"email": {"a": 1}}', b"[]", b"{", b'"x"']
)
def test_an_odd_body_is_counted_and_refused_like_any(body, stranger, settings):
    settings.LIMITS = OFF | {"AUTH_ADDRESS": "2/15m", "AUTH": "5/15m"}

    answers = [stranger.post(LOGIN, data=body, content_type="application/json") for _ in range(3)]

    assert [answer.status_code for answer in answers][:2] == [400, 400]
    assert told(answers[1])[:2] == ["2", "0"]


def test_of_several_limits_the_one_with_the_least_left_is_told(stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "100/15m", "AUTH_ADDRESS": "50/15m", "AUTH": "5/15m"}

    assert told(stranger.post(LOGIN, WRONG))[:2] == ["5", "4"]


# --- Addresses behind proxies -------------------------------------------------------------------------------


def test_behind_our_proxy_the_client_is_counted_and_not_the_proxy(address, settings):
    settings.LIMITS = OFF | {"GENERAL": "1/15m"}
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    proxy = APIClient(REMOTE_ADDR="10.0.0.1")

    answers = [
        proxy.get(ME, headers={"X-Forwarded-For": forwarded})
        for forwarded in (address, f"1.2.3.4, {address}", f"{address}f", f"{address}, 10.9.9.9")
    ]

    assert [answer.status_code for answer in answers] == [401, 429, 401, 429]


def test_nobody_else_is_believed(stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "1/15m"}
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    answers = [stranger.get(ME, headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(2)]

    assert [answer.status_code for answer in answers] == [401, 429]


# --- Bodies that can't be read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        {"data": b"{", "content_type": "application/json"},
        {"data": b"\xff", "content_type": "application/json"},
        {"data": b"refresh=x", "content_type": "text/plain"},
        {"data": b"x" * (1024 * 1024 + 1), "content_type": "application/json"},
    ],
    ids=["no JSON", "no UTF-8", "another type", "too large"],
)
def test_a_body_that_can_not_be_read_is_counted_before_it_is_refused(sent, stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "2/15m"}

    answers = [stranger.post("/api/v1/auth/refresh", **sent) for _ in range(3)]

    assert [answer.status_code for answer in answers][2] == 429
    assert {answer.json()["code"] for answer in answers[:2]} <= {
        "malformed",
        "unsupported_media_type",
        "body_too_large",
    }
    assert [told(answer)[:2] for answer in answers] == [["2", "1"], ["2", "0"], ["2", "0"]]


def test_a_body_that_can_not_be_read_is_refused_for_what_it_is_where_limits_are_off(stranger):
    answer = stranger.post("/api/v1/auth/refresh", data=b"{", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


# --- Limits that a view names -------------------------------------------------------------------------------


@pytest.mark.urls("common.tests.urls")
@pytest.mark.parametrize("name", ["AI", "MULTIMODAL", "PAYMENT", "ANALYTICS"])
def test_what_costs_more_has_a_limit_of_its_own_for_each_person(name, address, settings):
    settings.LIMITS = OFF | {name: "2/15m", "USER": "9/15m"}
    layla, omar = UserFactory(username="layla"), UserFactory(username="omar")
    path = f"/api/v1/limited/{name.lower()}"

    answers = [signed_in(layla, f"{address}{n}").get(path) for n in range(3)]
    his = signed_in(omar, address).get(path)
    elsewhere = signed_in(layla, address).get("/api/v1/users/me")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [told(answer)[:2] for answer in answers] == [["2", "1"], ["2", "0"], ["2", "0"]]
    assert answers[2].headers["Retry-After"] == told(answers[2])[2]
    assert (his.status_code, elsewhere.status_code) == (200, 200)


@pytest.mark.urls("common.tests.urls")
def test_who_tells_us_of_their_events_is_counted_per_sender(address, settings):
    settings.LIMITS = OFF | {"WEBHOOK": "2/m"}
    path = "/api/v1/limited/webhook"

    answers = [APIClient(REMOTE_ADDR=address).post(path) for _ in range(3)]
    another = APIClient(REMOTE_ADDR=f"{address}a").post(path)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert another.status_code == 200


# --- The window ---------------------------------------------------------------------------------------------


def test_a_window_begins_with_its_first_and_ends_for_all(own_cache, stranger, settings):
    settings.LIMITS = OFF | {"GENERAL": "2/15m"}
    with time_machine.travel(timezone.now(), tick=False) as clock:
        seen = []
        for minutes in (0, 10, 4, 1, 0, 0):
            clock.shift(timedelta(minutes=minutes))
            response = stranger.get(ME)
            seen.append((response.status_code, *map(int, told(response)[1:])))

    assert seen == [
        (401, 1, 900),
        (401, 0, 300),
        (429, 0, 60),
        (401, 1, 900),
        (401, 0, 900),
        (429, 0, 900),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_as_many_get_through_as_may(address, settings):
    settings.LIMITS = OFF | {"GENERAL": "5/15m"}

    statuses = at_once(12, lambda _: APIClient(REMOTE_ADDR=address).get(ME).status_code)

    assert sorted(statuses) == [401] * 5 + [429] * 7


@pytest.mark.django_db(transaction=True)
def test_of_hundreds_at_once_exactly_as_many_are_taken_as_may(address, settings):
    settings.LIMITS = OFF | {"GENERAL": "100/15m"}

    taken = at_once(24, lambda _: [take("GENERAL", address)[1] for _ in range(20)])

    left = sorted((one for of_a_thread in taken for one in of_a_thread), reverse=True)
    assert left == list(range(99, 99 - 24 * 20, -1))  # none was counted twice, and none not at all


def test_what_is_counted_is_no_secret_in_the_cache(address, settings, monkeypatch):
    settings.LIMITS = OFF | {"AUTH": "1/15m"}
    keys = []
    monkeypatch.setattr("common.api.limits.cache.add", lambda key, *args, **more: keys.append(key))

    take("AUTH", f"{address} layla@example.com")

    assert keys
    assert not any("layla" in key or address in key for key in keys)
