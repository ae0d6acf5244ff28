"""Examples for the documents."""

from typing import Any, Final

ID: Final = "0198c5b3-7d21-7a11-9c3d-4b5e6f708192"
CHAT: Final = "0198c5b3-01aa-7d13-b5c6-7a8b9c0d1e2f"
MESSAGE: Final = "0198c5b3-2f44-7e0a-8d11-1c2d3e4f5a6b"
DEVICE: Final = "0198c5b4-9a10-7c22-a7b8-5c6d7e8f9012"

NOTIFICATION: Final[dict[str, Any]] = {
    "id": ID,
    "type": "mention",
    "title": "Omar mentioned you in Weekend",
    "body": "@layla shall we take the early train?",
    "data": {"chat": CHAT, "message": MESSAGE, "seq": 42},
    "url": f"https://serai.example/chats/{CHAT}?seq=42",
    "count": 1,
    "read_at": None,
    "archived_at": None,
    "snoozed_until": None,
    "created_at": "2026-11-22T09:15:00Z",
    "updated_at": "2026-11-22T09:15:00Z",
}
READ: Final = NOTIFICATION | {"read_at": "2026-11-22T09:16:00Z"}

ATTEMPT: Final = {
    "number": 1,
    "at": "2026-11-22T09:15:03Z",
    "seconds": 0.184,
    "result": "sent",
    "code": "sent",
    "answer": "projects/serai/messages/0:1700000000",
}
DELIVERY: Final = {
    "id": "0198c5b3-7d30-7b00-8e2f-0a1b2c3d4e5f",
    "notification": ID,
    "channel": "push",
    "target": DEVICE,
    "purpose": "tell",
    "state": "sent",
    "reason": "sent",
    "explanation": "It was handed over.",
    "due_at": "2026-11-22T09:15:03Z",
    "attempts": [ATTEMPT],
    "created_at": "2026-11-22T09:15:00Z",
    "ended_at": "2026-11-22T09:15:03Z",
}


def step(rule: str, channel: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "rule": rule,
        "channel": channel,
        "passed": True,
        "reason": None,
        "explanation": None,
        "until": None,
        "target": None,
    } | more


TRACE: Final = {
    "kind": "mention",
    "notification": ID,
    "decided_at": "2026-11-22T09:15:00Z",
    "steps": [
        step("audience"),
        step("chat_level"),
        step("preference", "in_app"),
        step(
            "preference",
            "email",
            passed=False,
            reason="channel_off",
            explanation="They don't want this kind by this way.",
        ),
        step("preference", "push"),
        step("target", "push"),
    ],
    "deliveries": [DELIVERY],
}
PREFERENCES: Final[dict[str, Any]] = {
    "kinds": {
        "mention": {
            "label": "Somebody mentions you",
            "channels": {"in_app": True, "email": True, "push": True},
            "mandatory": [],
        }
    },
    "channels": {"in_app": "In the app", "email": "E-mail", "push": "Push"},
    "chats": {CHAT: "mentions"},
    "muted_until": None,
    "quiet_hours": {"from": "22:00", "to": "07:00"},
    "timezone": "Asia/Riyadh",
    "digest": "off",
    "digest_at": "08:00",
    "email_content": "full",
}

# --- Devices ------------------------------------------------------------------------------------------------
PUSH_DEVICE: Final = {
    "id": "0198c5b2-b7d1-7a40-8c21-1f2e3d4c5b6a",
    "provider": "webpush",
    "name": "Firefox on the laptop",
    "app": "",
    "is_sandbox": False,
    "language": "",
    "timezone": "Asia/Amman",
    "session": "0198c5b2-7d44-7000-8000-000000000000",
    "created_at": "2026-11-22T09:00:00Z",
    "seen_at": "2026-11-22T09:00:00Z",
}
BROWSER_KEY: Final = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
SUBSCRIPTION: Final = {
    "provider": "webpush",
    "token": "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABn",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
    "name": "Firefox on the laptop",
    "timezone": "Asia/Amman",
}
PHONE: Final = {"provider": "fcm", "token": "dGhlIHRva2VuIG9mIGFuIGFwcA:APA91bE0x", "name": "Pixel"}
