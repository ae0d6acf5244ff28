"""Rows about people, as whoever reads them sees these people."""

from typing import Any, Final, TypeVar

from django.db.models import Model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from accounts.registries import Seen, seen_by

M = TypeVar("M", bound=Model)

NOT_TOLD: Final = Seen()
PRESENCES: Final = [(word, word) for word in ("online", "away", "busy", "offline", "invisible")]

shown_as_presence = extend_schema_field(serializers.ChoiceField(choices=PRESENCES, allow_null=True))


class PeopleList(serializers.ListSerializer[Any]):
    """Asks once how all of them appear to the reader."""

    def to_representation(self, data: Any) -> Any:
        rows = list(data.all() if hasattr(data, "all") else data)
        self.child.look_at(rows)  # type: ignore[union-attr]
        return super().to_representation(rows)


class AboutPeople(serializers.ModelSerializer[M]):
    """Rows each of which is about a person. Where no reader is known, as in frames, nothing is told of them.

    Its `Meta.list_serializer_class` is `PeopleList`.
    """

    @staticmethod
    def person_of(row: Any) -> User:
        return row.user

    def look_at(self, rows: list[Any]) -> None:
        """Learn at once how the people of these rows appear to the reader."""
        if reader := self._reader:
            context: Any = self.context  # the root's, and so the same for all that is nested
            seen = context.setdefault("seen", {})
            people = {person.pk: person for person in map(self.person_of, rows) if person.pk not in seen}
            if people:
                seen |= seen_by(reader, list(people.values()))

    def seen(self, row: Any) -> Seen:
        self.look_at([row])
        return self.context.get("seen", {}).get(self.person_of(row).pk, NOT_TOLD)

    @property
    def _reader(self) -> User | None:
        if "reader" in self.context:
            return self.context["reader"]
        request = self.context.get("request")
        return request.user if request and request.user.is_authenticated else None
