"""Somebody is writing: in."""

from common.api.fields import ChoiceField
from common.api.serializers import Input

from .fields import ChatField


class TypingInput(Input):
    state = ChoiceField(choices=[("start", "start"), ("stop", "stop")])


class TypingInChatInput(Input):
    chat = ChatField()
