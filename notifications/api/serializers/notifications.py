"""Notifications, in and out."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.utils import translation
from rest_framework import serializers

from common.api.fields import BooleanField, ChoiceField, MomentField, UUIDField
from common.api.serializers import Input
from notifications.kinds import kinds
from notifications.models import Notification
from notifications.services import ACTIONS, words_of

MOST_IDS: Final = 200  # of one request


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """With `title`, `body` and `url` from `shown`: in words, as it is for its person now."""

    type = serializers.CharField(source="kind", read_only=True)
    title = serializers.CharField(read_only=True)
    body = serializers.CharField(read_only=True, help_text="Empty where there is nothing more to say.")
    data = serializers.DictField(  # type: ignore[assignment]
        read_only=True, help_text="Ids, as the kind has them."
    )
    url = serializers.CharField(read_only=True, allow_null=True, help_text="Where it leads to.")
    updated_at = serializers.DateTimeField(source="at", read_only=True, help_text="When it last happened.")

    class Meta:
        model = Notification
        fields = [
            "id",
            "type",
            "title",
            "body",
            "data",
            "url",
            "count",
            "read_at",
            "archived_at",
            "snoozed_until",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "count": {"help_text": "How often it happened; `data` and the words are of the last time."},
            "archived_at": {"help_text": "When it was put away; null: it is in the list."},
            "snoozed_until": {"help_text": "Until then it is not in the list."},
        }


def shown(rows: Sequence[Notification], *, language: str) -> list[dict[str, Any]]:
    """What people read of these: in as many queries as there are kinds among them, times a few.

    What is not there for them any more says of what kind it was, and nothing else.
    """
    with translation.override(language):
        words = words_of(rows)
        for row in rows:
            said: Any = words.get(row.pk)
            row.title = said.title if said else _label(row)  # type: ignore[attr-defined]
            row.body = said.body if said else ""  # type: ignore[attr-defined]
            row.url = settings.APP_URL + said.path if said and said.path else None  # type: ignore[attr-defined]
    shape = NotificationSerializer()
    return [shape.to_representation(row) for row in rows]


def _label(row: Notification) -> str:
    kind = kinds.get(row.kind)
    return str(kind.label) if kind else row.kind


class AllNotificationsSerializer(serializers.Serializer[Any]):
    """As a page that is the only one."""

    results = NotificationSerializer(many=True, read_only=True)
    next = serializers.CharField(read_only=True, allow_null=True, help_text="Always null.")
    previous = serializers.CharField(read_only=True, allow_null=True, help_text="Always null.")


class UnreadCountSerializer(serializers.Serializer[Any]):
    unread_count = serializers.IntegerField(read_only=True)


class SnoozeInput(Input):
    until = MomentField(help_text="When it is there again.")


class BulkInput(Input):
    action = ChoiceField(choices=[(each, each) for each in ACTIONS])
    ids = serializers.ListField(child=UUIDField(), required=False, allow_empty=False, max_length=MOST_IDS)
    all = BooleanField(required=False, help_text="In place of `ids`: whatever the list shows.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in given) == bool(given.get("all")):
            raise serializers.ValidationError("Give either `ids` or `all: true`.", code="ids_or_all")
        return {"action": given["action"], "ids": given.get("ids")}


class BulkResultSerializer(serializers.Serializer[Any]):
    updated = serializers.IntegerField(read_only=True)
