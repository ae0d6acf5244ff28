"""Pages that people have elsewhere."""

import pytest
from django.core.exceptions import ValidationError

from accounts.models import AuditEntry, SocialLink
from accounts.networks import NETWORKS, normalize_link
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

LINKS = "/api/v1/users/me/social-links"
X = {"network": "x", "url": "https://x.com/layla"}
GITHUB = {"network": "github", "url": "https://github.com/layla"}


@pytest.mark.parametrize(
    ("network", "url", "written"),
    [
        ("x", "https://twitter.com/Layla_H?ref=mail#top", "https://x.com/Layla_H"),
        ("x", "HTTPS://WWW.X.COM:443/layla/", "https://x.com/layla"),
        ("instagram", "https://instagram.com/layla.h?igsh=abc", "https://www.instagram.com/layla.h"),
        ("linkedin", "https://de.linkedin.com/in/layla-haddad", "https://www.linkedin.com/in/layla-haddad"),
        ("linkedin", "https://linkedin.com/in/läyla", "https://www.linkedin.com/in/l%C3%A4yla"),
        ("github", "https://github.com/layla-h", "https://github.com/layla-h"),
        ("youtube", "https://m.youtube.com/@layla", "https://www.youtube.com/@layla"),
        (
            "youtube",
            "https://youtube.com/channel/UCabcdefghijklmnopqrstuv",
            "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv",
        ),
        ("tiktok", "https://tiktok.com/@layla.h", "https://www.tiktok.com/@layla.h"),
        ("facebook", "https://fb.com/layla.haddad", "https://www.facebook.com/layla.haddad"),
        (
            "facebook",
            "https://facebook.com/profile.php?id=100012&sk=about",
            "https://www.facebook.com/profile.php?id=100012",
        ),
        ("telegram", "https://telegram.me/layla_h", "https://t.me/layla_h"),
        ("website", "https://layla.example.com", "https://layla.example.com"),
        ("website", "https://layla.example.com/", "https://layla.example.com"),
        (
            "website",
            "https://example.com/a b".replace(" ", "%20") + "?q=1#x",
            "https://example.com/a%20b?q=1",
        ),
        ("website", "https://bücher.example.com/ä", "https://xn--bcher-kva.example.com/%C3%A4"),
        ("website", "https://аррӏе.com", "https://xn--80ak6aa92e.com"),  # Cyrillic that looks like apple
        ("website", "https://example.com./x", "https://example.com/x"),
    ],
)
def test_an_address_has_one_spelling(network, url, written):
    assert normalize_link(network, url) == written
    assert normalize_link(network, written) == written


@pytest.mark.parametrize(
    ("network", "url", "code"),
    [
        ("x", "http://x.com/layla", "https_only"),
        ("x", "javascript:alert(1)", "https_only"),
        ("x", "//x.com/layla", "https_only"),
        ("x", "x.com/layla", "https_only"),
        ("x", "https:///layla", "https_only"),
        ("x", "https://x.com@evil.example.com/layla", "bare_host"),
        ("x", "https://layla:pass@x.com/layla", "bare_host"),
        ("x", "https://x.com:8443/layla", "bare_host"),
        ("x", "https://x.com:/layla", "bare_host"),
        ("x", "https://x.com:99999/layla", "invalid"),
        ("x", "https://evil.example.com/layla", "wrong_network"),
        ("x", "https://x.com.evil.example/layla", "wrong_network"),
        ("x", "https://evilx.com/layla", "wrong_network"),
        ("x", "https://х.com/layla", "wrong_network"),  # a Cyrillic х
        ("x", "https://x.com", "wrong_page"),
        ("x", "https://x.com/search", "wrong_page"),
        ("x", "https://x.com/layla/status/1", "wrong_page"),
        ("x", "https://x.com/a%2f..%2fb", "wrong_page"),
        ("x", "https://x.com/%ff", "wrong_page"),
        ("x", "https://x.com\\@evil.example.com/layla", "invalid"),
        ("x", "https://x.com/la yla", "invalid"),
        ("x", "https://x.com/lay\tla", "invalid"),
        ("x", "https://x.com/" + "a" * 300, "invalid"),
        ("linkedin", "https://linkedin.com/feed", "wrong_page"),
        ("linkedin", "https://evil.linkedin.com/in/layla", "wrong_network"),
        ("github", "https://github.com/layla/repository", "wrong_page"),
        ("github", "https://github.com/-layla", "wrong_page"),
        ("youtube", "https://youtu.be/abc", "wrong_network"),
        ("tiktok", "https://tiktok.com/layla", "wrong_page"),
        ("facebook", "https://facebook.com/profile.php", "wrong_page"),
        ("facebook", "https://facebook.com/profile.php?id=x", "wrong_page"),
        ("telegram", "https://t.me/+abcdef", "wrong_page"),
        ("website", "https://localhost/x", "not_public"),
        ("website", "https://printer.local", "not_public"),
        ("website", "https://127.0.0.1/x", "not_public"),
        ("website", "https://2130706433/", "not_public"),
        ("website", "https://0x7f.1/", "not_public"),
        ("website", "https://[::1]/x", "invalid"),
        ("website", "https://[::1", "invalid"),
        ("website", "https://-a.example.com", "invalid"),
        ("website", "https://a..example.com", "invalid"),
        ("website", "https://" + "a" * 64 + ".com", "invalid"),
    ],
)
def test_what_is_no_page_of_a_person_there_is_refused(network, url, code):
    with pytest.raises(ValidationError) as refused:
        normalize_link(network, url)

    assert refused.value.code == code


