from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any, ClassVar

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


# Of what is shown; those that a serializer has as methods, of the serializer before it.
Reader = Callable[..., Any]


class ReadStraight(serializers.Serializer[Any]):
    """Shape out, for what is shown by the thousand: its fields say once how they are read.

    REST framework makes every field anew for every serializer, and asks each how it finds its attribute.
    What comes out is the same.
    """

    _readers: ClassVar[list[tuple[str, Reader, bool]]]  # by field; whether it is a method

    @classmethod
    def show(cls, instance: Any, **context: Any) -> dict[str, Any]:
        """`cls(instance, context=context).data`, without what REST framework lays out to take input."""
        shape = cls.__new__(cls)
        shape.parent = None  # type: ignore[assignment]
        shape._context = context
        return shape.to_representation(instance)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shape = type(self)
        if "_readers" not in vars(shape):
            shape._readers = [(name, *_reader(shape, field)) for name, field in shape().fields.items()]
        return {
            name: reader(self, instance) if is_method else reader(instance)
            for name, reader, is_method in shape._readers
        }


def _reader(shape: type[ReadStraight], field: Any) -> tuple[Reader, bool]:
    if isinstance(field, serializers.SerializerMethodField):
        return getattr(shape, field.method_name), True
    return _reader_of_attribute(field), False


def _reader_of_attribute(field: Any) -> Reader:
    attribute = field.source
    match field:
        case serializers.PrimaryKeyRelatedField():
            attribute = f"{attribute}_id"  # without a look at what it names
        case serializers.DateTimeField():
            return lambda instance: moment(getattr(instance, attribute))
        case serializers.UUIDField():
            return lambda instance: str(getattr(instance, attribute))
        case serializers.CharField() | serializers.IntegerField() | serializers.BooleanField():
            pass
        case serializers.ChoiceField():
            return lambda instance: (value := getattr(instance, attribute)) and str(value)
        case _:
            raise TypeError(f"{field!r} can't be read straight")
    return attrgetter(attribute)


def moment(at: datetime | None) -> str | None:
    """A time as REST framework writes it."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def read(shape: type[Input], data: Any, *, partial: bool = False, **context: Any) -> dict[str, Any]:
    """*data* through *shape*: checked values, ready to be arguments of a service.

    Raises:
        rest_framework.exceptions.ValidationError: *data* has not that shape.
    """
    given = shape(data=data, partial=partial, context=context)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
