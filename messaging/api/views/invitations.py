"""Ways into a chat for who is not in it yet."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.models import User
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiView, ApiViewSet
from messaging import policies, problems, services
from messaging.api import examples
from messaging.api.serializers import (
    InvitationInput,
    InvitationSerializer,
    JoinRequestSerializer,
    OutcomeSerializer,
    ReceivedInvitationSerializer,
)
from messaging.models import Invitation, JoinRequest

from .scope import ChatScoped

MAY_NOT = refuses(examples.not_allowed("participant.invite"))


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_invitations_list",
        tags=["invitations"],
        summary="Who is invited to a chat",
        description="The invitations that let somebody in, for those who may invite; links with their token.",
        responses={200: InvitationSerializer(many=True), **MAY_NOT},
        examples=[given("invitations", examples.INVITATION)],
    ),
)
class InvitationViewSet(mixins.ListModelMixin, ChatScoped, ApiViewSet):
    serializer_class = InvitationSerializer
    queryset = Invitation.objects.none()
    pagination_class = CursorPages

    def get_queryset(self) -> QuerySet[Invitation]:
        policies.require(self.request.user, "participant.invite", self.chat)
        return self.chat.invitations.live(at=timezone.now()).listed()

    @extend_schema(
        operation_id="chat_invitations_create",
        tags=["invitations"],
        summary="Invite to a chat",
        description="One person, who hears of it, or whoever has the link: `invitations/{token}`. "
        "An invitation brings nobody in who does not accept it.",
        request=InvitationInput,
        responses={
            201: InvitationSerializer,
            200: OpenApiResponse(InvitationSerializer, "They are invited already."),
            **refuses(
                examples.not_allowed("participant.invite"),
                problems.NotOpenToYou,
                problems.AlreadyInChat,
                problems.TooManyInvitations,
            ),
        },
        examples=[
            sent("a link for ten", {"max_uses": 10, "expires_at": "2026-11-28T09:00:00Z"}),
            sent("one person", {"user": examples.OMAR}),
            given("invitation", examples.INVITATION, 201, 200),
        ],
    )
    def create(self, request: SignedRequest, chat: UUID) -> Response:
        wanted = read(InvitationInput, request.data, actor=request.user)
        invitation, is_new = services.create_invitation(actor=request.user, chat=self.chat, **wanted)
        return Response(
            InvitationSerializer(Invitation.objects.listed().get(pk=invitation.pk)).data,
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/chats/{chat}/invitations/{invitation.pk}"} if is_new else {},
        )

    @extend_schema(
        operation_id="chat_invitations_revoke",
        tags=["invitations"],
        summary="Take an invitation back",
        description="Who came by it stays. A member takes back their own alone.",
        responses={
            204: OpenApiResponse(description="It lets nobody in any more."),
            **refuses(
                examples.not_allowed("participant.invite"),
                examples.cannot_act_on_equal("participant.invite"),
            ),
        },
    )
    def destroy(self, request: SignedRequest, chat: UUID, pk: UUID) -> Response:
        services.revoke_invitation(actor=request.user, invitation=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(
    list=extend_schema(
        operation_id="chat_join_requests_list",
        tags=["invitations"],
        summary="Who asks to be let in",
        description="Those who came by a link that asks for approval, the oldest first.",
        responses={200: JoinRequestSerializer(many=True), **MAY_NOT},
        examples=[given("requests", examples.JOIN_REQUEST)],
    ),
)
class JoinRequestViewSet(mixins.ListModelMixin, ChatScoped, ApiViewSet):
    serializer_class = JoinRequestSerializer
    queryset = JoinRequest.objects.none()

    class pagination_class(CursorPages):  # noqa: N801
        ordering = "id"

    lookup_field = "user"

    def get_queryset(self) -> QuerySet[JoinRequest]:
        policies.require(self.request.user, "participant.invite", self.chat)
        return self.chat.join_requests.waiting()

    @extend_schema(
        operation_id="chat_join_requests_approve",
        tags=["invitations"],
        summary="Let somebody in",
        description="Who asked is in the chat then.",
        request=None,
        responses={
            204: OpenApiResponse(description="They are in."),
            **refuses(
                examples.not_allowed("participant.invite"), problems.InvitationEnded, problems.ChatFull
            ),
        },
    )
    def approve(self, request: SignedRequest, chat: UUID, user: UUID) -> Response:
        services.approve_request(actor=request.user, chat=self.chat, user=self._person())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="chat_join_requests_reject",
        tags=["invitations"],
        summary="Not let somebody in",
        description="They hear of it, and no link asks again for them.",
        request=None,
        responses={204: OpenApiResponse(description="They are not in."), **MAY_NOT},
    )
    def reject(self, request: SignedRequest, chat: UUID, user: UUID) -> Response:
        services.reject_request(actor=request.user, chat=self.chat, user=self._person())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _person(self) -> User:
        return self.get_object().user


@extend_schema_view(
    list=extend_schema(
        operation_id="invitations_list",
        tags=["invitations"],
        summary="My invitations",
        description="Those that name the caller and can still be accepted, the newest first.",
        examples=[given("invitations", examples.RECEIVED_INVITATION)],
    ),
)
class MyInvitationViewSet(mixins.ListModelMixin, ApiViewSet):
    scope = "chats"
    serializer_class = ReceivedInvitationSerializer
    queryset = Invitation.objects.none()
    pagination_class = CursorPages

    def get_queryset(self) -> QuerySet[Invitation]:
        return Invitation.objects.received_by(self.request.user, at=timezone.now()).listed()


class ByToken(ApiView):
    scope = "chats"

    def invitation(self, token: str) -> Invitation:
        mine = Invitation.objects.borne_by(self.request.user, token).listed()  # type: ignore[arg-type]
        return get_object_or_404(mine)


class InvitationView(ByToken):
    @extend_schema(
        operation_id="invitations_read",
        tags=["invitations"],
        summary="Where an invitation leads",
        description="What the chat is called, how many are in it, who invites.",
        responses={200: ReceivedInvitationSerializer, **refuses(problems.InvitationEnded)},
        examples=[given("invitation", examples.RECEIVED_INVITATION)],
    )
    def get(self, request: SignedRequest, token: str) -> Response:
        invitation = self.invitation(token)
        services.require_for(request.user, invitation)
        if not invitation.is_live(at=timezone.now()):
            raise problems.InvitationEnded
        return Response(ReceivedInvitationSerializer(invitation).data)


class AcceptView(ByToken):
    @extend_schema(
        operation_id="invitations_accept",
        tags=["invitations"],
        summary="Accept an invitation",
        description="The caller is in the chat then, or waits for somebody who lets them in. Again, it is "
        "the same answer.",
        request=None,
        responses={
            200: OutcomeSerializer,
            **refuses(
                problems.InvitationEnded, problems.RemovedBefore, problems.RequestRejected, problems.ChatFull
            ),
        },
        examples=[given("in it", {"state": "joined", "chat": examples.CHAT_ID})],
    )
    def post(self, request: SignedRequest, token: str) -> Response:
        invitation = self.invitation(token)
        state = services.accept_invitation(actor=request.user, invitation=invitation)
        return Response(OutcomeSerializer({"state": state, "chat": invitation.chat_id}).data)


class DeclineView(ByToken):
    @extend_schema(
        operation_id="invitations_decline",
        tags=["invitations"],
        summary="Decline an invitation",
        description="One that names the caller is over then; having come by a link, they wait no longer.",
        request=None,
        responses={204: OpenApiResponse(description="Declined.")},
    )
    def post(self, request: SignedRequest, token: str) -> Response:
        services.decline_invitation(actor=request.user, invitation=self.invitation(token))
        return Response(status=status.HTTP_204_NO_CONTENT)
