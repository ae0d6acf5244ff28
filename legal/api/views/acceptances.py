"""Accepting, and what one has accepted."""

from typing import cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from common.http import OurRequest
from common.problems import Invalid
from legal import services
from legal.api import examples
from legal.api.serializers import AcceptanceSerializer, AcceptedSerializer, AcceptInput
from legal.models import Acceptance

from .documents import languages_of


class AcceptTermsView(ApiView):
    @extend_schema(
        operation_id="legal_accept_terms",
        tags=["legal"],
        summary="Accept a document",
        description="Accepts the version that the caller has read: of the terms, or with `kind` of another "
        "document. Where `terms_not_accepted` barred the way, it is open after this; a socket may "
        "connect again. Accepting twice is fine: the first time stands.",
        request=AcceptInput,
        responses={200: AcceptedSerializer, **refuses(Invalid, examples.superseded())},
        examples=[
            sent("accept", {"version": "2026-11"}),
            sent("another document", {"version": "3", "kind": "payout_terms"}),
            given("accepted", examples.ACCEPTED),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        asked = read(AcceptInput, request.data)
        acceptance, _new = services.accept_version(
            user=request.user,
            kind=asked["kind"],
            label=asked["version"],
            locales=languages_of(request),
            address=cast(OurRequest, request._request).client_address,
            session=request.auth.pk,
        )
        return Response(AcceptedSerializer(acceptance).data)


@extend_schema_view(
    list=extend_schema(
        operation_id="legal_acceptances_list",
        tags=["legal"],
        summary="What I have accepted",
        description="Which versions the caller has accepted and when, newest first.",
        examples=[given("acceptances", examples.ACCEPTANCE)],
    )
)
class AcceptanceViewSet(mixins.ListModelMixin, ApiViewSet):
    serializer_class = AcceptanceSerializer
    pagination_class = CursorPages
    queryset = Acceptance.objects.none()

    def get_queryset(self) -> QuerySet[Acceptance]:
        return Acceptance.objects.filter(user=self.request.user).select_related("version")
