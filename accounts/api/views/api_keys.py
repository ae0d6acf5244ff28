"""Keys of services that act for a person."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import ApiKeyInput, ApiKeySerializer, RotationInput, ShownApiKeySerializer
from accounts.authentication import SignedRequest
from accounts.models import ApiKey
from accounts.services.api_keys import Shown
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiViewSet
from common.problems import Invalid

from .factors import STEP_UP


@extend_schema_view(
    list=extend_schema(
        operation_id="auth_api_keys_list",
        tags=["auth"],
        summary="My API keys",
        description="The keys that work, newest first.",
        examples=[given("keys", examples.API_KEY)],
    ),
    destroy=extend_schema(
        operation_id="auth_api_keys_revoke",
        tags=["auth"],
        summary="Revoke an API key",
        description="It stops working at once.",
        responses={204: OpenApiResponse(description="Revoked.")},
    ),
)
class ApiKeyViewSet(mixins.ListModelMixin, ApiViewSet):
    answers_with_secrets = True
    serializer_class = ApiKeySerializer
    pagination_class = CursorPages
    queryset = ApiKey.objects.none()

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.alive(at=timezone.now()).filter(user=self.request.user).select_related("user")

    @extend_schema(
        operation_id="auth_api_keys_create",
        tags=["auth"],
        summary="Make an API key",
        description="For a service that acts for the caller, within `scopes`. `key` is shown this once. The "
        "service sends it as `Authorization: Api-Key <key>`; operations that name no scope take none. Needs "
        "a proof from the last ten minutes (`POST auth/step-up`).",
        request=ApiKeyInput,
        responses={
            201: ShownApiKeySerializer,
            **refuses(STEP_UP, problems.TooManyApiKeys(limit=20), Invalid),
        },
        examples=[
            sent("for a bot", {"name": "Backup of my chats", "scopes": ["chats:read", "messages:read"]}),
            given("made", examples.API_KEY | {"key": "serai_k3v9m2x7q4t8_Jr3vB0…"}, 201),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        services.require_fresh(request.auth)
        shown = services.create_api_key(user=request.user, **read(ApiKeyInput, request.data))
        return Response(
            told(shown),
            status=status.HTTP_201_CREATED,
            headers={"Location": f"/api/v1/auth/api-keys/{shown.key.pk}"},
        )

    @extend_schema(
        operation_id="auth_api_keys_rotate",
        tags=["auth"],
        summary="Give an API key another secret",
        description="The secret it had goes on working for `overlap` seconds, a day if left out, so that the "
        "service can be given the new one in peace. `0` ends it at once. Needs a proof from the last ten "
        "minutes.",
        request=RotationInput,
        responses={200: ShownApiKeySerializer, **refuses(STEP_UP)},
        examples=[
            sent("within an hour", {"overlap": 3600}),
            given("rotated", examples.API_KEY | {"key": "serai_k3v9m2x7q4t8_mZ81aQ…"}),
        ],
    )
    def rotate(self, request: SignedRequest, pk: str) -> Response:
        services.require_fresh(request.auth)
        shown = services.rotate_api_key(key=self.get_object(), **read(RotationInput, request.data))
        return Response(told(shown))

    def destroy(self, request: SignedRequest, pk: str) -> Response:
        services.revoke_api_key(actor=request.user, key=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


def told(shown: Shown) -> dict[str, Any]:
    return {**ApiKeySerializer(shown.key).data, "key": shown.text}
