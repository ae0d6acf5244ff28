"""Catching up by REST, in and out."""

import re
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from common.api.fields import ChoiceField, QueryIntegerField, StringField
from common.api.serializers import Input
from realtime import registry
from realtime.resume import MAX_POSITION
from realtime.sync import MAX_ASKED, MAX_GIVEN

POSITION: Final = re.compile(r"[0-9]{1,16}")


class PositionsField(serializers.CharField):
    """Positions by the topic's id, in a query: `<id>:<seq>`, with commas between them."""

    default_error_messages = {
        "not_positions": _("Positions as <id>:<seq>, with commas between them, each id once."),
        "max_length": _("Not more than {max_length} at a time."),
    }

    def to_internal_value(self, data: Any) -> Any:
        given = str(data).split(",")
        if len(given) > MAX_ASKED:
            self.fail("max_length", max_length=MAX_ASKED)
        positions = {}
        for each in given:
            id_, _colon, seq = each.rpartition(":")
            if not POSITION.fullmatch(seq) or int(seq) > MAX_POSITION or not id_ or id_ in positions:
                self.fail("not_positions")
            positions[id_] = int(seq)
        return positions


class SyncQuery(Input):
    epoch = StringField(required=False)
    user = QueryIntegerField(required=False, min_value=0, max_value=MAX_POSITION)
    cursor = StringField(required=False)
    checksum = ChoiceField(choices=[("0", "0"), ("1", "1")], required=False)
    limit = QueryIntegerField(required=False, min_value=1, max_value=MAX_GIVEN)

    default_error_messages = {"cursor": _("Use a `next` as it is: a cursor goes with no position.")}

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {f"{kind}s": PositionsField(required=False) for kind in registry.feeds}

    def validate_checksum(self, given: str) -> bool:
        return given == "1"

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if "cursor" in given and positions_in(given):
            self.fail("cursor")
        return given


def positions_in(given: dict[str, Any]) -> bool:
    """Whether it says how far the caller has come."""
    return "user" in given or any(f"{kind}s" in given for kind in registry.feeds)


class EventSerializer(serializers.Serializer[Any]):
    """A frame, as the socket sends it."""

    type = serializers.CharField()
    at = serializers.DateTimeField()
    seq = serializers.IntegerField(required=False, help_text="Its position in the chat's log.")
    user_seq = serializers.IntegerField(required=False, help_text="Its position in the caller's own stream.")
    data = serializers.DictField(  # type: ignore[assignment]  # what a serializer calls its outcome
        help_text="What an event of this type says."
    )

    def get_fields(self) -> dict[str, Any]:
        topics = {kind: serializers.UUIDField(required=False) for kind in registry.feeds}
        return super().get_fields() | topics


class ResetSerializer(serializers.Serializer[Any]):
    """What can't be given: fetch it."""

    user = serializers.BooleanField(required=False, help_text="The caller's own stream.")
    reason = serializers.ChoiceField(choices=["too_old", "epoch"])

    def get_fields(self) -> dict[str, Any]:
        topics = {
            f"{kind}s": serializers.ListField(child=serializers.UUIDField(), required=False)
            for kind in registry.feeds
        }
        return super().get_fields() | topics


class SyncSerializer(serializers.Serializer[Any]):
    epoch = serializers.CharField(help_text="Of the log: keep it beside the positions.")
    user = serializers.IntegerField(
        allow_null=True,
        help_text="The newest position of the caller's own stream; null where this page has not all of it, "
        "or nobody asked.",
    )
    events = EventSerializer(many=True)
    resets = ResetSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Where to go on; null: that was all.")

    def get_fields(self) -> dict[str, Any]:
        states = {
            f"{kind}s": serializers.DictField(
                child=feed.shape(), help_text="Those that nothing more is to come of."
            )
            for kind, feed in registry.feeds.items()
        }
        return super().get_fields() | states
