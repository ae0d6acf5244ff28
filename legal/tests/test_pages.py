"""The page where people read a document."""

from datetime import timedelta

import pytest
from django.utils import timezone

from legal.services.documents import Words

from .factories import ARABIC, ENGLISH, draft, published

pytestmark = pytest.mark.django_db

TERMS = "/legal/terms"


def test_a_browser_gets_a_page(client):
    published("2026-11", en=ENGLISH, ar=ARABIC)

    response = client.get(TERMS)

    html = response.content.decode()
    assert response.status_code == 200
    assert '<html lang="en" dir="ltr">' in html
    assert "<h1>Terms of service</h1>" in html
    assert "<p>Be kind to each <strong>other</strong>.</p>" in html
    assert '<a href="?locale=ar" lang="ar" hreflang="ar">' in html
    assert (response.headers["Content-Language"], response.headers["Vary"]) == ("en", "Accept-Language")


@pytest.mark.parametrize(("query", "header"), [("?locale=ar", "en"), ("", "ar-SA,ar;q=0.9")])
def test_arabic_is_written_from_right_to_left(query, header, client):
    published("1", en=ENGLISH, ar=ARABIC)

    html = client.get(f"{TERMS}{query}", headers={"Accept-Language": header}).content.decode()

    assert '<html lang="ar" dir="rtl">' in html
    assert "<p>كونوا <strong>لطفاء</strong>.</p>" in html


def test_an_earlier_version_says_that_it_is_not_in_force(client):
    published("1", at=timezone.now() - timedelta(days=1))
    published("2", en=Words(title="Terms", body="Be very kind."))

    old = client.get(f"{TERMS}?version=1").content.decode()
    new = client.get(TERMS).content.decode()

    assert "This version is not in force any more." in old
    assert "Be kind to each" in old
    assert "not in force" not in new
    assert '<a href="?version=1&amp;locale=en">1</a>' in new


@pytest.mark.parametrize(
    "path",
    [TERMS, "/legal/nothing", f"{TERMS}?version=2", f"{TERMS}?version=3", "/legal/privacy?version=9"],
)
def test_what_is_not_published_has_no_page(path, client):
    published("9", kind="cookies")
    draft("2")
    published("3", at=timezone.now() + timedelta(days=1))

    assert client.get(path).status_code == 404


def test_nothing_in_a_document_runs_on_the_page(client):
    words = Words(
        title="<script>alert(1)</script>", body="<script>alert(2)</script> [x](javascript:alert(3))"
    )
    published("1", en=words)

    html = client.get(TERMS).content.decode()

    assert "<script" not in html
    assert 'href="javascript' not in html


@pytest.mark.parametrize("versions", [1, 20])
def test_the_page_takes_the_same_queries_however_many_versions(versions, client, django_assert_num_queries):
    for number in range(versions):
        published(str(number), at=timezone.now() - timedelta(days=30 - number))

    with django_assert_num_queries(4):  # the version, its texts, their languages, the other versions
        client.get(TERMS)
