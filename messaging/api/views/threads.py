"""Threads: replies below one message, with a read mark of their own."""

from typing import Any, Final
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.filters import YesOrNo
from common.api.pagination import CursorPages
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from messaging import services
from messaging.api import examples
from messaging.api.history import page_body, page_of
from messaging.api.serializers import (
    MessageForReaderSerializer,
    PageQuery,
    ReadInput,
    ThreadMarkSerializer,
    ThreadPageSerializer,
    ThreadSerializer,
)
from messaging.models import Chat, Message

from .messages import ANCHORS
from .scope import ChatScoped


class ThreadScoped(ApiView):
    """Operations below one message of the main line, which is `self.root`; 404 for who is not in its chat."""

    scope = "messages"
    request: SignedRequest

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        there = Message.objects.main_line().not_hidden_from(self.request.user.pk)
        roots = there.shown_to(self.request.user.pk).threads_for(self.request.user)
        self.root: Any = get_object_or_404(roots, pk=kwargs["pk"])
        self.chat: Any = get_object_or_404(Chat.objects.with_marks(self.request.user), pk=self.root.chat_id)

    def context(self) -> dict[str, Any]:
        return {"chat": self.chat, "reader": self.request.user}

    def marks(self) -> dict[str, Any]:
        """As they are now, after a change."""
        root = Message.objects.threads_for(self.request.user).get(pk=self.root.pk)
        return ThreadMarkSerializer(root).data


class ThreadView(ThreadScoped):
    @extend_schema(
        operation_id="messages_thread",
        tags=["messages"],
        summary="Read a thread back",
        description="The message that began it, how far the caller has read, and the replies in ascending "
        "order of `seq`: the newest ones, or those before, after or around a position.",
        parameters=ANCHORS,
        responses={200: ThreadPageSerializer},
        examples=[given("page", examples.THREAD_PAGE)],
    )
    def get(self, request: SignedRequest, pk: UUID) -> Response:
        page = page_of(self.root.replies.all(), read(PageQuery, request.query_params.dict()), request.user)
        results = MessageForReaderSerializer(page.messages, many=True, context=self.context()).data
        thread = ThreadSerializer(self.root, context=self.context()).data
        return Response(thread | page_body(page, results, request))


class ThreadReadView(ThreadScoped):
    @extend_schema(
        operation_id="messages_thread_read",
        tags=["messages"],
        summary="Mark a thread as read",
        description="Moves the caller's mark in this thread to `seq`, at most to its newest reply. It never "
        "moves back, and has nothing to do with the chat's.",
        request=ReadInput,
        responses={200: ThreadMarkSerializer},
        examples=[sent("read", {"seq": 44}), given("marks", examples.THREAD_MARK)],
    )
    def post(self, request: SignedRequest, pk: UUID) -> Response:
        services.mark_thread_read(actor=request.user, root=self.root, **read(ReadInput, request.data))
        return Response(self.marks())


class ThreadFollowView(ThreadScoped):
    @extend_schema(
        operation_id="messages_thread_follow",
        tags=["messages"],
        summary="Follow a thread",
        description="Its unread replies are counted for the caller; what was said before is read for them. "
        "Who writes in a thread, or is mentioned there, follows it by that.",
        request=None,
        responses={200: ThreadMarkSerializer},
        examples=[given("marks", examples.THREAD_MARK)],
    )
    def put(self, request: SignedRequest, pk: UUID) -> Response:
        services.follow_thread(actor=request.user, root=self.root, following=True)
        return Response(self.marks())

    @extend_schema(
        operation_id="messages_thread_unfollow",
        tags=["messages"],
        summary="Follow a thread no longer",
        description="Until the caller writes in it or is mentioned there.",
        responses={204: OpenApiResponse(description="Not followed.")},
    )
    def delete(self, request: SignedRequest, pk: UUID) -> Response:
        services.follow_thread(actor=request.user, root=self.root, following=False)
        return Response(status=status.HTTP_204_NO_CONTENT)


COUNTED: Final = Q(is_followed=True, thread_unread_count__gt=0)


class ThreadFilter(django_filters.FilterSet):
    following = YesOrNo(
        lambda roots, wanted: roots.filter(is_followed=wanted),
        help_text="Only threads that the caller follows, or only the others.",
    )
    unread = YesOrNo(
        lambda roots, wanted: roots.filter(COUNTED) if wanted else roots.exclude(COUNTED),
        help_text="Only threads with replies that count as unread, or only the others.",
    )

    class Meta:
        model = Message
        fields: list[str] = []


class ChatThreadsViewSet(mixins.ListModelMixin, ChatScoped, ApiViewSet):
    scope = "messages"
    needs_marks = True
    serializer_class = ThreadSerializer
    filterset_class = ThreadFilter
    queryset = Message.objects.none()

    class pagination_class(CursorPages):  # noqa: N801 (REST framework's name)
        ordering = "-last_reply_seq"

    @extend_schema(
        operation_id="chat_threads_list",
        tags=["messages"],
        summary="The threads of a chat",
        description="Those with replies, the one with the newest reply first.",
        examples=[given("threads", examples.THREAD)],
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Message]:
        there = self.chat.messages.begun().not_hidden_from(self.request.user.pk)
        return there.shown_to(self.request.user.pk).threads_for(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "chat": self.chat, "reader": self.request.user}
