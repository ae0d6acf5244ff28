"""What rooms add to the search field. Filled from their `AppConfig.ready`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Something that the caller may mean.

    Attributes:
        type: what it is: `person`, `chat`, `word`.
        text: what it is called.
        id: of the thing itself; None of a word, which is to be searched for.
        detail: what tells it from another of the same name.
    """

    type: str
    text: str
    id: UUID | None = None
    detail: str = ""


# What a source suggests to somebody who has typed this much, the best first, and at most so many. It takes a
# query or two however much there is, and suggests nothing that they may not see.
Source = Callable[[User, str, int], list[Suggestion]]

sources: Final[dict[str, Source]] = {}
