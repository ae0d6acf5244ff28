"""What the caller is told, and what they do with it."""

from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from common.problems import Invalid
from notifications import services
from notifications.api import examples
from notifications.api.filters import NotificationFilter
from notifications.api.serializers import (
    AllNotificationsSerializer,
    BulkInput,
    BulkResultSerializer,
    NotificationSerializer,
    SnoozeInput,
    UnreadCountSerializer,
    shown,
)
from notifications.models import Notification

MOST: Final = 1000  # of those without pages


class NotificationPages(CursorPages):
    ordering = ("-at", "-id")


@extend_schema_view(
    list=extend_schema(
        operation_id="notifications_list",
        tags=["notifications"],
        summary="My notifications",
        description="What the caller was told, the latest first, in their language and as it is now: what a "
        "message said is gone from here once it was deleted. Repeats are one notification with a `count` "
        "until it is read. Kept for 90 days.",
        examples=[given("notifications", examples.NOTIFICATION)],
    ),
    retrieve=extend_schema(
        operation_id="notifications_read_one",
        tags=["notifications"],
        summary="A notification",
        description="One of the caller's own.",
        examples=[given("notification", examples.NOTIFICATION)],
    ),
)
class NotificationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    scope = "notifications"
    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter
    pagination_class = NotificationPages
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        return Notification.objects.of(self.request.user.pk)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(shown(page, language=self.request.user.language))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._show(self.get_object())

    def _show(self, row: Notification) -> Response:
        [data] = shown([row], language=self.request.user.language)
        return Response(data)

    @extend_schema(
        operation_id="notifications_delete",
        tags=["notifications"],
        summary="Delete a notification",
        description="It is gone from the list, and from devices that showed it.",
        responses={204: OpenApiResponse(description="Deleted.")},
    )
    def destroy(self, request: SignedRequest, pk: UUID) -> Response:
        services.delete_notification(actor=request.user, notification=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="notifications_read",
        tags=["notifications"],
        summary="Mark a notification as read",
        description="Twice is fine. The caller's other devices take it down.",
        request=None,
        responses={200: NotificationSerializer},
        examples=[given("read", examples.READ)],
    )
    def read(self, request: SignedRequest, pk: UUID) -> Response:
        return self._show(services.read_notification(actor=request.user, notification=self.get_object()))

    @extend_schema(
        operation_id="notifications_unread",
        tags=["notifications"],
        summary="Mark a notification as unread",
        description="Where the same has happened again since, that one is unread, and this stays as it is.",
        request=None,
        responses={200: NotificationSerializer},
        examples=[given("unread", examples.NOTIFICATION)],
    )
    def unread(self, request: SignedRequest, pk: UUID) -> Response:
        return self._show(
            services.read_notification(actor=request.user, notification=self.get_object(), is_read=False)
        )

    @extend_schema(
        operation_id="notifications_archive",
        tags=["notifications"],
        summary="Put a notification away",
        description="It is in the list only with `archived=true`, and counts as read.",
        request=None,
        responses={200: NotificationSerializer},
        examples=[given("archived", examples.READ | {"archived_at": "2026-11-22T09:17:00Z"})],
    )
    def archive(self, request: SignedRequest, pk: UUID) -> Response:
        return self._show(services.archive_notification(actor=request.user, notification=self.get_object()))

    @extend_schema(
        operation_id="notifications_unarchive",
        tags=["notifications"],
        summary="Take a notification back out",
        description="It is in the list again, as read.",
        request=None,
        responses={200: NotificationSerializer},
        examples=[given("there again", examples.READ)],
    )
    def unarchive(self, request: SignedRequest, pk: UUID) -> Response:
        return self._show(
            services.archive_notification(
                actor=request.user, notification=self.get_object(), is_archived=False
            )
        )

    @extend_schema(
        operation_id="notifications_snooze",
        tags=["notifications"],
        summary="Put a notification off",
        description="It is away until then, and there again afterwards, or when the same happens again.",
        request=SnoozeInput,
        responses={200: NotificationSerializer, **refuses(Invalid)},
        examples=[
            sent("until tomorrow", {"until": "2026-11-23T07:00:00Z"}),
            given("put off", examples.NOTIFICATION | {"snoozed_until": "2026-11-23T07:00:00Z"}),
        ],
    )
    def snooze(self, request: SignedRequest, pk: UUID) -> Response:
        asked = read(SnoozeInput, request.data)
        return self._show(
            services.snooze_notification(actor=request.user, notification=self.get_object(), **asked)
        )

    @extend_schema(
        operation_id="notifications_wake",
        tags=["notifications"],
        summary="Have a notification back now",
        description="It is put off no longer.",
        request=None,
        responses={200: NotificationSerializer},
        examples=[given("there again", examples.NOTIFICATION)],
    )
    def wake(self, request: SignedRequest, pk: UUID) -> Response:
        return self._show(
            services.snooze_notification(actor=request.user, notification=self.get_object(), until=None)
        )


class OfMine(ApiView):
    scope = "notifications"


class AllView(OfMine):
    @extend_schema(
        operation_id="notifications_all",
        tags=["notifications"],
        summary="All my notifications",
        description=f"Without pages: the latest {MOST}, neither put away nor put off.",
        responses={200: AllNotificationsSerializer},
        examples=[given("all", {"results": [examples.NOTIFICATION], "next": None, "previous": None})],
    )
    def get(self, request: SignedRequest) -> Response:
        rows = Notification.objects.of(request.user.pk).present(at=timezone.now()).order_by("-at", "-id")
        found = shown(list(rows[:MOST]), language=request.user.language)
        return Response({"results": found, "next": None, "previous": None})


class UnreadCountView(OfMine):
    @extend_schema(
        operation_id="notifications_unread_count",
        tags=["notifications"],
        summary="How many are unread",
        description="Of those that are neither put away nor put off.",
        responses={200: UnreadCountSerializer},
        examples=[given("three", {"unread_count": 3})],
    )
    def get(self, request: SignedRequest) -> Response:
        return Response({"unread_count": services.unread_count(request.user.pk)})


class ReadAllView(OfMine):
    @extend_schema(
        operation_id="notifications_read_all",
        tags=["notifications"],
        summary="Mark all as read",
        description="All that the list shows. Twice is fine.",
        request=None,
        responses={200: BulkResultSerializer},
        examples=[given("three were unread", {"updated": 3})],
    )
    def put(self, request: SignedRequest) -> Response:
        return Response({"updated": services.change_notifications(actor=request.user, action="read")})


class BulkActionView(OfMine):
    @extend_schema(
        operation_id="notifications_bulk_action",
        tags=["notifications"],
        summary="Do the same to many",
        description="`read`, `unread`, `archive` or `delete` those of `ids`, or with `all: true` whatever "
        "the list shows. What is gone or somebody else's is passed over; `updated` says how many changed.",
        request=BulkInput,
        responses={200: BulkResultSerializer},
        examples=[
            sent("some", {"action": "archive", "ids": [examples.ID]}),
            sent("all", {"action": "read", "all": True}),
            given("done", {"updated": 1}),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        asked = read(BulkInput, request.data)
        return Response({"updated": services.change_notifications(actor=request.user, **asked)})
