"""How the caller wants to hear of things."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from common.problems import Invalid
from notifications import services
from notifications.api import examples
from notifications.api.serializers import (
    NotificationPreferencesInput,
    NotificationPreferencesSerializer,
    preferences_of,
)
from notifications.problems import ChannelMandatory

MANDATORY = ChannelMandatory(kind="security", channel="in_app")


class PreferencesView(ApiView):
    scope = "notifications"

    @extend_schema(
        operation_id="notifications_preferences",
        tags=["notifications"],
        summary="How I am told",
        description="Every kind of notification and by which channels it is told, with what else the caller "
        "chose: how much they hear of a chat, quiet hours, mails told together.",
        responses={200: NotificationPreferencesSerializer},
        examples=[given("preferences", examples.PREFERENCES)],
    )
    def get(self, request: SignedRequest) -> Response:
        return Response(preferences_of(request.user))

    @extend_schema(
        operation_id="notifications_preferences_update",
        tags=["notifications"],
        summary="Change how I am told",
        description="What is left out stays. In quiet hours nothing rings: it waits for their end, unless it "
        "is about the safety of the account. With a `digest` mails wait for the next full hour, or for "
        "`digest_at` of the day, and come as one. `chats`: `all`, only `mentions`, or `none`. "
        "`email_content` is how much of a message a mail shows: `full`, its first words (`teaser`), "
        "or only that there is something (`none`).",
        request=NotificationPreferencesInput,
        responses={200: NotificationPreferencesSerializer, **refuses(Invalid, MANDATORY)},
        examples=[
            sent(
                "no mails of mentions, quiet nights",
                {
                    "kinds": {"mention": {"email": False}},
                    "quiet_hours": {"from": "22:00", "to": "07:00"},
                },
            ),
            sent("only mentions in one chat", {"chats": {examples.CHAT: "mentions"}}),
            given("preferences", examples.PREFERENCES),
        ],
    )
    def patch(self, request: SignedRequest) -> Response:
        services.change_preferences(user=request.user, **read(NotificationPreferencesInput, request.data))
        return Response(preferences_of(request.user))

    @extend_schema(
        operation_id="notifications_preferences_replace",
        tags=["notifications"],
        summary="Change how I am told",
        description="As `PATCH`: what is left out stays here, too.",
        request=NotificationPreferencesInput,
        responses={200: NotificationPreferencesSerializer, **refuses(Invalid, MANDATORY)},
        examples=[sent("mails once a day", {"digest": "daily"}), given("preferences", examples.PREFERENCES)],
    )
    def put(self, request: SignedRequest) -> Response:
        return self.patch(request)
