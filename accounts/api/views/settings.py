"""What people choose of how the product behaves for them."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts import services
from accounts.api import examples
from accounts.api.serializers import SettingsInput, SettingsSerializer
from accounts.authentication import SignedRequest
from accounts.registries import settings_of
from common.api.examples import given, sent
from common.api.serializers import read
from common.api.views import ApiView


class SettingsView(ApiView):
    @extend_schema(
        operation_id="users_me_settings",
        tags=["users"],
        summary="My settings",
        description="Every setting with its value: what the caller chose, and the default of the rest.",
        responses={200: SettingsSerializer},
        examples=[given("settings", examples.SETTINGS)],
    )
    def get(self, request: SignedRequest) -> Response:
        return Response(SettingsSerializer(settings_of(request.user)).data)

    @extend_schema(
        operation_id="users_me_settings_update",
        tags=["users"],
        summary="Change my settings",
        description="Changes what is sent and leaves the rest, in every section.",
        request=SettingsInput,
        responses={200: SettingsSerializer},
        examples=[
            sent("no receipts", {"privacy": {"read_receipts": False}}),
            given("settings", examples.SETTINGS),
        ],
    )
    def patch(self, request: SignedRequest) -> Response:
        changes = read(SettingsInput, request.data, partial=True)
        user = services.update_settings(user=request.user, changes=changes)
        return Response(SettingsSerializer(settings_of(user)).data)

    @extend_schema(
        operation_id="users_me_settings_replace",
        tags=["users"],
        summary="Change my settings",
        description="As `PATCH`: clients send what they have.",
        request=SettingsInput,
        responses={200: SettingsSerializer},
        examples=[
            sent("no receipts", {"privacy": {"read_receipts": False}}),
            given("settings", examples.SETTINGS),
        ],
    )
    def put(self, request: SignedRequest) -> Response:
        return self.patch(request)
