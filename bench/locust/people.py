"""What every scenario stands on: people who sign in once, and the figures at the end.

Of the environment: `PEOPLE` names a file with a line for each, address and password; `FIGURES` the file that
the figures go to, none if it isn't set.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from locust import FastHttpUser, events
from locust.env import Environment
from locust.exception import StopUser

API: Final = "/api/v1"
RENEWED_AFTER: Final = 200  # seconds: an access token is good for 300

told: Final = Counter[str]()  # what else a scenario counts


def people() -> Iterator[list[str]]:
    """Address and password of each, over and over."""
    return cycle([line.split(" ", 1) for line in Path(os.environ["PEOPLE"]).read_text().splitlines()])


_people: Final = people()


class Person(FastHttpUser):
    """Somebody who has signed in and knows their chats.

    Attributes:
        headers: of their own: an address behind a proxy that we believe.
        chats: the ids, and the newest position of each.
    """

    abstract = True
    headers: dict[str, str] = {}

    def on_start(self) -> None:
        email, password = next(_people)
        self.take(self.ask("POST", "auth/login", {"email": email, "password": password}))
        page = self.ask("GET", "chats")
        self.chats = {chat["id"]: int(chat["last_seq"]) for chat in page["results"]}

    def take(self, tokens: dict[str, Any]) -> None:
        self.refresh, self.renewed_at = tokens["refresh"], time.monotonic()
        self.headers = self.headers | {"Authorization": f"Bearer {tokens['access']}"}

    def renew(self) -> None:
        """Have a token that is good, as a client does before it asks."""
        if time.monotonic() > self.renewed_at + RENEWED_AFTER:
            self.take(self.ask("POST", "auth/refresh", {"refresh": self.refresh}))

    def ask(self, method: str, path: str, body: object = None, *, name: str = "", status: int = 200) -> Any:
        """What is answered to one request; any other status than *status* is a failure.

        Raises:
            StopUser: somebody who has just come can't go on without it.
        """
        with self.client.request(
            method,
            f"{API}/{path}",
            name=name or path,
            json=body,
            headers=self.headers,
            catch_response=True,
        ) as response:
            if response.status_code == status:
                return response.json()
            response.failure(f"{response.status_code} in place of {status}: {(response.text or '')[:200]}")
        if not name:
            raise StopUser
        return None


@events.quitting.add_listener
def keep(environment: Environment, **_: Any) -> None:
    """Write down the figures: of each kind of request, in milliseconds."""
    if "FIGURES" not in os.environ:
        return
    stats = environment.stats
    kinds = {
        f"{each.method} {each.name}": {
            "requests": each.num_requests,
            "failures": each.num_failures,
            "per_second": each.total_rps,
            "p50": each.get_response_time_percentile(0.5),
            "p95": each.get_response_time_percentile(0.95),
            "p99": each.get_response_time_percentile(0.99),
            "max": each.max_response_time,
        }
        for each in stats.entries.values()
    }
    errors = [
        f"{each.occurrences} × {each.method} {each.name}: {each.error}" for each in stats.errors.values()
    ]
    crashes = [f"{each['count']} × {each['traceback']}" for each in environment.runner.exceptions.values()]
    figures = {"kinds": kinds, "faults": errors + crashes, "told": dict(told)}
    Path(os.environ["FIGURES"]).write_text(json.dumps(figures))
