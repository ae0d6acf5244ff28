"""The two sizes. Embedded with nothing set; scaled with `DATABASE_URL`, `REDIS_URL` and `EMAIL_URL`."""

from .base import PUBLIC_URL, STORAGES
from .environment import DATA_DIR, PRODUCTION, env

DATABASE_URL = env.str("DATABASE_URL", "")
REDIS_URL = env.str("REDIS_URL", "")
REDIS_PREFIX = env.str("REDIS_PREFIX", "serai")  # several installations may share one Redis
EMAIL_URL = env.str("EMAIL_URL", "")

# --- Database -----------------------------------------------------------------------------------------
# Off behind a pooler that gives each transaction another connection.
DATABASE_PREPARE = env.bool("DATABASE_PREPARE", True)
if DATABASE_URL:
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
    if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
            "min_size": env.int("DATABASE_POOL_MIN", 2),  # connections per process
            "max_size": env.int("DATABASE_POOL_MAX", 16),
            "timeout": 10,  # seconds to wait for a free one before the request fails
        }
        # Requests are short: compiling a plan takes longer than running it, and counts look costly to it.
        DATABASES["default"]["OPTIONS"].setdefault("options", "-c jit=off")
else:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "serai.sqlite3",
            "OPTIONS": {
                # Writers queue at BEGIN, where SQLite can wait; a later upgrade of the lock could only fail.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,  # seconds
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous="
                # FULL: what was acknowledged survives even a power cut.
                + env.str("SQLITE_SYNCHRONOUS", "FULL"),
            },
            # A file: connections of several threads would lock each other out of a shared memory database.
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        }
    }

# --- Cache, channel layer, tasks ----------------------------------------------------------------------
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object]
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": REDIS_PREFIX,
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": REDIS_PREFIX},
        }
    }
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": f"{REDIS_PREFIX}:"}
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # The counters of the limits live here: 300 entries, the default, would evict them.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            # The hub has one channel for the whole process, and stays in its groups as long as it lives.
            "CONFIG": {"capacity": 100_000, "group_expiry": 10 * 365 * 86_400},
        }
    }
    CELERY_BROKER_URL = "memory://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.05}  # seconds between a task and its start

# A raw ASGI server (daphne, uvicorn) carries the worker too where no broker could reach another process.
EMBEDDED_WORKER = env.bool("EMBEDDED_WORKER", not REDIS_URL)

CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # a task is safe to run twice; a killed worker's goes to another
CELERY_TASK_TIME_LIMIT = 600  # seconds
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "mail that a dead process left behind": {"task": "common.mail.tasks.deliver_due_mails", "schedule": 30.0},
    "what the outbox holds": {"task": "common.relay.tasks.drain_all", "schedule": 5.0},
    "what consumers failed at": {"task": "common.relay.tasks.retry_dead_letters", "schedule": 10.0},
    "events of webhooks past their thirty days": {
        "task": "notifications.tasks.purge_webhook_events",
        "schedule": 3600.0,
    },
    "webhooks that were deleted": {"task": "notifications.tasks.forget_webhooks", "schedule": 60.0},
    "notifications and webhooks that are due": {"task": "notifications.tasks.deliver_all", "schedule": 5.0},
    "jobs that no worker has": {"task": "common.jobs.tasks.run_free_jobs", "schedule": 30.0},
    "notifications past their time": {"task": "notifications.tasks.purge_notifications", "schedule": 3600.0},
    "jobs whose result is over": {"task": "common.tasks.purge_jobs", "schedule": 3600.0},
    "log entries past their seven days": {"task": "common.tasks.purge_log", "schedule": 3600.0},
    "answers that no repeat gets any more": {"task": "common.tasks.purge_answers", "schedule": 3600.0},
    "counts of use past their year": {"task": "common.tasks.purge_usage", "schedule": 86_400.0},
    "sign-ins that are delayed": {"task": "accounts.tasks.tell_of_delays", "schedule": 60.0},
    "failed attempts past their day": {"task": "accounts.tasks.purge_attempts", "schedule": 3600.0},
    "devices long unused": {"task": "accounts.tasks.purge_devices", "schedule": 86_400.0},
    "mailed codes past their day": {"task": "accounts.tasks.purge_codes", "schedule": 3600.0},
    "audit entries that no bell rang for": {"task": "accounts.tasks.seal_audit_log", "schedule": 15.0},
    "the audit log, from end to end": {"task": "accounts.tasks.check_audit_log", "schedule": 86_400.0},
    "files that no row names": {"task": "common.tasks.purge_files", "schedule": 3600.0},
    "pictures that a dead worker left": {"task": "files.tasks.make_missing_pictures", "schedule": 60.0},
    "files that nothing named": {"task": "files.tasks.purge_unclaimed", "schedule": 3600.0},
    "files that nothing names any more": {"task": "files.tasks.purge_unnamed", "schedule": 86_400.0},
    "statuses past their time": {"task": "accounts.tasks.clear_statuses", "schedule": 3600.0},
    "sign-ins that were not finished": {"task": "accounts.tasks.purge_challenges", "schedule": 3600.0},
    "accounts whose days of grace are over": {
        "task": "accounts.tasks.begin_due_erasures",
        "schedule": 3600.0,
    },
    "files that wait for the scanner": {"task": "files.tasks.scan_due_files", "schedule": 30.0},
    "infected files past their quarantine": {"task": "files.tasks.purge_quarantine", "schedule": 3600.0},
    "uploads that nobody goes on with": {"task": "files.tasks.purge_uploads", "schedule": 3600.0},
    "messages that are due": {"task": "messaging.tasks.send_scheduled_messages", "schedule": 15.0},
    "when marks moved long ago": {"task": "messaging.tasks.purge_mark_moves", "schedule": 86_400.0},
    "pins past their time": {"task": "messaging.tasks.unpin_expired", "schedule": 60.0},
    "push devices long gone": {"task": "notifications.tasks.purge_push_devices", "schedule": 86_400.0},
    "sessions long ended": {"task": "accounts.tasks.purge_sessions", "schedule": 86_400.0},
}

