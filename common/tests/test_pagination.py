"""Cursor pages, as every list has them."""

import pytest

from accounts.tests.factories import SessionFactory, UserFactory

pytestmark = pytest.mark.django_db

SESSIONS = "/api/v1/auth/sessions"


@pytest.fixture
def client(client_of):
    layla = UserFactory()
    SessionFactory.create_batch(52, user=layla)
    return client_of(layla)


def test_a_page_has_fifty_and_the_next_begins_where_it_ends(client):
    first = client.get(SESSIONS).json()
    second = client.get(first["next"]).json()

    ids = [session["id"] for session in first["results"] + second["results"]]
    assert (len(first["results"]), len(second["results"])) == (50, 3)
    assert ids == sorted(set(ids), reverse=True)


@pytest.mark.parametrize(("size", "results"), [("1", 1), ("7", 7), ("0200", 53), ("200", 53)])
def test_a_page_is_as_large_as_asked_for(size, results, client):
    assert len(client.get(SESSIONS, {"page_size": size}).json()["results"]) == results


@pytest.mark.parametrize(
    "size", ["0", "201", "-1", "1.5", "", "ten", "١", "9" * 5000, " 5", "5\n", "0002000"]
)
def test_any_other_size_is_refused(size, client):
    response = client.get(SESSIONS, {"page_size": size})

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "page_size", "code": "invalid", "detail": "A whole number from 1 to 200."}
    ]


@pytest.mark.parametrize("cursor", ["x", "%00", "cD1ub3RoaW5n", "bz1hYmM=", "ÿ", "cj0xJnA9eA=="])
def test_a_cursor_that_is_none_of_ours_is_refused(cursor, client):
    response = client.get(SESSIONS, {"cursor": cursor})

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "cursor", "code": "invalid", "detail": "Use a cursor from `next` or `previous`."}
    ]


def test_pages_stay_right_while_rows_come(client):
    first = client.get(SESSIONS, {"page_size": 2}).json()
    SessionFactory(user=client.session_row.user)

    second = client.get(first["next"]).json()

    assert not {row["id"] for row in first["results"]} & {row["id"] for row in second["results"]}
    assert len(second["results"]) == 2
