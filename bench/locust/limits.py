"""Limits that hold: who is over theirs is refused, with when to come again; nobody else is, and nobody early.

Each client knows from the headers what its next answer has to be.
"""

import time
from itertools import count
from typing import Any, Final

from locust import FastHttpUser, constant_throughput, task

from bench.locust.people import API, Person

EDGE: Final = 1.5  # seconds around the end of a window, in which either answer is right
_numbers: Final = count(1)


class Counted(FastHttpUser):
    """A client that keeps count.

    Attributes:
        what: as which its requests stand in the figures.
        path: what it asks for, over and over.
    """

    abstract = True
    what, path = "", ""
    headers: dict[str, str] = {}

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.headers = {"X-Forwarded-For": f"10.1.{next(_numbers)}.1"}
        self.left, self.ends = 1, 0.0  # requests that are left in this window, and its end

    @task
    def ask_again(self) -> None:
        asked = time.monotonic()
        name = f"{self.what}, {self.path}"
        with self.client.get(
            f"{API}/{self.path}", name=name, headers=self.headers, catch_response=True
        ) as response:
            is_at_the_edge = asked - EDGE < self.ends < time.monotonic() + EDGE
            must_be_refused = asked < self.ends and self.left == 0
            if response.status_code == 429:
                response.request_meta["name"] += ", over the limit"
                wait = int(response.headers.get("Retry-After", 0))
                if not must_be_refused and not is_at_the_edge:
                    response.failure(f"refused with {self.left} left")
                elif not wait or response.json()["code"] != "limit_reached":
                    response.failure(f"Retry-After {wait}: {response.text}")
                else:
                    response.success()  # as it should be
                self.left, self.ends = 0, time.monotonic() + wait
            elif response.status_code == 200:
                if must_be_refused and not is_at_the_edge:
                    response.failure("let in over the limit")
                self.left = int(response.headers["RateLimit-Remaining"])
                self.ends = time.monotonic() + int(response.headers["RateLimit-Reset"])
            else:
                response.failure(f"{response.status_code}: {response.text}")


class Greedy(Counted, Person):
    """Signed in, and far over the limit of a person."""

    wait_time = constant_throughput(20)
    fixed_count = 4
    what, path = "greedy", "chats"


class Modest(Counted, Person):
    """Signed in, beside them, and within it."""

    wait_time = constant_throughput(0.3)
    fixed_count = 8
    what, path = "modest", "chats"


class Stranger(Counted):
    """At an address that asks too much."""

    wait_time = constant_throughput(10)
    fixed_count = 2
    what, path = "stranger", "legal/documents"


class OtherStranger(Counted):
    """At another one, who doesn't."""

    wait_time = constant_throughput(0.3)
    fixed_count = 4
    what, path = "other stranger", "legal/documents"
