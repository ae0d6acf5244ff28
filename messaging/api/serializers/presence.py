"""Whether people are here, in and out."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.api.serializers import PRESENCES
from common.api.fields import BooleanField, ChoiceField, StringField, UUIDField
from common.api.serializers import Input
from common.ids import as_uuid
from messaging.models import Presence

from .fields import MAX_USERS


class PresenceInput(Input):
    status = ChoiceField(choices=Presence.Choice.choices)


class PresenceCommandInput(PresenceInput):
    """On the socket of a chat its id is added, as to every command: it says nothing here."""

    chat = UUIDField(required=False)
    automatic = BooleanField(required=False)


class PeopleHereQuery(Input):
    users = StringField(required=False, max_length=37 * MAX_USERS)

    default_error_messages = {
        "not_ids": _("Ids of people, with commas between them."),
        "max_length": _("At most {max_length} people."),
    }

    def validate_users(self, text: str) -> list[UUID]:
        ids = text.split(",")
        if len(ids) > MAX_USERS:
            self.fail("max_length", max_length=MAX_USERS)
        people = [person for id_ in ids if (person := as_uuid(id_))]
        if len(people) < len(ids):
            self.fail("not_ids")
        return people


class SeenSerializer(serializers.Serializer[Any]):
    """How somebody appears to the caller."""

    user = serializers.UUIDField()
    presence = serializers.ChoiceField(
        choices=PRESENCES, allow_null=True, help_text="`invisible` of oneself alone. Null while nobody knows."
    )
    last_seen = serializers.DateTimeField(
        allow_null=True, help_text="Null where they don't tell, or not the caller."
    )


class OwnPresenceSerializer(SeenSerializer):
    status = serializers.ChoiceField(
        choices=Presence.Choice.choices, help_text="What the caller says of themselves."
    )


class PeopleHereSerializer(serializers.Serializer[Any]):
    results = SeenSerializer(many=True)
