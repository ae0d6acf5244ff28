"""What a chat is to the caller."""

from typing import Any, Unpack
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.serializers import read
from messaging import services
from messaging.api import examples
from messaging.api.serializers import MuteInput, PreferencesInput, PreferencesSerializer
from messaging.models import Chat
from messaging.services import Preferences

from .marks import UnreadView
from .scope import ChatScoped


class OfOneChat(ChatScoped):
    def change(self, **wanted: Unpack[Preferences]) -> Response:
        services.set_preferences(actor=self.request.user, chat=self.chat, **wanted)
        return self.show()

    def forget(self, **wanted: Unpack[Preferences]) -> Response:
        services.set_preferences(actor=self.request.user, chat=self.chat, **wanted)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def show(self) -> Response:
        chat: Any = Chat.objects.with_preferences(self.request.user).get(pk=self.chat.pk)
        return Response(PreferencesSerializer(chat).data)


class PreferencesView(OfOneChat):
    @extend_schema(
        operation_id="chat_preferences_read",
        tags=["chats"],
        summary="What a chat is to me",
        description="Whether the caller has muted or archived it, marked it as unread, made it a favourite. "
        "Nobody else is told.",
        responses={200: PreferencesSerializer},
        examples=[given("preferences", examples.PREFERENCES)],
    )
    def get(self, request: SignedRequest, chat: UUID) -> Response:
        return self.show()

    @extend_schema(
        operation_id="chat_preferences_update",
        tags=["chats"],
        summary="Change what a chat is to me",
        description="Any of them at once; what is left out stays. The caller's other devices are told.",
        request=PreferencesInput,
        responses={200: PreferencesSerializer},
        examples=[
            sent("a favourite, without a sound", {"favourite": 1, "muted": True}),
            given("preferences", examples.PREFERENCES),
        ],
    )
    def patch(self, request: SignedRequest, chat: UUID) -> Response:
        return self.change(**read(PreferencesInput, request.data))

    @extend_schema(
        operation_id="chat_preferences_replace",
        tags=["chats"],
        summary="Change what a chat is to me",
        description="As `PATCH`.",
        request=PreferencesInput,
        responses={200: PreferencesSerializer},
        examples=[sent("archived", {"archived": True}), given("preferences", examples.PREFERENCES)],
    )
    def put(self, request: SignedRequest, chat: UUID) -> Response:
        return self.patch(request, chat)


class ArchiveView(OfOneChat):
    @extend_schema(
        operation_id="chats_archive",
        tags=["chats"],
        summary="Archive a chat",
        description="For the caller alone. The next message brings it back, unless it is muted then.",
        request=None,
        responses={200: PreferencesSerializer},
        examples=[given("preferences", examples.PREFERENCES | {"archived": True})],
    )
    def post(self, request: SignedRequest, chat: UUID) -> Response:
        return self.change(archived=True)

    @extend_schema(
        operation_id="chats_unarchive",
        tags=["chats"],
        summary="Bring a chat back from the archive",
        description="For the caller alone.",
        responses={204: OpenApiResponse(description="It is not archived.")},
    )
    def delete(self, request: SignedRequest, chat: UUID) -> Response:
        return self.forget(archived=False)


class MuteView(OfOneChat):
    @extend_schema(
        operation_id="chats_mute",
        tags=["chats"],
        summary="Mute a chat",
        description="For the caller alone, until a time or for good. An archived chat stays so while it is "
        "muted, whatever is said in it.",
        request=MuteInput,
        responses={200: PreferencesSerializer},
        examples=[
            sent("until tomorrow", {"until": "2026-11-22T06:00:00Z"}),
            given("preferences", examples.PREFERENCES | {"muted_until": "2026-11-22T06:00:00Z"}),
        ],
    )
    def post(self, request: SignedRequest, chat: UUID) -> Response:
        return self.change(**read(MuteInput, request.data))

    @extend_schema(
        operation_id="chats_unmute",
        tags=["chats"],
        summary="Hear a chat again",
        description="For the caller alone.",
        responses={204: OpenApiResponse(description="It is not muted.")},
    )
    def delete(self, request: SignedRequest, chat: UUID) -> Response:
        return self.forget(muted_until=None)


class MarkUnreadView(UnreadView, OfOneChat):
    """The badges of a chat, and one that the caller sets."""

    @extend_schema(
        operation_id="chats_mark_unread",
        tags=["chats"],
        summary="Mark a chat as unread",
        description="A flag for the caller's own devices: the read mark stays where it is. Reading takes it "
        "away.",
        request=None,
        responses={200: PreferencesSerializer},
        examples=[given("preferences", examples.PREFERENCES | {"marked_unread": True})],
    )
    def post(self, request: SignedRequest, chat: UUID) -> Response:
        return self.change(marked_unread=True)
