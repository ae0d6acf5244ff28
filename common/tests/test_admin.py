"""The staff console of mails: did it go out, and if not, try again."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.tests.consoles import console_of
from accounts.tests.factories import UserFactory, staff
from common.models import Mail

pytestmark = pytest.mark.django_db

MAILS = "/admin/common/mail/"


def mail(to: str = "layla@example.com", **more: Any) -> Mail:
    return Mail.objects.create(
        to=to, template="verify_email", context={"link": "https://secret.example"}, **more
    )


@pytest.fixture
def console() -> Client:
    return console_of(staff())


@pytest.mark.parametrize("mails", [5, 50])
def test_the_list_of_mails_takes_the_same_queries_however_long(mails, console, django_assert_num_queries):
    for _ in range(mails):
        mail()
    console.get(MAILS)

    with django_assert_num_queries(6):  # cookie session, its user, how many, the rows, two filters' choices
        response = console.get(MAILS)

    assert len(response.context["cl"].result_list) == mails


@pytest.mark.parametrize("words", ["LAYLA@", "the id"])
def test_mails_are_found_by_address_and_id(words, console):
    wanted = mail(to="layla@example.com")
    mail(to="omar@example.com")

    response = console.get(MAILS, {"q": str(wanted.pk) if words == "the id" else words})

    assert list(response.context["cl"].result_list) == [wanted]


@pytest.mark.parametrize("state", ["sent", "waiting", "failed"])
def test_mails_are_filtered_by_what_became_of_them(state, console):
    mails = {
        "sent": mail(sent_at=timezone.now(), attempts=1),
        "waiting": mail(attempts=19),
        "failed": mail(attempts=20, error="SMTPServerDisconnected"),
    }

    response = console.get(MAILS, {"state": state})

    assert list(response.context["cl"].result_list) == [mails[state]]


def test_no_page_shows_the_links_of_a_mail(console):
    waiting = mail()

    pages = [console.get(MAILS), console.get(f"{MAILS}{waiting.pk}/change/")]

    assert [page.status_code for page in pages] == [200, 200]
    assert not any(b"secret.example" in page.content for page in pages)


def test_a_mail_that_failed_is_tried_again_and_one_that_was_sent_is_not(console):
    failed = mail(attempts=20, error="SMTPServerDisconnected", tried_at=timezone.now())
    sent = mail(sent_at=timezone.now(), attempts=1)

    response = console.post(
        MAILS, {"action": "send_again", "_selected_action": [failed.pk, sent.pk], "answered": "yes"}
    )

    assert response.status_code == 302
    failed.refresh_from_db()
    sent.refresh_from_db()
    assert (failed.attempts, failed.error, failed.tried_at) == (0, "", None)
    assert sent.attempts == 1


def test_staff_who_may_only_look_can_not_send():
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_mail"))
    failed = mail(attempts=20)

    response = console_of(looker).post(f"{MAILS}{failed.pk}/send_again/", {"answered": "yes"})

    assert response.status_code == 403
    failed.refresh_from_db()
    assert failed.attempts == 20
