"""Examples of the API's documents: one person, seen from every side."""

from typing import Final

USER: Final = {
    "id": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01",
    "email": "layla@example.com",
    "email_verified": True,
    "username": "layla",
    "display_name": "Layla Haddad",
    "first_name": "Layla",
    "last_name": "Haddad",
    "avatar": None,
    "role": "member",
    "roles": ["member"],
    "status_text": "On the road",
    "language": "en",
    "timezone": "Asia/Riyadh",
    "presence": None,
    "created_at": "2026-11-21T09:00:00Z",
}
TOKENS: Final = {"access": "eyJhbGciOi…access", "refresh": "eyJhbGciOi…refresh", "expires_in": 300}
SESSION_ID: Final = "0198c5b2-8a10-7b52-8f3e-6f1d2c3b4a59"
SESSION: Final = {
    "id": SESSION_ID,
    "device_name": "Layla's phone",
    "user_agent": "SeraiApp/3.2 (Android 15)",
    "address": "203.0.113.7",
    "current": True,
    "last_seen_at": "2026-11-21T09:12:00Z",
    "created_at": "2026-11-21T09:00:00Z",
    "expires_at": "2026-12-21T09:00:00Z",
}
