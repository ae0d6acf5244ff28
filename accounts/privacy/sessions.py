"""Where people are signed in, and where they were before."""

from typing import Final

from accounts.models import KnownDevice, KnownNetwork, Session
from common.holdings import Erase, Field, Holding

HOLDINGS: Final = [
    Holding(
        model=Session,
        whose="user",
        purpose="Keeps somebody signed in on a device, and lets them see and end it.",
        retention="30 days after it ended",
        erase=Erase.DELETE_ROW,
        export="sessions",
        fields={
            "id": Field("Names the session.", "id"),
            "user": Field("Whose it is."),
            "device": Field("On which known device.", "device"),
            "device_name": Field("To be told from others.", "device_name"),
            "user_agent": Field("To be told from others.", "user_agent"),
            "address": Field("To notice a stranger.", "address"),
            "generation": Field("To notice a stolen token."),
            "refreshed_at": Field("To notice a stolen token.", "refreshed_at"),
            "refresh_hash": Field("Whether a token is the present one: a hash."),
            "created_at": Field("Since when.", "created_at"),
            "proved_at": Field("Whether what can't be undone may be done.", "proved_at"),
            "last_seen_at": Field("Whether it is in use.", "last_seen_at"),
            "expires_at": Field("When it ends by itself.", "expires_at"),
            "revoked_at": Field("When it was ended.", "revoked_at"),
            "revoked_reason": Field("Why.", "revoked_reason"),
        },
    ),
    Holding(
        model=KnownDevice,
        whose="user",
        purpose="A sign-in on another device is told by mail; strangers don't delay it on this one.",
        retention="180 days after the last sign-in",
        erase=Erase.DELETE_ROW,
        export="known_devices",
        fields={
            "id": Field("Names the row.", "id"),
            "user": Field("Whose it is."),
            "device": Field("What its token names."),
            "network": Field("To be told from others, where it keeps no token.", "network"),
            "user_agent": Field("To be told from others.", "user_agent"),
            "created_at": Field("Since when.", "created_at"),
            "seen_at": Field("When it is forgotten.", "seen_at"),
        },
    ),
    Holding(
        model=KnownNetwork,
        whose="user",
        purpose="Strangers don't delay a sign-in from where somebody was lately.",
        retention="30 days after the last sign-in",
        erase=Erase.DELETE_ROW,
        export="known_networks",
        fields={
            "id": Field("Names the row."),
            "user": Field("Whose it is."),
            "network": Field("From where.", "network"),
            "seen_at": Field("When it is forgotten.", "seen_at"),
        },
    ),
]
