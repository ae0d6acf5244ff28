"""What messages said before, and what an edit depends on."""

import re
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given
from common.api.pagination import CursorPages
from common.api.views import ApiViewSet
from common.problems import Invalid, Problem
from messaging import problems
from messaging.api import examples
from messaging.api.serializers import RevisionSerializer
from messaging.models import Revision

from .scope import MessageScoped

IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description='The revision that the caller has seen, as `"3"` or `3`.',
)
EDIT_REFUSALS: Final[list[Problem | type[Problem]]] = [
    examples.not_allowed("message.edit"),
    problems.NotOpenToYou,
    problems.MessageWasDeleted,
    problems.EditWindowOver(edit_window=172_800),
    problems.RevisionConflict(revision=2),
]


def revision_matched(request: Request) -> int | None:
    """The revision in `If-Match` (RFC 9110 §13.1.1); None if there is none, or any will do.

    Raises:
        Invalid: it names no revision.
    """
    value = request.headers.get("If-Match", "*").strip()
    if value == "*":
        return None
    if found := re.fullmatch(r'"?([0-9]{1,9})"?', value):
        return int(found[1])
    raise Invalid.field("If-Match", "invalid", 'A revision, such as "3".')


class MessageHistoryViewSet(MessageScoped, ApiViewSet):
    serializer_class = RevisionSerializer
    queryset = Revision.objects.none()

    class pagination_class(CursorPages):  # noqa: N801
        ordering = "-revision"

    def get_queryset(self) -> QuerySet[Revision]:
        return self.message.revisions.all()

    @extend_schema(
        operation_id="messages_history",
        tags=["messages"],
        summary="What a message said before",
        description="Its former revisions, the newest first, each with the time since when it said so. What "
        "it says now is in the message itself. One that was never edited or is deleted has none.",
        responses={200: RevisionSerializer(many=True)},
        examples=[given("history", examples.REVISION)],
    )
    def list(self, request: SignedRequest, pk: UUID) -> Response:
        return self.get_paginated_response(
            self.get_serializer(self.paginate_queryset(self.get_queryset()), many=True).data
        )
