"""Examples of the API's documents: one group, seen from every side."""

from typing import Any, Final

from accounts.api.examples import PERSON
from common.problems import NotAllowed
from files.api.examples import FILE
from messaging.problems import CannotActOnEqual, DraftConflict

LAYLA: Final = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"
OMAR: Final = "0198c5b2-7e01-7c40-8a90-1b2c3d4e5f60"
CHAT_ID: Final = "0198c5b3-01aa-7d13-b5c6-7a8b9c0d1e2f"
MESSAGE: Final = {
    "id": "0198c5b3-1f2e-7b64-9d7e-0a1b2c3d4e5f",
    "chat": CHAT_ID,
    "seq": 42,
    "author": LAYLA,
    "author_name": "Layla Haddad",
    "kind": "text",
    "text": "We leave at dawn.",
    "client_id": "phone-7f3a-18",
    "reply_to": None,
    "thread": None,
    "replies": None,
    "forwarded_from": None,
    "no_forward": False,
    "files": [],
    "mentions": [],
    "silent": False,
    "reactions": [],
    "revision": 1,
    "edited_at": None,
    "deleted_at": None,
    "deleted_by": None,
    "created_at": "2026-11-21T09:15:00Z",
    "status": "sent",
}
EDITED: Final = MESSAGE | {
    "text": "We leave at noon.",
    "revision": 2,
    "edited_at": "2026-11-21T09:20:00Z",
}
REACTED: Final = MESSAGE | {
    "reactions": [{"emoji": "👍", "count": 2, "mine": True, "id": "0198c5b4-2b3c-7d5e-8f60-718293a4b5c6"}]
}
REACTION: Final = {
    "id": "0198c5b4-2b3c-7d5e-8f60-718293a4b5c6",
    "emoji": "👍",
    "user": OMAR,
    "username": "omar",
    "display_name": "Omar Aziz",
    "avatar": None,
    "created_at": "2026-11-21T09:16:00Z",
}
FORWARDED: Final = MESSAGE | {
    "client_id": f"phone-7f3a-19:{CHAT_ID}",
    "forwarded_from": {"author": OMAR, "author_name": "Omar Aziz", "at": "2026-11-21T09:10:00Z"},
}
PIN: Final = {
    "id": "0198c5b5-3c4d-7e6f-9071-8293a4b5c6d7",
    "chat": CHAT_ID,
    "message": MESSAGE,
    "pinned_by": LAYLA,
    "until": None,
    "created_at": "2026-11-21T09:17:00Z",
}
REVISION: Final = {"revision": 1, "text": "We leave at dawn.", "created_at": "2026-11-21T09:15:00Z"}
CHAT: Final = {
    "id": CHAT_ID,
    "type": "group",
    "title": "Wadi Rum, December",
    "description": "Four days, two cars.",
    "avatar": None,
    "settings": {
        "members_can_add": False,
        "send": "everyone",
        "permissions": {},
        "edit_window": 172_800,
        "no_forward": False,
    },
    "avatars": None,
    "my_role": "owner",
    "participant_count": 2,
    "last_message": MESSAGE,
    "last_seq": 42,
    "read_seq": 40,
    "unread_count": 0,
    "unread_mentions": 0,
    "thread_unread_count": 0,
    "state": "active",
    "added_by": LAYLA,
    "muted": False,
    "muted_until": None,
    "archived": False,
    "marked_unread": False,
    "favourite": None,
    "created_at": "2026-11-20T18:00:00Z",
}
PARTICIPANT: Final = {
    "user": OMAR,
    "username": "omar",
    "display_name": "Omar Aziz",
    "avatar": None,
    "role": "member",
    "joined_at": "2026-11-20T18:00:00Z",
    "presence": "online",
}
UNREAD: Final = {
    "read_seq": 41,
    "unread_count": 1,
    "unread_mentions": 0,
    "thread_unread_count": 0,
    "explanation": {
        "unread_count": {"ids": [MESSAGE["id"]], "more": False, "next": None},
        "unread_mentions": {"ids": [], "more": False, "next": None},
        "thread_unread_count": {"ids": [], "more": False, "next": None},
    },
}
RECEIPTS: Final = {
    "message": MESSAGE["id"],
    "recipient_count": 1,
    "delivered_count": 1,
    "read_count": 1,
    "recipients": [
        {
            "user": OMAR,
            "username": "omar",
            "display_name": "Omar Aziz",
            "avatar": None,
            "status": "read",
            "delivered_at": "2026-11-21T09:15:01Z",
            "read_at": "2026-11-21T09:17:30Z",
        }
    ],
}
CONTACT: Final = {
    "id": "0198c5b4-2b3c-7d4e-8f50-617283940a1b",
    "user": PERSON,
    "alias": "Omar the guide",
    "blocked": False,
    "presence": "online",
    "last_seen": "2026-11-21T09:12:00Z",
    "created_at": "2026-11-20T18:00:00Z",
}
SEEN: Final = {"user": OMAR, "presence": "online", "last_seen": "2026-11-21T09:12:00Z"}
OWN_PRESENCE: Final = {
    "user": LAYLA,
    "status": "busy",
    "presence": "busy",
    "last_seen": "2026-11-21T09:12:00Z",
}
PREFERENCES: Final = {
    "chat": CHAT_ID,
    "state": "active",
    "muted": True,
    "muted_until": None,
    "archived": False,
    "marked_unread": False,
    "favourite": 1,
}
FOLDER: Final = {
    "id": "0198c5b4-2f11-7c02-9f3a-1a2b3c4d5e6f",
    "title": "Trips",
    "position": 1,
    "chats": [CHAT_ID],
}
LAYLAS_NAME: Final = {
    "user": LAYLA,
    "username": "layla",
    "display_name": "Layla Haddad",
    "avatar": None,
}
INVITATION: Final = {
    "id": "0198c5b5-1a2b-7c03-8d4e-5f6a7b8c9d0e",
    "chat": CHAT_ID,
    "user": None,
    "token": "vJ0mYg3T5rPq8sXw2zBcDeFg",
    "approval": False,
    "max_uses": 10,
    "uses": 3,
    "expires_at": "2026-11-28T09:00:00Z",
    "created_by": LAYLAS_NAME,
    "created_at": "2026-11-21T09:00:00Z",
}
RECEIVED_INVITATION: Final = {
    "id": INVITATION["id"],
    "token": INVITATION["token"],
    "chat": {
        "id": CHAT_ID,
        "type": "group",
        "title": "Wadi Rum, December",
        "description": "Four days, two cars.",
        "participant_count": 2,
    },
    "invited_by": LAYLAS_NAME,
    "approval": False,
    "expires_at": "2026-11-28T09:00:00Z",
}
JOIN_REQUEST: Final = {
    "user": LAYLAS_NAME | {"user": OMAR, "username": "omar", "display_name": "Omar Aziz"},
    "invitation": INVITATION["id"],
    "created_at": "2026-11-21T10:00:00Z",
}
PERMISSIONS: Final = {
    "user": OMAR,
    "role": "member",
    "permissions": [
        {"action": "message.send", "allowed": True, "level": "everyone", "rule": "default"},
        {"action": "participant.add", "allowed": False, "level": "admins", "rule": "default"},
    ],
}
CHAT_FILE: Final = FILE | {
    "message": MESSAGE["id"],
    "seq": 42,
    "sent_by": LAYLA,
    "sent_at": "2026-11-21T09:15:00Z",
}
HISTORY: Final = {
    "results": [MESSAGE],
    "has_before": True,
    "has_after": False,
    "next": None,
    "previous": f"http://localhost:8000/api/v1/chats/{CHAT_ID}/messages?before=42",
}
FOUND: Final = {
    "results": [
        MESSAGE | {"snippet": {"text": "We leave at dawn.", "highlights": [{"start": 12, "end": 16}]}}
    ],
    "next": None,
    "previous": None,
}
SUGGESTIONS: Final = {
    "results": [
        {"type": "person", "id": OMAR, "text": "Omar Aziz", "detail": "@omar"},
        {"type": "chat", "id": CHAT_ID, "text": "Wadi Rum, December", "detail": ""},
        {"type": "word", "id": None, "text": "dawn", "detail": ""},
    ]
}

