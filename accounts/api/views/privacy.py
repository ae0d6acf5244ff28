"""What is held about somebody: a copy of it, and an end of it."""

from typing import cast

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from accounts import problems, services
from accounts.api import examples
from accounts.api.serializers import DownloadQuery, ErasureInput, ErasureSerializer, ExportSerializer
from accounts.authentication import BearerAuthentication, SignedRequest
from accounts.models import Erasure
from common.api.downloads import send_file
from common.api.examples import given, sent
from common.api.limits import AuthAddressLimit, AuthLimit, UserLimit
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView
from common.problems import NotAuthenticated, NotFound

NO_STORE = {"Cache-Control": "no-store"}


class ExportView(ApiView):
    @extend_schema(
        operation_id="users_me_export",
        tags=["users"],
        summary="How far is my export?",
        description="The newest one. `download` is a link to the archive that holds for ten minutes; the "
        "archive itself stays until `expires_at`. 404 where none was asked for.",
        responses={200: ExportSerializer},
        examples=[given("ready", examples.EXPORT)],
    )
    def get(self, request: SignedRequest) -> Response:
        job = services.latest_export(user=request.user)
        return Response(ExportSerializer(job).data, headers=NO_STORE)

    @extend_schema(
        operation_id="users_me_export_create",
        tags=["users"],
        summary="Export what is held about me",
        description="Makes a zip of JSON lines and files, with a manifest. It takes a while: follow `GET`, "
        "or `job.updated` on the socket; a mail tells when it is ready. One at a time (asking again gives "
        "that one), one a day.",
        request=None,
        responses={202: ExportSerializer, **refuses(problems.ExportTooSoon)},
        examples=[given("queued", examples.EXPORT_QUEUED, 202)],
    )
    def post(self, request: SignedRequest) -> Response:
        job = services.request_export(user=request.user)
        return Response(ExportSerializer(job).data, status=status.HTTP_202_ACCEPTED)


class ExportDownloadView(ApiView):
    authentication_classes = (BearerAuthentication,)
    permission_classes = (AllowAny,)  # whoever has a link; else the person themselves

    @extend_schema(
        operation_id="users_me_export_download",
        tags=["users"],
        summary="Download my export",
        description="The archive, to the person themselves or to whoever has the link of `GET "
        "users/me/export`.",
        parameters=[
            OpenApiParameter("token", str, description="Of the link; instead of an access token."),
        ],
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The archive."),
            **refuses(problems.ExportNotReady),
        },
        examples=[
            OpenApiExample(
                "archive", "PK…", response_only=True, status_codes=["200"], media_type="application/zip"
            )
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        token = read(DownloadQuery, request.query_params.dict()).get("token", "")
        if token:
            job, file = services.open_export(token=token)
        elif request.user.is_authenticated:
            job, file = services.open_export(user=cast(SignedRequest, request).user)
        else:
            raise NotAuthenticated
        name = f"serai-export-{job.created_at:%Y-%m-%d}.zip"
        return send_file(request._request, file, name=name, content_type="application/zip")


def ask_to_forget(request: SignedRequest) -> Response:
    erasure = services.request_erasure(session=request.auth, **read(ErasureInput, request.data))
    return Response(ErasureSerializer(erasure).data, status=status.HTTP_202_ACCEPTED)


class ErasureView(ApiView):
    throttle_classes = (UserLimit, AuthAddressLimit, AuthLimit)

    def get_throttles(self) -> list[BaseThrottle]:
        """Only asking takes a password."""
        if self.request.method == "POST":
            return super().get_throttles()
        return [UserLimit()]

    @extend_schema(
        operation_id="users_me_erasure",
        tags=["users"],
        summary="Am I being forgotten?",
        description="The open wish, and the day on which it is met. 404 where there is none.",
        responses={200: ErasureSerializer},
        examples=[given("waiting", examples.ERASURE)],
    )
    def get(self, request: SignedRequest) -> Response:
        erasure = Erasure.objects.open().filter(user=request.user).first()
        if erasure is None:
            raise NotFound
        return Response(ErasureSerializer(erasure).data)

    @extend_schema(
        operation_id="users_me_erasure_create",
        tags=["users"],
        summary="Forget me",
        description="Takes the present password; who has none has signed in within ten minutes. Ends the "
        "caller's other sessions and tells by mail. For 14 days the account goes on and `DELETE` calls it "
        "off; then everything is erased that need not be kept, and a signed receipt is mailed. Asking again "
        "gives the open wish.",
        request=ErasureInput,
        responses={
            202: ErasureSerializer,
            **refuses(problems.CurrentPasswordWrong, problems.StepUpRequired, problems.StaffStay),
        },
        examples=[
            sent("forget me", {"password": "seven camels at dawn"}),
            given("waiting", examples.ERASURE, 202),
        ],
    )
    def post(self, request: SignedRequest) -> Response:
        return ask_to_forget(request)

    @extend_schema(
        operation_id="users_me_erasure_cancel",
        tags=["users"],
        summary="Don't forget me",
        description="Calls it off, within the 14 days. Where there is nothing to call off, nothing happens.",
        responses={204: OpenApiResponse(description="The account stays."), **refuses(problems.ErasureBegun)},
    )
    def delete(self, request: SignedRequest) -> Response:
        services.cancel_erasure(actor=request.user, user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
