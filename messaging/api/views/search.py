"""Finding messages, chats, and what somebody may mean."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given
from common.api.pagination import CursorPages
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from messaging.api import examples
from messaging.api.found import SIZE, page_body, place_of
from messaging.api.serializers import (
    ChatSerializer,
    FoundMessageSerializer,
    FoundMessagesSerializer,
    MessagesInChatQuery,
    MessagesQuery,
    SearchQuery,
    SuggestionsSerializer,
)
from messaging.models import Chat, Message
from messaging.search import Query, Search, find_chats, find_messages, suggest

from .scope import ChatScoped

LOOKED_FOR = OpenApiParameter(
    "q",
    OpenApiTypes.STR,
    required=True,
    description="Up to 200 characters. All words must be there, in any order; what is in double quotes word "
    "for word. One letter is a word, two begin one, three and more may be anywhere in it; of Chinese, "
    "Japanese and Korean every character counts. Case, accents and Arabic vowel signs don't.",
)
FILTERS = [
    LOOKED_FOR,
    OpenApiParameter("author", OpenApiTypes.UUID, description="Only by this person."),
    OpenApiParameter("kind", OpenApiTypes.STR, enum=Message.Kind.values, description="Only of this kind."),
    OpenApiParameter("has_file", OpenApiTypes.BOOL, description="Only with files, or only without."),
    OpenApiParameter("from", OpenApiTypes.DATETIME, description="Only sent at this time or later."),
    OpenApiParameter("to", OpenApiTypes.DATETIME, description="Only sent before this time."),
    OpenApiParameter(
        "ordering",
        OpenApiTypes.STR,
        enum=["relevance", "newest", "oldest"],
        description="`relevance` if left out: whole words before parts of words, and of each the newest "
        "first. It ranks the newest 1,000 matches; the others go through all.",
    ),
    OpenApiParameter("cursor", OpenApiTypes.STR, description="From `next` or `previous` of another page."),
    OpenApiParameter("page_size", OpenApiTypes.INT, description="Results a page: 50 if left out, up to 200."),
]


class MessageSearchView(ApiView):
    scope = "messages"

    @extend_schema(
        operation_id="search_messages",
        tags=["search"],
        summary="Find messages",
        description="In the chats that the caller is in now. `snippet` is the part that matched.",
        parameters=[OpenApiParameter("chat", OpenApiTypes.UUID, description="Only in this chat."), *FILTERS],
        responses={200: FoundMessagesSerializer},
        examples=[given("found", examples.FOUND)],
    )
    def get(self, request: SignedRequest) -> Response:
        chats = Chat.objects.visible_to(request.user)
        return found(request, read(MessagesQuery, request.query_params.dict(), chats=chats))


class ChatSearchView(ChatScoped):
    scope = "messages"

    @extend_schema(
        operation_id="chat_messages_search",
        tags=["search"],
        summary="Find messages of a chat",
        description="As `GET search/messages`, the chat in the path.",
        parameters=FILTERS,
        responses={200: FoundMessagesSerializer},
        examples=[given("found", examples.FOUND)],
    )
    def get(self, request: SignedRequest, chat: UUID) -> Response:
        asked = read(MessagesInChatQuery, request.query_params.dict())
        return found(request, asked | {"chat": self.chat})


@extend_schema_view(
    list=extend_schema(
        operation_id="search_chats",
        tags=["search"],
        summary="Find chats",
        description="Of those that the caller is in: by title, description, and the names of others in them. "
        "The most recently active first.",
        parameters=[LOOKED_FOR],
        examples=[given("chats", examples.CHAT)],
    )
)
class ChatsSearchViewSet(mixins.ListModelMixin, ApiViewSet):
    scope = "chats"
    serializer_class = ChatSerializer
    queryset = Chat.objects.none()

    class pagination_class(CursorPages):  # noqa: N801 (REST framework's name)
        ordering = ("-last_activity_at", "-id")

    def get_queryset(self) -> QuerySet[Chat]:
        asked = read(SearchQuery, looked_for(self.request))
        reader = self.request.user
        return find_chats(Chat.objects.for_reader(reader), reader=reader, query=Query.parse(asked["q"]))

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reader": self.request.user}


class SuggestionsView(ApiView):
    scope = "messages"

    @extend_schema(
        operation_id="search_suggestions",
        tags=["search"],
        summary="What I may mean",
        description="While somebody types: people, chats of theirs, and words of their own last messages. At "
        "most ten.",
        parameters=[LOOKED_FOR],
        responses={200: SuggestionsSerializer},
        examples=[given("suggestions", examples.SUGGESTIONS)],
    )
    def get(self, request: SignedRequest) -> Response:
        asked = read(SearchQuery, request.query_params.dict())
        results = suggest(reader=request.user, text=asked["q"].strip())
        return Response(SuggestionsSerializer({"results": results}).data)


def looked_for(request: Any) -> dict[str, str]:
    """Only `q`: the pages take the rest of the query."""
    return {"q": request.query_params["q"]} if "q" in request.query_params else {}


def found(request: SignedRequest, asked: dict[str, Any]) -> Response:
    query, reader = Query.parse(asked["q"]), request.user
    results = find_messages(
        reader=reader,
        search=Search(
            query=query,
            chat=asked.get("chat"),
            author=asked.get("author"),
            kind=asked.get("kind"),
            has_file={"true": True, "false": False}.get(asked.get("has_file", "")),
            start=asked.get("from"),
            end=asked.get("to"),
            ordering=asked.get("ordering", "relevance"),
        ),
        size=asked.get("page_size", SIZE),
        **place_of(asked.get("cursor")),
    )
    chats = Chat.objects.with_marks(reader).in_bulk({message.chat_id for message in results.messages})
    # One a chat: to make a serializer takes longer than to use it.
    shapes = {
        pk: FoundMessageSerializer(context={"chat": chat, "reader": reader, "query": query})
        for pk, chat in chats.items()
    }
    shown = [
        shapes[message.chat_id].to_representation(message)
        for message in results.messages
        if message.chat_id in shapes  # else it is gone meanwhile
    ]
    return Response(page_body(results, shown, request))
