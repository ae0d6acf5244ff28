"""Whether people are here."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.models import User
from accounts.registries import Seen
from common.api.examples import given, sent
from common.api.serializers import read
from common.api.views import ApiView
from messaging import services
from messaging.api import examples
from messaging.api.serializers import (
    OwnPresenceSerializer,
    PeopleHereQuery,
    PeopleHereSerializer,
    PresenceInput,
)


class PresenceView(ApiView):
    scope = "contacts"

    @extend_schema(
        operation_id="presence_read",
        tags=["contacts"],
        summary="Who is here",
        description="How people appear to the caller now; the caller alone if nobody is named. Who is not "
        "there for them is left out. People are `offline` to those who share no chat of up to 100 with them "
        "and are not their contacts, unless everybody may see when they were last here; where one has "
        "blocked the other; and while they are invisible. Changes come over the socket, as `user.online` and "
        "`user.offline`.",
        parameters=[
            OpenApiParameter(
                "users", OpenApiTypes.STR, description="Ids of up to 200 people, with commas between them."
            )
        ],
        responses={200: PeopleHereSerializer},
        examples=[given("people", {"results": [examples.SEEN]})],
    )
    def get(self, request: SignedRequest) -> Response:
        asked = read(PeopleHereQuery, request.query_params.dict())
        ids = asked.get("users", [request.user.pk])
        people = list(User.objects.visible_to(request.user).filter(pk__in=ids).order_by("pk"))
        seen = services.presence_of(request.user, people)
        return Response(PeopleHereSerializer({"results": [_row(*each) for each in seen.items()]}).data)

    @extend_schema(
        operation_id="presence_set",
        tags=["contacts"],
        summary="Be here in another way",
        description="`busy`, `invisible` and `away` hold on all devices, until the caller says `online`: "
        "then they are again what their devices are. It is a sign of life for 90 seconds, for clients "
        "without a socket.",
        request=PresenceInput,
        responses={200: OwnPresenceSerializer},
        examples=[sent("busy", {"status": "busy"}), given("presence", examples.OWN_PRESENCE)],
    )
    def put(self, request: SignedRequest) -> Response:
        presence = services.set_presence(actor=request.user, **read(PresenceInput, request.data))
        seen = services.presence_of(request.user, [request.user])[request.user.pk]
        own = _row(request.user.pk, seen) | {"status": presence.choice}
        return Response(OwnPresenceSerializer(own).data)


def _row(user: UUID, seen: Seen) -> dict[str, Any]:
    return {"user": user, "presence": seen.presence, "last_seen": seen.last_seen}
