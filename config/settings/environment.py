"""Where settings come from: the environment, then `.env`, then a default written beside the name.

A secret may stand in a file of its own: `<NAME>_FILE` names it (Docker and Kubernetes secrets).
"""

import json
import os
import secrets
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import environ
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
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
    "FCM_CREDENTIALS",
    "APNS_KEY",
    "VAPID_PRIVATE_KEY",
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


def service_account(name: str) -> dict[str, str]:
    """The account that Google gives out for a server, which stands in *name* as JSON; empty if it isn't set.

    Raises:
        ImproperlyConfigured: it is something else.
    """
    text = env.str(name, "")
    if not text:
        return {}
    try:
        found = json.loads(text)
        load_pem_private_key(found["private_key"].encode(), password=None)
        return {"project_id": found["project_id"], "client_email": found["client_email"]} | found
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ImproperlyConfigured(
            f"{name} is not the JSON of a service account: Firebase console, Project settings, "
            "Service accounts, Generate new private key."
        ) from None


def signing_key(name: str) -> str:
    """The private key of P-256 that stands in *name*, as PEM; empty if it isn't set.

    It may be given as PEM, line breaks as `\\n` too, or as the bare number in base64url.

    Raises:
        ImproperlyConfigured: it is something else.
    """
    text = env.str(name, "").replace("\\n", "\n").strip()
    if not text:
        return ""
    try:
        if text.startswith("-----BEGIN"):
            key = load_pem_private_key(text.encode(), password=None)
        else:
            key = key_of_number(urlsafe_b64decode(text.rstrip("=") + "="))
        if not (isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)):
            raise ValueError
    except (TypeError, ValueError):
        raise ImproperlyConfigured(
            f"{name} is no private key of P-256: PEM, or 32 bytes in base64url. Make one with: python -c "
            "'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"
        ) from None
    return pem_of(key)


def key_of_number(number: bytes) -> ec.EllipticCurvePrivateKey:
    """
    Raises:
        ValueError: it isn't 32 bytes, or no number of the curve's.
    """
    if len(number) != 32:
        raise ValueError
    return ec.derive_private_key(int.from_bytes(number, "big"), ec.SECP256R1())


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
