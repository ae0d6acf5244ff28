"""Shapes of messaging, in and out."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from common.api.fields import (
    BooleanField,
    ChoiceField,
    IntegerField,
    QueryIntegerField,
    StringField,
    UUIDField,
)
from common.api.serializers import Input
from messaging.models import Chat, Message, Participant

MAX_SEQ = 2**53  # what every client's JSON holds exactly
MAX_USERS = 200  # in one request


# --- Out ----------------------------------------------------------------------------------------------------


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message as everybody sees it: encoded once, however many hear it."""

    author_name = serializers.SerializerMethodField()
    client_id = serializers.SerializerMethodField()
    reply_to = serializers.SerializerMethodField()
    thread = serializers.SerializerMethodField()
    forwarded_from = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()
    mentions = serializers.SerializerMethodField()
    reactions = serializers.SerializerMethodField()
    edited_at = serializers.SerializerMethodField()
    deleted_at = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id",
            "chat",
            "seq",
            "author",
            "author_name",
            "kind",
            "text",
            "client_id",
            "reply_to",
            "thread",
            "forwarded_from",
            "files",
            "mentions",
            "reactions",
            "edited_at",
            "deleted_at",
            "created_at",
        ]
        read_only_fields = fields

    def get_author_name(self, message: Message) -> str | None:
        return message.author.display_name if message.author else None

    def get_client_id(self, message: Message) -> str | None:
        return message.client_id or None

    # What clients already read, of features that are not there yet: the same value for every message.
    def get_reply_to(self, message: Message) -> str | None:
        return None

    def get_thread(self, message: Message) -> str | None:
        return None

    def get_forwarded_from(self, message: Message) -> str | None:
        return None

    def get_files(self, message: Message) -> list[str]:
        return []

    def get_mentions(self, message: Message) -> list[str]:
        return []

    def get_reactions(self, message: Message) -> list[str]:
        return []

    def get_edited_at(self, message: Message) -> str | None:
        return None

    def get_deleted_at(self, message: Message) -> str | None:
        return None


class MessageForReaderSerializer(MessageSerializer):
    """The same with `status`, which differs per reader.

    The author sees `read` once everybody else has read it; a reader sees whether they have.
    """

    status = serializers.SerializerMethodField()

    class Meta(MessageSerializer.Meta):
        fields = [*MessageSerializer.Meta.fields, "status"]
        read_only_fields = fields

    def get_status(self, message: Message) -> str:
        chat: Chat = self.context["chat"]
        is_mine = message.author_id == self.context["reader"].pk
        mark = chat.others_read_seq if is_mine else chat.my_read_seq  # type: ignore[attr-defined]
        return "read" if mark is not None and mark >= message.seq else "sent"


class ChatSettingsSerializer(serializers.Serializer[Any]):
    members_can_add = serializers.BooleanField()


