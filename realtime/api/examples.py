"""Examples of the API's documents: what somebody missed in one group."""

from typing import Any, Final

CHAT: Final = "0198c5b3-01aa-7d13-b5c6-7a8b9c0d1e2f"
LAYLA: Final = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"
EPOCH: Final = "0198c5b1-aa00-7c51-8d02-3e4f5a6b7c8d"
STATE: Final = {"seq": 43, "read_seq": 40, "unread_count": 2, "unread_mentions": 0, "thread_unread_count": 0}
BEGINNING: Final[dict[str, Any]] = {
    "epoch": EPOCH,
    "user": 17,
    "chats": {CHAT: STATE},
    "events": [],
    "resets": [],
    "next": None,
}
CAUGHT_UP: Final = BEGINNING | {
    "user": 18,
    "events": [
        {
            "type": "message.deleted",
            "chat": CHAT,
            "seq": 43,
            "at": "2026-11-21T09:18:00Z",
            "data": {
                "id": "0198c5b3-1f2e-7b64-9d7e-0a1b2c3d4e5f",
                "seq": 42,
                "text": "",
                "deleted_by": LAYLA,
            },
        },
        {
            "type": "mark.moved",
            "user_seq": 18,
            "at": "2026-11-21T09:19:00Z",
            "data": {"chat": CHAT, "read_seq": 40},
        },
    ],
}
TOO_OLD: Final = BEGINNING | {"chats": {}, "resets": [{"chats": [CHAT], "reason": "too_old"}]}
