"""Reading what is published."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.examples import given
from common.api.pagination import CursorPages
from common.api.views import ApiView, ApiViewSet
from common.http import door_of
from common.locales import asked_for
from common.problems import NotFound
from legal.api import examples
from legal.api.filters import DocumentFilter
from legal.api.serializers import DocumentSerializer, WholeDocumentSerializer
from legal.models import Document, Text

LOCALE = OpenApiParameter(
    "locale",
    OpenApiTypes.STR,
    description="The language wanted, such as `ar`. Left out: that of `Accept-Language`, then the caller's. "
    "Where there is no text in it, the answer is in another: see its `locale`.",
)


class VersionPages(CursorPages):
    ordering = "-published_at"  # no two versions of a document have the same


@extend_schema_view(
    list=extend_schema(
        operation_id="legal_documents_list",
        tags=["legal"],
        summary="What is in force",
        description="The documents in force, each in each of its languages, without their texts. Open to "
        "everybody.",
        examples=[given("in force", examples.DOCUMENT)],
    ),
    retrieve=extend_schema(
        operation_id="legal_documents_read",
        tags=["legal"],
        summary="Read a document",
        description="One version in one language, in force or superseded. `ETag` and `If-None-Match` save "
        "reading it again.",
        responses={200: WholeDocumentSerializer},
        examples=[given("terms", examples.READ)],
    ),
)
class DocumentViewSet(mixins.ListModelMixin, ApiViewSet):
    permission_classes = (AllowAny,)
    serializer_class = DocumentSerializer
    pagination_class = CursorPages
    filterset_class = DocumentFilter
    queryset = Text.objects.none()

    def get_queryset(self) -> QuerySet[Text]:
        at = timezone.now()
        return Text.objects.in_force(at=at).with_version(at=at).defer("body")

    def retrieve(self, request: Request, pk: str) -> Response | HttpResponse:
        return whole(request, self._published(pk))

    @extend_schema(
        operation_id="legal_documents_versions",
        tags=["legal"],
        summary="The versions of a document",
        description="Those in force now and before, of the same document in the same language, newest first.",
        filters=False,
        responses={200: DocumentSerializer(many=True)},
        examples=[given("versions", examples.DOCUMENT)],
    )
    def versions(self, request: Request, pk: str) -> Response:
        text, at = self._published(pk), timezone.now()
        same = Text.objects.of_published(at=at).filter(
            version__document=text.version.document_id, locale=text.locale
        )
        pages = VersionPages()
        page = pages.paginate_queryset(same.with_version(at=at).defer("body"), request, view=self)
        return pages.get_paginated_response(self.get_serializer(page, many=True).data)

    @staticmethod
    def _published(pk: str) -> Text:
        at = timezone.now()
        return get_object_or_404(Text.objects.of_published(at=at).with_version(at=at), pk=pk)


class DocumentInForceView(ApiView):
    """The version of one kind that is in force, in the language that the caller reads best."""

    permission_classes = (AllowAny,)

    kind: ClassVar[Document.Kind]

    def get(self, request: Request) -> Response | HttpResponse:
        at = timezone.now()
        texts = Text.objects.in_force(at=at).filter(version__document=self.kind).with_version(at=at)
        text = texts.best(languages_of(request))
        if text is None:
            raise NotFound
        return whole(request, text)


def described(operation_id: str, summary: str, what: str) -> Any:
    return extend_schema(
        operation_id=operation_id,
        tags=["legal"],
        summary=summary,
        description=f"{what} Open to everybody. `ETag` and `If-None-Match` save reading it again.",
        parameters=[LOCALE],
        responses={200: OpenApiResponse(WholeDocumentSerializer, "The version in force.")},
        examples=[given("in force", examples.READ)],
    )


@extend_schema_view(get=described("legal_terms", "The terms", "The terms of service in force."))
class TermsView(DocumentInForceView):
    kind = Document.Kind.TERMS


@extend_schema_view(get=described("legal_privacy", "The privacy policy", "The privacy policy in force."))
class PrivacyView(DocumentInForceView):
    kind = Document.Kind.PRIVACY


def languages_of(request: Request) -> list[str]:
    """What the caller wants to read, the most wanted first."""
    asked = request.query_params.get("locale")
    own = [request.user.language] if request.user.is_authenticated else []
    return [*([asked] if asked else []), *asked_for(request._request), *own]


def whole(request: Request, text: Any) -> Response | HttpResponse:
    """*text*, or 304 to who has it. It never changes: what may is whether it is in force and required."""
    door = door_of(request)
    marks = (text.is_current, text.version.requires_acceptance, door.is_camel, door.is_older)
    etag = f'"{text.pk}-{"".join(f"{mark:d}" for mark in marks)}"'
    response = Response(WholeDocumentSerializer(text).data, headers={"ETag": etag})
    response["Cache-Control"] = "no-cache"  # keep it, but ask each time
    patch_vary_headers(response, ["Accept", "Accept-Language", "Authorization"])
    return get_conditional_response(request._request, etag=etag, response=response) or response