class ChatSerializer(serializers.ModelSerializer[Chat]):
    """A chat as one person sees it: rows of `Chat.objects.for_reader`."""

    avatar = serializers.SerializerMethodField()
    settings = ChatSettingsSerializer(read_only=True)
    my_role = serializers.ChoiceField(choices=Participant.Role.choices, read_only=True)
    last_message = serializers.SerializerMethodField()
    read_seq = serializers.IntegerField(source="my_read_seq", read_only=True)
    unread_count = serializers.IntegerField(read_only=True)
    muted = serializers.SerializerMethodField()
    archived = serializers.SerializerMethodField()

    class Meta:
        model = Chat
        fields = [
            "id",
            "type",
            "title",
            "description",
            "avatar",
            "settings",
            "my_role",
            "participant_count",
            "last_message",
            "last_seq",
            "read_seq",
            "unread_count",
            "muted",
            "archived",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(MessageForReaderSerializer(allow_null=True))
    def get_last_message(self, chat: Chat) -> MessageForReaderSerializer | None:
        if chat.last_message is None:
            return None
        context = {"chat": chat, "reader": self.context["reader"]}
        return MessageForReaderSerializer(chat.last_message, context=context).data  # type: ignore[return-value]

    def get_avatar(self, chat: Chat) -> str | None:
        """Null: there are no pictures yet."""
        return None

    def get_muted(self, chat: Chat) -> bool:
        """False: chats can't be muted yet."""
        return False

    def get_archived(self, chat: Chat) -> bool:
        """False: chats can't be archived yet."""
        return False


class ChatFrameSerializer(serializers.ModelSerializer[Chat]):
    """What of a chat is the same for everyone in it."""

    settings = ChatSettingsSerializer(read_only=True)

    class Meta:
        model = Chat
        fields = ["id", "type", "title", "description", "settings", "participant_count"]
        read_only_fields = fields


class ParticipantSerializer(serializers.ModelSerializer[Participant]):
    username = serializers.CharField(source="user.username", read_only=True)
    display_name = serializers.CharField(source="user.display_name", read_only=True)
    avatar = serializers.URLField(source="user.avatar_url", read_only=True, allow_null=True)
    presence = serializers.SerializerMethodField()

    class Meta:
        model = Participant
        fields = ["user", "username", "display_name", "avatar", "role", "joined_at", "presence"]
        read_only_fields = fields

    def get_presence(self, participant: Participant) -> str | None:
        """Null: presence is not told yet."""
        return None


class ReadSerializer(serializers.Serializer[Any]):
    read_seq = serializers.IntegerField()
    unread_count = serializers.IntegerField()


# --- In -----------------------------------------------------------------------------------------------------


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


class PersonField(UUIDField):
    """The same of one person."""

    default_error_messages = {"unknown_user": _("There is no such person.")}

    def to_internal_value(self, data: Any) -> User:  # type: ignore[override]  # an id in, a person out
        pk = super().to_internal_value(data)
        if (person := User.objects.visible_to(self.context["actor"]).filter(pk=pk).first()) is None:
            self.fail("unknown_user")
        return person


class ChatSettingsInput(Input):
    members_can_add = BooleanField(
        required=False, help_text="Whether members, not only admins, may add people."
    )


class ChatChangeInput(Input):
    title = StringField(required=False, max_length=120, trim_whitespace=True)
    description = StringField(required=False, allow_blank=True, max_length=1000)
    settings = ChatSettingsInput(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        return given | given.pop("settings", {})


class ChatInput(ChatChangeInput):
    type = ChoiceField(choices=Chat.Type.choices)
    participants = PeopleField(required=False, help_text="Ids of the others; of a private chat exactly one.")


class MessageInput(Input):
    text = StringField(max_length=Message.MAX_TEXT)
    kind = ChoiceField(choices=[(Message.Kind.TEXT, _("text"))], required=False)
    client_id = StringField(
        required=False,
        max_length=255,
        help_text="Your own id for it: sending again is the same message, for ever.",
    )

    def validate_text(self, text: str) -> str:
        """Kept as it was sent, but not if there is nothing to see in it."""
        if not text.strip():
            self.fields["text"].fail("blank")
        return text


class ChatField(UUIDField):
    """A chat that the caller is in; any other reads as unknown."""

    default_error_messages = {"unknown_chat": _("There is no such chat.")}

    def to_internal_value(self, data: Any) -> Chat:  # type: ignore[override]  # an id in, a chat out
        pk = super().to_internal_value(data)
        chats: QuerySet[Chat] = self.context["chats"]
        if (chat := chats.filter(pk=pk).first()) is None:
            self.fail("unknown_chat")
        return chat


class MessageToChatInput(MessageInput):
    chat = ChatField()


class ReadInput(Input):
    seq = IntegerField(min_value=0, max_value=MAX_SEQ, help_text="Everything up to it is read.")


class ReadInChatInput(ReadInput):
    chat = ChatField()


class ParticipantsInput(Input):
    user = PersonField(required=False, help_text="One person,")
    users = PeopleField(required=False, help_text="or several.")
    role = ChoiceField(choices=Participant.Role.choices, required=False)

    default_error_messages = {"one_or_several": _("Give `user` or `users`, not both and not neither.")}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        one = given.pop("user", None)
        if (one is None) == (not given.get("users")):
            self.fail("one_or_several")
        return given if one is None else given | {"users": [one]}


class RoleInput(Input):
    role = ChoiceField(choices=Participant.Role.choices)


class HistoryQuery(Input):
    before = QueryIntegerField(required=False, min_value=0, max_value=MAX_SEQ)
    after = QueryIntegerField(required=False, min_value=0, max_value=MAX_SEQ)
    around = QueryIntegerField(required=False, min_value=0, max_value=MAX_SEQ)
    limit = QueryIntegerField(required=False, min_value=1, max_value=200)
    to = serializers.DateTimeField(required=False)

    default_error_messages = {"one_anchor": _("Give one of `before`, `after` and `around`.")}

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {
            "from": serializers.DateTimeField(required=False)
        }  # a word of Python's

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if sum(anchor in given for anchor in ("before", "after", "around")) > 1:
            self.fail("one_anchor")
        return given
