"""The page behind the unsubscribe link: nothing by opening it, everything by one button, and back again."""

import re

import pytest
from django.test import Client

from accounts.tests.factories import UserFactory
from notifications import kinds, registries
from notifications.kinds import Kind
from notifications.models import Preferences
from notifications.services import change_preferences
from notifications.services.deciding import is_on
from notifications.tokens import make_taking_back, make_unsubscribing, read_unsubscribing

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    """Two that are mailed, one that isn't, one that always is."""
    monkeypatch.setattr(kinds, "kinds", kinds.kinds)
    kinds_before = dict(kinds.kinds)
    kinds.kinds.clear()
    for name, channels, mandatory in (
        ("mention", {"email"}, ()),
        ("invitation", {"email"}, ()),
        ("reaction", (), ()),
        ("security", {"email"}, {"email"}),
    ):
        kinds.register(
            Kind(
                name=name,
                label=f"Label of {name}",
                words=lambda rows: [None for _ in rows],
                channels=frozenset(channels),
                mandatory=frozenset(mandatory),
            )
        )
    monkeypatch.setitem(registries.channels, "email", registries.Channel(name="email", label="E-mail"))
    yield
    kinds.kinds.clear()
    kinds.kinds.update(kinds_before)


@pytest.fixture
def browser() -> Client:
    """Somebody's who is not signed in, and sends no token against forgery."""
    return Client(enforce_csrf_checks=True)


def page_of(user, kind="mention") -> str:
    return f"/unsubscribe/{make_unsubscribing(user=user.pk, kind=kind)}"


def mailed(user) -> set[str]:
    row = Preferences.objects.filter(pk=user.pk).first() or Preferences(user=user)
    return {name for name, kind in kinds.kinds.items() if is_on(kind, "email", row)}


def undo_of(response) -> str:
    return re.search(r'name="undo" value="([^"]+)"', response.text)[1]


ALL = {"mention", "invitation", "security"}


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing(method, browser, layla):
    response = getattr(browser, method)(page_of(layla))

    assert response.status_code == 200
    assert mailed(layla) == ALL
    assert not Preferences.objects.exists()
    assert response.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_the_page_names_the_kind_and_nobody(browser, layla):
    response = browser.get(page_of(layla))

    assert "Label of mention" in response.text
    assert [each for each in (layla.email, layla.username, layla.display_name) if each in response.text] == []


@pytest.mark.parametrize(
    ("body", "type"),
    [
        ("List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (
            '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        ("", "application/x-www-form-urlencoded"),  # the button
    ],
)
def test_one_post_turns_that_kind_off(body, type, browser, layla, omar):
    response = browser.post(page_of(layla), body, content_type=type)

    assert response.status_code == 200
    assert "You get no more of these mails" in response.text
    assert mailed(layla) == ALL - {"mention"}
    assert mailed(omar) == ALL


def test_twice_is_once(browser, layla):
    browser.post(page_of(layla), ONE_CLICK)
    response = browser.post(page_of(layla), ONE_CLICK)

    assert response.status_code == 200
    assert "You get no more of these mails" in response.text
    assert mailed(layla) == ALL - {"mention"}


def test_all_of_them_is_all_that_can_be_turned_off(browser, layla):
    response = browser.post(page_of(layla), {"all": "1"})

    assert response.status_code == 200
    assert mailed(layla) == {"security"}


def test_a_digest_is_unsubscribed_as_a_whole(browser, layla):
    question = browser.get(page_of(layla, kind="*"))
    browser.post(page_of(layla, kind="*"), ONE_CLICK)

    assert "Everything that can be turned off" in question.text
    assert mailed(layla) == {"security"}


def test_it_can_be_taken_back_and_is_as_before(browser, layla):
    change_preferences(user=layla, choices={"invitation": {"email": False}, "reaction": {"email": True}})
    done = browser.post(page_of(layla), {"all": "1"})
    response = browser.post(page_of(layla), {"undo": undo_of(done)})

    assert response.status_code == 200
    assert "You get these mails again" in response.text
    assert mailed(layla) == {"mention", "reaction", "security"}


@pytest.mark.parametrize("undo", ["x", "", "of another"])
def test_nothing_is_taken_back_that_was_not_done(undo, browser, layla, omar):
    browser.post(page_of(layla), ONE_CLICK)
    if undo == "of another":
        undo = make_taking_back(user=omar.pk, kinds=["mention"])

    browser.post(page_of(layla), {"undo": undo})

    assert mailed(layla) == ALL - {"mention"}


def test_what_is_about_safety_stays(browser, layla):
    question = browser.get(page_of(layla, kind="security"))
    response = browser.post(page_of(layla, kind="security"), ONE_CLICK)

    assert (question.status_code, response.status_code) == (200, 409)
    for page in (question, response):
        assert "Mails of this kind are always sent" in page.text
        assert "<form" not in page.text
    assert mailed(layla) == ALL


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("broken", ["", "x", "cut", "kind", "person", "inactive", "other salt"])
def test_a_link_that_is_not_ours_says_so(method, broken, browser, layla):
    layla.is_active = broken != "inactive"
    layla.save()
    path = {
        "": "/unsubscribe/%20",
        "x": "/unsubscribe/x",
        "cut": page_of(layla)[:-1],
        "kind": page_of(layla, kind="nothing"),
        "person": page_of(UserFactory.build()),
        "inactive": page_of(layla),
        "other salt": f"/unsubscribe/{make_taking_back(user=layla.pk, kinds=['mention'])}",
    }[broken]

    response = getattr(browser, method)(path)

    assert response.status_code == 404
    # The x27 is of the apostrophe.
    assert "This link doesn&#x27;t work" in response.text or "This link doesn't work" in response.text
    assert mailed(layla) == ALL


def test_the_page_speaks_the_language_of_whom_the_mail_was_for(browser):
    layla = UserFactory(language="ar")

    response = browser.get(page_of(layla), headers={"Accept-Language": "en"})

    assert response.headers["Content-Language"] == "ar"
    assert '<html lang="ar" dir="rtl">' in response.text
    assert "إيقاف الرسائل من هذا النوع" in response.text


def test_the_page_runs_nothing_and_sends_its_form_to_us_alone(browser, layla):
    response = browser.get(page_of(layla))

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "<script" not in response.text
    assert " style=" not in response.text


@pytest.mark.parametrize("size", [2_000, 200_000])
def test_much_else_in_the_body_is_no_matter(size, browser, layla):
    response = browser.post(page_of(layla), {"List-Unsubscribe": "One-Click", "x": "y" * size})

    assert response.status_code == 200
    assert mailed(layla) == ALL - {"mention"}


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"%%%=&&&", b'{"undo": 1}'])
def test_a_body_that_is_none_is_as_good_as_empty(body, browser, layla):
    response = browser.post(page_of(layla), body, content_type="application/json")

    assert response.status_code == 200
    assert mailed(layla) == ALL - {"mention"}


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nothing_else_is_understood(method, browser, layla):
    response = getattr(browser, method)(page_of(layla))

    assert response.status_code == 405
    assert mailed(layla) == ALL


def test_a_token_names_the_person_and_the_kind_alone(layla):
    read = read_unsubscribing(make_unsubscribing(user=layla.pk, kind="mention"))

    assert (read.user, read.kind) == (layla.pk, "mention")
