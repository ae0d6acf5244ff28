"""What strangers open."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given
from messaging import services
from messaging.api import examples
from messaging.api.serializers import PreferencesSerializer

from .preferences import OfOneChat


class AcceptChatView(OfOneChat):
    @extend_schema(
        operation_id="chats_accept",
        tags=["chats"],
        summary="Accept a chat of a stranger",
        description="It is no request any more. Sending something there says the same.",
        request=None,
        responses={200: PreferencesSerializer},
        examples=[given("accepted", examples.PREFERENCES)],
    )
    def post(self, request: SignedRequest, chat: UUID) -> Response:
        services.accept_chat(actor=request.user, chat=self.chat)
        return self.show()
