"""Whatever people do on whatever devices in whatever order: nobody sees what is not so, or not for them.

The long run is `make prove-states`.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts.tests.factories import UserFactory
from messaging.tests.machine import PEOPLE, Conversations


# The same examples each time: a suite that fails by chance teaches nobody to look.
@pytest.mark.django_db
def test_old_snapshots_and_what_was_told_are_what_is_there(monkeypatch):
    monkeypatch.setattr(Conversations, "people", UserFactory.create_batch(PEOPLE))

    run_state_machine_as_test(
        Conversations,
        settings=settings(
            max_examples=8,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
