"""Whatever a message says, it fits, and its id and place are whole."""

from datetime import timedelta
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.providers.push import PushMessage
from notifications.providers.push.base import TooLarge, encode, fit

LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def packed(title: str, body: str) -> bytes:
    return encode({"id": "0198c5b2", "title": title, "body": body})


@given(title=LETTERS, body=LETTERS, limit=st.integers(40, 1500))
def test_it_fits_and_says_as_much_as_fits(title, body, limit):
    content = fit(packed, PushMessage(title=title, body=body), limit)

    said = orjson.loads(content)
    assert len(content) <= limit
    assert said["id"] == "0198c5b2"
    if len(packed(title, body)) <= limit:
        assert (said["title"], said["body"]) == (title, body)
    elif said["body"]:
        assert said["title"] == title
        assert body.startswith(said["body"].removesuffix("…"))
    else:
        assert title.startswith(said["title"].removesuffix("…"))


def test_what_fits_without_a_word_alone_is_too_large():
    with pytest.raises(TooLarge):
        fit(packed, PushMessage(title="Omar"), 20)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("abcdef", "abc…"),
        ("ab  cdef", "ab…"),
        ("abe\u0301def", "ab…"),  # an accent stays with its letter, or goes with it
        ("a👩\u200d👩\u200d👧def", "a…"),  # and so does who belongs to a family
        ("a❤\ufe0fdef", "a…"),
    ],
)
def test_no_letter_is_cut(body, shown):
    content = fit(
        lambda title, text: text.encode("utf-32-le"),
        PushMessage(body=body),
        4 * 4 if body[1] != "❤" else 3 * 4,
    )

    assert content.decode("utf-32-le") == shown


def test_facts_are_text_and_what_we_say_wins():
    message = PushMessage(
        id=UUID("0198c5b2-7d44-7000-8000-000000000000"), data={"id": "another", "chat": "c1"}, badge=0
    )

    assert message.facts == {
        "id": "0198c5b2-7d44-7000-8000-000000000000",
        "chat": "c1",
        "badge": "0",
    }


def test_a_place_is_that_of_the_collapse_key_or_of_the_message_alone():
    one, two = PushMessage(collapse="chat 1"), PushMessage(collapse="chat 1")
    alone = PushMessage()

    assert one.place == two.place != alone.place == PushMessage(id=alone.id).place
    assert len(one.place) == 32
    assert "chat" not in one.place


@pytest.mark.parametrize(("days", "seconds"), [(0, 0), (-1, 0), (1, 86_400), (99, 2_419_200)])
def test_nothing_is_kept_longer_than_any_provider_keeps_it(days, seconds):
    assert PushMessage(expires_in=timedelta(days=days)).seconds == seconds
