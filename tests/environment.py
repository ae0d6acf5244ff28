"""What the suite runs under, set before Django reads its settings: nothing of the developer's own.

`TEST_DATABASE_URL` and `TEST_REDIS_URL` (see `make test-services`) arrive as `DATABASE_URL` and `REDIS_URL`.
"""

import os
import shutil
import tempfile

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))

os.environ |= {
    "ENV_FILE": os.devnull,
    "ENVIRONMENT": "development",
    "DATA_DIR": tempfile.mkdtemp(prefix=f"serai-{WORKER}-"),
    "PUBLIC_URL": "http://testserver",
    "SECRET_KEY": "only-for-tests-" + "x" * 50,
    "SQLITE_SYNCHRONOUS": "OFF",
    "REDIS_PREFIX": f"serai-test-{RUN}-{WORKER}",  # workers share one Redis, and it outlives a run
    "EMBEDDED_WORKER": "false",
    "LOG_LEVEL": "ERROR",
    "LIMIT_GENERAL": "off",  # tests of limits switch theirs on
    "LIMIT_USER": "off",
    "LIMIT_AUTH": "off",
    "LIMIT_AUTH_ADDRESS": "off",
    "LIMIT_AI": "off",
    "LIMIT_MULTIMODAL": "off",
    "LIMIT_PAYMENT": "off",
    "LIMIT_ANALYTICS": "off",
    "LIMIT_WEBHOOK": "off",
    "LIMIT_SOCKET": "off",
}


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["DATA_DIR"], ignore_errors=True)
