"""Why the caller was told of a message, or was not."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given
from common.api.views import ApiView
from common.models import LogEntry
from messaging.events import MessageSent, topic_of_chat
from messaging.models import Message
from notifications.api import examples
from notifications.api.serializers import TracesSerializer
from notifications.services import traces_of_entry


class NotificationTraceView(ApiView):
    scope = "messages"

    @extend_schema(
        operation_id="messages_notification_trace",
        tags=["notifications"],
        summary="Why I was told of a message, or was not",
        description="Every rule that was asked for the caller, in order, with what it said, and every "
        "attempt to bring it to them. Where nothing was promised the rules are asked now, as things are now: "
        "`notification` is null then.",
        responses={200: TracesSerializer},
        examples=[given("traces", {"results": [examples.TRACE]})],
    )
    def get(self, request: SignedRequest, pk: UUID) -> Response:
        message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
        entry = LogEntry(  # as the log has it, or had it
            topic=topic_of_chat(message.chat_id),
            seq=message.seq,
            type=MessageSent.type,
            data={"message": str(message.pk)},
            at=message.created_at,
        )
        traces = traces_of_entry(entry, user=request.user)
        return Response(TracesSerializer({"results": traces}).data)
