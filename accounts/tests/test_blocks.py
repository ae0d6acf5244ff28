"""Having nothing to do with somebody, and telling staff of them."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, Block, Report, User
from accounts.services import block_user, close_report, report_user, unblock_user
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import BlockFactory, ReportFactory, UserFactory, staff
from common.problems import Invalid
from common.tests.threads import at_once
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db

BLOCKS = "/api/v1/users/me/blocks"
REPORTS = "/admin/accounts/report/"
NOBODY = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"


def report_of(user: User) -> str:
    return f"/api/v1/users/{user.pk}/report"


# --- Blocks -------------------------------------------------------------------------------------------------


def test_blocking_twice_is_blocking_once(layla, omar, client_of):
    client = client_of(layla)

    first = client.post(BLOCKS, {"user": str(omar.pk)})
    again = client.post(BLOCKS, {"user": str(omar.pk)})

    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json() == again.json()
    assert first.json()["user"]["username"] == "omar"
    assert client.get(first.headers["Location"]).json() == first.json()
    assert stream_of(layla) == [(1, "user.blocked", {"user": str(omar.pk)})]
    assert stream_of(omar) == []
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["user.blocked"]


def test_unblocking_is_told_to_ones_other_devices_and_then_there_is_nothing(layla, omar, client_of):
    block_user(actor=layla, user=omar)
    client = client_of(layla)

    responses = [client.delete(f"{BLOCKS}/{omar.pk}") for _ in range(2)]

    assert [response.status_code for response in responses] == [204, 404]
    assert not Block.objects.exists()
    assert [type_ for _, type_, _ in stream_of(layla)] == ["user.blocked", "user.unblocked"]
    assert stream_of(omar) == []
    assert unblock_user(actor=layla, user=omar) is False


def test_one_sees_and_ends_only_ones_own_blocks(layla, omar, mina, client_of):
    BlockFactory(blocker=omar, blocked=mina)
    client = client_of(layla)

    assert client.get(BLOCKS).json()["results"] == []
    assert client.get(f"{BLOCKS}/{mina.pk}").status_code == 404
    assert client.delete(f"{BLOCKS}/{mina.pk}").status_code == 404
    assert Block.objects.count() == 1


def test_whoever_is_blocked_may_block_back(layla, omar, client_of):
    BlockFactory(blocker=omar, blocked=layla)

    assert client_of(layla).post(BLOCKS, {"user": str(omar.pk)}).status_code == 201


@pytest.mark.parametrize(
    ("user", "code"),
    [
        ("me", "oneself"),
        (NOBODY, "unknown_user"),
        ("waiting", "unknown_user"),
        ("x", "invalid"),
        (5, "invalid"),
    ],
)
def test_whom_one_cannot_block(user, code, layla, client_of):
    waiting = UserFactory(email_verified_at=None)
    sent = {"me": str(layla.pk), "waiting": str(waiting.pk)}.get(user, user)

    response = client_of(layla).post(BLOCKS, {"user": sent})

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("user", code)]
    assert not Block.objects.exists()
    assert stream_of(layla) == []


def test_the_database_holds_it_too(layla):
    with pytest.raises(IntegrityError), transaction.atomic():
        BlockFactory(blocker=layla, blocked=layla)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportFactory(reporter=layla, subject=layla)


@pytest.mark.parametrize("blocks", [1, 20])
def test_the_list_takes_four_queries(blocks, layla, client_of, django_assert_num_queries):
    BlockFactory.create_batch(blocks, blocker=layla)
    client = client_of(layla)

    with django_assert_num_queries(4):  # the session, the blocks with their people, their presence, blocks
        response = client.get(BLOCKS)

    assert len(response.json()["results"]) == blocks


@pytest.mark.django_db(transaction=True)
def test_blocking_at_once_on_many_devices_is_one_block(layla, omar):
    answers = at_once(4, lambda n: block_user(actor=layla, user=omar)[1])

    assert sorted(answers) == [False, False, False, True]
    assert Block.objects.count() == 1
    assert len(stream_of(layla)) == 1


def test_either_direction_is_between_them(layla, omar, mina):
    BlockFactory(blocker=layla, blocked=omar)

    assert Block.objects.between(layla, omar).exists()
    assert Block.objects.between(omar, layla).exists()
    assert not Block.objects.between(layla, mina).exists()


# --- Reports ------------------------------------------------------------------------------------------------


def test_a_report_is_made_once_while_it_is_open(layla, omar, client_of):
    client = client_of(layla)

    first = client.post(report_of(omar), {"reason": "fraud", "text": "Sells camels that he has not."})
    again = client.post(report_of(omar), {"reason": "spam"})

    report = Report.objects.get()
    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json() == again.json() == client.get(first.headers["Location"]).json()
    assert first.json() == {
        "id": str(report.pk),
        "user": str(omar.pk),
        "reason": "fraud",
        "text": "Sells camels that he has not.",
        "state": "open",
        "created_at": report.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert AuditEntry.objects.get().details == {"reason": "fraud"}


def test_after_it_is_closed_one_may_report_again(layla, omar, client_of):
    report, _ = report_user(actor=layla, user=omar, reason="spam")
    close_report(actor=staff(), report=report, state="dismissed", note="Nothing there.")

    again = client_of(layla).post(report_of(omar), {"reason": "hate"})

    assert again.status_code == 201
    assert Report.objects.count() == 2
    assert "note" not in again.json()


def test_the_reported_never_hear_of_it(layla, omar, client_of):
    client_of(layla).post(report_of(omar), {"reason": "spam"})

    assert stream_of(omar) == []
    assert client_of(omar).get(report_of(layla)).status_code == 404
    assert client_of(omar).get(report_of(omar)).status_code == 404


def test_whoever_blocked_one_can_be_reported(layla, omar, client_of):
    BlockFactory(blocker=omar, blocked=layla)

    assert client_of(layla).post(report_of(omar), {"reason": "harassment"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "reason", "required"),
        ({"reason": "ugly"}, "reason", "invalid_choice"),
        ({"reason": "spam", "text": "x" * 2001}, "text", "max_length"),
        ({"reason": "spam", "user": NOBODY}, "user", "unknown_field"),
    ],
)
def test_a_wrong_report_is_refused(body, field, code, layla, omar, client_of):
    response = client_of(layla).post(report_of(omar), body)

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert not Report.objects.exists()


def test_nobody_reports_themselves_nor_somebody_who_is_not_there(layla, client_of):
    client = client_of(layla)

    assert client.post(report_of(layla), {"reason": "spam"}).json()["errors"][0]["code"] == "oneself"
    assert client.post(report_of(User(pk=NOBODY)), {"reason": "spam"}).status_code == 404
    assert not Report.objects.exists()
    with pytest.raises(Invalid):
        block_user(actor=layla, user=layla)


@pytest.mark.django_db(transaction=True)
def test_reporting_at_once_on_many_devices_is_one_report(layla, omar):
    answers = at_once(4, lambda n: report_user(actor=layla, user=omar, reason="spam")[1])

    assert sorted(answers) == [False, False, False, True]
    assert Report.objects.count() == 1


# --- Staff --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reports", [5, 50])
def test_the_queue_takes_the_same_queries_however_long(reports, django_assert_num_queries):
    ReportFactory.create_batch(reports)
    client = console_of(staff())
    client.get(REPORTS)

    with django_assert_num_queries(4):  # the cookie session, its user, how many, the rows
        response = client.get(REPORTS, {"all": ""})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state__exact": "open"}, ["spam"]),
        ({"reason__exact": "fraud"}, ["fraud"]),
        ({"q": "camels"}, ["fraud"]),
        ({"q": "omar"}, ["fraud", "spam"]),
        ({"q": "nobody"}, []),
    ],
)
def test_reports_are_filtered_and_found(query, found, omar):
    ReportFactory(subject=omar, reason="spam")
    ReportFactory(reporter=omar, reason="fraud", text="No camels", state="resolved", closed_at=timezone.now())

    response = console_of(staff()).get(REPORTS, query)

    assert sorted(report.reason for report in response.context["cl"].result_list) == found


@pytest.mark.parametrize(("action", "state"), [("resolve", "resolved"), ("dismiss", "dismissed")])
def test_staff_close_a_report_once_with_a_note(action, state):
    report, ada = ReportFactory(), staff()
    client = console_of(ada)
    chosen = {"action": action, "_selected_action": [str(report.pk)], "answered": "yes"}

    client.post(REPORTS, chosen | {"note": "Seen."})
    client.post(REPORTS, chosen | {"note": "Seen again."})

    report.refresh_from_db()
    assert (report.state, report.note, report.closed_by) == (state, "Seen.", ada)
    noted = AuditEntry.objects.get(verb=f"report.{state}")
    assert (noted.verb, noted.category, noted.actor) == (f"report.{state}", "admin", ada.pk)
    assert noted.subject == report.subject_id


def test_staff_who_may_only_look_close_nothing():
    report = ReportFactory()
    client = console_of(clerk("view_report"))

    page = client.get(f"{REPORTS}{report.pk}/change/")
    refused = client.post(f"{REPORTS}{report.pk}/resolve/", {"answered": "yes"})

    assert (page.status_code, refused.status_code) == (200, 403)
    report.refresh_from_db()
    assert report.state == "open"


def test_the_page_of_a_person_shows_reports_blocks_and_links(omar):
    ReportFactory(subject=omar, text="No camels")
    BlockFactory(blocker=omar, blocked=UserFactory(username="blockedone"))
    omar.social_links.create(network="x", url="https://x.com/omar", position=0)

    page = console_of(staff()).get(f"/admin/accounts/user/{omar.pk}/change/").content.decode()

    assert [words in page for words in ("No camels", "blockedone", "https://x.com/omar")] == [True] * 3
