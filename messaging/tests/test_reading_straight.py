"""Messages are read straight from their rows, and look as REST framework would show them."""

import pytest
from rest_framework import serializers

from accounts.tests.factories import UserFactory
from common.api.serializers import ReadStraight
from messaging.api.serializers import MessageForReaderSerializer, MessageSerializer
from messaging.models import Chat, Message
from messaging.services import add_reaction, delete_message, edit_message, send_message
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(db):
    """A group in which one of every sort was said."""
    layla, omar = UserFactory.create_batch(2)
    chat = group_of(layla, omar)
    root, _ = send_message(actor=layla, chat=chat, text="Root", client_id="c1", mentions=[omar.pk, "all"])
    send_message(actor=omar, chat=chat, text="In the thread", thread=root.pk)
    send_message(actor=omar, chat=chat, text="Answer", reply_to=root.pk, quote="oo", silent=True)
    edit_message(actor=layla, message=root, text="Root, edited")
    add_reaction(actor=omar, message=root, emoji="🐪")
    gone, _ = send_message(actor=omar, chat=chat, text="Gone", no_forward=True)
    delete_message(actor=layla, message=gone)
    return Chat.objects.with_marks(layla).get(pk=chat.pk)


@pytest.mark.parametrize("shape", [MessageSerializer, MessageForReaderSerializer])
def test_they_look_as_the_framework_shows_them(chat, shape):
    reader = chat.created_by
    messages = list(Message.objects.shown_to(reader.pk).order_by("seq"))
    shown = shape(messages, many=True, context={"chat": chat, "reader": reader})

    for message, body in zip(messages, shown.data, strict=True):
        assert issubclass(shape, ReadStraight)
        expected = serializers.ModelSerializer.to_representation(shown.child, message)
        assert (list(body), body) == (list(expected), expected)
    assert len(messages) == 4


def test_a_field_that_would_be_read_another_way_is_refused():
    class Odd(ReadStraight):
        of = serializers.ListField()

    with pytest.raises(TypeError, match="can't be read straight"):
        Odd().to_representation({"of": []})
