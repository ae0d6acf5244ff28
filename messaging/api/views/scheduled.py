"""What the caller wants sent later."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiViewSet
from messaging import problems, services
from messaging.api import examples
from messaging.api.serializers import ScheduledChangeInput, ScheduledInput, ScheduledSerializer
from messaging.models import ScheduledMessage

from .scope import ChatScoped


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_scheduled_list",
        tags=["messages"],
        summary="What I scheduled in a chat",
        description="What waits to be sent and what could not be, the next one first.",
        examples=[given("scheduled", examples.SCHEDULED)],
    ),
    retrieve=extend_schema(
        operation_id="chat_scheduled_read",
        tags=["messages"],
        summary="A scheduled message",
        description="One of the caller's own, the sent ones too.",
        examples=[given("scheduled", examples.SCHEDULED)],
    ),
)
class ScheduledViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ChatScoped, ApiViewSet):
    scope = "messages"
    serializer_class = ScheduledSerializer
    queryset = ScheduledMessage.objects.none()

    class pagination_class(CursorPages):  # noqa: N801 (REST framework's name)
        ordering = ("scheduled_for", "id")

    def get_queryset(self) -> QuerySet[ScheduledMessage]:
        mine = self.chat.scheduled.filter(author=self.request.user)
        return mine.pending() if self.action == "list" else mine

    @extend_schema(
        operation_id="chat_scheduled_create",
        tags=["messages"],
        summary="Schedule a message",
        description="Sent once at its time, as if it were sent then: what its author may not do then is not "
        "done, they are told, and it is kept. With `local` in a private chat it goes when the other one's "
        "clock shows that time, wherever they are then; a time that is skipped as clocks go forward is as "
        "much later. Under the same `client_id` it is scheduled once.",
        request=ScheduledInput,
        responses={
            201: ScheduledSerializer,
            200: OpenApiResponse(ScheduledSerializer, "Scheduled before, under this client id."),
            **refuses(problems.ClientIdConflict, problems.TooManyScheduled),
        },
        examples=[
            sent("at a time", {"text": "Happy birthday!", "scheduled_for": "2026-12-01T07:00:00+02:00"}),
            sent(
                "on their clock",
                {"text": "Happy birthday!", "scheduled_for": "2026-12-01T07:00:00", "local": True},
            ),
            given("scheduled", examples.SCHEDULED, 201, 200),
        ],
    )
    def create(self, request: SignedRequest, chat: UUID) -> Response:
        row, is_new = services.schedule_message(
            actor=request.user, chat=self.chat, **read(ScheduledInput, request.data)
        )
        return scheduled(row, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(
        operation_id="chat_scheduled_update",
        tags=["messages"],
        summary="Change a scheduled message",
        description="What is left out stays. One that failed is tried again, at a time to come.",
        request=ScheduledChangeInput,
        responses={200: ScheduledSerializer, **refuses(problems.AlreadySent)},
        examples=[
            sent("later", {"scheduled_for": "2026-12-02T07:00:00+02:00"}),
            given("scheduled", examples.SCHEDULED),
        ],
    )
    def partial_update(self, request: SignedRequest, chat: UUID, pk: UUID) -> Response:
        changed = services.change_scheduled(
            actor=request.user, scheduled=self._row(), **read(ScheduledChangeInput, request.data)
        )
        return Response(ScheduledSerializer(changed).data)

    @extend_schema(
        operation_id="chat_scheduled_replace",
        tags=["messages"],
        summary="Change a scheduled message",
        description="As `PATCH`.",
        request=ScheduledChangeInput,
        responses={200: ScheduledSerializer, **refuses(problems.AlreadySent)},
        examples=[
            sent("other words", {"text": "Many happy returns!"}),
            given("scheduled", examples.SCHEDULED),
        ],
    )
    def update(self, request: SignedRequest, chat: UUID, pk: UUID) -> Response:
        return self.partial_update(request, chat, pk)

    @extend_schema(
        operation_id="chat_scheduled_cancel",
        tags=["messages"],
        summary="Take a scheduled message back",
        description="Unless it was sent meanwhile.",
        responses={204: OpenApiResponse(description="Gone."), **refuses(problems.AlreadySent)},
    )
    def destroy(self, request: SignedRequest, chat: UUID, pk: UUID) -> Response:
        services.cancel_scheduled(actor=request.user, scheduled=self._row())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _row(self) -> Any:
        return self.get_object()


def scheduled(row: ScheduledMessage, code: int) -> Response:
    """The answer of what makes one."""
    place = {"Location": f"/api/v1/chats/{row.chat_id}/scheduled/{row.pk}"}
    return Response(
        ScheduledSerializer(row).data, status=code, headers=place if code != status.HTTP_200_OK else {}
    )
