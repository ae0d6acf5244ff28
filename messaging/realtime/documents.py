"""What events and commands of chats look like, for the AsyncAPI document."""

from typing import Any, Final

from rest_framework import serializers

from messaging import events
from messaging.api import examples
from messaging.api.serializers import (
    ChatFrameSerializer,
    ChatSerializer,
    ContactSerializer,
    DeleteCommandInput,
    DeliveredInChatInput,
    DraftInChatInput,
    DraftSerializer,
    EditCommandInput,
    FolderSerializer,
    MessageSerializer,
    ParticipantSerializer,
    PreferencesSerializer,
    PresenceCommandInput,
    ReactionCommandInput,
    ReadInChatInput,
    ReadThreadInput,
    ReceivedInvitationSerializer,
    ScheduledSerializer,
    SendToChatInput,
    TypingInChatInput,
)
from messaging.api.serializers.reactions import CountSerializer
from realtime.registry import CommandShape, Payload


class ReactionFrameSerializer(serializers.Serializer[Any]):
    emoji = serializers.CharField(allow_null=True, help_text="Null: it was taken back.")
    reactions = CountSerializer(many=True, help_text="All there are now.")


def _without(example: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in example.items() if name not in names}


MESSAGE: Final = Payload(shape=MessageSerializer, example=_without(examples.MESSAGE, "status"))
PARTICIPANT: Final = Payload(shape=ParticipantSerializer, example=examples.PARTICIPANT, has_own_fields=True)
REACTION: Final = Payload(
    shape=ReactionFrameSerializer,
    example={"emoji": "👍", "reactions": [{"emoji": "👍", "count": 2}]},
    has_own_fields=True,
)
CONTACT: Final = Payload(shape=ContactSerializer, example=examples.CONTACT)
SCHEDULED: Final = Payload(shape=ScheduledSerializer, example=examples.SCHEDULED)
PAYLOADS: Final[dict[str, Payload]] = {
    events.MessageSent.type: MESSAGE,
    events.MessageUpdated.type: MESSAGE,
    events.MessageDeleted.type: MESSAGE,
    events.ReactionAdded.type: REACTION,
    events.ReactionRemoved.type: REACTION,
    events.ChatUpdated.type: Payload(
        shape=ChatFrameSerializer,
        example={name: examples.CHAT[name] for name in ChatFrameSerializer.Meta.fields},
        has_own_fields=True,
    ),
    events.ParticipantAdded.type: PARTICIPANT,
    events.ParticipantUpdated.type: PARTICIPANT,
    events.ChatAdded.type: Payload(shape=ChatSerializer, example=examples.CHAT),
    events.ContactAdded.type: CONTACT,
    events.ContactUpdated.type: CONTACT,
    events.PreferencesUpdated.type: Payload(shape=PreferencesSerializer, example=examples.PREFERENCES),
    events.DraftUpdated.type: Payload(shape=DraftSerializer, example=examples.DRAFT),
    events.ScheduledUpdated.type: SCHEDULED,
    events.ScheduledFailed.type: SCHEDULED,
    events.FolderUpdated.type: Payload(shape=FolderSerializer, example=examples.FOLDER),
    events.InvitationReceived.type: Payload(
        shape=ReceivedInvitationSerializer, example=examples.RECEIVED_INVITATION
    ),
}

IN_CHAT: Final = {"chat": examples.CHAT_ID}
OF_MESSAGE: Final = {"message": examples.MESSAGE["id"]}
COMMAND_SHAPES: Final[dict[str, CommandShape]] = {
    "message.send": CommandShape(
        summary="Say something in a chat.",
        takes=SendToChatInput,
        example=IN_CHAT | {"client_id": "phone-7f3a-18", "text": "We leave at dawn."},
    ),
    "message.edit": CommandShape(
        summary="Have a message of mine say something else.",
        takes=EditCommandInput,
        example=OF_MESSAGE | {"text": "We leave at noon.", "revision": 1},
    ),
    "message.delete": CommandShape(
        summary="Delete a message, for everybody or for me.",
        takes=DeleteCommandInput,
        example=OF_MESSAGE | {"for": "me"},
    ),
    "message.read": CommandShape(
        summary="I have read up to here.", takes=ReadInChatInput, example=IN_CHAT | {"seq": 42}
    ),
    "message.delivered": CommandShape(
        summary="Up to here it has reached this device.",
        takes=DeliveredInChatInput,
        example=IN_CHAT | {"seq": 42},
    ),
    "thread.read": CommandShape(
        summary="I have read a thread up to here.",
        takes=ReadThreadInput,
        example={"thread": examples.MESSAGE["id"], "seq": 42},
    ),
    "draft.save": CommandShape(
        summary="Save my draft.",
        takes=DraftInChatInput,
        example=IN_CHAT | {"text": "We leave at", "version": 1},
    ),
    "reaction.add": CommandShape(
        summary="React to a message.", takes=ReactionCommandInput, example=OF_MESSAGE | {"emoji": "👍"}
    ),
    "reaction.remove": CommandShape(
        summary="Take that back.", takes=ReactionCommandInput, example=OF_MESSAGE | {"emoji": "👍"}
    ),
    "typing.start": CommandShape(summary="I am writing.", takes=TypingInChatInput, example=IN_CHAT),
    "typing.stop": CommandShape(summary="I am not any more.", takes=TypingInChatInput, example=IN_CHAT),
    "presence.set": CommandShape(
        summary="How I am here.", takes=PresenceCommandInput, example={"status": "busy"}
    ),
}
