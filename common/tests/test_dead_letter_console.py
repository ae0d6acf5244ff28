"""Dead letters at the staff console: what a consumer of the log failed at, and what staff do about it."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from common.models import DeadLetter, LogEntry
from common.relay.consumers import consumers

pytestmark = pytest.mark.django_db

CONSOLE = "/admin/common/deadletter/"


@pytest.fixture
def console() -> Client:
    return console_of(staff(username="ada"))


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A consumer that has been mended: the types of what it took."""
    types: list[str] = []

    def take(entries: Sequence[LogEntry]) -> None:
        types.extend(entry.type for entry in entries)

    monkeypatch.setitem(consumers, "test", take)
    return types


def letter(**more: Any) -> DeadLetter:
    given = {"consumer": "test", "topic": f"chat:{uuid4()}", "seq": 7, "type": "message.sent", "data": {}}
    times = {"at": timezone.now(), "due_at": timezone.now()}
    return DeadLetter.objects.create(**(given | times | {"error": "KeyError: 'message'"} | more))


def run(client: Client, action: str, *letters: DeadLetter, answered: str = "yes") -> Any:
    chosen = [str(each.pk) for each in letters]
    body = {"action": action, "_selected_action": chosen} | ({"answered": answered} if answered else {})
    return client.post(CONSOLE, body)


def page_of(row: DeadLetter) -> str:
    return f"{CONSOLE}{row.pk}/change/"


def listed(response: Any) -> list[Any]:
    return list(response.context["cl"].result_list)


def test_the_list_says_who_failed_at_what_and_why(console):
    tried, given_up = letter(), letter(due_at=None, type="chat.added", error="ValueError: no chat")

    page = console.get(CONSOLE)

    for words in ("message.sent", "KeyError: &#x27;message&#x27;", "tried again by itself", "given up"):
        assert words in page.content.decode()
    assert listed(console.get(f"{CONSOLE}?state=given_up")) == [given_up]
    assert listed(console.get(f"{CONSOLE}?state=retried")) == [tried]
    for words in ("no chat", "chat.added", given_up.topic, str(given_up.pk)):
        assert listed(console.get(CONSOLE, {"q": words})) == [given_up]


@pytest.mark.parametrize("many", [1, 20])
def test_the_list_takes_the_same_queries_however_long(many, console, django_assert_max_num_queries):
    for _ in range(many):
        letter()
    console.get(CONSOLE)

    with django_assert_max_num_queries(9):
        assert len(listed(console.get(CONSOLE))) == many


def test_staff_have_it_tried_again_also_when_it_was_given_up(console, taken):
    run(console, "retry", letter(due_at=None))

    assert taken == ["message.sent"]
    assert not DeadLetter.objects.exists()


def test_what_fails_again_stays_with_its_new_error(console, monkeypatch, log_lines):
    def fail(entries: Sequence[LogEntry]) -> None:
        raise ValueError("still broken")

    monkeypatch.setitem(consumers, "test", fail)

    run(console, "retry", letter())

    row = DeadLetter.objects.get()
    assert (row.attempts, row.error) == (2, "ValueError: still broken")


def test_staff_let_it_be(console, taken):
    run(console, "discard", letter())

    assert not DeadLetter.objects.exists()
    assert taken == []


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_a_question_comes_first(action, console, taken):
    run(console, action, letter(), answered="")

    assert DeadLetter.objects.count() == 1
    assert taken == []


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_the_button_of_a_page_does_it_too(action, console, taken):
    row = letter()

    answer = console.post(f"{CONSOLE}{row.pk}/{action}/", {"answered": "yes"})

    assert (answer.status_code, answer.headers["Location"]) == (302, CONSOLE), "its page is gone with it"
    assert not DeadLetter.objects.exists()


@pytest.mark.parametrize("action", ["retry", "discard"])
def test_who_may_only_look_changes_nothing(action, taken):
    row = letter()
    looker = console_of(clerk("view_deadletter"))

    assert looker.get(page_of(row)).status_code == 200
    run(looker, action, row)
    assert looker.post(f"{CONSOLE}{row.pk}/{action}/", {"answered": "yes"}).status_code == 403

    assert DeadLetter.objects.count() == 1
    assert taken == []


def test_nobody_else_sees_them():
    row = letter()

    assert console_of(clerk()).get(page_of(row)).status_code == 403
    assert console_of(UserFactory()).get(CONSOLE).status_code == 302
