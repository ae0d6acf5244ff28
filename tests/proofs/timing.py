"""Proof: the time of an answer doesn't tell whether there is an account.

`make prove-timing` (ARGS="--each 60"). Wrong passwords for people and for nobody, and sign-ups with addresses
that are taken and free, in random order, one after the other, against a server on PostgreSQL. The two samples
are compared by the test of Mann and Whitney. Exit code 1 if they differ.
"""

import argparse
import asyncio
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import httpx  # noqa: E402

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.crowd import PASSWORD, Member, Violated  # noqa: E402
from tests.proofs.databases import database_of_its_own  # noqa: E402

PEOPLE = 20
DIFFERS = 0.001  # p below this: once in a thousand runs by chance


def mann_whitney(first: list[float], second: list[float]) -> tuple[float, float]:
    """How often one of *first* is larger than one of *second*, as a share, and how likely that is by chance.

    The normal approximation, which holds from 20 of each on; times in nanoseconds have no ties to speak of.
    """
    larger = sum(one > other for one in first for other in second)
    mean = len(first) * len(second) / 2
    deviation = math.sqrt(len(first) * len(second) * (len(first) + len(second) + 1) / 12)
    return larger / (2 * mean), math.erfc(abs(larger - mean) / deviation / math.sqrt(2))


async def compare(name: str, ask: Callable[[str], Awaitable[None]], kinds: dict[str, list[str]]) -> None:
    """Ask of each address once, in random order, and compare the times of the two *kinds*."""
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    asked = [(kind, email) for kind, emails in kinds.items() for email in emails]
    random.shuffle(asked)
    for kind, email in asked:
        started = time.perf_counter_ns()
        await ask(email)
        took[kind].append((time.perf_counter_ns() - started) / 1e6)
    (_, first), (_, second) = took.items()
    share, chance = mann_whitney(first, second)
    for kind, times in took.items():
        low, *_, high = quantiles(times, n=20)
        print(
            f"{name}, {kind:<8} n={len(times)}  median {median(times):6.1f} ms"
            f"   5 % {low:6.1f}   95 % {high:6.1f}"
        )
    print(f"{name}: one of the first is slower in {100 * share:.0f} % of pairs, p = {chance:.2f}")
    if chance < DIFFERS:
        raise Violated(f"{name}: the times of {' and '.join(kinds)} differ")


async def prove(url: str, *, each: int) -> None:
    people = [Member(f"person-{number}", [url]) for number in range(PEOPLE)]
    for person in people:
        await person.sign_up()
        await person.close()
    numbers = iter(range(1, 10**6))
    async with httpx.AsyncClient(base_url=f"{url}/api/v1/auth/", timeout=60) as client:

        async def post(path: str, body: dict[str, str], status: int) -> None:
            number = next(numbers)
            address = {"X-Forwarded-For": f"198.18.{number // 250}.{number % 250 + 1}"}
            answer = await client.post(path, json=body, headers=address)
            if answer.status_code != status:
                raise Violated(f"{path}: {answer.status_code} {answer.text}")

        async def sign_in(email: str) -> None:
            await post("login", {"email": email, "password": "nine foxes at noon"}, 401)

        async def sign_up(email: str) -> None:
            body = {"email": email, "password": PASSWORD, "username": f"chosen-{next(numbers)}"}
            await post("register", body, 201)

        known = [people[number % PEOPLE].email for number in range(each)]
        strangers = [f"nobody-{number % PEOPLE}@serai.example" for number in range(each)]
        newcomers = [f"newcomer-{number}@serai.example" for number in range(each)]
        for email in (known[0], strangers[0]):  # whatever is done once is done now
            await sign_in(email)
        await compare("sign in", sign_in, {"known": known, "unknown": strangers})
        await compare("sign up", sign_up, {"taken": known, "free": newcomers})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--each", type=int, default=60)
    given = options.parse_args()
    if not os.environ.get("DATABASE_URL"):
        sys.exit("Set DATABASE_URL, or run: make prove-timing")
    with (
        tempfile.TemporaryDirectory(prefix="serai-proof-") as folder,
        database_of_its_own(os.environ["DATABASE_URL"]) as database,
        LiveServer(Path(folder), DATABASE_URL=database, TRUSTED_PROXIES="127.0.0.1") as server,
    ):
        try:
            asyncio.run(prove(server.url, each=given.each))
        except Violated as violated:
            sys.exit(f"VIOLATED: {violated}")


if __name__ == "__main__":
    main()
