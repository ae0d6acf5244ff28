"""What Django itself asks for."""

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from .environment import DATA_DIR, PRODUCTION, ROOT, audit_keys, env, field_keys, secret_key

VERSION = "0.1.0"

SECRET_KEY = secret_key()
RECEIPT_KEY = env.str("RECEIPT_KEY", "") or SECRET_KEY  # signs receipts of erasures
FIELD_KEYS = field_keys(SECRET_KEY)  # of encrypted columns; the first encrypts, each decrypts
AUDIT_KEYS = audit_keys(SECRET_KEY)  # of the audit log; the first signs, each verifies
DEBUG = env.bool("DEBUG", False)
PORT = env.int("PORT", 8000)

SERVERS = ("daphne", "uvicorn")  # each a package of `realtime/servers`
SERVER = env.str("SERVER", "daphne")
if SERVER not in SERVERS:
    raise ImproperlyConfigured(f"SERVER is {SERVER!r}: use {' or '.join(SERVERS)}.")

PUBLIC_URL = env.str("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")  # in mails and problem types
APP_URL = env.str("APP_URL", PUBLIC_URL).rstrip("/")  # of the app's pages, which notifications lead to
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])

INSTALLED_APPS = [
    "config",
    "messaging",
    "notifications",
    "files",
    "legal",
    "accounts",
    "realtime",
    "common",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "accounts.console.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "common.middleware.metrics.MetricsMiddleware",
    "common.middleware.arrival.ArrivalMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "common.middleware.headers.HeadersMiddleware",  # around whoever may answer, files and errors too
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # before whatever may redirect: a browser follows no preflight
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "common.middleware.doors.ApiDoorMiddleware",
    "common.middleware.gate.GateMiddleware",
    "common.middleware.bodies.BodyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "common.middleware.console.ConsoleSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.console.sessions.ConsoleAuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "common.middleware.outages.OutageMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False  # a redirect would lose the body of a POST; the slash is optional instead

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
PASSWORD_HISTORY = 5  # a new password is none of the last so many
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["username", "email", "display_name", "first_name", "last_name"]},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "accounts.validators.StrengthValidator",
        "OPTIONS": {"min_score": env.int("PASSWORD_MIN_SCORE", 3)},  # 0 to 4, as zxcvbn counts
    },
    {
        "NAME": "accounts.validators.CompositionValidator",
        "OPTIONS": {"kinds": env.list("PASSWORD_COMPOSITION", default=[])},  # lower, upper, digit, symbol
    },
    {"NAME": "accounts.validators.PreviousPasswordValidator", "OPTIONS": {"last": PASSWORD_HISTORY}},
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ar", _("Arabic"))]
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]
LOCALE_PATHS = [ROOT / "locale"]  # what people are told; `make messages`

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# What PostgreSQL holds in an index beside its keys SQLite leaves out: it finds the rows by it all the same.
SILENCED_SYSTEM_CHECKS = ["models.W040"]

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise looks into it, filled or not
# Development serves static files straight from the packages: no `collectstatic` before the first run.
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MANIFEST_STRICT = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {  # exports and receipts: given to whom they are for, through a view
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "private",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
            "allow_overwrite": True,
        },
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = f"{PUBLIC_URL}/media/"  # whole addresses: they stand in frames and mails too
WORK_DIR = DATA_DIR / "work"  # files that are being made, on this machine

# Our own reverse proxies, addresses or networks. Their X-Forwarded-For is believed, nobody else's.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

# A file in MaxMind's format: countries and cities of addresses. Without it no country rule matches anybody.
GEOIP_DATABASE = env.str("GEOIP_DATABASE", "")
ADDRESS_RULES_SWEEP = 2.0  # seconds between looks for changed rules: they hold everywhere within 5 s

# Addresses that strangers give us to be called, as of webhooks (common/outbound.py).
OUTBOUND_PORTS = [int(port) for port in env.list("OUTBOUND_PORTS", default=["443", "8443"])]
OUTBOUND_DENIED = env.list("OUTBOUND_DENIED", default=[])  # our own public addresses and networks
OUTBOUND_PRIVATE = env.bool("OUTBOUND_PRIVATE", False)  # any address, any port, and http://: for development
if OUTBOUND_PRIVATE and PRODUCTION:
    raise ImproperlyConfigured("OUTBOUND_PRIVATE would let strangers call the network around: unset it.")

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REDIRECT_EXEMPT = [r"^api/health", r"^metrics$"]  # asked from beside the process, without TLS
METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # who sends it sees /metrics
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)  # a year
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
