"""What waited on a client that was offline, in one call."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.models import User
from common.api.examples import given, sent
from common.api.exceptions import as_problem
from common.api.serializers import read
from common.api.views import ApiView
from common.http import request_id_of
from common.problems import Invalid
from messaging import services
from messaging.api import examples
from messaging.api.serializers import MAX_OUTBOX, OutboxSerializer, WaitingInput
from messaging.api.serializers.outbox import REFUSED, SENT, SKIPPED
from messaging.models import Chat

from .messages import seen


class OutboxView(ApiView):
    scope = "messages"

    @extend_schema(
        operation_id="outbox_send",
        tags=["messages"],
        summary="Send what waited",
        description=f"At most {MAX_OUTBOX} messages, sent in the order given; a result for each in the same "
        "order. The `client_id` of each makes the whole safe to repeat for ever, whole or in parts. What is "
        "wrong with one is said in its result and holds no other up, but for what comes after it: name that "
        "in `after_client_id`.",
        request=WaitingInput(many=True),
        responses={200: OutboxSerializer},
        examples=[
            sent(
                "two, in order",
                {"client_id": "phone-19", "chat": examples.CHAT_ID, "text": "Bring water."}
                | {"after_client_id": "phone-7f3a-18"},
            ),
            given("results", examples.OUTBOX),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        if not isinstance(request.data, list):
            raise Invalid.field("body", "not_a_list", "Send an array of messages.")
        if len(request.data) > MAX_OUTBOX:
            raise Invalid.field("body", "max_length", f"Not more than {MAX_OUTBOX} at a time.")
        results = services.send_outbox(
            actor=request.user, outbox=[waiting(request.user, each) for each in request.data]
        )
        return Response({"results": [shown(each, request) for each in results]})


def waiting(actor: User, data: Any) -> services.Waiting:
    """One of an outbox as it came in, be it well formed or not."""
    try:
        said = read(WaitingInput, data, chats=Chat.objects.with_marks(actor))
    except ValidationError as error:
        name = data.get("client_id") if isinstance(data, dict) else None
        return services.Waiting(
            client_id=name if isinstance(name, str) and "\0" not in name else None, problem=as_problem(error)
        )
    return services.Waiting(
        client_id=said.pop("client_id"),
        after_client_id=said.pop("after_client_id", None),
        chat=said.pop("chat"),
        said=said,  # type: ignore[arg-type]  # what is left is what is said
    )


def shown(result: services.Result, request: SignedRequest) -> dict[str, Any]:
    problem, message, chat = result.problem, result.message, result.of.chat
    return {
        "client_id": result.of.client_id,
        "status": SENT if message else REFUSED if problem else SKIPPED,
        "is_new": result.is_new,
        "message": seen(message, chat, request.user) if message and chat else None,
        "problem": problem and problem.body() | {"request_id": request_id_of(request)},
    }
