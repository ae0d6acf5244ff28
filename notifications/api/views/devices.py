"""Where the caller's apps and browsers take pushes."""

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.problems import ProviderNotConfigured
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from common.problems import Invalid
from notifications import services
from notifications.api import examples
from notifications.api.serializers import (
    PushDeviceChangeInput,
    PushDeviceInput,
    PushDeviceSerializer,
    PushKeysSerializer,
)
from notifications.models import PushDevice
from notifications.providers.push import browser_key, takes_devices


@extend_schema_view(
    list=extend_schema(
        operation_id="notifications_devices_list",
        tags=["notifications"],
        summary="My push devices",
        description="Apps and browsers of the caller that take pushes, newest first: those that are "
        "signed in and that their provider knows.",
        examples=[given("a browser", examples.PUSH_DEVICE)],
    ),
    retrieve=extend_schema(
        operation_id="notifications_devices_read",
        tags=["notifications"],
        summary="A push device",
        description="One of the caller's.",
        examples=[given("a browser", examples.PUSH_DEVICE)],
    ),
    destroy=extend_schema(
        operation_id="notifications_devices_forget",
        tags=["notifications"],
        summary="Forget a push device",
        description="Nothing is sent there any more, until it registers again.",
        responses={204: OpenApiResponse(description="Forgotten.")},
    ),
)
class PushDeviceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """For people alone: a device belongs to the session that registers it, and a key has none."""

    serializer_class = PushDeviceSerializer
    pagination_class = CursorPages
    queryset = PushDevice.objects.none()

    def get_queryset(self) -> QuerySet[PushDevice]:
        return PushDevice.objects.alive(at=timezone.now()).filter(user=self.request.user)

    @extend_schema(
        operation_id="notifications_devices_register",
        tags=["notifications"],
        summary="Register a push device",
        description="Send it at every start of the app, and whenever the provider gives another token: the "
        "same token again refreshes what is known of it, and what is left out stays. It holds as long as the "
        "session it is sent in. A token that somebody else registered on this device is theirs no more. A "
        "person has 20 at most: with one more, the one unused longest is forgotten. A browser first takes "
        "the key of `GET notifications/devices/keys`.",
        request=PushDeviceInput,
        responses={
            200: OpenApiResponse(PushDeviceSerializer, "It was registered before."),
            201: PushDeviceSerializer,
            **refuses(ProviderNotConfigured(provider="apns"), Invalid),
        },
        examples=[
            sent("a browser", examples.SUBSCRIPTION),
            sent("an Android app", examples.PHONE),
            given("registered", examples.PUSH_DEVICE, 200, 201),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        values = read(PushDeviceInput, request.data)
        device, is_new = services.register_device(user=request.user, session=request.auth, **values)
        return Response(
            PushDeviceSerializer(device).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": reverse("push-device", args=[device.pk])},
        )

    @extend_schema(
        operation_id="notifications_devices_update",
        tags=["notifications"],
        summary="Change a push device",
        description="Its name, language and time zone; what is left out stays.",
        request=PushDeviceChangeInput,
        responses={200: PushDeviceSerializer},
        examples=[sent("another zone", {"timezone": "Asia/Amman"}), given("changed", examples.PUSH_DEVICE)],
    )
    def partial_update(self, request: SignedRequest, pk: str) -> Response:
        changed = services.change_device(
            device=self.get_object(), **read(PushDeviceChangeInput, request.data)
        )
        return Response(PushDeviceSerializer(changed).data)

    @extend_schema(
        operation_id="notifications_devices_replace",
        tags=["notifications"],
        summary="Change a push device",
        description="As `PATCH`.",
        request=PushDeviceChangeInput,
        responses={200: PushDeviceSerializer},
        examples=[sent("another zone", {"timezone": "Asia/Amman"}), given("changed", examples.PUSH_DEVICE)],
    )
    def update(self, request: SignedRequest, pk: str) -> Response:
        return self.partial_update(request, pk)

    def destroy(self, request: SignedRequest, pk: str) -> Response:
        services.forget_device(device=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


class PushKeysView(ApiView):
    @extend_schema(
        operation_id="notifications_devices_keys",
        tags=["notifications"],
        summary="What a device needs to take pushes",
        description="Whose tokens are taken here, and the key that a browser subscribes under.",
        responses={200: PushKeysSerializer},
        examples=[
            given(
                "all of them",
                {
                    "providers": ["fcm", "apns", "webpush"],
                    "application_server_key": examples.BROWSER_KEY,
                },
            )
        ],
    )
    def get(self, request: SignedRequest) -> Response:
        providers = [name for name in PushDevice.Provider.values if takes_devices(name)]
        keys = {"providers": providers, "application_server_key": browser_key()}
        return Response(PushKeysSerializer(keys).data)