def test_the_list_is_kept_in_its_order_and_in_one_spelling(layla, client_of):
    client = client_of(layla)

    response = client.put(LINKS, {"links": [GITHUB, X | {"url": "https://twitter.com/layla/"}]})

    assert (response.status_code, response.json()) == (200, {"links": [GITHUB, X]})
    assert client.get(LINKS).json() == {"links": [GITHUB, X]}


def test_a_list_takes_the_place_of_the_one_before(layla, omar, client_of):
    client_of(omar).put(LINKS, {"links": [X]})
    client = client_of(layla)
    client.put(LINKS, {"links": [GITHUB, X]})

    client.put(LINKS, {"links": [X]})
    assert client.get(LINKS).json() == {"links": [X]}
    client.put(LINKS, {"links": []})
    assert client.get(LINKS).json() == {"links": []}
    assert client_of(omar).get(LINKS).json() == {"links": [X]}


def test_the_same_list_again_changes_nothing(layla, client_of):
    client = client_of(layla)
    client.put(LINKS, {"links": [X]})
    before = SocialLink.objects.values().get()

    client.put(LINKS, {"links": [X]})

    assert SocialLink.objects.values().get() == before
    assert AuditEntry.objects.filter(verb="social_links.replaced").count() == 1


def test_the_older_path_answers_the_same(layla, client_of):
    client = client_of(layla)

    client.put("/api/user/social-links", {"links": [X]})

    assert client.get("/api/user/social-links").json() == {"success": True, "links": [X]}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "links", "required"),
        ({"links": None}, "links", "null"),
        ({"links": {"x": "https://x.com/layla"}}, "links", "not_a_list"),
        ({"links": ["https://x.com/layla"]}, "links.0", "invalid"),
        ({"links": [X | {"network": "myspace"}]}, "links.0.network", "invalid_choice"),
        ({"links": [X | {"url": 5}]}, "links.0.url", "invalid"),
        ({"links": [X | {"url": "https://evil.example.com/a"}]}, "links.0.url", "wrong_network"),
        ({"links": [X | {"title": "me"}]}, "links.0.title", "unknown_field"),
        ({"links": [X, X]}, "links", "one_per_network"),
        ({"links": [X] * 50}, "links", "max_length"),
    ],
)
def test_a_wrong_list_is_refused_and_nothing_changes(body, field, code, layla, client_of):
    client = client_of(layla)
    client.put(LINKS, {"links": [GITHUB]})

    response = client.put(LINKS, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
    assert client.get(LINKS).json() == {"links": [GITHUB]}


def test_every_network_may_be_named_at_once(layla, client_of):
    pages = [
        "https://x.com/layla",
        "https://www.instagram.com/layla",
        "https://www.linkedin.com/in/layla",
        "https://github.com/layla",
        "https://www.youtube.com/@layla",
        "https://www.tiktok.com/@layla",
        "https://www.facebook.com/layla",
        "https://t.me/layla",
        "https://layla.example.com",
    ]
    links = [{"network": name, "url": url} for name, url in zip(NETWORKS, pages, strict=True)]

    response = client_of(layla).put(LINKS, {"links": links})

    assert (response.status_code, response.json()) == (200, {"links": links})


@pytest.mark.django_db(transaction=True)
def test_of_lists_that_come_at_once_one_is_left_whole(layla, client_of):
    clients = [client_of(layla) for _ in range(4)]
    lists = [[X, GITHUB], [GITHUB, X], [X], [GITHUB]]

    responses = at_once(4, lambda n: clients[n].put(LINKS, {"links": lists[n]}))

    assert [response.status_code for response in responses] == [200] * 4
    assert client_of(layla).get(LINKS).json()["links"] in lists
