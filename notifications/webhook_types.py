"""What may leave as a webhook: events that say so of themselves (`common.events.Event.public`)."""

from collections.abc import Collection, Iterable
from functools import cache, lru_cache
from typing import Final

from common.events import Event

ALL: Final = "*"


@cache
def public_types() -> dict[str, str]:
    """Every type, in order, with what it says."""
    found = sorted(_public_events(), key=lambda event: event.type)
    return {event.type: (event.__doc__ or "").strip().partition("\n")[0] for event in found}


def _public_events(base: type[Event] = Event) -> Iterable[type[Event]]:
    for event in base.__subclasses__():
        if event.public and "type" in vars(event):
            yield event
        yield from _public_events(event)


def is_pattern(text: str) -> bool:
    """Whether *text* names a type there is, several (`message.*`), or all."""
    return text == ALL or bool(types_of([text]))


def types_of(patterns: Iterable[str]) -> frozenset[str]:
    """The types that *patterns* name: also those that came to be after they were written down."""
    return _types_of(tuple(patterns))


@lru_cache(maxsize=1000)
def _types_of(patterns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(type_ for type_ in public_types() if any(_names(each, type_) for each in patterns))


def _names(pattern: str, type_: str) -> bool:
    return pattern in (ALL, type_, _family(type_))


def _family(type_: str) -> str:
    return f"{type_.partition('.')[0]}.*"


def narrowed(patterns: Collection[str]) -> list[str]:
    """The same without what another of them names already."""
    if ALL in patterns:
        return [ALL]
    return sorted(each for each in patterns if each == _family(each) or _family(each) not in patterns)
