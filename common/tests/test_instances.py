"""Instances that are made past Django's own way are what Django makes."""

import pytest

from accounts.models import Session
from accounts.tests.factories import UserFactory
from common.ids import uuid7
from common.instances import new, stored
from messaging.models import Chat, Message

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Chat, Message, Session])
def test_a_new_one_has_what_the_model_gives_it(model):
    expected, made = vars(model(id=uuid7())), vars(new(model, id=uuid7()))

    differs = {"_state", "id", "created_at", "last_activity_at", "last_seen_at"}  # when each was made
    assert made.keys() == expected.keys()
    assert {name: made[name] for name in made.keys() - differs} == {
        name: expected[name] for name in expected.keys() - differs
    }
    assert made["_state"].adding


def test_two_new_ones_share_nothing_that_changes():
    one, other = new(Message), new(Message)

    one.mentions.append("somebody")

    assert other.mentions == []
    assert one.pk != other.pk


def test_of_a_stored_one_the_rest_is_fetched(django_assert_num_queries):
    user = UserFactory(display_name="Layla")
    made = stored(type(user), using="default", id=user.pk, username="told")

    with django_assert_num_queries(0):
        assert made.username == "told"
    with django_assert_num_queries(1):
        assert made.display_name == "Layla"
    assert made == user
    assert not made._state.adding
