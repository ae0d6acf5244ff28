"""Long work: done once, taken over from the dead, followed by whom it is for."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from common.ids import uuid7
from common.jobs import work
from common.jobs.services import cancel_job, discard_job, purge_jobs, retry_job, start_job
from common.jobs.tasks import run_free_jobs
from common.jobs.work import Kind, Stopped, free_jobs, run_job
from common.models import Job, LogEntry
from common.problems import NotFound
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

WATER = "camel.water"


@pytest.fixture
def camel(monkeypatch):
    """A kind of work whose steps a test sets, and which tells what was done."""
    camel = SimpleNamespace(steps=lambda run: {"litres": 40}, ended=[], discarded=[])
    kind = Kind(
        name=WATER,
        run=lambda run: camel.steps(run),
        ended=camel.ended.append,
        discard=camel.discarded.append,
        kept=timedelta(days=2),
    )
    monkeypatch.setattr(work, "kinds", {WATER: kind})
    monkeypatch.setattr("common.jobs.services.kinds", work.kinds)
    monkeypatch.setattr(work, "TOLD_EVERY", 0)
    return camel


@pytest.fixture
def now():
    """A clock that stands still until it is moved."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def queued(**more) -> Job:
    return start_job(kind=WATER, key="well", **more)[0]


def told_to(user) -> list[tuple[str, int]]:
    entries = LogEntry.objects.filter(topic=f"user:{user}", type="job.updated").order_by("seq")
    return [(entry.data["state"], entry.data["progress"]) for entry in entries]


def test_a_job_is_done_when_its_change_is_made_and_followed_on_the_way(camel, committed, now):
    user = uuid7()

    def drink(run):
        run.report(1, 4)
        run.report(4, 4)
        return {"litres": 40}

    camel.steps = drink

    with committed():
        job, is_new = start_job(kind=WATER, key="well", user=user, given={"name": "Sahra"})
        assert (is_new, job.state) == (True, "queued")

    job.refresh_from_db()
    assert (job.state, job.progress, job.result, job.attempts) == ("done", 100, {"litres": 40}, 1)
    assert (job.ended_at, job.expires_at) == (timezone.now(), timezone.now() + timedelta(days=2))
    assert camel.ended == [job]
    assert told_to(user) == [
        ("queued", 0),
        ("running", 0),
        ("running", 25),
        ("running", 99),  # whole only when it has ended
        ("done", 100),
    ]


def test_of_one_kind_and_key_there_is_one_open_job(camel):
    job = queued(user=uuid7())

    again, is_new = start_job(kind=WATER, key="well", user=job.user)
    other, other_is_new = start_job(kind=WATER, key="river")

    assert (again, is_new) == (job, False)
    assert (other != job, other_is_new) == (True, True)
    assert told_to(job.user) == [("queued", 0)]


def test_one_that_has_ended_makes_room_for_another(camel):
    first = queued()
    run_job(job=first.pk)

    second = queued()

    assert second != first


def test_progress_is_told_at_most_once_a_second(camel, monkeypatch):
    monkeypatch.setattr(work, "TOLD_EVERY", 1.0)
    user = uuid7()

    def drink(run):
        for litre in range(1000):
            run.report(litre, 1000)
        return {}

    camel.steps = drink
    run_job(job=queued(user=user).pk)

    assert told_to(user) == [("queued", 0), ("running", 0), ("done", 100)]


@pytest.mark.parametrize(
    ("error", "code"), [(NotFound(), "not_found"), (ZeroDivisionError("secret"), "server_fault")]
)
def test_what_fails_says_a_code_and_nothing_of_the_inside(error, code, camel, caplog):
    def fail(run):
        raise error

    camel.steps = fail
    job = queued(user=uuid7())

    assert run_job(job=job.pk) is False

    job.refresh_from_db()
    assert (job.state, job.error, job.result) == ("failed", code, {})
    assert told_to(job.user)[-1] == ("failed", 0)
    assert camel.ended == []


