"""Where settings come from: the environment, then `.env`, then a default written beside the name.

A secret may stand in a file of its own: `<NAME>_FILE` names it (Docker and Kubernetes secrets).
"""

import os
import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent.parent

environ.Env.read_env(os.environ.get("ENV_FILE", ROOT / ".env"))  # never overrides what is set already

for name in [name for name in os.environ if name.endswith("_FILE") and os.environ[name]]:
    if (secret := Path(os.environ[name])).is_file():
        os.environ.setdefault(name.removesuffix("_FILE"), secret.read_text().strip())

env = environ.Env()

ENVIRONMENT: str = env.str("ENVIRONMENT", "development")
if ENVIRONMENT not in ("development", "production"):
    raise ImproperlyConfigured(f"ENVIRONMENT is {ENVIRONMENT!r}: use development or production.")
PRODUCTION = ENVIRONMENT == "production"

DATA_DIR = Path(env.str("DATA_DIR", str(ROOT / "var"))).resolve()


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
    try:
        # O_EXCL: of two processes that start at once, one makes the key and the other reads it.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text()
