"""Webhooks of the caller's: set up, seen through, and the way to what they missed."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.authentication import SignedRequest
from accounts.models import ApiKey
from accounts.problems import PeopleOnly, StepUpRequired
from accounts.services import require_fresh
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet, Repeatable
from common.problems import Invalid
from notifications import problems, services
from notifications.api import webhook_examples as examples
from notifications.api.filters import WebhookDeliveryFilter
from notifications.api.serializers.webhooks import (
    EVENTS,
    MAX_EVENTS,
    EventTypesSerializer,
    ShownWebhookSerializer,
    WebhookChangesInput,
    WebhookDeliverySerializer,
    WebhookEventsQuery,
    WebhookEventsSerializer,
    WebhookInput,
    WebhookRotationInput,
    WebhookSerializer,
)
from notifications.models import Delivery, Webhook
from notifications.services.webhooks import CHANNEL, Secret
from notifications.webhook_types import public_types

STEP_UP = StepUpRequired(password=True, methods=["totp", "recovery_code"])


def require_proof(request: Any) -> None:
    """Where what happens goes to is said by a person who has proved lately who they are.

    Raises:
        PeopleOnly, StepUpRequired
    """
    if isinstance(request.auth, ApiKey):
        raise PeopleOnly
    require_fresh(request.auth)


def change(name: str, summary: str) -> Any:
    return extend_schema(
        operation_id=f"webhooks_{name}",
        tags=["webhooks"],
        summary=summary,
        description="What is left out stays. `state` pauses and resumes it; while it is paused its events "
        "are kept for `GET webhooks/{id}/events`. Resumed, it is called with what happens from then on: what "
        "it missed is there to be asked for. Another `url` needs a proof from the last ten minutes (`POST "
        "auth/step-up`); no API key may.",
        request=WebhookChangesInput,
        responses={200: WebhookSerializer, **refuses(STEP_UP, PeopleOnly, Invalid)},
        examples=[
            sent("pause", {"state": "paused"}),
            sent("fewer types", {"types": ["message.sent"]}),
            given("changed", examples.WEBHOOK),
        ],
    )


@extend_schema_view(
    list=extend_schema(
        operation_id="webhooks_list",
        tags=["webhooks"],
        summary="My webhooks",
        description="Newest first.",
        examples=[given("webhooks", examples.WEBHOOK)],
    ),
    retrieve=extend_schema(
        operation_id="webhooks_retrieve",
        tags=["webhooks"],
        summary="One webhook",
        description="How it does, and how far it has come.",
        examples=[given("webhook", examples.WEBHOOK)],
    ),
    update=change("update", "Change a webhook"),
    partial_update=change("partial_update", "Change a part of a webhook"),
    destroy=extend_schema(
        operation_id="webhooks_delete",
        tags=["webhooks"],
        summary="Delete a webhook",
        description="It is called no more, and its events are forgotten.",
        responses={204: OpenApiResponse(description="Deleted.")},
    ),
)
class WebhookViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    scope = "webhooks"
    answers_with_secrets = True
    serializer_class = WebhookSerializer
    pagination_class = CursorPages
    queryset = Webhook.objects.none()

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.alive().filter(user=self.request.user)

    @extend_schema(
        operation_id="webhooks_create",
        tags=["webhooks"],
        summary="Make a webhook",
        description="`url` is called with what happens of `types` from now on, as far as the caller may know "
        "it: ids alone, content is asked for by whoever may. `secret` is shown this once: what is sent is "
        "signed with it, as Standard Webhooks has it. Private addresses are not called, nor redirects "
        "followed. Needs a proof from the last ten minutes (`POST auth/step-up`); no API key may.",
        request=WebhookInput,
        responses={
            201: ShownWebhookSerializer,
            **refuses(STEP_UP, PeopleOnly, problems.TooManyWebhooks(limit=Webhook.LIMIT), Invalid),
        },
        examples=[
            sent("what is said", {"url": examples.WEBHOOK["url"], "types": ["message.*"]}),
            given("made", examples.SHOWN, 201),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        require_proof(request)
        shown = services.create_webhook(user=request.user, **read(WebhookInput, request.data))
        return Response(
            told(shown),
            status=status.HTTP_201_CREATED,
            headers={"Location": f"/api/v1/webhooks/{shown.webhook.pk}"},
        )

    def update(self, request: SignedRequest, pk: UUID) -> Response:
        webhook = self.get_object()
        changes = read(WebhookChangesInput, request.data, partial=True)
        if "url" in changes:
            require_proof(request)
        changed = services.update_webhook(actor=request.user, webhook=webhook, **changes)
        return Response(WebhookSerializer(changed).data)

    def partial_update(self, request: SignedRequest, pk: UUID) -> Response:
        return self.update(request, pk)

    def destroy(self, request: SignedRequest, pk: UUID) -> Response:
        services.delete_webhook(actor=request.user, webhook=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="webhooks_rotate",
        tags=["webhooks"],
        summary="Give a webhook another secret",
        description="The secret it had signs beside the new one for `overlap` seconds, a day if left out, so "
        "that the receiver can be given the new one in peace. `0` ends it at once. Needs a proof from the "
        "last ten minutes; no API key may.",
        request=WebhookRotationInput,
        responses={200: ShownWebhookSerializer, **refuses(STEP_UP, PeopleOnly)},
        examples=[sent("within an hour", {"overlap": 3600}), given("rotated", examples.SHOWN)],
    )
    def rotate(self, request: SignedRequest, pk: UUID) -> Response:
        require_proof(request)
        webhook = self.get_object()
        given = read(WebhookRotationInput, request.data)
        return Response(told(services.rotate_webhook(actor=request.user, webhook=webhook, **given)))


def told(shown: Secret) -> dict[str, Any]:
    return {**WebhookSerializer(shown.webhook).data, "secret": shown.text}


class EventTypesView(ApiView):
    scope = "webhooks"

    @extend_schema(
        operation_id="webhooks_event_types",
        tags=["webhooks"],
        summary="What a webhook can hear of",
        description="Every type, in order. What its `data` holds is in the AsyncAPI document.",
        responses={200: EventTypesSerializer},
        examples=[given("types", examples.TYPES)],
    )
    def get(self, request: SignedRequest) -> Response:
        types = [{"type": type_, "description": text} for type_, text in public_types().items()]
        return Response({"results": types, "next": None, "previous": None})


class OfWebhook(Repeatable):
    """Operations below one webhook of the caller's, which is `self.webhook`."""

    scope = "webhooks"
    request: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        theirs = Webhook.objects.alive().filter(user=self.request.user)
        self.webhook = get_object_or_404(theirs, pk=kwargs["webhook"])


