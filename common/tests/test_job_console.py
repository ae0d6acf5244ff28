"""The staff console of jobs: what is under way, what failed, and trying again."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.tests.consoles import console_of
from accounts.tests.factories import UserFactory, staff
from common.ids import uuid7
from common.models import Job

pytestmark = pytest.mark.django_db

JOBS = "/admin/common/job/"


def job(**more: Any) -> Job:
    return Job.objects.create(**({"kind": "camel.water", "key": str(uuid7())} | more))


def run(client: Client, action: str, *jobs: Job) -> Any:
    chosen = [str(each.pk) for each in jobs]
    return client.post(JOBS, {"action": action, "_selected_action": chosen, "answered": "yes"})


@pytest.fixture
def console() -> Client:
    return console_of(staff())


@pytest.mark.parametrize("jobs", [5, 50])
def test_the_list_of_jobs_takes_the_same_queries_however_long(jobs, console, django_assert_num_queries):
    for _ in range(jobs):
        job()
    console.get(JOBS)

    with django_assert_num_queries(5):  # cookie session, its user, how many, the rows, the kinds to filter by
        response = console.get(JOBS)

    assert len(response.context["cl"].result_list) == jobs


@pytest.mark.parametrize("by", ["id", "user", "key", "kind"])
def test_jobs_are_found_by_what_they_are_about(by, console):
    wanted = job(kind="account.export", user=uuid7())
    job()
    words = {"id": wanted.pk, "user": wanted.user, "key": wanted.key, "kind": "export"}[by]

    response = console.get(JOBS, {"q": str(words)})

    assert list(response.context["cl"].result_list) == [wanted]


def test_the_page_of_a_job_does_not_show_what_came_of_it(console):
    shown = job(result={"sha256": "secret-of-layla"}, given={"name": "secret-of-layla"}, state="done")

    response = console.get(f"{JOBS}{shown.pk}/change/")

    assert response.status_code == 200
    assert "secret-of-layla" not in response.content.decode()


def test_staff_cancel_what_is_open_and_try_again_what_failed(console):
    waiting, failed, done = job(), job(state="failed", error="server_fault"), job(state="done")

    run(console, "cancel", waiting, done)
    run(console, "retry", failed, done)

    states = {each.pk: each.state for each in Job.objects.all()}
    assert (states[waiting.pk], states[failed.pk], states[done.pk]) == ("cancelled", "queued", "done")


def test_whoever_may_only_look_changes_nothing():
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_job"))
    waiting = job()
    client = console_of(clerk)

    listed = client.get(JOBS)
    run(client, "cancel", waiting)

    waiting.refresh_from_db()
    assert (listed.status_code, waiting.state) == (200, "queued")
