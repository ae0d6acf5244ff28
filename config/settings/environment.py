"""Where settings come from: the environment, then `.env`, then a default written beside the name.

A secret may stand in a file of its own: `<NAME>_FILE` names it (Docker and Kubernetes secrets).
"""

import os
import secrets
import tempfile
from base64 import urlsafe_b64encode
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent.parent

if (dotenv := Path(os.environ.get("ENV_FILE", ROOT / ".env"))).is_file():
    environ.Env.read_env(dotenv)  # never overrides what is set already

# By name: other people's variables end in _FILE too, and SSL_CERT_FILE's content fills an environment.
for name in (
    "SECRET_KEY",
    "FIELD_KEYS",
    "AUDIT_KEYS",
    "RECEIPT_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "GOOGLE_CLIENT_SECRET",
    "APPLE_PRIVATE_KEY",
    "GITHUB_CLIENT_SECRET",
    "TELEGRAM_BOT_TOKEN",
    "S3_SECRET_ACCESS_KEY",
    "METRICS_TOKEN",
):
    if (secret := Path(os.environ.get(f"{name}_FILE", ""))).is_file():
        os.environ.setdefault(name, secret.read_text().strip())

env = environ.Env()

ENVIRONMENT: str = env.str("ENVIRONMENT", "development")
if ENVIRONMENT not in ("development", "production"):
    raise ImproperlyConfigured(f"ENVIRONMENT is {ENVIRONMENT!r}: use development or production.")
PRODUCTION = ENVIRONMENT == "production"

DATA_DIR: Path = Path(env.str("DATA_DIR", str(ROOT / "var"))).resolve()


def secret_key() -> str:
    """The key that signs tokens: `SECRET_KEY`, or, in development, one made once and kept in `DATA_DIR`.

    Raises:
        ImproperlyConfigured: production without a `SECRET_KEY`.
    """
    if key := env.str("SECRET_KEY", ""):
        return key
    if PRODUCTION:
        raise ImproperlyConfigured(
            "SECRET_KEY (or SECRET_KEY_FILE) must be set in production. Make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(64))'"
        )
    path = DATA_DIR / "secret_key"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=DATA_DIR, prefix=".secret_key-") as whole:  # mode 0600
            whole.write(secrets.token_urlsafe(64))
            whole.flush()
            # Of two processes that start at once, one's key gets the name, whole, and both read that one.
            with suppress(FileExistsError):
                os.link(whole.name, path)
    return path.read_text()


def field_keys(secret: str) -> list[str]:
    """Of encrypted columns, the present one first: `FIELD_KEYS`, or, in development, one made of *secret*.

    Raises:
        ImproperlyConfigured: one that is no Fernet key, or production without any.
    """
    make = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
    keys: list[str] = env.list("FIELD_KEYS", default=[])
    if not keys and PRODUCTION:
        raise ImproperlyConfigured(
            f"FIELD_KEYS (or FIELD_KEYS_FILE) must be set in production. Make one with: {make}"
        )
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        raise ImproperlyConfigured(
            f"FIELD_KEYS holds something that is no Fernet key. Make one with: {make}"
        ) from None
    return keys or [urlsafe_b64encode(sha256(f"fields {secret}".encode()).digest()).decode()]


def audit_keys(secret: str) -> list[str]:
    """Of the audit log, the present one first: `AUDIT_KEYS`, or, in development, one made of *secret*.

    Raises:
        ImproperlyConfigured: one that is too short, or production without any.
    """
    make = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    keys: list[str] = env.list("AUDIT_KEYS", default=[])
    if not keys and PRODUCTION:
        raise ImproperlyConfigured(
            f"AUDIT_KEYS (or AUDIT_KEYS_FILE) must be set in production. Make one with: {make}"
        )
    if any(len(key) < 32 for key in keys):
        raise ImproperlyConfigured(
            f"AUDIT_KEYS holds a key of less than 32 characters. Make one with: {make}"
        )
    return keys or [sha256(f"audit {secret}".encode()).hexdigest()]
