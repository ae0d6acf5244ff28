"""Somebody is writing."""

from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import sent
from common.api.schema import refuses
from common.api.serializers import read
from messaging import problems, services
from messaging.api.serializers import TypingInput

from .scope import ChatScoped


class TypingView(ChatScoped):
    scope = "messages"

    @extend_schema(
        operation_id="chats_typing",
        tags=["messages"],
        summary="Say that I am writing",
        description="Told to the others in the chat who are there now, and kept nowhere. It is over after "
        "ten seconds: say it again every five while it goes on. In a chat of more than 100 nobody is told.",
        request=TypingInput,
        responses={
            204: OpenApiResponse(description="Told, or known already."),
            **refuses(problems.NotOpenToYou),
        },
        examples=[sent("writing", {"state": "start"}), sent("not any more", {"state": "stop"})],
    )
    def post(self, request: SignedRequest, chat: UUID) -> Response:
        state = read(TypingInput, request.data)["state"]
        services.tell_typing(actor=request.user, chat=self.chat, is_typing=state == "start")
        return Response(status=status.HTTP_204_NO_CONTENT)
