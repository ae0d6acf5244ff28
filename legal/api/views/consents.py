"""Consents: what the caller has agreed to."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.models import User
from common.api.examples import given, sent
from common.api.serializers import read
from common.api.views import ApiView
from common.http import OurRequest
from legal import services
from legal.api import examples
from legal.api.serializers import ConsentsInput, ConsentsSerializer
from legal.models import Consent
from legal.purposes import purposes
from legal.services.consents import holds

NOTHING = examples.consents(marketing=False, since=None)
GIVEN = examples.consents(marketing=True, since="2026-11-21T09:12:00Z")


class ConsentsView(ApiView):
    @extend_schema(
        operation_id="users_me_consents",
        tags=["legal"],
        summary="What I have consented to",
        description="Every purpose that consent is asked for, and whether the caller has given it.",
        responses={200: ConsentsSerializer},
        examples=[given("nothing yet", NOTHING)],
    )
    def get(self, request: SignedRequest) -> Response:
        return Response(consents_of(request.user))

    @extend_schema(
        operation_id="users_me_consents_update",
        tags=["legal"],
        summary="Give or withdraw consent",
        description="Purposes by name: `true` gives, `false` withdraws, what is left out stays as it is. "
        "Every change is noted with its time; what was so already is not noted again.",
        request=ConsentsInput,
        responses={200: ConsentsSerializer},
        examples=[sent("agree", {"marketing": True}), given("given", GIVEN)],
    )
    def patch(self, request: SignedRequest) -> Response:
        services.change_consents(
            user=request.user,
            changes=read(ConsentsInput, request.data),
            address=cast(OurRequest, request._request).client_address,
            session=request.auth.pk,
        )
        return Response(consents_of(request.user))

    @extend_schema(
        operation_id="users_me_consents_replace",
        tags=["legal"],
        summary="Give or withdraw consent",
        description="As `PATCH`: clients send what they have.",
        request=ConsentsInput,
        responses={200: ConsentsSerializer},
        examples=[sent("withdraw", {"marketing": False}), given("withdrawn", NOTHING)],
    )
    def put(self, request: SignedRequest) -> Response:
        return self.patch(request)


def consents_of(user: User) -> dict[str, Any]:
    latest = {row.purpose: row for row in Consent.objects.standing(user.pk)}
    rows = [
        {
            "purpose": purpose.name,
            "title": purpose.title,
            "description": purpose.description,
            "wording": purpose.wording,
            "given": holds(purpose, row := latest.get(purpose.name)),
            "since": row.at if row and row.wording == purpose.wording else None,
        }
        for purpose in purposes.values()
    ]
    return ConsentsSerializer({"results": rows, "next": None, "previous": None}).data
