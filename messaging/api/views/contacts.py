"""Whom people know."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.response import Response

from accounts.authentication import SignedRequest
from accounts.services import block_user, unblock_user
from common.api.examples import given, sent
from common.api.pagination import CursorPages
from common.api.schema import refuses
from common.api.serializers import read
from common.api.views import ApiViewSet
from messaging import problems, services
from messaging.api import examples
from messaging.api.serializers import ContactChangeInput, ContactInput, ContactQuery, ContactSerializer
from messaging.models import Contact


@extend_schema_view(
    list=extend_schema(
        operation_id="contacts_list",
        tags=["contacts"],
        summary="My contacts",
        description="By the name that is shown: the alias, or else their own. Who has blocked the caller is "
        "not there, as everywhere.",
        parameters=[
            OpenApiParameter(
                "q",
                OpenApiTypes.STR,
                description="Only with this in the alias or a name: 1 to 80 characters.",
            )
        ],
        examples=[given("contacts", examples.CONTACT)],
    ),
    retrieve=extend_schema(
        operation_id="contacts_read",
        tags=["contacts"],
        summary="A contact",
        description="One contact of the caller's.",
        examples=[given("contact", examples.CONTACT)],
    ),
)
class ContactViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    scope = "contacts"
    serializer_class = ContactSerializer
    queryset = Contact.objects.none()

    class pagination_class(CursorPages):  # noqa: N801 (REST framework's name)
        ordering = "place"

    def get_queryset(self) -> QuerySet[Contact]:
        contacts = Contact.objects.seen_by(self.request.user)
        query = self.request.query_params
        if self.action == "list" and "q" in query:
            return contacts.named(read(ContactQuery, {"q": query["q"]})["q"])
        return contacts

    @extend_schema(
        operation_id="contacts_add",
        tags=["contacts"],
        summary="Add a contact",
        description="By id, username or address, one of them. An address finds its person only if they allow "
        "it; for any other, and for whoever has blocked the caller, the answer is that of an address nobody "
        "has. They are not told. Whom the caller knows already stays as they are, with 200.",
        request=ContactInput,
        responses={
            201: ContactSerializer,
            200: OpenApiResponse(ContactSerializer, "They are a contact already."),
            **refuses(problems.ContactsFull),
        },
        examples=[
            sent("by id", {"user": examples.OMAR, "alias": "Omar the guide"}),
            sent("by username", {"username": "omar"}),
            sent("by address", {"email": "omar@example.com"}),
            given("contact", examples.CONTACT, 201, 200),
        ],
    )
    def create(self, request: SignedRequest) -> Response:
        given = read(ContactInput, request.data, actor=request.user)
        contact, is_new = services.add_contact(actor=request.user, **given)
        return Response(
            self._seen(contact),
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
            headers={"Location": f"/api/v1/contacts/{contact.pk}"} if is_new else {},
        )

    @extend_schema(
        operation_id="contacts_update",
        tags=["contacts"],
        summary="Rename a contact",
        description="What the caller calls them. What is left out stays.",
        request=ContactChangeInput,
        responses={200: ContactSerializer},
        examples=[sent("rename", {"alias": "Omar the guide"}), given("contact", examples.CONTACT)],
    )
    def partial_update(self, request: SignedRequest, pk: UUID) -> Response:
        contact, changes = self.get_object(), read(ContactChangeInput, request.data, partial=True)
        if changes:
            services.update_contact(actor=request.user, contact=contact, **changes)
        return Response(self._seen(contact))

    @extend_schema(
        operation_id="contacts_replace",
        tags=["contacts"],
        summary="Rename a contact",
        description="As `PATCH`.",
        request=ContactChangeInput,
        responses={200: ContactSerializer},
        examples=[sent("rename", {"alias": "Omar the guide"}), given("contact", examples.CONTACT)],
    )
    def update(self, request: SignedRequest, pk: UUID) -> Response:
        return self.partial_update(request, pk)

    @extend_schema(
        operation_id="contacts_remove",
        tags=["contacts"],
        summary="Remove a contact",
        description="Chats with them stay, and so does a block.",
        responses={204: OpenApiResponse(description="No contact any more.")},
    )
    def destroy(self, request: SignedRequest, pk: UUID) -> Response:
        services.remove_contact(actor=request.user, contact=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="contacts_block",
        tags=["contacts"],
        summary="Block a contact",
        description="As `POST users/me/blocks`, the person by their contact. Again changes nothing.",
        request=None,
        responses={200: ContactSerializer},
        examples=[given("contact", examples.CONTACT | {"blocked": True})],
    )
    def block(self, request: SignedRequest, pk: UUID) -> Response:
        contact = self.get_object()
        block_user(actor=request.user, user=contact.user)
        return Response(self._seen(contact))

    @extend_schema(
        operation_id="contacts_unblock",
        tags=["contacts"],
        summary="Block a contact no longer",
        description="Again, or where there was no block, changes nothing.",
        responses={204: OpenApiResponse(description="Not blocked.")},
    )
    def unblock(self, request: SignedRequest, pk: UUID) -> Response:
        unblock_user(actor=request.user, user=self.get_object().user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _seen(self, contact: Contact) -> dict[str, Any]:
        row = self.get_queryset().get(pk=contact.pk)
        return ContactSerializer(row, context={"reader": self.request.user}).data
