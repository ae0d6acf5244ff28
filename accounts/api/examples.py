"""Examples of the API's documents: one person, seen from every side."""

from typing import Final

AVATARS: Final = {
    str(size): f"https://serai.example/media/avatars/5f2c9a40d1e84b7c9a3e6f0d2b1c8e57-{size}.webp"
    for size in (64, 256, 512)
}
USER: Final = {
    "id": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01",
    "email": "layla@example.com",
    "email_verified": True,
    "username": "layla",
    "display_name": "Layla Haddad",
    "first_name": "Layla",
    "last_name": "Haddad",
    "avatar": AVATARS["256"],
    "avatars": AVATARS,
    "role": "member",
    "roles": ["member"],
    "status_text": "On the road",
    "status_expires_at": "2026-11-22T18:00:00Z",
    "language": "en",
    "timezone": "Asia/Riyadh",
    "presence": "online",
    "created_at": "2026-11-21T09:00:00Z",
}
TOKENS: Final = {"access": "eyJhbGciOi…access", "refresh": "eyJhbGciOi…refresh", "expires_in": 300}
API_KEY: Final = {
    "id": "0198c5b2-9b20-7d63-9a4f-7a2e3d4c5b60",
    "name": "Backup of my chats",
    "prefix": "k3v9m2x7q4t8",
    "scopes": ["chats:read", "messages:read"],
    "created_at": "2026-11-21T09:00:00Z",
    "expires_at": "2027-11-21T09:00:00Z",
    "rotated_at": None,
    "previous_until": None,
    "last_used_at": "2026-11-21T09:12:00Z",
    "last_used_address": "203.0.113.7",
}
SESSION_ID: Final = "0198c5b2-8a10-7b52-8f3e-6f1d2c3b4a59"
SESSION: Final = {
    "id": SESSION_ID,
    "device_name": "Layla's phone",
    "user_agent": "SeraiApp/3.2 (Android 15)",
    "address": "203.0.113.7",
    "place": "Riyadh, SA",
    "current": True,
    "last_seen_at": "2026-11-21T09:12:00Z",
    "created_at": "2026-11-21T09:00:00Z",
    "expires_at": "2026-12-21T09:00:00Z",
}
DEVICE: Final = "0198c5b27d447a319c112f6a4e8b1d01:3k…"
SIGNED_IN: Final = TOKENS | {"session": SESSION_ID, "device": DEVICE, "user": USER}
HISTORY_ENTRY: Final = {
    "id": "0198c5b2-9c20-7e41-a5d3-4b8f6a7c1e02",
    "at": "2026-11-21T09:10:00Z",
    "verb": "username.changed",
    "text": "Username changed",
    "by_me": True,
    "address": "203.0.113.7",
    "place": "Riyadh, SA",
    "session": SESSION_ID,
    "current": True,
    "details": {},
}
DENIED_SWITCH: Final = {"action": "role.switch", "role": "member"}
SETTINGS: Final = {
    "privacy": {
        "last_seen_visibility": "everyone",
        "who_may_add_me": "everyone",
        "read_receipts": False,
        "found_by_email": False,
        "public_portfolio": False,
    }
}
PERSON: Final = {
    "id": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d02",
    "username": "omar",
    "display_name": "Omar Aziz",
    "avatar": AVATARS["256"],
    "avatars": AVATARS,
    "status_text": "",
    "status_expires_at": None,
    "presence": "online",
    "created_at": "2026-11-20T17:30:00Z",
}
LINKS: Final = [
    {"network": "instagram", "url": "https://www.instagram.com/omar.aziz"},
    {"network": "website", "url": "https://omar.example.com"},
]
STATS: Final = {
    "account": {"member_since": "2026-11-20T17:30:00Z", "open_sessions": 2},
    "messages": {"sent": 214, "chats": 6},
    "files": {"bytes": 48_211_904, "quota": 5_368_709_120},
}
ACTIVITY: Final = {
    "id": SESSION_ID,
    "type": "session.opened",
    "at": "2026-11-21T09:00:00Z",
    "data": {"session": SESSION_ID, "device_name": "Layla's phone"},
}
BLOCK: Final = {"user": PERSON, "created_at": "2026-11-21T10:00:00Z"}
REPORT: Final = {
    "id": "0198c5b2-9e51-7c63-a04f-3a7b5d9c2e10",
    "user": PERSON["id"],
    "reason": "spam",
    "text": "Sends the same offer to everybody.",
    "state": "open",
    "created_at": "2026-11-21T10:00:00Z",
}
RECOVERY_CODES: Final = {
    "recovery_codes": [
        "7k2m-x9qd-0c4v-hw8t-3nbr-e6ya",
        "q5js-2wzf-81pn-vk0c-yx7d-m4gh",
    ]
}
PASSKEY: Final = {
    "id": "0198c5b2-9c01-7d10-a2b3-4c5d6e7f8091",
    "name": "Layla's phone",
    "synchronised": True,
    "backed_up": True,
    "created_at": "2026-11-21T09:05:00Z",
    "last_used_at": None,
}
MFA: Final = {
    "totp": True,
    "recovery_codes": 9,
    "passkeys": [PASSKEY],
    "methods": ["totp", "passkey", "recovery_code"],
    "required": False,
}
TOTP_SETUP: Final = {
    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "otpauth_url": "otpauth://totp/Serai:layla%40example.com?secret=JBSWY3DPEHPK3PXP…&issuer=Serai",
    "qr_svg": '<svg width="225" height="225" class="segno">…</svg>',
}
CREATION_OPTIONS: Final = {
    "rp": {"name": "Serai", "id": "serai.example"},
    "user": {"id": "AZjFsn1EejGcES9qTosdAQ", "name": "layla", "displayName": "Layla Haddad"},
    "challenge": "Yl4ZrN0c…",
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    "timeout": 300000,
    "excludeCredentials": [],
    "authenticatorSelection": {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    },
    "attestation": "none",
}
REQUEST_OPTIONS: Final = {
    "challenge": "Yl4ZrN0c…",
    "timeout": 300000,
    "rpId": "serai.example",
    "allowCredentials": [],
    "userVerification": "required",
}
NEW_CREDENTIAL: Final = {
    "id": "k1Xv…",
    "rawId": "k1Xv…",
    "type": "public-key",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIi…",
        "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVik…",
        "transports": ["internal", "hybrid"],
    },
}
CREDENTIAL: Final = {
    "id": "k1Xv…",
    "rawId": "k1Xv…",
    "type": "public-key",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0Ii…",
        "authenticatorData": "dKbqkhPJnC90siSSsyDPQCYqlMGpUKA5fyklC2CEHvAdAAAAAQ",
        "signature": "MEUCIQC…",
        "userHandle": "AZjFsn1EejGcES9qTosdAQ",
    },
}
EXPORT_QUEUED: Final = {
    "id": "0198c5b2-9b20-7c63-8a4f-701e2d3c4b5a",
    "kind": "account.export",
    "state": "queued",
    "progress": 0,
    "error": None,
    "created_at": "2026-11-21T09:20:00Z",
    "ended_at": None,
    "expires_at": None,
    "bytes": None,
    "sha256": None,
    "download": None,
}
EXPORT: Final = EXPORT_QUEUED | {
    "state": "done",
    "progress": 100,
    "ended_at": "2026-11-21T09:20:04Z",
    "expires_at": "2026-11-28T09:20:04Z",
    "bytes": 48213,
    "sha256": "9f2b5c0f6d1e4a37b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5",
    "download": "https://serai.example/api/v1/users/me/export/download?token=IjAxOThj…",
}
ERASURE: Final = {
    "id": "0198c5b2-9b20-7c63-8a4f-701e2d3c4b5b",
    "state": "waiting",
    "requested_at": "2026-11-21T09:30:00Z",
    "due_at": "2026-12-05T09:30:00Z",
}
