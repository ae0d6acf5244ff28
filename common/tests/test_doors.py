"""Versions, slashes, spellings: one view behind every door."""

import pytest
from django.test import Client

from accounts.tests.factories import PASSWORD, SessionFactory
from accounts.tokens import make_access
from messaging.models import Message
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"
LOGIN = {"email": "layla@example.com", "password": PASSWORD}


# --- Versions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/users/me", {}),
        ("/api/users/me", {}),
        ("/api/users/me", {"X-API-Version": "1"}),
        ("/api/users/me", {"Accept": "application/json; version=1"}),
        ("/api/users/me", {"Accept": 'application/json;version="1", */*;q=0.1'}),
        ("/api/v1/users/me", {"X-API-Version": "1"}),
    ],
)
def test_a_version_is_asked_for_in_any_of_three_ways(path, headers, layla, client_of):
    response = client_of(layla).get(path, headers=headers)

    assert response.status_code == 200
    assert response.json()["username"] == "layla"
    assert response.headers["API-Version"] == "1"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v2/users/me", {}),
        ("/api/v0/users/me", {}),
        ("/api/v2", {}),
        ("/api/users/me", {"X-API-Version": "2"}),
        ("/api/v1/users/me", {"X-API-Version": "newest"}),
        ("/api/users/me", {"Accept": "application/json; version=2"}),
        ("/api/health", {"X-API-Version": "2"}),
    ],
)
def test_an_unknown_version_is_told_with_those_there_are(path, headers, layla, client_of):
    response = client_of(layla).get(path, headers=headers)

    assert response.status_code == 406
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["API-Version"] == "1"
    assert (response.json()["code"], response.json()["versions"]) == ("unknown_version", [1])


@pytest.mark.parametrize(
    "path",
    [ME, "/api/v1/nothing", "/api/nothing", "/api/v1/auth/login", "/api/health", "/api/docs", "/api/schema"],
)
def test_every_answer_of_the_api_names_its_version(path, client):
    assert client.get(path).headers["API-Version"] == "1"


def test_other_pages_have_no_version(client):
    assert "API-Version" not in client.get("/dev/outbox").headers


# --- The slash ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/auth/login/", "/api/auth/login/", "/api/v1/auth/login//"])
def test_a_slash_at_the_end_keeps_the_body(path, layla, client):
    response = client.post(path, LOGIN)

    assert response.status_code == 200
    assert response.json()["user"]["username"] == "layla"


@pytest.mark.parametrize("path", ["/api/v1/users/me/", "/api/users/me/", "/api/health/", "/api/v1/chats/"])
def test_a_slash_at_the_end_never_redirects(path, layla, client_of):
    assert client_of(layla).get(path).status_code == 200


# --- The older clients' door --------------------------------------------------------------------------------


def test_the_older_door_speaks_camel_case_and_says_that_it_went_well(layla, client_of):
    response = client_of(layla).get("/api/users/me")

    assert response.json() == {
        "success": True,
        "id": str(layla.pk),
        "email": "layla@example.com",
        "emailVerified": True,
        "username": "layla",
        "displayName": "Layla",
        "firstName": "",
        "lastName": "",
        "avatar": None,
        "avatars": None,
        "role": "member",
        "roles": ["member"],
        "statusText": "",
        "statusExpiresAt": None,
        "language": "en",
        "timezone": "UTC",
        "presence": "offline",
        "createdAt": layla.created_at.isoformat().replace("+00:00", "Z"),
    }


@pytest.mark.parametrize("field", ["statusText", "status_text"])
def test_the_older_door_takes_both_spellings(field, layla, client_of):
    response = client_of(layla).patch("/api/users/me", {field: "On the road"})

    assert response.status_code == 200
    assert response.json()["statusText"] == "On the road"


def test_the_older_door_says_what_went_wrong(client):
    response = client.get("/api/users/me", headers={"X-Request-ID": "r-1"})

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "success": False,
        "type": "http://testserver/api/docs/problems#not_authenticated",
        "title": "Sign in first: this needs an access token.",
        "status": 401,
        "detail": "Sign in first: this needs an access token.",
        "code": "not_authenticated",
        "requestId": "r-1",
        "error": "Sign in first: this needs an access token.",
    }


def test_a_refusal_names_fields_as_the_older_clients_spell_them(layla, client_of):
    response = client_of(layla).patch("/api/users/me", {"displayName": ""})

    assert response.status_code == 400
    (fault,) = response.json()["errors"]
    assert (fault["field"], fault["code"]) == ("displayName", "blank")


def test_refusals_from_outside_a_view_are_dressed_too(client):
    response = client.get("/api/nothing")

    assert (response.json()["success"], response.json()["error"]) == (False, response.json()["title"])


