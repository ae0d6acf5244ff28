"""Proof: whatever people do in whatever order, nobody sees what is not so, or not for them.

`make prove-states ARGS="--steps 100000"`: the machine of `messaging/tests/machine.py`, run for long, each
time another way. On SQLite, or in a database of its own beside that of `DATABASE_URL`. Exit code 1 with the
shortest way there if the product and the model ever disagree; `--seed` goes that way again.
"""

import argparse
import os
import secrets
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import django  # noqa: E402
from django.conf import settings as project  # noqa: E402
from django.db import connection  # noqa: E402
from hypothesis import HealthCheck, Phase, seed, settings  # noqa: E402
from hypothesis.stateful import run_state_machine_as_test  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import tests.environment  # noqa: E402

LENGTH = 50  # steps of one example


def prove(*, steps: int, way: int) -> None:
    from accounts.tests.factories import UserFactory
    from messaging.tests.machine import PEOPLE, Conversations

    Conversations.people = UserFactory.create_batch(PEOPLE)
    began, run = time.monotonic(), 0
    print(f"seed {way}, {connection.vendor}")
    while Conversations.steps < steps:
        run_state_machine_as_test(
            seed(way + run)(Conversations),
            settings=settings(
                max_examples=100,
                stateful_step_count=LENGTH,
                database=None,
                deadline=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
        run += 1
        spent = time.monotonic() - began
        print(f"{Conversations.steps} steps, {spent:.0f} s, {Conversations.steps / spent:.0f} a second")
    for name, count in Conversations.came_of_it.most_common():
        print(f"  {name}: {count}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31))
    given = parser.parse_args()
    django.setup()
    project.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    name = connection.creation.create_test_db(verbosity=0)
    try:
        prove(steps=given.steps, way=given.seed)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        tests.environment.pytest_unconfigure()
