"""What the caller may still do, told before it is refused."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from common.sizes import sizes

from .examples import given
from .limits import named
from .views import ApiView


class LimitSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="As in the setting `LIMIT_<name>`.")
    limit = serializers.IntegerField(allow_null=True, help_text="How many in one period; null: it is off.")
    period = serializers.IntegerField(allow_null=True, help_text="Seconds; null: it is off.")
    remaining = serializers.IntegerField(
        allow_null=True,
        help_text="How many are left; null: it is off, or counts per account and none is named.",
    )
    reset = serializers.IntegerField(
        allow_null=True,
        help_text="Seconds until they are counted anew, 0 while none is; null as `remaining`.",
    )


class LimitsSerializer(serializers.Serializer[Any]):
    limits = LimitSerializer(many=True)
    sizes = serializers.DictField(child=serializers.IntegerField(), help_text="The most of each, by name.")


EXAMPLE: Final = {
    "limits": [
        {"name": "USER", "limit": 9000, "period": 900, "remaining": 8988, "reset": 412},
        {"name": "AUTH_ADDRESS", "limit": None, "period": None, "remaining": None, "reset": None},
        {"name": "AUTH", "limit": 5, "period": 900, "remaining": 5, "reset": 0},
    ],
    "sizes": {"body_bytes": 1048576, "page_size": 200, "text_characters": 10000, "frame_characters": 262144},
}


class LimitsView(ApiView):
    """Counts nothing, else whoever asks how much is left would have less."""

    permission_classes = (AllowAny,)
    throttle_classes = ()

    @extend_schema(
        operation_id="limits",
        tags=["platform"],
        summary="What may I still do?",
        description="Every limit that counts the caller's requests, with what is left of it, and how large "
        "things may be. Asking isn't counted. Refreshing counts under `USER` too, but per session and apart.",
        responses={200: LimitsSerializer},
        examples=[given("somebody signed in", EXAMPLE)],
    )
    def get(self, request: Request) -> Response:
        standings = [found for limit in named if (found := limit().standing(request))]
        return Response(LimitsSerializer({"limits": standings, "sizes": sizes}).data)