def test_signing_in_at_the_older_door_gives_a_token(layla, client):
    login = client.post("/api/auth/login", LOGIN).json()

    refreshed = client.post("/api/auth/refresh-token", {"refresh": login["refresh"]}).json()

    assert (login["token"], refreshed["token"]) == (login["access"], refreshed["access"])
    assert login["expiresIn"] == refreshed["expiresIn"] == 300
    assert login["user"]["displayName"] == "Layla"


def test_signing_up_at_the_older_door_has_its_token_to_come(client):
    response = client.post(
        "/api/auth/signup", {"email": "omar@example.com", "password": PASSWORD, "displayName": "Omar"}
    )

    assert response.status_code == 201
    assert (response.json()["success"], response.json()["token"]) == (True, None)
    assert response.json()["verificationRequired"] is True


def test_only_those_three_owe_a_token_and_only_when_all_went_well(layla, client, client_of):
    wrong = client.post("/api/auth/login", LOGIN | {"password": "x"}).json()
    me = client_of(layla).get("/api/users/me").json()
    ours = client.post("/api/v1/auth/login", LOGIN).json()

    assert ["token" in body for body in (wrong, me, ours)] == [False, False, False]
    assert "success" not in ours


def test_links_of_a_page_stay_in_the_door(layla, client_of):
    SessionFactory.create_batch(2, user=layla)
    client = client_of(layla)

    first = client.get("/api/auth/sessions", {"pageSize": 2}).json()
    second = client.get(first["next"]).json()

    assert (len(first["results"]), len(second["results"])) == (2, 1)
    assert first["success"] is True
    assert first["next"].startswith("http://testserver/api/auth/sessions?")
    assert second["previous"].startswith("http://testserver/api/auth/sessions?")
    assert "deviceName" in second["results"][0]


def test_what_people_wrote_is_never_respelt(layla, client_of):
    client = client_of(layla)

    response = client.patch("/api/users/me", {"statusText": "status_text statusText"})

    assert response.json()["statusText"] == "status_text statusText"


# --- The case of the versioned base -------------------------------------------------------------------------


def test_the_versioned_base_speaks_camel_case_to_who_asks(layla, client_of):
    client = client_of(layla)
    camel = {"Accept": "application/json; case=camel"}

    response = client.patch(ME, {"statusText": "On the road"}, headers=camel)

    assert response.status_code == 200
    assert response.json()["statusText"] == "On the road"
    assert not {"success", "status_text"} & set(response.json())
    assert len(client.get("/api/v1/auth/sessions?pageSize=1", headers=camel).json()["results"]) == 1


def test_the_versioned_base_takes_snake_case_alone_from_who_does_not(layla, client_of):
    response = client_of(layla).patch(ME, {"statusText": "On the road"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "unknown_field"
    layla.refresh_from_db()
    assert layla.status_text == ""


def test_the_older_door_speaks_snake_case_to_who_asks(layla, client_of):
    response = client_of(layla).get("/api/users/me", headers={"Accept": "application/json; case=snake"})

    assert (response.json()["success"], response.json()["display_name"]) == (True, "Layla")


# --- Ids that are both -------------------------------------------------------------------------------------


def test_a_message_is_found_where_older_clients_look_for_it(layla, client_of):
    client = client_of(layla)
    chat = group_of(layla)
    sent = client.post(f"/api/v1/chats/{chat.pk}/messages", {"text": "We leave at dawn."}).json()

    message = client.get(f"/api/messages/{sent['id']}")
    the_chat = client.get(f"/api/messages/{chat.pk}")
    nothing = client.get(f"/api/messages/{layla.pk}")

    assert Message.objects.get().pk == message.wsgi_request.resolver_match.kwargs["pk"]
    assert (message.json()["text"], "Deprecation" in message.headers) == ("We leave at dawn.", False)
    assert (the_chat.json()["title"], "Deprecation" in the_chat.headers) == ("Wadi Rum", True)
    assert nothing.status_code == 404


def test_on_the_versioned_base_messages_are_messages(layla, client_of):
    client, chat = client_of(layla), group_of(layla)

    response = client.get("/api/v1/messages", {"chat": str(chat.pk)})

    assert response.json() == {
        "results": [],
        "has_before": False,
        "has_after": False,
        "next": None,
        "previous": None,
    }
    assert "Deprecation" not in response.headers
    assert client.get(f"/api/v1/messages/{chat.pk}").status_code == 404


def test_cookies_sign_nobody_in_at_the_api(layla):
    client = Client(headers={"Authorization": ""})
    client.force_login(layla)

    assert client.get(ME).status_code == 401
    assert (
        client.get(ME, headers={"Authorization": f"Bearer {make_access(SessionFactory())}"}).status_code
        == 200
    )
