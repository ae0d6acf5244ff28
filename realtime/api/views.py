"""Catching up by REST."""

from typing import Any
from urllib.parse import urlencode

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.examples import given
from common.api.serializers import read
from common.api.views import ApiView
from realtime.sync import MAX_ASKED, MAX_GIVEN, begin, catch_up

from . import examples
from .serializers import SyncQuery, SyncSerializer, positions_in


class SyncView(ApiView):
    scope = "live"

    @extend_schema(
        operation_id="sync",
        tags=["live"],
        summary="What did I miss?",
        description="What the socket's `resume` gives, for clients without one. Without a position it tells "
        "where everything stands, to begin from. With positions it gives what came after them, of the chats "
        "and of the caller's own stream, each in order and whole: frames as the socket sends them, with the "
        "content of now. What can't be given whole is in `resets`, and to be fetched (`GET chats`, "
        "`GET chats/{id}/messages`): it lies back further than 7 days (`too_old`), or the position is of "
        "another log (`epoch`). Of a chat that the caller has left it gives what was still for them. "
        "Follow `next` until it is null.",
        parameters=[
            OpenApiParameter("epoch", OpenApiTypes.STR, description="Of the log that the positions are of."),
            OpenApiParameter(
                "user", OpenApiTypes.INT, description="The `user_seq` up to which the caller has everything."
            ),
            OpenApiParameter(
                "chats",
                OpenApiTypes.STR,
                description="The `seq` up to which the caller has everything, of each chat: `<id>:<seq>`, at "
                f"most {MAX_ASKED}, with commas between them. Ask for more in several requests.",
            ),
            OpenApiParameter(
                "limit",
                OpenApiTypes.INT,
                description=f"The most frames, or without a position the most chats: 1 to {MAX_GIVEN}, "
                f"{MAX_GIVEN} if left out.",
            ),
            OpenApiParameter(
                "checksum",
                OpenApiTypes.STR,
                enum=["0", "1"],
                description="1: say of each chat what proves that the caller has it as it is.",
            ),
            OpenApiParameter("cursor", OpenApiTypes.STR, description="Of a `next`."),
        ],
        responses={200: SyncSerializer},
        examples=[
            given("nothing yet", examples.BEGINNING),
            given("after a break", examples.CAUGHT_UP),
            given("too long a break", examples.TOO_OLD),
        ],
    )
    def get(self, request: Request) -> Response:
        asked = read(SyncQuery, request.query_params.dict())
        limit = asked.pop("limit", MAX_GIVEN)
        kept = {"limit": limit} | ({"checksum": 1} if asked.get("checksum") else {})
        caller: Any = request.user  # somebody: strangers have been refused
        if positions_in(asked):
            found = catch_up(caller.pk, asked, limit=limit)
        else:
            found = begin(
                caller.pk, after=asked.get("cursor"), limit=limit, checksum=asked.get("checksum", False)
            )
        return Response(
            {
                "epoch": found.epoch,
                "user": found.user,
                **found.states,
                "events": found.frames,
                "resets": found.resets,
                "next": _next(request, found.rest, kept) if found.rest else None,
            }
        )


def _next(request: Request, rest: dict[str, Any], kept: dict[str, int]) -> str:
    written = {
        name: ",".join(f"{id_}:{seq}" for id_, seq in value.items()) if isinstance(value, dict) else value
        for name, value in rest.items()
    }
    return f"{request.build_absolute_uri(request.path)}?{urlencode(written | kept, safe=':,')}"
