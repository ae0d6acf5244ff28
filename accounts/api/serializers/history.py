"""What happened to an account."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from accounts.models import AuditEntry
from accounts.services import audit
from common.geo import place_of


class HistoryEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    text = serializers.SerializerMethodField()
    by_me = serializers.SerializerMethodField()
    address = serializers.SerializerMethodField()
    place = serializers.SerializerMethodField(
        help_text="Roughly where, by the address: city and country. Null if that is not known."
    )
    session = serializers.SerializerMethodField()
    current = serializers.SerializerMethodField()
    details = serializers.DictField(help_text="A few ids and words, which differ from verb to verb.")

    class Meta:
        model = AuditEntry
        fields = ["id", "at", "verb", "text", "by_me", "address", "place", "session", "current", "details"]
        read_only_fields = fields

    def get_text(self, entry: AuditEntry) -> str:
        """The verb in words, in the person's language."""
        return str(audit.verbs.get(entry.verb, entry.verb))

    def get_by_me(self, entry: AuditEntry) -> bool:
        """Whether they did it themselves: signed in, or by what was mailed to them."""
        return entry.actor == entry.subject

    def get_address(self, entry: AuditEntry) -> str | None:
        """Where it came from: of what they did, and of what strangers tried; never where staff sit."""
        return entry.address if entry.actor in (None, entry.subject) else None

    def get_place(self, entry: AuditEntry) -> str | None:
        place = place_of(self.get_address(entry))
        return str(place) if place else None

    def get_session(self, entry: AuditEntry) -> UUID | None:
        """The session it was done in, if it was one of theirs."""
        return entry.session if entry.actor == entry.subject else None

    def get_current(self, entry: AuditEntry) -> bool:
        """Whether it was done in the session that asks."""
        asks: Any = self.context["request"].auth
        return entry.session is not None and entry.session == asks.pk
