"""What was sent where, and why or why not."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given
from common.api.pagination import CursorPages
from common.api.views import ApiView, ApiViewSet
from notifications import services
from notifications.api import examples
from notifications.api.filters import DeliveryFilter
from notifications.api.serializers import DeliverySerializer, TraceSerializer
from notifications.models import Delivery, Notification


@extend_schema_view(
    list=extend_schema(
        operation_id="notifications_deliveries",
        tags=["notifications"],
        summary="What was sent to me",
        description="Mails, pushes and the like, the latest first, with every attempt and what the other "
        "side said. Kept for 30 days.",
        examples=[given("deliveries", examples.DELIVERY)],
    )
)
class DeliveryViewSet(mixins.ListModelMixin, ApiViewSet):
    scope = "notifications"
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    pagination_class = CursorPages
    queryset = Delivery.objects.none()

    def get_queryset(self) -> QuerySet[Delivery]:
        theirs = Delivery.objects.filter(user=self.request.user, event__webhook__deleted_at=None)
        return theirs.prefetch_related("attempt_rows")


class TraceView(ApiView):
    scope = "notifications"

    @extend_schema(
        operation_id="notifications_trace",
        tags=["notifications"],
        summary="Why I was told, or was not",
        description="Every rule that was asked about this notification, in order, with what it said; then "
        "every delivery with its attempts.",
        responses={200: TraceSerializer},
        examples=[given("trace", examples.TRACE)],
    )
    def get(self, request: SignedRequest, pk: UUID) -> Response:
        row = get_object_or_404(Notification, pk=pk, user=request.user)
        return Response(TraceSerializer(services.trace_of(row)).data)
