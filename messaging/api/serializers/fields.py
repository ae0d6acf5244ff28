"""Ids of people and chats as they come in."""

from typing import Any, ClassVar, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from common.api.fields import StringField, UUIDField
from common.api.serializers import Input
from messaging.models import Chat, Message
from messaging.services.mentions import ALL

MAX_SEQ: Final = 2**53  # what every client's JSON holds exactly
MAX_USERS: Final = 200  # in one request


class SpokenField(StringField):
    """A text as it was sent, but not one with nothing to see in it."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text.strip():
            self.fail("blank")
        return text


class PeopleField(serializers.ListField):
    """Ids of people whom the `actor` may see; anybody else reads as unknown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=UUIDField(), max_length=MAX_USERS, **kwargs)

    def to_internal_value(self, data: Any) -> list[User]:
        if isinstance(data, list) and len(data) > MAX_USERS:  # before anybody is looked up
            self.fail("max_length", max_length=MAX_USERS)
        ids = super().to_internal_value(data)
        people = {user.pk: user for user in User.objects.visible_to(self.context["actor"]).filter(pk__in=ids)}
        unknown: dict[Any, Any] = {
            index: [serializers.ErrorDetail(str(_("There is no such person.")), code="unknown_user")]
            for index, pk in enumerate(ids)
            if pk not in people
        }
        if unknown:
            raise serializers.ValidationError(unknown)
        return [people[pk] for pk in dict.fromkeys(ids)]


class ChatsField(serializers.ListField):
    """Ids of chats that the caller is in; any other reads as unknown. Each counts once."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        self.most = max_length
        super().__init__(child=UUIDField(), max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> list[Chat]:
        if isinstance(data, list) and len(data) > self.most:  # before any is looked up
            self.fail("max_length", max_length=self.most)
        ids = super().to_internal_value(data)
        chats = self.context["chats"].in_bulk(ids)
        unknown: dict[Any, Any] = {
            index: [serializers.ErrorDetail(str(_("There is no such chat.")), code="unknown_chat")]
            for index, pk in enumerate(ids)
            if pk not in chats
        }
        if unknown:
            raise serializers.ValidationError(unknown)
        return [chats[pk] for pk in dict.fromkeys(ids)]


class PersonField(UUIDField):
    """The same of one person."""

    default_error_messages = {"unknown_user": _("There is no such person.")}

    def to_internal_value(self, data: Any) -> User:  # type: ignore[override]  # an id in, a person out
        pk = super().to_internal_value(data)
        if (person := User.objects.visible_to(self.context["actor"]).filter(pk=pk).first()) is None:
            self.fail("unknown_user")
        return person


@extend_schema_field({"type": "string", "description": "The id of somebody in the chat, or `all`."})
class MentionField(UUIDField):
    def to_internal_value(self, data: Any) -> UUID | str:  # type: ignore[override]
        return ALL if data == ALL else super().to_internal_value(data)


class MentionsField(serializers.ListField):
    """Whom a message calls; whether they are in the chat is for the service to know."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=MentionField(), max_length=Message.MAX_MENTIONS, **kwargs)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > Message.MAX_MENTIONS:  # before any is looked at
            self.fail("max_length", max_length=Message.MAX_MENTIONS)
        return super().to_internal_value(data)


class ChatField(UUIDField):
    """A chat that the caller is in; any other reads as unknown."""

    default_error_messages = {"unknown_chat": _("There is no such chat.")}

    def to_internal_value(self, data: Any) -> Chat:  # type: ignore[override]  # an id in, a chat out
        pk = super().to_internal_value(data)
        chats: QuerySet[Chat] = self.context["chats"]
        if (chat := chats.filter(pk=pk).first()) is None:
            self.fail("unknown_chat")
        return chat


class MessageField(UUIDField):
    """A message that the caller can see; any other reads as unknown."""

    default_error_messages = {"unknown_message": _("There is no such message.")}

    def to_internal_value(self, data: Any) -> Message:  # type: ignore[override]  # an id in, a message out
        pk = super().to_internal_value(data)
        messages: QuerySet[Message] = self.context["messages"]
        if (message := messages.filter(pk=pk).first()) is None:
            self.fail("unknown_message")
        return message


class OfChatInput(Input):
    """What is done to the message in the field `named`, as a socket says it: one of a single chat adds that
    chat.
    """

    named: ClassVar[str]

    chat = UUIDField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        chat = given[self.named].chat_id
        if given.pop("chat", chat) != chat:
            unknown = self.fields[self.named].error_messages["unknown_message"]
            raise serializers.ValidationError(
                {self.named: [serializers.ErrorDetail(str(unknown), code="unknown_message")]}
            )
        return given


class OfMessageInput(OfChatInput):
    named = "message"

    message = MessageField()