def test_what_failed_is_tried_again_where_somebody_says_so(camel, committed):
    camel.steps = lambda run: 1 / 0
    job = queued()
    run_job(job=job.pk)
    camel.steps = lambda run: {"litres": 40}

    with committed():
        retried = [retry_job(job=job), retry_job(job=job)]

    job.refresh_from_db()
    assert retried == [True, False]
    assert (job.state, job.error, job.result) == ("done", "", {"litres": 40})


def test_it_is_not_tried_again_beside_a_newer_one(camel):
    camel.steps = lambda run: 1 / 0
    job = queued()
    run_job(job=job.pk)
    queued()

    assert retry_job(job=job) is False


def test_a_worker_learns_at_its_next_report_that_the_job_was_called_off(camel):
    def drink(run):
        assert cancel_job(job=run.job)
        run.report(1, 2)
        raise AssertionError("it went on")

    camel.steps = drink
    job = queued(user=uuid7())

    assert run_job(job=job.pk) is False

    job.refresh_from_db()
    assert job.state == "cancelled"
    assert told_to(job.user)[-1] == ("cancelled", 0)
    assert cancel_job(job=job) is False


def test_a_job_of_a_killed_worker_is_taken_over_and_the_dead_can_not_end_it(camel, now):
    job = queued()
    dead = work._claim(job.pk)
    now.shift(timedelta(seconds=119))
    assert (run_job(job=job.pk), free_jobs()) == (False, [])  # it may live still

    now.shift(timedelta(seconds=2))
    handed_out = run_free_jobs.delay().get()

    job.refresh_from_db()
    assert handed_out == 1
    assert (job.state, job.attempts) == ("done", 2)
    with pytest.raises(Stopped):
        dead.report(1, 2)
    with pytest.raises(Stopped):
        work._finish(dead, {"litres": 0})
    job.refresh_from_db()
    assert job.result == {"litres": 40}


def test_a_sign_of_life_keeps_the_job(camel, now):
    job = queued()
    living = work._claim(job.pk)
    now.shift(timedelta(seconds=100))
    living.report(1, 2)
    now.shift(timedelta(seconds=100))

    assert free_jobs() == []


def test_what_kills_each_of_its_workers_is_given_up(camel, now):
    job = queued(user=uuid7())
    for _ in range(5):
        assert work._claim(job.pk)
        now.shift(timedelta(minutes=3))

    assert run_job(job=job.pk) is False

    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "gave_up")


def test_a_queued_job_that_nobody_heard_of_is_handed_out(camel):
    job = queued()  # the bell after the commit was lost

    run_free_jobs.delay()

    job.refresh_from_db()
    assert job.state == "done"


def test_a_job_goes_with_what_belongs_to_it_when_its_result_is_over(camel, now):
    job = queued()
    run_job(job=job.pk)
    still_open = start_job(kind=WATER, key="river")[0]
    now.shift(timedelta(days=2, seconds=-1))
    early = purge_jobs()
    now.shift(timedelta(seconds=1))

    purged = [purge_jobs(), purge_jobs()]

    assert (early, purged) == (0, [1, 0])
    assert camel.discarded == [job]
    assert list(Job.objects.all()) == [still_open]


def test_what_a_worker_made_for_a_job_that_was_deleted_goes_too(camel):
    def drink(run):
        discard_job(job=Job.objects.get())
        return {}

    camel.steps = drink
    job = queued()

    assert run_job(job=job.pk) is False

    assert [each.pk for each in camel.discarded] == [job.pk, job.pk]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_does_it(camel):
    done = []

    def drink(run):
        done.append(run.job.pk)
        return {}

    with transaction.atomic():
        job = Job.objects.create(kind=WATER, key="well")
    camel.steps = drink

    results = at_once(6, lambda n: run_job(job=job.pk))

    assert sorted(results) == [False] * 5 + [True]
    assert done == [job.pk]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_starts_it(camel, monkeypatch):
    monkeypatch.setattr("common.jobs.services.run_job.delay", lambda job: None)

    started = at_once(6, lambda n: start_job(kind=WATER, key="well"))

    assert sorted(is_new for _, is_new in started) == [False] * 5 + [True]
    assert len({job.pk for job, _ in started}) == 1
