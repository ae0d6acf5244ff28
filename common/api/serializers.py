from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class Input(serializers.Serializer[Any]):
    """Shape in. A field it doesn't know is refused: a misspelt one would be lost in silence."""

    default_error_messages = {"unknown_field": _("There is no such field here.")}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := [name for name in data if name not in self.fields]):
            detail = str(self.error_messages["unknown_field"])
            raise serializers.ValidationError(
                {str(name): [serializers.ErrorDetail(detail, code="unknown_field")] for name in unknown}
            )
        return super().to_internal_value(data)


def read(shape: type[Input], data: Any, *, partial: bool = False, **context: Any) -> dict[str, Any]:
    """*data* through *shape*: checked values, ready to be arguments of a service.

    Raises:
        rest_framework.exceptions.ValidationError: *data* has not that shape.
    """
    given = shape(data=data, partial=partial, context=context)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
