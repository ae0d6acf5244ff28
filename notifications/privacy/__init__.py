"""What notifications hold about people, a module a subject."""

from typing import Final

from common.holdings import Part

from . import devices, told, webhooks

PART: Final = Part(
    app="notifications",
    holdings=[*told.HOLDINGS, *devices.HOLDINGS, *webhooks.HOLDINGS],
    places=devices.PLACES,
)
