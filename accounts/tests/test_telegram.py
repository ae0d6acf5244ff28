"""Signing in from a Telegram Mini App, by the rules of Telegram's own description."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import LinkedIdentity, Session, User
from accounts.tests.factories import LinkedIdentityFactory, UserFactory
from accounts.tests.telegram import BOT_TOKEN, init_data, signed
from common.models import Mail
from common.tests.caches import clear_cache

pytestmark = pytest.mark.django_db

SIGN_IN, LINK = "/api/v1/auth/telegram", "/api/v1/users/me/telegram"
DAY = 86_400  # seconds


@pytest.fixture(autouse=True)
def _our_bot(settings):
    clear_cache()  # what was used before
    settings.TELEGRAM_BOT_TOKEN = BOT_TOKEN


def refused(response, status, code):
    assert (response.status_code, response.json()["code"]) == (status, code)


# --- Signing in ---------------------------------------------------------------------------------------------


def test_whoever_opens_the_app_first_gets_an_account_without_an_address(client):
    response = client.post(SIGN_IN, {"init_data": init_data(), "device_name": "Telegram"})

    user, told = User.objects.get(), response.json()["user"]
    assert response.status_code == 200
    assert told["email"] is None
    assert told["email_verified"] is False
    assert told["display_name"] == "Layla Haddad+Co"
    assert told["language"] == "ar"
    assert user.email.endswith("@users.invalid")
    assert LinkedIdentity.objects.get().label == "@layla_h"
    assert Session.objects.get().device_name == "Telegram"


def test_the_next_time_it_is_the_same_account(client):
    first = client.post(SIGN_IN, {"init_data": init_data(at=time.time() - 5)}).json()
    second = client.post(SIGN_IN, {"init_data": init_data()}).json()

    assert first["user"]["id"] == second["user"]["id"]
    assert User.objects.count() == 1


def test_it_may_stand_in_the_header(client):
    response = client.post(SIGN_IN, {}, headers={"Authorization": f"tma {init_data()}"})

    assert response.status_code == 200


def test_the_older_clients_read_their_token(client):
    response = client.post("/api/miniapp/auth/telegram", {"initData": init_data()})

    assert response.status_code == 200
    assert response.json()["token"] == response.json()["access"]
    assert "Deprecation" in response.headers


def test_another_entry_point_signs_other_fields(client):
    opened = init_data(chat_instance="-3788475317572404878", chat_type="private", start_param="a b+c")

    assert client.post(SIGN_IN, {"init_data": opened}).status_code == 200


def test_what_was_used_signs_nobody_in_again(client):
    data = {"init_data": init_data()}

    responses = [client.post(SIGN_IN, data) for _ in range(2)]

    assert responses[0].status_code == 200
    refused(responses[1], 401, "telegram_data_invalid")


@pytest.mark.parametrize("seconds", [-DAY + 60, 0, 50])
def test_it_holds_for_a_day_and_a_clock_may_be_a_minute_off(seconds, client):
    assert client.post(SIGN_IN, {"init_data": init_data(at=time.time() + seconds)}).status_code == 200


@pytest.mark.parametrize("seconds", [-DAY - 60, 120])
def test_what_is_too_old_or_from_the_future_is_refused(seconds, client):
    refused(
        client.post(SIGN_IN, {"init_data": init_data(at=time.time() + seconds)}), 401, "telegram_data_invalid"
    )


FORGED = {
    "no query": lambda: "x",
    "an empty hash": lambda: "hash=",
    "no name": lambda: "=",
    "a name twice": lambda: "a=1&a=2&hash=00",
    "another bot's": lambda: init_data(token="654321:another-bot"),
    "another person": lambda: init_data().replace("Layla", "Omar"),
    "a field more": lambda: init_data() + "&admin=1",
    "two hashes": lambda: init_data() + "&hash=" + "0" * 64,
    "a hash in no hex": lambda: init_data().replace("hash=", "hash=ä"),
    "no time": lambda: init_data(auth_date="soon"),
    "a list for a person": lambda: init_data(user="[]"),
    "a word for an id": lambda: init_data(user='{"id": "me"}'),
    "half a person": lambda: init_data(user="{"),
    "nobody": lambda: signed({"auth_date": str(int(time.time()))}),
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_telegram_did_not_sign_for_us_is_refused(forged, client):
    refused(client.post(SIGN_IN, {"init_data": FORGED[forged]()}), 401, "telegram_data_invalid")

    assert not User.objects.exists()


@pytest.mark.parametrize("body", [{}, {"init_data": 7}, {"init_data": ""}, {"init_data": "x" * 9000}])
def test_what_has_not_its_shape_is_refused(body, client):
    response = client.post(SIGN_IN, body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "init_data"


def test_without_a_bot_it_is_not_configured(client, settings):
    settings.TELEGRAM_BOT_TOKEN = ""

    refused(client.post(SIGN_IN, {"init_data": init_data()}), 503, "provider_not_configured")


def test_a_deactivated_account_stays_closed(client):
    LinkedIdentityFactory(user=UserFactory(is_active=False), provider="telegram", subject="500")

    refused(client.post(SIGN_IN, {"init_data": init_data()}), 403, "sign_in_refused")


def test_no_mail_goes_to_an_address_that_is_nobodys(client, client_of, committed):
    client.post(SIGN_IN, {"init_data": init_data()})
    user = User.objects.get()

    with committed():
        client.post("/api/v1/auth/forgot-password", {"email": user.email})

    assert not Mail.objects.exists()


# --- Linking ------------------------------------------------------------------------------------------------


def test_who_is_signed_in_is_linked_and_seen_to_be(layla, client_of):
    client = client_of(layla)

    response = client.post(LINK, {"init_data": init_data()})

    assert response.status_code == 200
    assert client.get(LINK).json() == response.json()
    assert response.json()["label"] == "@layla_h"
    assert Mail.objects.get().template == "identity_linked"


def test_syncing_brings_the_link_up_to_date_and_tells_nobody(layla, client_of):
    LinkedIdentityFactory(user=layla, provider="telegram", subject="500", label="@older")

    response = client_of(layla).post("/api/miniapp/sync-user", {"initData": init_data()})

    assert response.status_code == 200
    assert LinkedIdentity.objects.get().label == "@layla_h"
    assert not Mail.objects.exists()


def test_bringing_a_link_up_to_date_asks_for_no_proof_and_a_new_one_does(layla, omar, client_of):
    LinkedIdentityFactory(user=layla, provider="telegram", subject="500")
    clients = [client_of(layla), client_of(omar)]
    Session.objects.update(proved_at=timezone.now() - timedelta(minutes=10))

    old = clients[0].post(LINK, {"init_data": init_data()})
    new = clients[1].post(LINK, {"init_data": init_data(telegram=501)})

    assert old.status_code == 200
    refused(new, 403, "step_up_required")


def test_one_telegram_account_signs_in_to_one_account(layla, client_of):
    LinkedIdentityFactory(provider="telegram", subject="500")

    refused(client_of(layla).post(LINK, {"init_data": init_data()}), 409, "identity_taken")


def test_then_it_signs_in_to_that_account(layla, client, client_of):
    client_of(layla).post(LINK, {"init_data": init_data(at=time.time() - 5)})

    response = client.post(SIGN_IN, {"init_data": init_data()})

    assert response.json()["user"]["id"] == str(layla.pk)


def test_it_is_unlinked(layla, client_of):
    LinkedIdentityFactory(user=layla, provider="telegram")
    client = client_of(layla)

    assert client.delete(LINK).status_code == 204
    assert client.get(LINK).status_code == 404


def test_whoever_came_from_telegram_alone_stays_linked(client_of):
    layla = UserFactory(password="!")
    LinkedIdentityFactory(user=layla, provider="telegram")

    refused(client_of(layla).delete(LINK), 409, "last_way_in")
