"""People as others see them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import Block, Report, SocialLink, User
from accounts.networks import MAX_URL, NETWORKS, normalize_link
from accounts.registries import portfolio, stats
from common.api.fields import ChoiceField, StringField, UUIDField
from common.api.serializers import Input

from .presence import AboutPeople, PeopleList
from .profile import PersonSerializer

# --- Finding them -------------------------------------------------------------------------------------------


class PeopleQuery(Input):
    q = StringField(min_length=2, max_length=80, trim_whitespace=True)


class PersonField(UUIDField):
    """Somebody who can take part; anybody else reads as unknown."""

    default_error_messages = {"unknown_user": _("There is no such person.")}

    def to_internal_value(self, data: Any) -> User:  # type: ignore[override]  # an id in, a person out
        pk = super().to_internal_value(data)
        if (person := User.objects.reachable().filter(pk=pk).first()) is None:
            self.fail("unknown_user")
        return person


# --- Pages elsewhere ----------------------------------------------------------------------------------------


class SocialLinkSerializer(serializers.ModelSerializer[SocialLink]):
    class Meta:
        model = SocialLink
        fields = ["network", "url"]
        read_only_fields = fields


class SocialLinkInput(Input):
    network = ChoiceField(choices=list(NETWORKS))
    url = StringField(
        max_length=MAX_URL, trim_whitespace=True, help_text="With https://, of a person's page there."
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        try:
            return given | {"url": normalize_link(given["network"], given["url"])}
        except ValidationError as error:
            fault = serializers.ErrorDetail(str(error.message), code=error.code or "invalid")
            raise serializers.ValidationError({"url": [fault]}) from None


class SocialLinksInput(Input):
    links = serializers.ListField(child=SocialLinkInput(), max_length=len(NETWORKS))

    default_error_messages = {"one_per_network": _("Of each network one page.")}

    def validate_links(self, links: list[dict[str, Any]]) -> list[tuple[str, str]]:
        if len({link["network"] for link in links}) < len(links):
            self.fail("one_per_network")
        return [(link["network"], link["url"]) for link in links]


class SocialLinksSerializer(serializers.Serializer[Any]):
    links = SocialLinkSerializer(many=True)


# --- What apps tell of them ---------------------------------------------------------------------------------


class PortfolioSerializer(serializers.Serializer[Any]):
    """A person's card, and what each app shows of them."""

    user = PersonSerializer()

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {name: section.shape() for name, section in portfolio.items()}


class StatsSerializer(serializers.Serializer[Any]):
    """Numbers of a person, each app's in a section of its own."""

    def get_fields(self) -> dict[str, Any]:
        return {name: section.shape() for name, section in stats.items()}


class AccountStatsSerializer(serializers.Serializer[Any]):
    member_since = serializers.DateTimeField()
    open_sessions = serializers.IntegerField(help_text="Devices that are signed in.")


class ActivitySerializer(serializers.Serializer[Any]):
    """Something that a person did."""

    id = serializers.UUIDField(source="pk")
    type = serializers.CharField()
    at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        # `data` is a word of REST framework's.
        return super().get_fields() | {"data": serializers.DictField(help_text="Ids and words, by the type.")}


# --- Having nothing to do with them -------------------------------------------------------------------------


class BlockSerializer(AboutPeople[Block]):
    user = PersonSerializer(source="blocked", read_only=True)

    class Meta:
        model = Block
        fields = ["user", "created_at"]
        read_only_fields = fields
        list_serializer_class = PeopleList

    @staticmethod
    def person_of(row: Block) -> User:
        return row.blocked


class BlockInput(Input):
    user = PersonField()


class ReportSerializer(serializers.ModelSerializer[Report]):
    """A report as who made it sees it."""

    user = serializers.UUIDField(source="subject_id", read_only=True)

    class Meta:
        model = Report
        fields = ["id", "user", "reason", "text", "state", "created_at"]
        read_only_fields = fields


class ReportInput(Input):
    reason = ChoiceField(choices=Report.Reason.choices)
    text = StringField(
        required=False, allow_blank=True, max_length=2000, help_text="What happened, for staff alone."
    )
