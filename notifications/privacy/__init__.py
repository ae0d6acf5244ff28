"""What notifications hold about people, a module a subject."""

from typing import Final

from common.holdings import Part

from . import told, webhooks

PART: Final = Part(app="notifications", holdings=[*told.HOLDINGS, *webhooks.HOLDINGS])