@extend_schema_view(
    list=extend_schema(
        operation_id="webhook_deliveries_list",
        tags=["webhooks"],
        summary="What became of what was sent",
        description="Newest first, each with every attempt and what was answered. Kept for thirty days.",
        examples=[given("deliveries", examples.DELIVERY)],
    ),
)
class WebhookDeliveryViewSet(OfWebhook, mixins.ListModelMixin, ApiViewSet):
    serializer_class = WebhookDeliverySerializer
    pagination_class = CursorPages
    filterset_class = WebhookDeliveryFilter
    queryset = Delivery.objects.none()

    def get_queryset(self) -> QuerySet[Delivery]:
        if not hasattr(self, "webhook"):  # while the API is described
            return Delivery.objects.none()
        theirs = Delivery.objects.filter(channel=CHANNEL, target=str(self.webhook.pk))
        return theirs.select_related("event").prefetch_related("attempt_rows")

    @extend_schema(
        operation_id="webhooks_test",
        tags=["webhooks"],
        summary="Try a webhook",
        description="Has it called with an event `webhook.test`, signed, counted and tried as any other.",
        request=None,
        responses={202: WebhookDeliverySerializer, **refuses(problems.WebhookIsPaused)},
        examples=[given("on its way", examples.WAITING, 202)],
    )
    def test(self, request: SignedRequest, webhook: UUID) -> Response:
        return self._on_its_way(services.send_test(webhook=self.webhook))

    @extend_schema(
        operation_id="webhook_deliveries_redeliver",
        tags=["webhooks"],
        summary="Deliver again",
        description="Under the same `webhook-id`, and with as many attempts as a new one. One that is on its "
        "way already stays as it is.",
        request=None,
        responses={202: WebhookDeliverySerializer, **refuses(problems.WebhookIsPaused)},
        examples=[given("on its way", examples.WAITING, 202)],
    )
    def redeliver(self, request: SignedRequest, webhook: UUID, pk: UUID) -> Response:
        return self._on_its_way(services.redeliver_event(event=self.get_object().event))

    def _on_its_way(self, delivery: Delivery) -> Response:
        shown = WebhookDeliverySerializer(self.get_queryset().get(pk=delivery.pk))
        return Response(shown.data, status=status.HTTP_202_ACCEPTED)


class WebhookEventsView(OfWebhook, ApiView):
    @extend_schema(
        operation_id="webhook_events_list",
        tags=["webhooks"],
        summary="Fill a gap",
        description="Everything that the webhook was to hear behind a position, in its order and without a "
        "gap, whether it was delivered or not, also while it was paused. Kept for thirty days.",
        parameters=[
            OpenApiParameter(
                "after",
                OpenApiTypes.INT,
                description="The `seq` up to which the receiver has everything; without it from the first "
                "that is kept.",
            ),
            OpenApiParameter(
                "limit", OpenApiTypes.INT, description=f"1 to {MAX_EVENTS}, {EVENTS} if left out."
            ),
        ],
        responses={
            200: WebhookEventsSerializer,
            **refuses(problems.EventsTooOld(first=1043, newest=2042)),
        },
        examples=[given("events", examples.EVENTS)],
    )
    def get(self, request: SignedRequest, webhook: UUID) -> Response:
        asked = read(WebhookEventsQuery, request.query_params.dict())
        events, has_after = services.events_after(webhook=self.webhook, **{"after": None} | asked)
        url = request.build_absolute_uri()
        following = replace_query_param(url, "after", str(events[-1].seq)) if has_after else None
        body = {"results": events, "has_after": has_after, "next": following}
        return Response(WebhookEventsSerializer(body).data)