ROOT: Final = MESSAGE | {
    "replies": {"count": 1, "last_seq": 43, "last_at": "2026-11-21T09:16:00Z"},
}
REPLY: Final = MESSAGE | {
    "id": "0198c5b3-2e11-7c01-8d02-7b6c5d4e3f2a",
    "seq": 43,
    "text": "From where?",
    "client_id": "phone-7f3a-19",
    "thread": MESSAGE["id"],
}
THREAD_MARK: Final = {"following": True, "read_seq": 42, "unread_count": 1}
THREAD: Final = {"root": ROOT} | THREAD_MARK
THREAD_PAGE: Final = THREAD | {
    "results": [REPLY],
    "has_before": False,
    "has_after": False,
    "next": None,
    "previous": None,
}
COPY: Final = {
    "id": "0198c5b3-5b2f-7d01-9e02-1c2d3e4f5a6b",
    "text": "We leave now",
    "version": 0,
    "created_at": "2026-11-21T09:14:30Z",
}
DRAFT: Final = {
    "id": "0198c5b3-5a1e-7c01-8d02-0b1c2d3e4f5a",
    "chat": CHAT_ID,
    "thread": None,
    "text": "We leave at",
    "version": 2,
    "copies": [COPY],
    "updated_at": "2026-11-21T09:14:00Z",
}
DRAFT_CONFLICT: Final = DraftConflict(
    draft={"id": DRAFT["id"], "text": DRAFT["text"], "version": 2},
    copy={"id": COPY["id"], "text": COPY["text"], "version": 0},
)
SCHEDULED: Final[dict[str, Any]] = {
    "id": "0198c5b3-6c30-7e01-8f02-2d3e4f5a6b7c",
    "chat": CHAT_ID,
    "state": "waiting",
    "scheduled_for": "2026-12-01T05:00:00Z",
    "local_time": None,
    "kind": "text",
    "text": "Happy birthday!",
    "thread": None,
    "mentions": [],
    "silent": False,
    "client_id": None,
    "problem": None,
    "message": None,
    "created_at": "2026-11-21T09:20:00Z",
}
OUTBOX: Final = {
    "results": [
        {
            "client_id": "phone-7f3a-18",
            "status": "sent",
            "is_new": False,
            "message": MESSAGE,
            "problem": None,
        }
    ]
}


def not_allowed(action: str) -> NotAllowed:
    return NotAllowed(denied_by={"action": action, "role": "member", "rule": "default"})


def cannot_act_on_equal(action: str) -> CannotActOnEqual:
    return CannotActOnEqual(denied_by={"action": action, "role": "admin", "rule": "rank"})
