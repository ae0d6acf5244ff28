"""What happened to one's own account."""

from typing import Any

from django.db.models import QuerySet
from django.utils import translation
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import examples
from accounts.api.filters import HistoryFilter
from accounts.api.serializers import HistoryEntrySerializer
from accounts.models import AuditEntry
from common.api.examples import given
from common.api.pagination import CursorPages
from common.api.views import ApiViewSet


@extend_schema_view(
    list=extend_schema(
        operation_id="users_me_history",
        tags=["users"],
        summary="My security log",
        description="What was done to the security of the caller's account, newest first: by them or by "
        "others. Of what they did it says from which network address and in which session, of what strangers "
        "tried, from which address.",
        examples=[given("history", examples.HISTORY_ENTRY)],
    )
)
class HistoryViewSet(mixins.ListModelMixin, ApiViewSet):
    serializer_class = HistoryEntrySerializer
    pagination_class = CursorPages
    filterset_class = HistoryFilter
    queryset = AuditEntry.objects.none()

    def get_queryset(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.history_of(self.request.user)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with translation.override(self.request.user.language):
            return super().list(request, *args, **kwargs)
