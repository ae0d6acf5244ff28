"""The staff console of webhooks."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from messaging.tests.logs import stream_of
from notifications.models import Webhook
from notifications.services import pause_webhook
from notifications.tests.webhooks import webhook_of

pytestmark = pytest.mark.django_db

HOOKS = "/admin/notifications/webhook/"


@pytest.fixture
def console() -> Client:
    return console_of(staff(username="ada"))


def run(client: Client, action: str, *webhooks: Webhook) -> Any:
    chosen = [str(webhook.pk) for webhook in webhooks]
    return client.post(HOOKS, {"action": action, "_selected_action": chosen, "answered": "yes"})


def listed(response: Any) -> list[Any]:
    return list(response.context["cl"].result_list)


def test_whoever_is_not_staff_is_sent_to_sign_in():
    assert console_of(UserFactory()).get(HOOKS).status_code == 302


def test_the_list_says_who_where_and_how_it_does(console, layla, omar):
    works, fails, paused = webhook_of(layla, "message.*"), webhook_of(layla), webhook_of(omar)
    Webhook.objects.filter(pk=fails.pk).update(failing_since=timezone.now())
    pause_webhook(actor=omar, webhook=paused)

    page = console.get(HOOKS)

    assert listed(page) == [paused, fails, works]
    assert "message.*" in page.content.decode()
    assert works.secret not in page.content.decode()
    assert f">{works.url}</a>" in page.content.decode(), "it leads to its page"
    for state, webhook in (("works", works), ("fails", fails), ("paused", paused)):
        assert listed(console.get(f"{HOOKS}?state={state}")) == [webhook]
    assert listed(console.get(f"{HOOKS}?q=omar")) == [paused]
    assert listed(console.get(f"{HOOKS}?q=hooks.example")) == [paused, fails, works]
    assert listed(console.get(f"{HOOKS}?q={works.pk}")) == [works]


@pytest.mark.parametrize("many", [1, 20])
def test_the_list_takes_the_same_queries_however_long(many, console, django_assert_max_num_queries):
    for _ in range(many):
        webhook_of(UserFactory())
    console.get(HOOKS)

    with django_assert_max_num_queries(9):
        assert len(listed(console.get(HOOKS))) == many


def test_a_page_shows_no_secret(console, layla):
    webhook = webhook_of(layla)

    page = console.get(f"{HOOKS}{webhook.pk}/change/")

    assert page.status_code == 200
    assert webhook.url in page.content.decode()
    assert "whsec_" not in page.content.decode()
    assert f"/admin/notifications/delivery/?q={webhook.pk}" in page.content.decode()


def test_staff_pauses_and_resumes_and_the_owner_hears_of_it(console, layla):
    webhook = webhook_of(layla)

    run(console, "pause", webhook)
    webhook.refresh_from_db()
    assert webhook.paused_reason == "staff"
    assert [(type_, data["reason"]) for _, type_, data in stream_of(layla)] == [("webhook.paused", "staff")]
    run(console, "resume", webhook)
    webhook.refresh_from_db()

    assert not webhook.is_paused
    verbs = list(AuditEntry.objects.filter(verb__startswith="webhook.").values_list("verb", flat=True))
    assert sorted(verbs) == ["webhook.created", "webhook.paused", "webhook.resumed"]


def test_who_may_only_look_changes_nothing(layla):
    webhook = webhook_of(layla)
    looker = console_of(clerk("view_webhook"))

    assert looker.get(HOOKS).status_code == 200
    run(looker, "pause", webhook)

    webhook.refresh_from_db()
    assert not webhook.is_paused
