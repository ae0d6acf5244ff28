"""Webhooks over the API: whose they are, what is refused, what is shown once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Session
from accounts.services import create_api_key
from common.tests.receivers import receiver
from common.tests.threads import at_once
from messaging.services import send_message
from notifications.models import Delivery, Webhook, WebhookEvent
from notifications.services import create_webhook, deliver_due, pause_webhook, send_test
from notifications.tests.webhooks import hear_all, kept, received, webhook_of

pytestmark = pytest.mark.django_db

HOOKS = "/api/v1/webhooks"
URL = "https://hooks.example.com/serai"
NEW = {"url": URL, "types": ["message.*"], "description": "Backup"}
SHOWN = [
    "id", "url", "description", "types", "state", "paused_at", "paused_reason", "seq", "failing_since",
    "last_success_at", "rotated_at", "previous_until", "created_at",
]  # fmt: skip


def of(webhook: Webhook, rest: str = "") -> str:
    return f"{HOOKS}/{webhook.pk}{rest}"


def service(user, *scopes: str) -> APIClient:
    client = APIClient()
    text = create_api_key(user=user, name="Bot", scopes=scopes).text
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {text}")
    return client


def stale(client: APIClient) -> APIClient:
    """As eleven minutes later: nobody has proved anything lately."""
    Session.objects.update(proved_at=timezone.now() - timedelta(minutes=11))
    return client


def errors(response) -> list[tuple[str, str]]:
    assert response.status_code == 400, response.content
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


# --- Making one ---------------------------------------------------------------------------------------------


def test_its_secret_is_shown_once(layla, client_of):
    client = client_of(layla)

    response = client.post(HOOKS, NEW)

    webhook = Webhook.objects.get()
    made = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == of(webhook)
    assert response.headers["Cache-Control"] == "no-store"
    assert list(made) == [*SHOWN, "secret"]
    assert made["secret"] == webhook.secret
    assert (made["state"], made["types"], made["seq"]) == ("active", ["message.*"], 0)
    for answer in (client.get(of(webhook)).json(), client.get(HOOKS).json()["results"][0]):
        assert list(answer) == SHOWN
    assert webhook.secret not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.get().verb == "webhook.created"


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"url": "http://hooks.example.com/"}, "url", "scheme_refused"),
        ({"url": "https://10.0.0.7/"}, "url", "address_refused"),
        ({"url": "https://[::ffff:169.254.169.254]/"}, "url", "address_refused"),
        ({"url": "https://hooks.example.com:6379/"}, "url", "port_refused"),
        ({"url": "https://a:b@hooks.example.com/"}, "url", "credentials_refused"),
        ({"url": "hooks.example.com"}, "url", "scheme_refused"),
        ({"url": "https://"}, "url", "url_invalid"),
        ({"url": "https://hooks.example.com/" + "x" * 2048}, "url", "max_length"),
        ({"url": "https://hooks.example.com/\x00"}, "url", "null_characters_not_allowed"),
        ({"url": 7}, "url", "invalid"),
        ({"url": ""}, "url", "blank"),
        ({"types": []}, "types", "min_length"),
        ({"types": ["*"] * 101}, "types", "max_length"),
        ({"types": "message.sent"}, "types", "not_a_list"),
        ({"types": [7]}, "types.0", "invalid"),
        ({"types": ["message.sent", "moon.rose"]}, "types", "unknown_type"),
        ({"types": ["session.revoked"]}, "types", "unknown_type"),
        ({"types": ["webhook.*"]}, "types", "unknown_type"),
        ({"types": ["message."]}, "types", "unknown_type"),
        ({"description": "x" * 201}, "description", "max_length"),
        ({"secret": "whsec_mine"}, "secret", "unknown_field"),
        ({"user": "018f3c5e-0000-7000-8000-000000000001"}, "user", "unknown_field"),
    ],
)
def test_a_wrong_field_makes_none(wrong, field, code, layla, client_of):
    assert errors(client_of(layla).post(HOOKS, NEW | wrong)) == [(field, code)]
    assert not Webhook.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("missing", ["url", "types"])
def test_a_missing_field_makes_none(missing, layla, client_of):
    body = {name: value for name, value in NEW.items() if name != missing}

    assert errors(client_of(layla).post(HOOKS, body)) == [(missing, "required")]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [("{", 400, "malformed"), ("[]", 400, "invalid"), (" " * 1_100_000, 413, "body_too_large")],
)
def test_a_body_that_is_none_makes_none(body, status, code, layla, client_of):
    webhook = webhook_of(layla)
    client = client_of(layla)

    for method, path in (("post", HOOKS), ("patch", of(webhook)), ("post", of(webhook, "/rotate"))):
        response = getattr(client, method)(path, body, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (status, code), path
    assert Webhook.objects.count() == 1


def test_what_another_pattern_names_already_is_left_out(layla, client_of):
    types = ["message.sent", "message.*", "message.*", "chat.added"]

    assert client_of(layla).post(HOOKS, NEW | {"types": types}).json()["types"] == ["chat.added", "message.*"]


def test_ten_are_as_many_as_anybody_has(layla, omar, client_of):
    for _ in range(10):
        webhook_of(layla)

    response = client_of(layla).post(HOOKS, NEW)

    assert (response.status_code, response.json()["code"], response.json()["limit"]) == (
        409,
        "too_many_webhooks",
        10,
    )
    assert client_of(omar).post(HOOKS, NEW).status_code == 201
    assert Webhook.objects.filter(user=layla).count() == 10


@pytest.mark.django_db(transaction=True)
def test_nor_do_many_requests_at_once_make_more(layla):
    for _ in range(7):
        webhook_of(layla)

    def make(_: int) -> str:
        try:
            create_webhook(user=layla, url=URL, types=["*"])
        except Exception as refusal:
            return getattr(refusal, "code", repr(refusal))
        return "made"

    ends = at_once(8, make)

    assert sorted(ends) == ["made"] * 3 + ["too_many_webhooks"] * 5
    assert Webhook.objects.count() == 10


# --- Who may ------------------------------------------------------------------------------------------------


def test_where_it_goes_is_said_by_somebody_who_proved_lately_who_they_are(layla, client_of):
    webhook = webhook_of(layla)
    client = stale(client_of(layla))

    for response in (
        client.post(HOOKS, NEW),
        client.post(of(webhook, "/rotate")),
        client.patch(of(webhook), {"url": "https://elsewhere.example.com/"}),
        client.put(of(webhook), NEW),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "step_up_required")
    assert client.patch(of(webhook), {"types": ["chat.*"]}).status_code == 200
    assert client.patch(of(webhook), {"state": "paused"}).status_code == 200
    assert client.get(of(webhook)).json()["url"] == URL
    assert client.delete(of(webhook)).status_code == 204


def test_an_api_key_sees_through_them_and_says_not_where_they_go(layla):
    webhook = webhook_of(layla)
    reader, writer, other = (
        service(layla, scope) for scope in ("webhooks:read", "webhooks:write", "chats:write")
    )

    assert reader.get(of(webhook, "/events")).status_code == 200
    assert reader.get(of(webhook, "/deliveries")).status_code == 200
    assert reader.post(of(webhook, "/test")).json()["code"] == "scope_missing"
    assert writer.post(of(webhook, "/test")).status_code == 202
    assert writer.patch(of(webhook), {"state": "paused"}).status_code == 200
    assert other.get(HOOKS).json()["code"] == "scope_missing"
    for response in (
        writer.post(HOOKS, NEW),
        writer.post(of(webhook, "/rotate")),
        writer.patch(of(webhook), {"url": URL}),
    ):
        assert (response.status_code, response.json()["code"]) == (403, "people_only")


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("get", ""),
        ("put", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "/rotate"),
        ("post", "/test"),
        ("get", "/deliveries"),
        ("get", "/events"),
        ("post", "/deliveries/{delivery}/redeliver"),
    ],
)
def test_anothers_is_unknown_and_a_stranger_signs_in_first(method, rest, layla, omar, client, client_of):
    webhook = webhook_of(layla)
    delivery = send_test(webhook=webhook)
    path = of(webhook, rest.format(delivery=delivery.pk))
    theirs = client_of(omar)

    for _ in range(2):
        response = getattr(theirs, method)(path)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        response = getattr(client, method)(path)
        assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert theirs.get(HOOKS).json()["results"] == []
    webhook.refresh_from_db()
    assert (webhook.url, webhook.rotated_at, webhook.seq) == (URL, None, 1)


def test_a_delivery_of_another_webhook_is_unknown(layla, client_of):
    webhook, other = webhook_of(layla), webhook_of(layla)
    delivery = send_test(webhook=other)

    response = client_of(layla).post(of(webhook, f"/deliveries/{delivery.pk}/redeliver"))

    assert response.status_code == 404


# --- Changing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_is_left_out_stays(method, layla, client_of):
    webhook = webhook_of(layla, "message.*")

    response = getattr(client_of(layla), method)(of(webhook), {"description": "For the archive"})

    assert response.status_code == 200
    assert (response.json()["description"], response.json()["types"]) == ("For the archive", ["message.*"])
    assert AuditEntry.objects.filter(verb="webhook.changed").get().details["fields"] == ["description"]


def test_the_same_again_changes_and_tells_nothing(layla, client_of):
    webhook = webhook_of(layla, "message.*")

    response = client_of(layla).put(of(webhook), {"url": URL, "types": ["message.*"], "state": "active"})

    assert response.status_code == 200
    assert not AuditEntry.objects.filter(verb="webhook.changed").exists()


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"state": "gone"}, "state", "invalid_choice"),
        ({"state": None}, "state", "null"),
        ({"url": "http://hooks.example.com/"}, "url", "scheme_refused"),
        ({"types": ["moon.rose"]}, "types", "unknown_type"),
        ({"seq": 0}, "seq", "unknown_field"),
    ],
)
def test_a_wrong_change_changes_nothing(wrong, field, code, layla, client_of):
    webhook = webhook_of(layla, "message.*")

    assert errors(client_of(layla).patch(of(webhook), {"description": "New"} | wrong)) == [(field, code)]
    webhook.refresh_from_db()
    assert (webhook.url, webhook.types, webhook.description) == (URL, ["message.*"], "")


def test_its_owner_pauses_and_resumes_it(layla, client_of):
    webhook = webhook_of(layla)
    client = client_of(layla)

    paused = client.patch(of(webhook), {"state": "paused"}).json()
    resumed = client.patch(of(webhook), {"state": "active"}).json()

    assert (paused["state"], paused["paused_reason"], paused["paused_at"] is None) == (
        "paused",
        "owner",
        False,
    )
    assert (resumed["state"], resumed["paused_reason"], resumed["paused_at"]) == ("active", "", None)


def test_what_staff_paused_its_owner_does_not_resume(layla, client_of):
    webhook = webhook_of(layla)
    pause_webhook(actor=layla, webhook=webhook, reason=Webhook.Pause.STAFF)

    response = client_of(layla).patch(of(webhook), {"state": "active", "description": "Please"})

    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    webhook.refresh_from_db()
    assert (webhook.is_paused, webhook.description) == (True, "")


def test_another_secret_is_shown_once_and_the_older_one_signs_for_a_while(layla, client_of):
    webhook = webhook_of(layla)
    client = client_of(layla)

    response = client.post(of(webhook, "/rotate"), {"overlap": 3600})

    older, shown = webhook.secret, response.json()
    webhook.refresh_from_db()
    assert (response.status_code, shown["secret"]) == (200, webhook.secret)
    assert webhook.signing_secrets == [shown["secret"], older]
    assert timedelta(minutes=59) < webhook.previous_until - timezone.now() <= timedelta(hours=1)
    client.post(of(webhook, "/rotate"), {"overlap": 0})
    webhook.refresh_from_db()
    assert len(webhook.signing_secrets) == 1
    for overlap in (-1, 604801, "3600", True):
        assert client.post(of(webhook, "/rotate"), {"overlap": overlap}).status_code == 400


# --- Seeing through -----------------------------------------------------------------------------------------


def test_what_became_of_each_is_told_with_every_attempt(layla, group, client_of, settings):
    settings.OUTBOUND_PRIVATE = True
    client = client_of(layla)
    with receiver() as there:
        webhook = webhook_of(layla, "message.*", url=there.url)
        send_message(actor=layla, chat=group, text="Salam")
        hear_all()
        there.answers(500, body=b"Not now")
        deliver_due("webhook")
        shown = client.post(of(webhook, "/test")).json()

        waiting, tried = client.get(of(webhook, "/deliveries")).json()["results"]

        assert waiting == shown
        assert (waiting["event"]["type"], waiting["state"], waiting["attempts"]) == (
            "webhook.test",
            "waiting",
            [],
        )
        [attempt] = tried["attempts"]
        assert (attempt["number"], attempt["result"], attempt["code"], attempt["answer"]) == (
            1,
            "again",
            "http_500",
            "Not now",
        )
        there.answers(204)
        assert tried["event"]["id"] == there.calls[0].headers["webhook-id"]
        assert received(there.calls[0], webhook.secret).body == {
            name: value for name, value in tried["event"].items() if name != "id"
        }


def test_deliveries_are_filtered_and_paged(layla, group, client_of):
    webhook = webhook_of(layla, "message.*")
    for number in range(3):
        send_message(actor=layla, chat=group, text=str(number))
    hear_all()
    send_test(webhook=webhook)
    Delivery.objects.filter(event__seq=1).update(state="failed", reason="gave_up")
    client = client_of(layla)

    def seqs(query: str) -> list[int]:
        results = client.get(of(webhook, f"/deliveries?{query}")).json()["results"]
        return [each["event"]["seq"] for each in results]

    assert seqs("") == [4, 3, 2, 1]
    assert seqs("state=failed") == [1]
    assert seqs("type=webhook.test") == [4]
    assert seqs("state=waiting&type=message.sent") == [3, 2]
    page = client.get(of(webhook, "/deliveries?page_size=3")).json()
    assert [each["event"]["seq"] for each in client.get(page["next"]).json()["results"]] == [1]
    assert client.get(of(webhook, "/deliveries?state=lost")).status_code == 400


@pytest.mark.parametrize("many", [1, 20])
def test_a_page_of_deliveries_takes_few_queries(many, layla, client_of, django_assert_max_num_queries):
    webhook = webhook_of(layla)
    for _ in range(many):
        send_test(webhook=webhook)
    client = client_of(layla)
    client.get(HOOKS)

    with django_assert_max_num_queries(5):
        assert len(client.get(of(webhook, "/deliveries")).json()["results"]) == many


def test_delivering_again_by_hand(layla, client_of):
    webhook = webhook_of(layla)
    delivery = send_test(webhook=webhook)
    Delivery.objects.update(state="failed", reason="gave_up", attempts=8)
    path = of(webhook, f"/deliveries/{delivery.pk}/redeliver")
    client = client_of(layla)

    first, second = client.post(path), client.post(path)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["state"] == "waiting"
    assert first.json() == second.json()
    pause_webhook(actor=layla, webhook=webhook)
    response = client.post(path)
    assert (response.status_code, response.json()["code"]) == (409, "webhook_paused")
    assert client.post(of(webhook, "/test")).json()["code"] == "webhook_paused"


def test_the_same_test_again_under_its_key_is_one(layla, client_of):
    webhook = webhook_of(layla)
    client = client_of(layla)

    answers = [client.post(of(webhook, "/test"), headers={"Idempotency-Key": "t1"}) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert kept(webhook) == [(1, "webhook.test")]


# --- Gaps ---------------------------------------------------------------------------------------------------


def test_a_receiver_fills_its_gaps(layla, client_of):
    webhook = webhook_of(layla)
    for _ in range(5):
        send_test(webhook=webhook)
    client = client_of(layla)

    page = client.get(of(webhook, "/events?after=1&limit=2")).json()

    event = WebhookEvent.objects.get(seq=2)
    assert list(page) == ["results", "has_after", "next"]
    assert page["results"][0] == {"id": str(event.pk)} | event.body()
    assert ([each["seq"] for each in page["results"]], page["has_after"]) == ([2, 3], True)
    last = client.get(page["next"]).json()
    assert ([each["seq"] for each in last["results"]], last["has_after"], last["next"]) == (
        [4, 5],
        False,
        None,
    )
    assert [each["seq"] for each in client.get(of(webhook, "/events")).json()["results"]] == [1, 2, 3, 4, 5]
    assert client.get(of(webhook, "/events?after=5")).json()["results"] == []


def test_what_is_not_kept_any_more_is_refused_with_where_to_go_on(layla, client_of):
    webhook = webhook_of(layla)
    for _ in range(5):
        send_test(webhook=webhook)
    WebhookEvent.objects.filter(seq__lt=4).delete()

    response = client_of(layla).get(of(webhook, "/events?after=1"))

    body = response.json()
    assert (response.status_code, body["code"]) == (410, "events_too_old")
    assert (body["first"], body["newest"]) == (4, 5)


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=x", "after=", "after=9223372036854775808", "limit=0", "limit=201", "before=3"],
)
def test_a_wrong_question_is_refused(query, layla, client_of):
    assert client_of(layla).get(of(webhook_of(layla), f"/events?{query}")).status_code == 400


def test_what_can_be_heard_is_told(layla, client_of):
    body = client_of(layla).get(f"{HOOKS}/event-types").json()

    types = {each["type"]: each["description"] for each in body["results"]}
    assert types["message.sent"] == "Somebody said something."
    assert (body["next"], body["previous"]) == (None, None)
