"""The apps and browsers that somebody takes pushes on."""

from typing import Final

from common.holdings import Erase, Field, Holding, Place, Subject
from notifications.models import PushDevice
from notifications.providers.push.local import forget_pushes


def pushes_kept_for(who: Subject) -> int:
    """Those that were deleted."""
    return forget_pushes(str(who.id))


DEVICES: Final = Holding(
    model=PushDevice,
    whose="user",
    purpose="Pushes reach the apps and browsers that somebody is signed in on.",
    retention="as long as its session, which is forgotten 30 days after it ended; 30 days once it is gone",
    erase=Erase.DELETE_ROW,
    export="push_devices",
    fields={
        "id": Field("Names the device.", "id"),
        "user": Field("Whose it is."),
        "session": Field("How long pushes go there.", "session"),
        "provider": Field("By whom it is reached.", "provider"),
        "token": Field("What the provider knows it by: encrypted, and a secret."),
        "token_hash": Field("To find it by its token: a hash."),
        "p256dh": Field("Pushes are encrypted for the browser: its public key."),
        "auth": Field("Pushes are encrypted for the browser: what it shares with us, encrypted, a secret."),
        "app": Field("Which app it is.", "app"),
        "is_sandbox": Field("By which of Apple's services it is reached.", "is_sandbox"),
        "name": Field("To be told from others.", "name"),
        "language": Field("In which language it is told.", "language"),
        "timezone": Field("When it is quiet.", "timezone"),
        "created_at": Field("Since when.", "created_at"),
        "seen_at": Field("Which one was unused longest.", "seen_at"),
        "gone_at": Field("Since when nothing is sent there.", "gone_at"),
        "gone_reason": Field("Why.", "gone_reason"),
    },
)

HOLDINGS: Final = [DEVICES]

PLACES: Final = [
    Place(
        name="pushes on this machine",
        purpose="What a provider without an account of ours would have been sent, to be seen in development.",
        retention="as long as the folder; production has none",
        becomes="deleted",
        erase=pushes_kept_for,
    ),
]
