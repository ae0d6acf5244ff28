"""Whom people know, in and out."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.api.serializers import AboutPeople, PeopleList, PersonSerializer, shown_as_presence
from accounts.models import User, UserQuerySet
from common.api.fields import EmailField, StringField
from common.api.serializers import Input
from messaging.models import Contact

from .fields import PersonField


class ContactSerializer(AboutPeople[Contact]):
    """A contact as its owner sees it: rows of `Contact.objects.seen_by`."""

    user = PersonSerializer(read_only=True)
    blocked = serializers.BooleanField(read_only=True, help_text="Whether the caller blocks them.")
    presence = serializers.SerializerMethodField()
    last_seen = serializers.SerializerMethodField()

    class Meta:
        model = Contact
        fields = ["id", "user", "alias", "blocked", "presence", "last_seen", "created_at"]
        read_only_fields = fields
        list_serializer_class = PeopleList

    @shown_as_presence
    def get_presence(self, contact: Contact) -> str | None:
        """Null: not told here."""
        return self.seen(contact).presence

    def get_last_seen(self, contact: Contact) -> datetime | None:
        """When they were last here. Null: they don't tell, or not the caller, or not here."""
        return self.seen(contact).last_seen


class ContactChangeInput(Input):
    alias = StringField(
        required=False,
        allow_blank=True,
        max_length=80,
        trim_whitespace=True,
        help_text="What the caller calls them. Empty: their own name.",
    )


class ContactInput(ContactChangeInput):
    user = PersonField(required=False, help_text="Their id,")
    email = EmailField(
        required=False, max_length=254, help_text="or their address, if they let themselves be found by it,"
    )
    username = StringField(required=False, max_length=31, help_text="or their username.")

    default_error_messages = {
        "one_of": _("Give one of `user`, `email` and `username`."),
        "unknown_user": _("There is no such person."),
    }

    def validate_email(self, address: str) -> User:
        """Of somebody who does not let themselves be found by it as of somebody who is not there."""
        return self._known(self._people.found_at(address))

    def validate_username(self, name: str) -> User:
        lower = name.removeprefix("@").lower()
        return self._known(self._people.alias(lower=Lower("username")).filter(lower=lower))

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        people = [given.pop(name) for name in ("user", "email", "username") if name in given]
        if len(people) != 1:
            self.fail("one_of")
        return given | {"user": people[0]}

    @property
    def _people(self) -> UserQuerySet:
        return User.objects.visible_to(self.context["actor"])

    def _known(self, people: QuerySet[User]) -> User:
        if (person := people.first()) is None:
            self.fail("unknown_user")
        return person


class ContactQuery(Input):
    q = StringField(required=False, min_length=1, max_length=80, trim_whitespace=True)
