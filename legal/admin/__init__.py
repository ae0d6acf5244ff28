"""The staff console of what is legal, a module a noun."""

from .records import AcceptanceAdmin, ConsentAdmin
from .versions import VersionAdmin

__all__ = ["AcceptanceAdmin", "ConsentAdmin", "VersionAdmin"]
