"""Messages, in and out."""

from typing import Any, NoReturn

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.api.fields import BooleanField, ChoiceField, QueryIntegerField, StringField, UUIDField
from common.api.serializers import Input, ReadStraight
from files.api.serializers import FileSerializer
from messaging.models import Message
from messaging.services.mentions import ALL

from .fields import MAX_SEQ, ChatField, MentionsField
from .files import FilesField
from .forwards import ProvenanceSerializer, provenance_of
from .reactions import CountForReaderSerializer, CountSerializer, counts_for_reader, counts_of
from .replies import ReplyField, ReplySerializer, reply_of


class RepliesSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    last_seq = serializers.IntegerField(help_text="Position of the newest.")
    last_at = serializers.DateTimeField()


class MessageSerializer(ReadStraight, serializers.ModelSerializer[Message]):
    """A message as everybody sees it: encoded once, however many hear it."""

    author_name = serializers.SerializerMethodField()
    client_id = serializers.SerializerMethodField()
    reply_to = serializers.SerializerMethodField()
    replies = serializers.SerializerMethodField()
    forwarded_from = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()
    mentions = serializers.SerializerMethodField()
    reactions = serializers.SerializerMethodField()

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
            "replies",
            "forwarded_from",
            "no_forward",
            "files",
            "mentions",
            "silent",
            "reactions",
            "revision",
            "edited_at",
            "deleted_at",
            "deleted_by",
            "created_at",
        ]
        read_only_fields = fields

    def get_author_name(self, message: Message) -> str | None:
        return message.author.display_name if message.author else None

    def get_client_id(self, message: Message) -> str | None:
        return message.client_id or None

    def get_mentions(self, message: Message) -> list[str]:
        return [*message.mentions, *([ALL] if message.mentions_all else [])]

    @extend_schema_field(RepliesSerializer(allow_null=True))
    def get_replies(self, message: Message) -> dict[str, Any] | None:
        """Of the thread below it; null while there is none."""
        if message.last_reply_seq is None:
            return None
        return {
            "count": message.reply_count,
            "last_seq": message.last_reply_seq,
            "last_at": message.last_reply_at,
        }

    @extend_schema_field(ReplySerializer(allow_null=True))
    def get_reply_to(self, message: Message) -> dict[str, Any] | None:
        return reply_of(message)

    @extend_schema_field(ProvenanceSerializer(allow_null=True))
    def get_forwarded_from(self, message: Message) -> dict[str, Any] | None:
        return provenance_of(message)

    @extend_schema_field(FileSerializer(many=True))
    def get_files(self, message: Message) -> list[dict[str, Any]]:
        """Their addresses are signed for the reader; in frames, which everybody gets, for nobody."""
        reader = self.context.get("reader")
        context = {"reader": reader.pk} if reader else {}
        return [FileSerializer(each.file, context=context).data for each in message.shown_files]

    @extend_schema_field(CountSerializer(many=True))
    def get_reactions(self, message: Message) -> list[dict[str, Any]]:
        return counts_of(message.shown_reactions)


class MessageForReaderSerializer(MessageSerializer):
    """The same with what differs per reader: `status`, and which reactions are theirs.

    The author sees `delivered` and `read` once that is so with everybody else; a reader sees their own. What
    stands in a thread is `sent`. The `chat` of the context has the marks; none where nobody can have it yet.
    """

    status = serializers.SerializerMethodField()

    class Meta(MessageSerializer.Meta):
        fields = [*MessageSerializer.Meta.fields, "status"]
        read_only_fields = fields

    @extend_schema_field(CountForReaderSerializer(many=True))
    def get_reactions(self, message: Message) -> list[dict[str, Any]]:
        return counts_for_reader(message.shown_reactions, message.my_reactions)

    def get_status(self, message: Message) -> str:
        if message.thread_id or "chat" not in self.context:
            return "sent"  # marks in threads are told to nobody else; or it was sent just now
        return status_of(
            self.context["chat"],
            seq=message.seq,
            is_mine=message.author_id == self.context["reader"].pk,
        )


def message_at_hand(message: Message) -> dict[str, Any]:
    """A plain message that was just sent, for everybody: nothing of it is looked up. Made once for all frames
    and answers of this process.
    """
    shown: dict[str, Any] | None = vars(message).get("at_hand")
    if shown is None:
        shown = vars(message)["at_hand"] = MessageSerializer.show(message)
    return shown


def said_just_now(message: Message) -> dict[str, Any]:
    """The same for its author, as `MessageForReaderSerializer` has it: nobody can have it yet."""
    return message_at_hand(message) | {"status": "sent"}


def status_of(chat: Any, *, seq: int, is_mine: bool) -> str:
    """How far a message of the main line is, for the reader whose marks *chat* has."""
    if is_mine:
        read, delivered = chat.others_read_seq, chat.others_delivered_seq
    else:
        read, delivered = chat.my_read_seq, chat.my_delivered_seq
    if read is not None and read >= seq:
        return "read"
    return "delivered" if delivered is not None and delivered >= seq else "sent"


class MessageInput(Input):
    says_something = True  # whether it needs a text or files

    text = StringField(
        required=False,
        allow_blank=True,
        max_length=Message.MAX_TEXT,
        help_text="May be left out where there are files.",
    )
    kind = ChoiceField(
        choices=[
            (kind.value, kind.label)
            for kind in (Message.Kind.TEXT, Message.Kind.FILE, Message.Kind.VOICE, Message.Kind.VIDEO)
        ],
        required=False,
        help_text="`file` by itself where there are files; `voice` and `video` have one file, a recording.",
    )
    files = FilesField(required=False, help_text="Ids of files that you have uploaded.")
    client_id = StringField(
        required=False,
        max_length=255,
        help_text="Your own id for it: sending again is the same message, for ever.",
    )
    thread = UUIDField(required=False, help_text="The message below which it is said, in a thread.")
    silent = BooleanField(required=False, help_text="Whether nobody is to be woken by it.")
    mentions = MentionsField(required=False, help_text="Whom it calls: people in the chat, or `all`.")
    reply_to = ReplyField(
        required=False,
        help_text="A message of the chat: its id, or `{message, quote}` to quote a part of what it says.",
    )

    no_forward = BooleanField(required=False, help_text="Whether it is not to be forwarded.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """A text is kept as it was sent, but it is not sent if there is nothing to see in it."""
        if self.says_something and not given.get("files"):
            if given.get("kind", Message.Kind.TEXT) != Message.Kind.TEXT:
                _refuse("files", _("Name the files."), "required")
            if "text" not in given:
                _refuse("text", serializers.Field.default_error_messages["required"], "required")
            if not given["text"].strip():
                _refuse("text", serializers.CharField.default_error_messages["blank"], "blank")
        return given | given.pop("reply_to", {})


def _refuse(field: str, detail: Any, code: str) -> NoReturn:
    raise serializers.ValidationError({field: [serializers.ErrorDetail(str(detail), code=code)]})


class MessageToChatInput(MessageInput):
    chat = ChatField()


class PageQuery(Input):
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


class HistoryQuery(PageQuery):
    threads = ChoiceField(choices=[("all", _("all"))], required=False)
