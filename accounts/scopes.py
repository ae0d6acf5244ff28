"""What an API key can be allowed: areas, each to read or to write. Every app adds its own in `ready`."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

READ: Final = "read"
WRITE: Final = "write"  # reading is part of it

areas: Final[dict[str, str | Promise]] = {
    "live": _("All that happens in the owner's chats and to their account, as a socket hears it."),
    "profile": _("The owner's profile and the people they may see."),
}
"""What each area holds, by its name. A view names its area as `scope`; a view without one takes no key."""


def all_scopes() -> list[str]:
    return [f"{area}:{verb}" for area in sorted(areas) for verb in (READ, WRITE)]


def allows(scopes: list[str], area: str, verb: str) -> bool:
    return f"{area}:{verb}" in scopes or f"{area}:{WRITE}" in scopes
