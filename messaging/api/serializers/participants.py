"""Who is in a chat, in and out."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.api.serializers import AboutPeople, PeopleList, shown_as_presence
from common.api.fields import ChoiceField
from common.api.serializers import Input
from messaging.models import Participant

from .fields import PeopleField, PersonField


class ParticipantSerializer(AboutPeople[Participant]):
    username = serializers.CharField(source="user.username", read_only=True)
    display_name = serializers.CharField(source="user.display_name", read_only=True)
    avatar = serializers.URLField(source="user.avatar_url", read_only=True, allow_null=True)
    presence = serializers.SerializerMethodField()

    class Meta:
        model = Participant
        fields = ["user", "username", "display_name", "avatar", "role", "joined_at", "presence"]
        read_only_fields = fields
        list_serializer_class = PeopleList

    @shown_as_presence
    def get_presence(self, participant: Participant) -> str | None:
        """`invisible` of oneself alone. Null: not told here."""
        return self.seen(participant).presence


class ParticipantsInput(Input):
    user = PersonField(required=False, help_text="One person,")
    users = PeopleField(required=False, help_text="or several.")
    role = ChoiceField(choices=Participant.Role.choices, required=False)

    default_error_messages = {"one_or_several": _("Give `user` or `users`, not both and not neither.")}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        one = given.pop("user", None)
        if (one is None) == (not given.get("users")):
            self.fail("one_or_several")
        return given if one is None else given | {"users": [one]}


class RoleInput(Input):
    role = ChoiceField(choices=Participant.Role.choices)
