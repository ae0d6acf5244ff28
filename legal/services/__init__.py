"""Every write to legal, a module a subject."""

from .acceptances import accept_version
from .consents import change_consents, has_consent
from .documents import draft_version, lift_requirement, publish_version, take_back

__all__ = [
    "accept_version",
    "change_consents",
    "draft_version",
    "has_consent",
    "lift_requirement",
    "publish_version",
    "take_back",
]
