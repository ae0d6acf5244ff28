"""Having nothing to do with somebody, and telling staff of them."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts import services
from accounts.api import examples
from accounts.api.serializers import BlockInput, BlockSerializer, ReportInput, ReportSerializer
from accounts.authentication import SignedRequest
from accounts.models import Block, Report, User
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet


@extend_schema_view(
    list=extend_schema(
        operation_id="users_me_blocks_list",
        tags=["users"],
        summary="Whom I block",
        description="The latest first.",
        examples=[given("blocks", examples.BLOCK)],
    ),
    retrieve=extend_schema(
        operation_id="users_me_blocks_read",
        tags=["users"],
        summary="Do I block them?",
        description="Since when; 404 if they are not blocked.",
        examples=[given("block", examples.BLOCK)],
    ),
)
class BlockViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    serializer_class = BlockSerializer
    pagination_class = CursorPages
    queryset = Block.objects.none()
    lookup_field = "blocked"
    lookup_url_kwarg = "user"

    def get_queryset(self) -> QuerySet[Block]:
        return Block.objects.with_people().filter(blocker=self.request.user)

    @extend_schema(
        operation_id="users_me_blocks_add",
        tags=["users"],
        summary="Block somebody",
        description="They no longer find the caller, nor open a private chat with them or bring them into a "
        "group: they get the same answers as for somebody who does not exist. In a private chat that is "
        "there neither of the two can say anything. They are not told. Blocking again changes nothing and "
        "gives 200.",
        request=BlockInput,
        responses={201: BlockSerializer, 200: OpenApiResponse(BlockSerializer, "They are blocked already.")},
        examples=[
            sent("block", {"user": examples.PERSON["id"]}),
            given("blocked", examples.BLOCK, 201, 200),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        block, is_new = services.block_user(actor=request.user, **read(BlockInput, request.data))
        return Response(
            BlockSerializer(block, context={"reader": request.user}).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/users/me/blocks/{block.blocked_id}"} if is_new else {},
        )

    @extend_schema(
        operation_id="users_me_blocks_remove",
        tags=["users"],
        summary="Block somebody no longer",
        description="They find the caller again.",
        responses={204: OpenApiResponse(description="Not blocked any more.")},
    )
    def destroy(self, request: SignedRequest, user: UUID) -> Response:
        services.unblock_user(actor=request.user, user=self.get_object().blocked)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReportView(ApiView):
    @extend_schema(
        operation_id="users_report_read",
        tags=["users"],
        summary="My report of a person",
        description="The caller's latest; 404 if there is none.",
        responses={200: ReportSerializer},
        examples=[given("report", examples.REPORT)],
    )
    def get(self, request: SignedRequest, pk: UUID) -> Response:
        mine = Report.objects.filter(reporter=request.user, subject=pk).order_by("-id")[:1]
        return Response(ReportSerializer(get_object_or_404(mine)).data)

    @extend_schema(
        operation_id="users_report",
        tags=["users"],
        summary="Report a person",
        description="Asks staff to look at them. They never hear by whom. While a report of the caller is "
        "open, another one of the same person adds nothing and gives 200 with the first.",
        request=ReportInput,
        responses={201: ReportSerializer, 200: OpenApiResponse(ReportSerializer, "The one that is open.")},
        examples=[
            sent("spam", {"reason": "spam", "text": "Sends the same offer to everybody."}),
            given("report", examples.REPORT, 201, 200),
        ],
    )
    def post(self, request: SignedRequest, pk: UUID) -> Response:
        # Also of somebody who has blocked the caller: else whoever harasses would block first.
        user = get_object_or_404(User.objects.reachable(), pk=pk)
        report, is_new = services.report_user(
            actor=request.user, user=user, **read(ReportInput, request.data)
        )
        return Response(
            ReportSerializer(report).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/users/{pk}/report"} if is_new else {},
        )
