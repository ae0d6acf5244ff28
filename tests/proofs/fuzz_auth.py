"""Signs schemathesis in, and says how pieces of a file are sent.

A sign-out ends its own session only, so everything else stays authenticated.
"""

import itertools
import os
from typing import Any

import httpx
import schemathesis

LOGIN = f"{os.environ['FUZZ_URL']}/api/v1/auth/login"
PASSWORD = os.environ["FUZZ_PASSWORD"]
ENDS_SESSIONS = ("/api/v1/auth/logout", "/api/v1/auth/logout-all")
numbers = itertools.count()


@schemathesis.auth(
    refresh_interval=200,  # seconds: an access token lasts 300
    cache_by_key=lambda case, context: (
        f"own {next(numbers)}" if case.operation.path in ENDS_SESSIONS else "shared"
    ),
)
class Login:
    def get(self, case: schemathesis.Case, context: Any) -> str:
        is_last = case.operation.path in ENDS_SESSIONS
        email = "mina@serai.example" if is_last else "layla@serai.example"
        answer = httpx.post(LOGIN, json={"email": email, "password": PASSWORD})
        return answer.raise_for_status().json()["access"]

    def set(self, case: schemathesis.Case, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
