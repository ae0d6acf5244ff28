"""Reading what is published: in force and before, in one's language, without an account."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from legal.models import Text, Version

from .factories import ARABIC, ENGLISH, draft, published

pytestmark = pytest.mark.django_db

DOCUMENTS = "/api/v1/legal/documents"
TERMS = "/api/v1/legal/terms"
PRIVACY = "/api/v1/legal/privacy"
BOTH = {"en": ENGLISH, "ar": ARABIC}


def text_of(version: Version, locale: str = "en") -> Text:
    return version.texts.get(locale=locale)


@pytest.fixture
def sami() -> User:
    return UserFactory(username="sami", language="ar")


# --- what is in force ---
def test_a_stranger_reads_the_terms(client):
    with time_machine.travel(datetime(2026, 11, 21, 9, tzinfo=UTC), tick=False):
        version = published("2026-11", required=True)

    response = client.get(TERMS)

    assert response.status_code == 200
    assert response.json() == {
        "id": str(text_of(version).pk),
        "kind": "terms",
        "version": "2026-11",
        "locale": "en",
        "title": "Terms of service",
        "published_at": "2026-11-21T09:00:00Z",
        "requires_acceptance": True,
        "is_current": True,
        "body": "Be kind to each **other**.",
        "body_html": "<p>Be kind to each <strong>other</strong>.</p>\n",
    }


@pytest.mark.parametrize("path", [TERMS, PRIVACY])
def test_where_nothing_is_published_there_is_nothing_to_read(path, client):
    draft(kind="terms")
    published(kind="cookies")
    published(kind="privacy", at=timezone.now() + timedelta(days=1))

    response = client.get(path)

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_each_path_gives_its_own_document(client):
    published("t1", kind="terms")
    published("p1", kind="privacy")

    assert [client.get(path).json()["version"] for path in (TERMS, PRIVACY)] == ["t1", "p1"]


def test_a_version_is_in_force_from_its_date_on(client):
    published("old", at=timezone.now() - timedelta(days=9))
    date = timezone.now() + timedelta(days=3)
    published("new", at=date)

    before = client.get(TERMS).json()["version"]
    with time_machine.travel(date - timedelta(seconds=1)):
        just_before = client.get(TERMS).json()["version"]
    with time_machine.travel(date):
        then = client.get(TERMS).json()["version"]

    assert (before, just_before, then) == ("old", "old", "new")


# --- languages ---
@pytest.mark.parametrize(
    ("query", "header", "person", "locale"),
    [
        ("", "", None, "en"),
        ("?locale=ar", "", None, "ar"),
        ("?locale=ar-SA", "en", None, "ar"),
        ("?locale=AR_eg", "en", None, "ar"),
        ("?locale=fr", "ar", None, "ar"),  # there is none: the next best
        ("?locale=fr", "", None, "en"),
        ("?locale=" + "-" * 3000, "ar", None, "ar"),
        ("", "fr;q=0.9, ar-SA;q=0.8, en;q=0.1", None, "ar"),
        ("", "*", None, "en"),
        ("", "", "sami", "ar"),
        ("", "en", "sami", "en"),
        ("?locale=en", "ar", "sami", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_browsers_then_ones_own(
    query, header, person, locale, client, client_of, sami
):
    published(**BOTH)
    reader = client_of(sami) if person else client

    response = reader.get(f"{TERMS}{query}", headers={"Accept-Language": header} if header else {})

    assert (response.status_code, response.json()["locale"]) == (200, locale)
    assert "Accept-Language" in response.headers["Vary"]


def test_who_wants_a_language_that_is_not_there_gets_what_there_is(client):
    published(ar=ARABIC)

    response = client.get(f"{TERMS}?locale=en")

    assert (response.json()["locale"], response.json()["title"]) == ("ar", "شروط الخدمة")


# --- reading it again ---
@pytest.mark.parametrize("path", [TERMS, "one"])
def test_who_has_it_already_is_not_sent_it_again(path, client):
    text = text_of(published())
    path = f"{DOCUMENTS}/{text.pk}" if path == "one" else path
    etag = client.get(path).headers["ETag"]

    again = client.get(path, headers={"If-None-Match": etag})
    published("2")
    superseded = client.get(path, headers={"If-None-Match": etag})

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert superseded.status_code == 200


def test_the_same_text_in_another_spelling_is_another_answer(client):
    published()

    tags = {
        client.get(path, headers=headers).headers["ETag"]
        for path, headers in [
            (TERMS, {}),
            (TERMS, {"Accept": "application/json; case=camel"}),
            ("/api/legal/terms", {}),
        ]
    }

    assert len(tags) == 3


# --- the list, and versions ---
def test_the_list_is_what_is_in_force_in_each_language(client):
    published("1", at=timezone.now() - timedelta(days=9))
    terms = published("2", required=True, **BOTH)
    privacy = published("1", kind="privacy")
    draft("3")
    published("4", at=timezone.now() + timedelta(days=1))

    response = client.get(DOCUMENTS)

    body = response.json()
    assert response.status_code == 200
    assert {(row["kind"], row["version"], row["locale"]) for row in body["results"]} == {
        ("terms", "2", "en"),
        ("terms", "2", "ar"),
        ("privacy", "1", "en"),
    }
    assert body["results"][0] == {
        "id": str(text_of(privacy).pk),
        "kind": "privacy",
        "version": "1",
        "locale": "en",
        "title": "Terms of service",
        "published_at": privacy.published_at.isoformat().replace("+00:00", "Z"),
        "requires_acceptance": False,
        "is_current": True,
    }
    assert terms.texts.count() == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?kind=privacy", [("privacy", "en")]),
        ("?locale=ar", [("terms", "ar")]),
        ("?kind=terms&locale=en", [("terms", "en")]),
        ("?kind=cookies", []),
    ],
)
def test_the_list_is_narrowed(query, found, client):
    published(**BOTH)
    published(kind="privacy")

    rows = client.get(f"{DOCUMENTS}{query}").json()["results"]

    assert [(row["kind"], row["locale"]) for row in rows] == found


@pytest.mark.parametrize("query", ["?kind=nothing", "?locale=fr", "?page_size=0", "?cursor=x"])
def test_what_can_not_be_asked_for_is_refused(query, client):
    assert client.get(f"{DOCUMENTS}{query}").status_code == 400


def test_old_versions_stay_readable(client):
    old = published("1", at=timezone.now() - timedelta(days=9))
    new = published("2")

    read = client.get(f"{DOCUMENTS}/{text_of(old).pk}").json()
    versions = client.get(f"{DOCUMENTS}/{text_of(new).pk}/versions").json()["results"]

    assert (read["version"], read["is_current"], read["body"]) == ("1", False, "Be kind to each **other**.")
    assert [(row["version"], row["is_current"]) for row in versions] == [("2", True), ("1", False)]
    assert "body" not in versions[0]


def test_versions_are_those_of_the_same_document_and_language(client):
    first = published("1", at=timezone.now() - timedelta(days=9), **BOTH)
    published("2")
    published("3", kind="privacy", ar=ARABIC)

    rows = client.get(f"{DOCUMENTS}/{text_of(first, 'ar').pk}/versions").json()["results"]

    assert [(row["kind"], row["version"], row["locale"]) for row in rows] == [("terms", "1", "ar")]


def test_versions_come_in_pages(client):
    for number in range(5):
        version = published(str(number), at=timezone.now() - timedelta(days=9 - number))
    path = f"{DOCUMENTS}/{text_of(version).pk}/versions?page_size=2"

    seen = []
    while path:
        page = client.get(path).json()
        seen += [row["version"] for row in page["results"]]
        path = page["next"]

    assert seen == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("end", ["", "/versions"])
def test_what_is_not_published_yet_is_not_there(end, client):
    drafted = draft("1")
    scheduled = published("2", at=timezone.now() + timedelta(days=1))
    ids = [text_of(drafted).pk, text_of(scheduled).pk, scheduled.pk, uuid4(), "no-id"]

    statuses = [client.get(f"{DOCUMENTS}/{pk}{end}").status_code for pk in ids]

    assert statuses == [404] * 5


# --- what it costs ---
@pytest.mark.parametrize("versions", [1, 20])
def test_reading_takes_the_same_queries_however_much_there_is(versions, client, django_assert_num_queries):
    for number in range(versions):
        version = published(str(number), at=timezone.now() - timedelta(days=30 - number), **BOTH)
    one = f"{DOCUMENTS}/{text_of(version).pk}"

    with django_assert_num_queries(1):
        listed = client.get(DOCUMENTS)
    with django_assert_num_queries(2):  # this one, those of its document
        history = client.get(f"{one}/versions")
    for path in (one, TERMS):
        with django_assert_num_queries(1):
            client.get(path)

    assert len(listed.json()["results"]) == 2
    assert len(history.json()["results"]) == versions


def test_older_clients_read_camel_case(client):
    published()

    body = client.get("/api/legal/terms").json()

    assert body["success"] is True
    assert body["bodyHtml"] == "<p>Be kind to each <strong>other</strong>.</p>\n"
