"""People as others see them: found, looked at, their portfolio."""

import pytest

from accounts.models import SocialLink, User
from accounts.services import set_avatar, update_settings
from accounts.tests.factories import BlockFactory, UserFactory
from common.tests.pictures import upload

pytestmark = pytest.mark.django_db

USERS = "/api/v1/users"


def found(client, q: str) -> list[str]:
    response = client.get(USERS, {"q": q})
    assert response.status_code == 200
    return [each["username"] for each in response.json()["results"]]


def card_of(user: User) -> dict[str, object]:
    return {
        "id": str(user.pk),
        "username": user.username,
        "display_name": user.display_name,
        "avatar": None,
        "avatars": None,
        "status_text": user.status_text,
        "status_expires_at": None,
        "presence": "offline",
        "created_at": user.created_at.isoformat().replace("+00:00", "Z"),
    }


# --- Found --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "q", ["omar", "OMAR", "@omar", "  omar ", "oma", "mar", "aziz", "Omar Az", "r a", "عمر"]
)
def test_people_are_found_by_a_part_of_their_names(q, layla, client_of):
    UserFactory(username="omar", display_name="Omar Aziz عمر")
    UserFactory(username="somebody", display_name="Else")

    assert found(client_of(layla), q) == ["omar"]


def test_who_is_found_shows_what_everybody_sees(layla, client_of):
    omar = UserFactory(username="omar", status_text="On the road")

    response = client_of(layla).get(USERS, {"q": "omar"})

    assert response.json() == {"results": [card_of(omar)], "next": None, "previous": None}


def test_the_nearest_come_first_and_then_the_alphabet(layla, client_of):
    for username, name in [
        ("zomar", "Zed"),
        ("omaria", "Beta"),
        ("omarb", "Alpha"),
        ("omar", "Zeta"),
        ("kamel", "Omar Kamel"),
        ("ali", "Ali Omari"),
    ]:
        UserFactory(username=username, display_name=name)

    assert found(client_of(layla), "omar") == ["omar", "omarb", "omaria", "kamel", "ali", "zomar"]


def test_pages_hold_everybody_once(layla, client_of):
    people = {UserFactory(username=f"guest{number}", display_name="Guest").username for number in range(7)}
    client, url, seen = client_of(layla), f"{USERS}?q=guest&page_size=3", []

    while url:
        page = client.get(url).json()
        seen += [each["username"] for each in page["results"]]
        url = page["next"]

    assert (len(seen), set(seen)) == (7, people)


@pytest.mark.parametrize("q", ["%%", "__", "o%r", "o_ar", "\\\\", "'' or 1=1 --"])
def test_signs_mean_themselves(q, layla, omar, client_of):
    assert found(client_of(layla), q) == []


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({}, "q", "required"),
        ({"q": ""}, "q", "blank"),
        ({"q": "o"}, "q", "min_length"),
        ({"q": " o "}, "q", "min_length"),
        ({"q": "o" * 81}, "q", "max_length"),
        ({"q": "o\0mar"}, "q", "null_characters_not_allowed"),
        ({"q": "omar", "page_size": "51"}, "page_size", "invalid"),
        ({"q": "omar", "cursor": "x"}, "cursor", "invalid"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(query, field, code, layla, client_of):
    response = client_of(layla).get(USERS, query)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


def test_whoever_cannot_take_part_is_not_found_nor_is_oneself(layla, client_of):
    UserFactory(username="layla2", email_verified_at=None)
    UserFactory(username="layla3", is_active=False)

    assert found(client_of(layla), "layla") == []


def test_a_block_hides_both_ways(layla, omar, mina, client_of):
    BlockFactory(blocker=omar, blocked=layla)
    BlockFactory(blocker=layla, blocked=mina)

    assert [found(client_of(layla), q) for q in ("omar", "mina")] == [[], []]
    assert [found(client_of(omar), q) for q in ("layla", "mina")] == [[], ["mina"]]
    assert [found(client_of(mina), q) for q in ("layla", "omar")] == [[], ["omar"]]


def test_an_address_finds_its_person_only_whole_and_if_they_allow_it(layla, omar, client_of):
    client = client_of(layla)
    asked = ["omar@example.com", "OMAR@Example.com", "omar@example", "@example.com", "example.com"]

    assert [found(client, q) for q in asked] == [[]] * 5
    update_settings(user=omar, changes={"privacy": {"found_by_email": True}})
    assert [found(client, q) for q in asked] == [["omar"], ["omar"], [], [], []]


@pytest.mark.parametrize("people", [1, 20])
def test_finding_takes_four_queries(people, layla, client_of, django_assert_num_queries):
    for number in range(people):
        UserFactory(username=f"guest{number}")
    client = client_of(layla)

    with django_assert_num_queries(4):  # the session, the people, their presence, blocks
        assert len(found(client, "guest")) == people


# --- Looked at ----------------------------------------------------------------------------------------------


def test_a_person_shows_what_everybody_sees(layla, omar, client_of):
    response = client_of(layla).get(f"{USERS}/{omar.pk}")

    assert (response.status_code, response.json()) == (200, card_of(omar))


def test_whoever_is_not_there_for_the_caller_is_unknown(layla, omar, mina, client_of):
    BlockFactory(blocker=omar, blocked=layla)
    BlockFactory(blocker=layla, blocked=mina)
    waiting, gone = UserFactory(email_verified_at=None), UserFactory(is_active=False)
    client = client_of(layla)

    statuses = [client.get(f"{USERS}/{user.pk}").status_code for user in (omar, waiting, gone, mina, layla)]

    assert statuses == [404, 404, 404, 200, 200]


# --- The portfolio ------------------------------------------------------------------------------------------


def test_a_portfolio_shows_the_person_and_their_pages(layla, omar, client_of):
    omar = set_avatar(user=omar, file=upload())
    SocialLink.objects.create(user=omar, network="x", url="https://x.com/omar", position=0)

    response = client_of(layla).get(f"{USERS}/{omar.pk}/portfolio")

    assert response.status_code == 200
    assert response.json() == {
        "user": card_of(omar) | {"avatar": omar.avatars["256"], "avatars": omar.avatars},
        "social_links": [{"network": "x", "url": "https://x.com/omar"}],
    }


def test_a_stranger_sees_a_portfolio_only_if_its_person_allows_it(omar, client):
    before = client.get(f"{USERS}/{omar.pk}/portfolio")
    update_settings(user=omar, changes={"privacy": {"public_portfolio": True}})
    after = client.get(f"{USERS}/{omar.pk}/portfolio")

    assert (before.status_code, after.status_code) == (404, 200)
    assert after.json()["user"]["username"] == "omar"
    assert "email" not in after.json()["user"]


def test_whom_somebody_blocks_sees_no_portfolio(layla, omar, client_of):
    update_settings(user=omar, changes={"privacy": {"public_portfolio": True}})
    BlockFactory(blocker=omar, blocked=layla)

    assert client_of(layla).get(f"{USERS}/{omar.pk}/portfolio").status_code == 404
