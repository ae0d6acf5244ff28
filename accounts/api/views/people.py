"""People as others see them, and what the person themselves sees of it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import registries, services
from accounts.api import examples
from accounts.api.serializers import (
    ActivitySerializer,
    PeopleQuery,
    PersonSerializer,
    PortfolioSerializer,
    SocialLinksInput,
    SocialLinksSerializer,
    StatsSerializer,
)
from accounts.authentication import SignedRequest
from accounts.models import User
from common.api.examples import given, sent
from common.api.pagination import CursorPages, MergedPages, Stream
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from common.problems import NotFound


@extend_schema_view(
    list=extend_schema(
        operation_id="users_search",
        tags=["users"],
        summary="Find people",
        description="By a part of the username or the display name: exact usernames first, then beginnings, "
        "then the rest, each by name. An address finds its person only whole, and only if they allow it. "
        "Whoever has blocked the caller, or is blocked by them, is not found.",
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, required=True, description="2 to 80 characters.")
        ],
        examples=[given("people", examples.PERSON)],
    ),
    retrieve=extend_schema(
        operation_id="users_read",
        tags=["users"],
        summary="A person",
        description="What everybody sees of them. Whoever has blocked the caller is not there.",
        examples=[given("person", examples.PERSON)],
    ),
)
class PersonViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    scope = "profile"
    serializer_class = PersonSerializer
    queryset = User.objects.none()

    class pagination_class(CursorPages):  # noqa: N801 (REST framework's name)
        ordering = "place"
        page_size = 20
        max_page_size = 50

    def get_queryset(self) -> QuerySet[User]:
        if self.action == "retrieve":
            return User.objects.visible_to(self.request.user)
        query = {"q": self.request.query_params["q"]} if "q" in self.request.query_params else {}
        return User.objects.found_by(self.request.user, read(PeopleQuery, query)["q"])


@extend_schema_view(
    list=extend_schema(
        operation_id="search_users",
        tags=["search"],
        summary="Find people",
        description="As `GET users`.",
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, required=True, description="2 to 80 characters.")
        ],
        examples=[given("people", examples.PERSON)],
    )
)
class PeopleSearchViewSet(PersonViewSet):
    """The same list, where clients look for everything that can be searched."""


class PortfolioView(ApiView):
    scope = "profile"
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="users_portfolio",
        tags=["users"],
        summary="A person's portfolio",
        description="Their card, their pages elsewhere, and what other parts of the product show of them. "
        "For those who are not signed in it is there only if the person allows it.",
        responses={200: PortfolioSerializer},
        examples=[given("portfolio", {"user": examples.PERSON, "social_links": examples.LINKS})],
    )
    def get(self, request: Request, pk: UUID) -> Response:
        caller = request.user
        people = User.objects.visible_to(caller) if isinstance(caller, User) else User.objects.reachable()
        user = get_object_or_404(people, pk=pk)
        if caller.is_anonymous and not registries.settings_of(user)["privacy"]["public_portfolio"]:
            raise NotFound
        told = {name: section.of(user) for name, section in registries.portfolio.items()}
        reader = caller if isinstance(caller, User) else None
        return Response(PortfolioSerializer({"user": user, **told}, context={"reader": reader}).data)


class SocialLinksView(ApiView):
    scope = "profile"

    @extend_schema(
        operation_id="users_me_social_links",
        tags=["users"],
        summary="My pages elsewhere",
        description="In the order in which they are shown.",
        responses={200: SocialLinksSerializer},
        examples=[given("links", {"links": examples.LINKS})],
    )
    def get(self, request: SignedRequest) -> Response:
        return Response(SocialLinksSerializer({"links": request.user.social_links.all()}).data)

    @extend_schema(
        operation_id="users_me_social_links_replace",
        tags=["users"],
        summary="Show these pages of mine",
        description="The whole list, one page of each network; what is not in it is no longer shown. An "
        "address begins with https:// and leads to a person's page at its network. It is kept in one "
        "spelling: the network's own host, no port, nothing that follows whoever opens it.",
        request=SocialLinksInput,
        responses={200: SocialLinksSerializer},
        examples=[
            sent("two pages", {"links": examples.LINKS}),
            given("links", {"links": examples.LINKS}),
        ],
    )
    def put(self, request: SignedRequest) -> Response:
        links = services.set_social_links(user=request.user, **read(SocialLinksInput, request.data))
        return Response(SocialLinksSerializer({"links": links}).data)


class StatsView(ApiView):
    scope = "profile"

    @extend_schema(
        operation_id="users_me_stats",
        tags=["users"],
        summary="My numbers",
        description="A section for each part of the product that counts something for the caller: so far the "
        "account and messages. Deals, offers, earnings and trips come with their parts.",
        responses={200: StatsSerializer},
        examples=[given("numbers", examples.STATS)],
    )
    def get(self, request: SignedRequest) -> Response:
        told = {name: section.of(request.user) for name, section in registries.stats.items()}
        return Response(StatsSerializer(told).data)


class ActivityView(ApiView):
    pagination_class = MergedPages

    @extend_schema(
        operation_id="users_me_activity",
        tags=["users"],
        summary="What I did",
        description="The caller's own acts, the newest first: signing in, changing profile and settings, "
        "blocking and reporting, joining chats. Sessions that ended over a month ago are forgotten.",
        responses={200: ActivitySerializer(many=True)},
        examples=[given("acts", examples.ACTIVITY)],
    )
    def get(self, request: SignedRequest) -> Response:
        pages = MergedPages()
        page = pages.paginate([_stream(each, request.user) for each in registries.acts], request)
        return pages.get_paginated_response(ActivitySerializer(page, many=True).data)


def _stream(acts: registries.Acts, user: User) -> Stream:
    def show(row: Any) -> dict[str, Any]:
        told = {"type": acts.kind(row), "data": acts.data(row)}
        return {"pk": getattr(row, acts.key), "at": getattr(row, acts.at), **told}

    return Stream(rows=acts.rows(user), at=acts.at, key=acts.key, show=show)