# --- Webhooks -----------------------------------------------------------------------------------------
# Seconds from one attempt to the next, so that there is one attempt more: 8 within 28 hours. As in the
# example of Standard Webhooks 1.0.0 up to the seventh.
WEBHOOK_BACKOFF = [
    int(seconds)
    for seconds in env.list(
        "WEBHOOK_BACKOFF", default=["5", "300", "1800", "7200", "18000", "36000", "36000"]
    )
]

# --- Files --------------------------------------------------------------------------------------------
S3_BUCKET = env.str("S3_BUCKET", "")
if S3_BUCKET:
    _S3 = {
        "bucket_name": S3_BUCKET,
        "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,  # of a server that is not Amazon's
        "region_name": env.str("S3_REGION", "") or None,
        # Left out: what boto3 finds by itself, such as the role of the machine.
        "access_key": env.str("S3_ACCESS_KEY_ID", "") or None,
        "secret_key": env.str("S3_SECRET_ACCESS_KEY", "") or None,
        "addressing_style": env.str("S3_ADDRESSING_STYLE", "auto"),
        "signature_version": "s3v4",
        "default_acl": None,
        "file_overwrite": True,  # names are unguessable, and a receipt is written again
    }
    STORAGES |= {
        name: {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {**_S3, "location": folder}}
        for name, folder in {"default": "media", "private": "private"}.items()
    }
# Before the addresses of files: a CDN that passes the query on and keeps nothing without it.
CDN_URL = env.str("CDN_URL", PUBLIC_URL).rstrip("/")
MAX_FILE_SIZE = env.int("MAX_FILE_SIZE", 100 * 1024 * 1024)  # bytes
FILES_QUOTA = env.int("FILES_QUOTA", 5 * 1024**3)  # bytes of one person's files together
FILE_LINK_LIFETIME = env.int("FILE_LINK_LIFETIME", 3600)  # seconds that the address of a file is good for
CLAMAV_URL = env.str("CLAMAV_URL", "")  # who looks for viruses; nobody if it is not set
QUARANTINE_DAYS = env.int("QUARANTINE_DAYS", 30)  # that the content of an infected file is kept for staff

# --- Mail ---------------------------------------------------------------------------------------------
MAIL_DIR = DATA_DIR / "mails"
if EMAIL_URL:
    mail = env.email_url_config(EMAIL_URL)
    EMAIL_BACKEND = mail["EMAIL_BACKEND"]
    EMAIL_HOST, EMAIL_PORT = mail["EMAIL_HOST"], mail["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = mail["EMAIL_HOST_USER"], mail["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = mail.get("EMAIL_USE_TLS", False), mail.get("EMAIL_USE_SSL", False)
    EMAIL_TIMEOUT = 20  # seconds
    del mail
else:
    EMAIL_BACKEND = "common.mail.outbox.OutboxBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Serai <hello@serai.example>")
OUTBOX_PAGE = not PRODUCTION and not EMAIL_URL  # /dev/outbox
