"""Examples of the API's documents: a receiver of what is said, and what became of one message."""

from typing import Any, Final

CHAT: Final = "0198c5b2-7d44-7000-8000-00000000c4a7"
WEBHOOK: Final = {
    "id": "0198c5b2-b1d3-7e24-8f66-7a8b9c0d1e2f",
    "url": "https://hooks.example.com/serai",
    "description": "Backup of what is said",
    "types": ["message.*"],
    "state": "active",
    "paused_at": None,
    "paused_reason": "",
    "seq": 42,
    "failing_since": None,
    "last_success_at": "2026-11-22T09:12:00Z",
    "rotated_at": None,
    "previous_until": None,
    "created_at": "2026-11-21T09:00:00Z",
}
SHOWN: Final = WEBHOOK | {
    "seq": 0,
    "last_success_at": None,
    "secret": "whsec_Nq4Yl1fA0d1Hk3mS5uV7wX9yZ2bC4eF6gJ8kL0nP2qQ=",
}
EVENT: Final = {
    "id": "0198c5b2-c2e4-7f35-9a77-8b9c0d1e2f3a",
    "type": "message.sent",
    "timestamp": "2026-11-22T09:11:59.480000Z",
    "seq": 42,
    "data": {"chat": CHAT, "chat_seq": 1042, "message": "0198c5b2-8e55-7111-8222-333344445555"},
}
EVENTS: Final = {
    "results": [EVENT],
    "has_after": True,
    "next": "https://serai.example/api/v1/webhooks/0198c5b2-b1d3-7e24-8f66-7a8b9c0d1e2f/events?after=42",
}
ATTEMPT: Final = {
    "number": 1,
    "at": "2026-11-22T09:12:00Z",
    "seconds": 0.081,
    "result": "sent",
    "code": "sent",
    "answer": "Thanks",
}
DELIVERY: Final = {
    "id": "0198c5b2-d3f5-7046-8b88-9c0d1e2f3a4b",
    "event": EVENT,
    "state": "sent",
    "reason": "sent",
    "attempts": [ATTEMPT],
    "due_at": "2026-11-22T09:11:59Z",
    "created_at": "2026-11-22T09:11:59Z",
    "ended_at": "2026-11-22T09:12:00Z",
}
WAITING: Final[dict[str, Any]] = DELIVERY | {
    "state": "waiting",
    "reason": "",
    "attempts": [],
    "ended_at": None,
}
TYPES: Final = {
    "results": [{"type": "message.sent", "description": "Somebody said something."}],
    "next": None,
    "previous": None,
}
