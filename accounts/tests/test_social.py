"""Signing in as who one is at Google, Apple and GitHub, each spoken to as it speaks."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, LinkedIdentity, Session, User
from accounts.providers import Identity
from accounts.services import sign_in_as
from accounts.tests.factories import PASSWORD, LinkedIdentityFactory, PasskeyFactory, UserFactory
from accounts.tests.provider_server import (
    APPLE_KEY,
    CLIENT_ID,
    CLIENT_SECRET,
    OTHER_KEY,
    REDIRECT_URI,
    ProviderServer,
    running,
)
from common.models import Mail
from common.tests.caches import clear_cache
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

SOCIAL = "/api/v1/auth/social"
GOOGLE, APPLE, GITHUB, LOCAL = (f"{SOCIAL}/{name}" for name in ("google", "apple", "github", "local"))


@pytest.fixture
def there(settings):
    """The providers, set up here."""
    clear_cache()  # keys of another test's server
    with running() as server:
        google = {
            "issuer": server.url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "native_client_ids": ["serai-android"],
        }
        key = APPLE_KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        apple = {
            "issuer": server.url,
            "client_id": CLIENT_ID,
            "team_id": "TEAM123456",
            "key_id": "KEY1234567",
            "private_key": key.decode(),
            "native_client_ids": ["example.serai.ios"],
        }
        github = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "site": server.url,
            "api": server.url,
        }
        settings.SOCIAL = {"google": google, "apple": apple, "github": github}
        settings.SOCIAL_REDIRECT_URIS = [REDIRECT_URI]
        yield server


def begin(client, path=GOOGLE):
    response = client.post(path, {"redirect_uri": REDIRECT_URI})
    assert response.status_code == 200, response.json()
    return response.json()


def sign_in(client, there: ProviderServer, path=GOOGLE, **more):
    begun = begin(client, path)
    back = there_of(there, path, begun["authorization_url"])
    return client.post(path, {"flow": begun["flow"], **back, **more})


def there_of(there: ProviderServer, path: str, url: str) -> dict[str, str]:
    if path == GITHUB:  # which names no response type
        url += "" if "response_type" in url else "&response_type=code"
    return there.go_there(url)


def refused(response, status, code):
    assert (response.status_code, response.json()["code"]) == (status, code)


# --- The whole way ------------------------------------------------------------------------------------------


def test_whoever_has_no_account_gets_one_and_is_signed_in(client, there):
    response = sign_in(client, there, device_name="Phone")

    user, answer = User.objects.get(), response.json()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert answer["user"]["email"] == "layla@gmail.com"
    assert answer["user"]["email_verified"] is True
    assert answer["user"]["display_name"] == "Layla Haddad"
    assert not user.has_usable_password()
    assert Session.objects.get().device_name == "Phone"
    assert client.get("/api/v1/users/me", headers=bearer(answer)).status_code == 200
    assert there.asked == ["/.well-known/openid-configuration", "/token", "/keys"]


def test_the_address_to_open_asks_for_what_is_needed_and_holds_no_secret(client, there):
    begun = begin(client)

    asked = dict(parse_qsl(urlsplit(begun["authorization_url"]).query))
    assert asked["scope"] == "openid email profile"
    assert len(asked["state"]) == len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    assert begun["flow"] not in begun["authorization_url"]
    assert CLIENT_SECRET not in begun["authorization_url"]
    assert begun["expires_in"] == 600


def test_the_second_time_it_is_the_same_account_whatever_the_address_there(client, there):
    sign_in(client, there)
    there.person["email"] = "haddad@gmail.com"

    response = sign_in(client, there)

    assert response.json()["user"]["email"] == "layla@gmail.com"
    assert User.objects.count() == 1
    assert LinkedIdentity.objects.get().label == "haddad@gmail.com"


def test_apple_is_shown_a_token_that_we_signed_and_says_yes_in_words(client, there):
    there.client_secret_is_a_token = True
    there.person |= {"email": "x7@privaterelay.appleid.com", "email_verified": "true"}

    begun = begin(client, APPLE)
    response = client.post(APPLE, {"flow": begun["flow"], **there.go_there(begun["authorization_url"])})

    assert response.status_code == 200
    assert "response_mode=form_post" in begun["authorization_url"]
    assert response.json()["user"]["email"] == "x7@privaterelay.appleid.com"


def test_github_is_asked_who_it_is_and_which_address_is_verified(client, there):
    there.emails = [
        {"email": "old@example.com", "primary": False, "verified": True},
        {"email": "layla@example.com", "primary": True, "verified": True},
    ]

    response = sign_in(client, there, GITHUB)

    assert response.status_code == 200
    assert response.json()["user"]["email"] == "layla@example.com"
    assert LinkedIdentity.objects.get().subject == "583231"


@pytest.mark.parametrize("emails", [[], [{"email": "layla@example.com", "primary": True, "verified": False}]])
def test_without_a_verified_address_github_makes_no_account(emails, client, there):
    there.emails = emails

    refused(sign_in(client, there, GITHUB), 409, "social_email_missing")

    assert not User.objects.exists()


def test_the_local_provider_walks_the_same_way_in_a_browser(client):
    begun = client.post(LOCAL, {"redirect_uri": "http://localhost:9000/back?x=1"}).json()
    browser = Client()
    url = urlsplit(begun["authorization_url"])
    page = browser.get(f"{url.path}?{url.query}")
    sent = {"email": "layla@example.com"} | page.context["form"].initial

    came_back = browser.post(url.path, sent)
    back = dict(parse_qsl(urlsplit(came_back["Location"]).query))
    response = client.post(LOCAL, {"flow": begun["flow"], "code": back["code"], "state": back["state"]})
    again = client.post(LOCAL, {"flow": begun["flow"], "code": back["code"], "state": back["state"]})

    assert came_back.status_code == 302
    assert came_back["Location"].startswith("http://localhost:9000/back?x=1&code=")
    assert response.json()["user"]["email"] == "layla@example.com"
    refused(again, 400, "social_sign_in_failed")


def test_the_local_providers_page_wants_an_address():
    response = Client().post("/dev/sign-in", {"email": "nobody", "redirect_uri": "x", "code_challenge": "x"})

    assert response.status_code == 400
    assert b"valid email" in response.content


def test_production_has_no_local_provider(client, settings):
    settings.LOCAL_SIGN_IN = False

    refused(client.post(LOCAL, {"redirect_uri": REDIRECT_URI}), 404, "provider_unknown")


# --- Whose account it is ------------------------------------------------------------------------------------


def test_an_account_with_the_address_is_theirs_if_the_provider_is_its_authority_and_they_are_told(
    client, there
):
    layla = UserFactory(email="layla@gmail.com")

    response = sign_in(client, there)

    assert response.json()["user"]["id"] == str(layla.pk)
    assert Mail.objects.get().template == "identity_linked"
    assert set(AuditEntry.objects.values_list("verb", "subject")) == {
        ("identity.linked", layla.pk),
        ("session.opened", layla.pk),
    }


def test_a_workspace_vouches_for_its_own_addresses(client, there):
    layla = UserFactory(email="layla@serai.example")
    there.person |= {"email": "layla@serai.example", "hd": "serai.example"}

    response = sign_in(client, there)

    assert response.json()["user"]["id"] == str(layla.pk)


@pytest.mark.parametrize("path", [GOOGLE, GITHUB])
def test_a_word_that_proves_no_address_opens_nobodys_account(path, client, there):
    layla = UserFactory(email="layla@elsewhere.example")
    there.person["email"] = "layla@elsewhere.example"
    there.emails = [{"email": "layla@elsewhere.example", "primary": True, "verified": True}]

    refused(sign_in(client, there, path), 409, "account_exists")

    assert not Session.objects.exists()
    assert not layla.identities.exists()


@pytest.mark.parametrize("verified", [False, "false", None, "yes"])
def test_an_address_that_the_provider_has_not_verified_is_none(verified, client, there):
    UserFactory(email="layla@gmail.com")
    there.person["email_verified"] = verified

    refused(sign_in(client, there), 409, "social_email_missing")


def test_who_signed_up_in_wait_for_the_owner_gets_nothing_of_them(client, there):
    UserFactory(email="layla@gmail.com", email_verified_at=None, display_name="Ha")

    response = sign_in(client, there)
    attempt = client.post("/api/v1/auth/login", {"email": "layla@gmail.com", "password": PASSWORD})

    user = User.objects.get()
    assert response.status_code == 200
    assert user.is_verified
    assert user.display_name == "Layla Haddad"
    refused(attempt, 401, "invalid_credentials")


def test_an_account_that_is_linked_to_somebody_else_there_is_not_opened(client, there):
    layla = UserFactory(email="layla@gmail.com")
    LinkedIdentityFactory(user=layla, subject="another")

    refused(sign_in(client, there), 409, "account_exists")


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_deactivated_account_stays_closed(is_linked, client, there):
    layla = UserFactory(email="layla@gmail.com", is_active=False)
    if is_linked:
        LinkedIdentityFactory(user=layla, subject=there.person["sub"])

    refused(sign_in(client, there), 403, "sign_in_refused")

    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_first_sign_ins_at_once_make_one_account():
    identity = Identity(provider="google", subject="1", email="layla@gmail.com", vouches=True, name="Layla")

    at_once(8, lambda _: sign_in_as(identity=identity))

    assert User.objects.count() == 1
    assert LinkedIdentity.objects.count() == 1
    assert Session.objects.count() == 8


# --- What doesn't hold --------------------------------------------------------------------------------------


def test_a_flow_is_used_once(client, there):
    begun = begin(client)
    back = there.go_there(begun["authorization_url"])
    client.post(GOOGLE, {"flow": begun["flow"], **back})

    refused(client.post(GOOGLE, {"flow": begun["flow"], **back}), 400, "social_sign_in_failed")


@pytest.mark.parametrize(
    "wrong", [{"flow": "another"}, {"state": "another"}, {"code": "another"}, {"state": "aä"}]
)
def test_what_was_not_begun_here_is_refused(wrong, client, there):
    begun = begin(client)
    back = there.go_there(begun["authorization_url"])

    refused(client.post(GOOGLE, {"flow": begun["flow"], **back} | wrong), 400, "social_sign_in_failed")

    assert not User.objects.exists()


def test_a_flow_of_one_provider_is_none_of_another(client, there):
    begun = begin(client)

    response = client.post(GITHUB, {"flow": begun["flow"], **there.go_there(begun["authorization_url"])})

    refused(response, 400, "social_sign_in_failed")


def test_the_code_of_somebody_elses_flow_is_refused_by_the_provider(client, there):
    mine, theirs = begin(client), begin(client)
    stolen = there.go_there(theirs["authorization_url"])["code"]
    state = dict(parse_qsl(urlsplit(mine["authorization_url"]).query))["state"]

    response = client.post(GOOGLE, {"flow": mine["flow"], "code": stolen, "state": state})

    refused(response, 400, "social_sign_in_failed")  # PKCE


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": [CLIENT_ID, "another-client"]},  # without azp
        {"iss": "https://evil.example"},
        {"exp": 1_700_000_000},
        {"iat": None},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"at_hash": "another"},
    ],
)
def test_an_id_token_that_says_anything_else_is_refused(claims, client, there):
    there.faults["claims"] = claims

    refused(sign_in(client, there), 400, "social_sign_in_failed")

    assert not User.objects.exists()


@pytest.mark.parametrize(
    "faults",
    [
        {"key": OTHER_KEY},
        {"alg": "none", "key": None},
        {"alg": "HS256", "key": CLIENT_SECRET * 2},
    ],
)
def test_an_id_token_that_is_not_signed_by_the_provider_is_refused(faults, client, there):
    there.faults |= faults

    refused(sign_in(client, there), 400, "social_sign_in_failed")


def test_a_new_key_of_the_provider_is_found(client, there):
    sign_in(client, there)
    there.kid, there.key = "k2", OTHER_KEY

    response = sign_in(client, there)

    assert response.status_code == 200
    assert there.asked.count("/keys") == 2


def test_forged_keys_do_not_make_us_ask_again_and_again(client, there):
    sign_in(client, there)
    there.faults["key"] = OTHER_KEY

    for _ in range(5):
        sign_in(client, there)

    assert there.asked.count("/keys") == 2


@pytest.mark.parametrize("faults", [{"status": 503}, {"issuer": "https://evil.example"}])
def test_a_provider_that_fails_is_said_to(faults, client, there):
    there.faults |= faults

    refused(client.post(GOOGLE, {"redirect_uri": REDIRECT_URI}), 502, "provider_unavailable")


def test_a_provider_that_is_not_there_is_said_to(client, there, settings):
    settings.SOCIAL["google"]["issuer"] = "http://127.0.0.1:9"

    refused(client.post(GOOGLE, {"redirect_uri": REDIRECT_URI}), 502, "provider_unavailable")


def test_without_a_client_id_it_is_not_configured(client):
    refused(client.post(GOOGLE, {"redirect_uri": REDIRECT_URI}), 503, "provider_not_configured")


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/back",
        f"{REDIRECT_URI}/more",
        f"{REDIRECT_URI}?x=1",
        "http://localhost.evil.example/",
        "https://localhost/",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
def test_people_are_sent_back_to_our_addresses_alone(uri, client, there):
    response = client.post(GOOGLE, {"redirect_uri": uri})

    refused(response, 400, "invalid")
    assert response.json()["errors"][0]["field"] == "redirect_uri"


def test_production_sends_nobody_to_localhost(client, there, settings):
    settings.SOCIAL_LOOPBACK = False

    refused(client.post(GOOGLE, {"redirect_uri": "http://localhost:9000/"}), 400, "invalid")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["redirect_uri"]),
        ({"flow": "x"}, ["code", "state"]),
        ({"flow": "x", "code": "x", "state": "x", "redirect_uri": "x"}, ["code", "flow", "state"]),
        ({"id_token": "x", "redirect_uri": "x"}, ["id_token"]),
        ({"redirect_uri": "x", "nonce": "x"}, ["nonce"]),
        ({"redirect_uri": 7}, ["redirect_uri"]),
        ({"redirect_uri": "x", "scope": "all"}, ["scope"]),
    ],
)
def test_one_call_at_a_time(body, fields, client, there):
    response = client.post(GOOGLE, body)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == fields


# --- By an app's id token -----------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", [CLIENT_ID, "serai-android"])
def test_an_apps_id_token_signs_in_once(audience, client, there):
    token = there.id_token(aud=audience, nonce="n1")

    responses = [client.post(GOOGLE, {"id_token": token, "nonce": "n1"}) for _ in range(2)]

    assert responses[0].status_code == 200
    refused(responses[1], 400, "social_sign_in_failed")


def test_apple_gives_the_nonce_hashed(client, there):
    hashed = "1b4f0e9851971998e732078544c96b36c3d01cedf7caa332359d6f1d83567014"  # of test1
    token = there.id_token(aud="example.serai.ios", nonce=hashed)

    assert client.post(APPLE, {"id_token": token, "nonce": "test1"}).status_code == 200


@pytest.mark.parametrize(
    ("claims", "more"),
    [
        ({"aud": "another-app"}, {}),
        ({"nonce": "n1"}, {}),
        ({"nonce": "n1"}, {"nonce": "n2"}),
        ({}, {"nonce": "n1"}),
        ({"iat": 1_700_000_000}, {}),
    ],
)
def test_an_apps_id_token_that_is_another_apps_or_old_or_of_another_nonce_is_refused(
    claims, more, client, there
):
    response = client.post(GOOGLE, {"id_token": there.id_token(**claims), **more})

    refused(response, 400, "social_sign_in_failed")


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_id_token_is_refused(token, client, there):
    refused(client.post(GOOGLE, {"id_token": token}), 400, "social_sign_in_failed")


@pytest.mark.parametrize("path", [GITHUB, LOCAL])
def test_not_every_provider_has_id_tokens(path, client, there):
    refused(client.post(path, {"id_token": "x"}), 400, "social_sign_in_failed")


# --- Linking ------------------------------------------------------------------------------------------------


def test_who_is_signed_in_is_linked_and_told(layla, client_of, there):
    client = client_of(layla)

    response = sign_in(client, there)

    assert response.status_code == 200
    assert response.json()["provider"] == "google"
    assert response.json()["label"] == "layla@gmail.com"
    assert Mail.objects.get().to == layla.email
    assert Session.objects.count() == 1  # theirs: no other was opened


def test_a_new_way_in_asks_for_a_fresh_proof(layla, client_of, there):
    client = client_of(layla)
    Session.objects.update(proved_at=timezone.now() - timedelta(minutes=10))

    refused(sign_in(client, there), 403, "step_up_required")

    assert not layla.identities.exists()
    assert not Mail.objects.exists()


def test_unlinking_asks_for_a_fresh_proof(layla, client_of):
    LinkedIdentityFactory(user=layla)
    client = client_of(layla)
    Session.objects.update(proved_at=timezone.now() - timedelta(minutes=10))

    refused(client.delete(GOOGLE), 403, "step_up_required")

    assert layla.identities.exists()


def test_linking_twice_is_once(layla, client_of, there):
    client = client_of(layla)

    statuses = [sign_in(client, there).status_code for _ in range(2)]

    assert statuses == [200, 200]
    assert Mail.objects.count() == 1
    assert LinkedIdentity.objects.count() == 1


def test_an_identity_signs_in_to_one_account(layla, client_of, there):
    LinkedIdentityFactory(subject=there.person["sub"])

    refused(sign_in(client_of(layla), there), 409, "identity_taken")

    assert not layla.identities.exists()


def test_an_account_has_one_identity_a_provider(layla, client_of, there):
    LinkedIdentityFactory(user=layla, subject="another")

    refused(sign_in(client_of(layla), there), 409, "identity_taken")


def test_it_is_unlinked_once_and_they_are_told(layla, client_of):
    LinkedIdentityFactory(user=layla)
    client = client_of(layla)

    statuses = [client.delete(GOOGLE).status_code for _ in range(2)]

    assert statuses == [204, 204]
    assert not layla.identities.exists()
    assert Mail.objects.get().template == "identity_unlinked"
    assert list(AuditEntry.objects.values_list("verb", flat=True)) == ["identity.unlinked"]


def test_the_last_way_in_is_kept(client_of):
    layla = UserFactory(password="!")
    LinkedIdentityFactory(user=layla)

    refused(client_of(layla).delete(GOOGLE), 409, "last_way_in")

    assert layla.identities.exists()


@pytest.mark.parametrize("other", ["identity", "passkey"])
def test_with_another_way_in_it_is_not_the_last(other, client_of):
    layla = UserFactory(password="!")
    LinkedIdentityFactory(user=layla)
    if other == "identity":
        LinkedIdentityFactory(user=layla, provider="github")
    else:
        PasskeyFactory(user=layla)

    assert client_of(layla).delete(GOOGLE).status_code == 204


def test_a_stranger_unlinks_nothing(client):
    LinkedIdentityFactory()

    refused(client.delete(GOOGLE), 401, "not_authenticated")

    assert LinkedIdentity.objects.exists()


def test_the_list_says_what_is_set_up_and_whom_the_caller_is_there(layla, client, client_of, there, settings):
    settings.SOCIAL["apple"]["client_id"] = ""
    LinkedIdentityFactory(user=layla, label="layla@gmail.com")

    stranger, mine = client.get(SOCIAL).json(), client_of(layla).get(SOCIAL).json()

    assert [(each["name"], each["configured"]) for each in stranger["providers"]] == [
        ("google", True),
        ("apple", False),
        ("github", True),
        ("local", True),
    ]
    assert [each["linked"] for each in stranger["providers"]] == [None, None, None, None]
    assert mine["providers"][0]["linked"]["label"] == "layla@gmail.com"


def bearer(answer) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer['access']}"}
