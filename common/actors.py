"""Who acts when no person does."""

from typing import Final


class System:
    """The platform itself: scheduled work, commands, staff tools acting for it."""

    pk = None

    def __repr__(self) -> str:
        return "SYSTEM"


SYSTEM: Final = System()
