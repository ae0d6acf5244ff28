"""The API: REST framework, tokens, limits, sockets, the documents about them."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from .base import LANGUAGES, PUBLIC_URL, SECRET_KEY, VERSION
from .environment import PRODUCTION, env

API_VERSIONS = [1]  # newest last
API_ALIASES = "config.aliases"  # the table of old paths

# The busiest operations are answered in front of Django, where they are as most are (common/fast).
FAST_ROUTES = env.bool("FAST_ROUTES", True)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["common.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["common.api.limits.GeneralLimit", "common.api.limits.UserLimit"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "common.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "common.api.exceptions.handle",
    "NON_FIELD_ERRORS_KEY": "body",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.MultiPartRenderer",
    ],
}

# --- Limits: `<count>/<number><s|m|h|d>` or `off` ---------------------------------------------------------
LIMIT_AUTH = env.str("LIMIT_AUTH", "5/15m")
LIMITS = {
    "GENERAL": env.str("LIMIT_GENERAL", "100/15m"),  # strangers, per address
    "USER": env.str("LIMIT_USER", "9000/15m"),  # per person: ten a second, on all devices together
    "AUTH": LIMIT_AUTH,  # per address and account
    # The address alone, since an office shares one; off with `AUTH`, unless it is asked for by name.
    "AUTH_ADDRESS": env.str("LIMIT_AUTH_ADDRESS", "off" if LIMIT_AUTH == "off" else "100/15m"),
    "AI": env.str("LIMIT_AI", "10/m"),  # per person, as the next three are
    "MULTIMODAL": env.str("LIMIT_MULTIMODAL", "20/h"),
    "PAYMENT": env.str("LIMIT_PAYMENT", "20/h"),
    "ANALYTICS": env.str("LIMIT_ANALYTICS", "50/m"),
    "WEBHOOK": env.str("LIMIT_WEBHOOK", "30/m"),  # per sender
    # Frames of one socket. Twice what its person may do by REST: a client in a busy group marks as delivered
    # and read as fast as messages come in, and one that was away for long says much at once.
    "SOCKET": env.str("LIMIT_SOCKET", "1200/m"),
}
MAX_BODY = 1024 * 1024  # bytes of a JSON body
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY

# --- Tokens -------------------------------------------------------------------------------------------
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "SIGNING_KEY": SECRET_KEY,
    "USER_ID_CLAIM": "sub",
    "JTI_CLAIM": None,  # a refresh token is signed again from (session, generation, time): nothing random
}
REFRESH_GRACE = timedelta(seconds=45)  # two tabs that refresh at once both get the same successor
VERIFICATION_LIFETIME = timedelta(days=3)
MAILED_CODE_LIFETIME = timedelta(minutes=10)  # ASVS 5.0 6.5.5: at most
SIGN_IN_CHALLENGE_LIFETIME = timedelta(minutes=5)  # between the password and the second factor
STEP_UP_LIFETIME = timedelta(minutes=10)  # how long a proof counts before what can't be undone
WS_TICKET_LIFETIME = timedelta(seconds=30)

# --- Second factors -----------------------------------------------------------------------------------
# Staff without one are led to set one up before the console shows anything.
REQUIRE_STAFF_MFA = env.bool("REQUIRE_STAFF_MFA", PRODUCTION)
WEBAUTHN_RP_NAME = "Serai"
# Passkeys belong to this host, and to those below it. Another name makes those that there are worthless.
WEBAUTHN_RP_ID = env.str("WEBAUTHN_RP_ID", urlsplit(PUBLIC_URL).hostname or "localhost")
WEBAUTHN_ORIGINS = env.list("WEBAUTHN_ORIGINS", default=[PUBLIC_URL])  # of pages and apps that may use them

# --- Browsers of other origins ------------------------------------------------------------------------
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])  # beside our own host; of sockets too
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False  # a token signs in here; cookies are the admin's alone
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
TUS_HEADERS = ["Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata"]  # both ways
CORS_ALLOW_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "X-API-Version",
    "X-Request-ID",
    "X-HTTP-Method-Override",
    "Upload-Checksum",
    *TUS_HEADERS,
]
CORS_EXPOSE_HEADERS = [
    "X-Request-ID",
    "API-Version",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "Location",
    "Link",
    "Deprecation",
    "Sunset",
    "Idempotency-Replayed",
    "Upload-Expires",
    "Upload-File",
    *TUS_HEADERS,
]
CORS_PREFLIGHT_MAX_AGE = 7200  # seconds; Chromium remembers none for longer

# --- Sockets ------------------------------------------------------------------------------------------
SOCKET_HEARTBEAT = env.float("SOCKET_HEARTBEAT", 15.0)  # seconds
# Begins the `sid` of this process's Socket.IO connections, so that a proxy can send their polls back to it.
SOCKETIO_NODE = env.str("SOCKETIO_NODE", "")
SOCKET_GATHER = env.float("SOCKET_GATHER", 0.005)  # seconds; 0: only what is stored together leaves together
SOCKET_SWEEP = 2.0  # seconds between looks at the log and the sessions: revoked ones end within 5 s

# --- Terms --------------------------------------------------------------------------------------------
TERMS_LOOK = 1.0  # seconds between a process's looks at what must be accepted: it holds within 5 s everywhere

# --- Documents ----------------------------------------------------------------------------------------
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Serai",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SERVERS": [{"url": "/", "description": "Whichever host gave you this document."}],
    "SCHEMA_PATH_PREFIX": r"/api/v\d+",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": True, "displayRequestDuration": True, "filter": True},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.api.schema.finish",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Role": "accounts.models.Role",
        "ChatType": "messaging.models.Chat.Type",
        "ChatLevel": "messaging.models.Chat.Level",
        "DocumentKind": "legal.models.Document.Kind",
        "LanguageEnum": LANGUAGES,
        "ParticipantRole": "messaging.models.Participant.Role",
        "FileKind": "files.models.File.Kind",
        "FileScan": "files.models.File.Scan",
        "PushProvider": "notifications.models.PushDevice.Provider",
        "ChatState": [("active", "active"), ("request", "request")],
        "JoinState": [("joined", "joined"), ("waiting", "waiting")],
        "Presence": "accounts.api.serializers.presence.PRESENCES",
        "PresenceChoice": "messaging.models.Presence.Choice",
        "MessageKind": "messaging.models.Message.Kind",
        "ScheduledState": "messaging.models.ScheduledMessage.State",
        "MessageKindSent": [(kind, kind) for kind in ("text", "file", "voice", "video")],
        "DeliveryState": "notifications.models.Delivery.State",
        "DeliveryPurpose": "notifications.models.Delivery.Purpose",
        "AttemptResult": "notifications.outcomes.Result",
        "NotificationReason": "notifications.reasons.Reason",
        "DigestRhythm": "notifications.models.Preferences.Digest",
        "MailContent": "notifications.models.Preferences.Content",
        "TopicLevel": "notifications.models.TopicPreference.Level",
        "BulkAction": [(each, each) for each in ("read", "unread", "archive", "delete")],
        "ReportReason": "accounts.models.reports.Report.Reason",
        "ResetReason": [("too_old", "too_old"), ("epoch", "epoch")],
        "WebhookState": "notifications.models.Webhook.State",
        "WebhookPause": "notifications.models.Webhook.Pause",
        "OverallStatus": [("ok", "ok"), ("failed", "failed")],
        "CheckStatus": [("ok", "ok"), ("failed", "failed"), ("not_configured", "not_configured")],
        "Audience": "accounts.api.serializers.settings.WHO",
        "SecondFactorMethod": [
            ("totp", "totp"),
            ("passkey", "passkey"),
            ("recovery_code", "recovery_code"),
        ],
        "VerificationStatus": [("verified", "verified"), ("already_verified", "already_verified")],
    },
    "TAGS": [
        {"name": "auth", "description": "Sign up, verify, sign in, refresh, sessions."},
        {"name": "users", "description": "The signed-in person."},
        {"name": "contacts", "description": "Whom the signed-in person knows."},
        {"name": "chats", "description": "Private and group chats and who is in them."},
        {"name": "messages", "description": "Send, read back, mark as read."},
        {"name": "live", "description": "Catch up without a socket."},
        {"name": "files", "description": "Files: upload, look at, download, delete."},
        {"name": "notifications", "description": "What people are told, by which ways, and why."},
        {"name": "search", "description": "Find messages, chats and people."},
        {"name": "webhooks", "description": "Be called with what happens."},
        {"name": "legal", "description": "Documents to read and accept, consents to give and withdraw."},
        {"name": "platform", "description": "Is it up, and how well."},
    ],
}
