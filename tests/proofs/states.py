"""Proof: whatever people do in whatever order, nobody sees what is not so, or not for them.

`make prove-states ARGS="--steps 100000 --processes 2"`: the machine of `messaging/tests/machine`, run for
long, each time another way, on SQLite in memory; with `POSTGRES=1` in databases of its own beside that of
`TEST_DATABASE_URL`. Exit code 1 with the shortest way there if the product and the model ever disagree;
`--seed` goes that way again.
"""

import argparse
import multiprocessing
import os
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import django  # noqa: E402
from django.conf import settings as project  # noqa: E402
from django.db import connection  # noqa: E402
from hypothesis import HealthCheck, Phase, seed, settings  # noqa: E402
from hypothesis.stateful import run_state_machine_as_test  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import tests.environment  # noqa: E402

LENGTH = 100  # steps of one example
EXAMPLES = 50  # of one seed: a line is printed after them


def prove(*, steps: int, way: int, number: int, is_over: Any) -> tuple[int, Counter[str]]:
    """Go *steps* steps in a process and a database of its own, or until *is_over* is set.

    Returns:
        How many steps it were, and what came of them.
    """
    django.setup()
    project.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    is_embedded = connection.vendor == "sqlite"
    connection.settings_dict["TEST"]["NAME"] = ":memory:" if is_embedded else f"test_states_{number}"
    name = connection.creation.create_test_db(verbosity=0)
    try:
        return _go(steps=steps, way=way, number=number, is_over=is_over)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        tests.environment.pytest_unconfigure()


def _go(*, steps: int, way: int, number: int, is_over: Any) -> tuple[int, Counter[str]]:
    from accounts.tests.factories import UserFactory
    from messaging.tests.machine import PEOPLE, Conversations

    Conversations.people = UserFactory.create_batch(PEOPLE)
    began, run = time.monotonic(), 0
    print(f"{number}: seed {way}, {connection.vendor}", flush=True)
    while Conversations.steps < steps and not is_over.is_set():
        run_state_machine_as_test(
            seed(way + run)(Conversations),
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=LENGTH,
                database=None,
                deadline=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
        run += 1
        spent, done = time.monotonic() - began, Conversations.steps
        print(f"{number}: {done} steps, {spent:.0f} s, {done / spent:.0f} a second", flush=True)
    return Conversations.steps, Conversations.came_of_it


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10_000, help="of all processes together")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    spawned = multiprocessing.get_context("spawn")
    over, came_of_it, steps = spawned.Manager().Event(), Counter[str](), 0
    with ProcessPoolExecutor(given.processes, mp_context=spawned) as pool:
        ways = [
            pool.submit(
                prove,
                steps=-(-given.steps // given.processes),
                way=given.seed + number * 1_000_000,
                number=number,
                is_over=over,
            )
            for number in range(given.processes)
        ]
        try:
            for way in as_completed(ways):
                steps, came_of_it = steps + way.result()[0], came_of_it + way.result()[1]
        finally:
            over.set()  # what one has found the others need not look for
    print(f"{steps} steps, no disagreement")
    for name, count in came_of_it.most_common():
        print(f"  {name}: {count}")
