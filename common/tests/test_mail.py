"""Mail: promised with the change, sent after it, tried again, never twice."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import time_machine
from django.core import mail as django_mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from common.direction import undirected
from common.ids import uuid7
from common.mail.delivery import deliver_mail
from common.mail.messages import make_message
from common.mail.outbox import OutboxBackend
from common.mail.services import queue_mail, resend_mail
from common.mail.tasks import deliver_due_mails
from common.models import Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

CONTEXT = {"name": "Layla", "link": "http://testserver/secret-link", "days": 3}


@pytest.fixture
def server(monkeypatch):
    """A mail server that can be switched off: `server.append("off")`."""
    switched, send = [], EmailBackend.send_messages

    def send_or_fail(self, messages):
        if switched:
            raise ConnectionRefusedError("nobody there")
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send_or_fail)
    return switched


def queue() -> Mail:
    return queue_mail(to="layla@example.com", template="verify_email", context=CONTEXT)


def test_a_promised_mail_is_sent_when_the_change_is_made(committed):
    with committed():
        queue()
        assert django_mail.outbox == []

    [message] = django_mail.outbox
    row = Mail.objects.get()
    assert (message.to, message.subject) == (["layla@example.com"], "Verify your e-mail address")
    assert message.extra_headers == {
        "Message-ID": f"<{row.pk}@serai>",
        "Auto-Submitted": "auto-generated",
    }
    assert "http://testserver/secret-link" in message.body
    [(html, kind)] = message.alternatives
    assert (kind, 'href="http://testserver/secret-link"' in html) == ("text/html", True)


def test_a_change_that_is_taken_back_mails_nothing(committed):
    @transaction.atomic
    def change():
        queue()
        raise ZeroDivisionError

    with committed(), pytest.raises(ZeroDivisionError):
        change()

    assert django_mail.outbox == []
    assert not Mail.objects.exists()


def test_what_a_mail_held_is_blanked_once_it_is_out(committed):
    with committed():
        queue()

    row = Mail.objects.get()
    assert (row.context, row.error, row.attempts) == ({}, "", 1)
    assert row.sent_at is not None


def test_a_mail_is_sent_once(committed):
    with committed():
        row = queue()

    assert deliver_mail(mail=row.pk) is False
    assert deliver_due_mails.delay().get() == 0
    assert len(django_mail.outbox) == 1


def test_a_mail_that_is_gone_is_no_fault():
    row = queue()
    Mail.objects.all().delete()

    assert deliver_mail(mail=row.pk) is False


def test_a_failure_is_noted_and_tried_again_after_a_minute(server, committed):
    server.append("off")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        with committed():
            queue()
        failed = Mail.objects.get()
        server.clear()
        clock.shift(timedelta(seconds=59))
        too_early = deliver_due_mails.delay().get()
        clock.shift(timedelta(seconds=2))
        in_time = deliver_due_mails.delay().get()

    assert (failed.attempts, failed.sent_at) == (1, None)
    assert failed.error == "ConnectionRefusedError: nobody there"
    assert failed.context == CONTEXT
    assert (too_early, in_time) == (0, 1)
    row = Mail.objects.get()
    assert (row.attempts, row.error, row.context) == (2, "", {})
    assert len(django_mail.outbox) == 1


def test_a_mail_whose_template_fails_is_noted_like_any(committed):
    with committed():
        queue_mail(to="layla@example.com", template="no_such_mail", context={})

    assert Mail.objects.get().error.startswith("TemplateDoesNotExist: ")


def test_after_twenty_attempts_it_gives_up_until_somebody_revives_it(server, committed):
    server.append("off")
    row = queue()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(25):
            deliver_due_mails.delay()
            clock.shift(timedelta(seconds=61))
        given_up = Mail.objects.get()
        server.clear()
        untouched = deliver_due_mails.delay().get()
        with committed():
            revived = resend_mail(mail=row)

    assert (given_up.attempts, given_up.sent_at) == (20, None)
    assert (untouched, revived) == (0, True)
    row = Mail.objects.get()
    assert (row.attempts, row.sent_at is not None) == (1, True)
    assert len(django_mail.outbox) == 1


def test_a_mail_that_was_sent_can_not_be_sent_again(committed):
    with committed():
        row = queue()
    with committed():
        revived = resend_mail(mail=row)

    assert revived is False
    assert len(django_mail.outbox) == 1


def test_what_is_due_is_sent_oldest_first(committed):
    rows = [queue() for _ in range(3)]

    sent = deliver_due_mails.delay().get()

    assert sent == 3
    assert [message.extra_headers["Message-ID"] for message in django_mail.outbox] == [
        f"<{row.pk}@serai>" for row in rows
    ]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_that_take_one_mail_at_once_one_sends_it(monkeypatch):
    row = Mail.objects.create(to="layla@example.com", template="verify_email", context=CONTEXT)

    sent = at_once(6, lambda _: deliver_mail(mail=row.pk))

    assert sorted(sent) == [False] * 5 + [True]
    assert Mail.objects.get().attempts == 1


# --- Every mail there is ------------------------------------------------------------------------------------

TEMPLATES = sorted(
    path.stem
    for path in (Path(__file__).parents[2] / "templates/mail").glob("*.txt")
    if path.stem not in ("base", "notification", "digest")  # those two are notifications' own
)
# All of it in Arabic or in figures: any Latin word in a mail is one of ours that nobody translated.
TOLD = {
    "name": "ليلى",
    "link": "https://1.2/3",
    "code": "493027",
    "minutes": 10,
    "hours": 6,
    "days": 3,
    "device": "هاتف",
    "client": "1/2",
    "address": "203.0.113.9",
    "place": "الرياض",
    "at": "2026-11-22 09:20",
    "left": 7,
    "provider": "خدمة",
    "support": "3@4.5",
    "due": "2026-12-22",
    "until": "2026-11-25",
    "receipt": '{"1": "2"}',
    "passkey": "مفتاح",
    "public_url": "https://1.2",
}
FACTORS = ("totp_enabled", "totp_disabled", "passkey_added", "passkey_removed")
FACTORS += ("recovery_code_used", "recovery_codes_renewed", "factors_removed")
MAILS = [(name, "") for name in TEMPLATES if name != "second_factor"]
MAILS += [("second_factor", what) for what in FACTORS]


def words_of(html: str) -> str:
    """What people see of it."""
    return unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))


def bare(text: str) -> str:
    return re.sub(r"\s+", "", undirected(text))


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
@pytest.mark.parametrize(("template", "what"), MAILS)
def test_a_mail_says_the_same_in_both_parts_and_all_of_it_in_one_language(
    template, what, language, direction
):
    message = make_message(
        id=uuid7(), to="l@example.com", template=template, context=TOLD | {"what": what}, language=language
    )

    [(html, _)] = message.alternatives
    seen = words_of(html)
    assert message.subject
    assert f'<html lang="{language}" dir="{direction}">' in html
    lines = [bare(line) for line in message.body.splitlines() if TOLD["code"] not in line]
    assert [line for line in lines if line not in bare(seen)] == []
    if language == "ar":
        for text in (message.subject, message.body, seen):
            assert re.findall(r"[A-Za-z]{2,}", text.replace("https://", "")) == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_name_is_text_in_every_mail(template):
    told = {name: f'<b>{value}"' if isinstance(value, str) else value for name, value in TOLD.items()}

    message = make_message(
        id=uuid7(), to="l@example.com", template=template, context=told | {"what": FACTORS[2]}, language="en"
    )

    [(html, _)] = message.alternatives
    assert "<b>" not in html
    assert "&lt;b&gt;ليلى&quot;</bdi>," in html


# --- The outbox page ----------------------------------------------------------------------------------------


@pytest.fixture
def outbox(settings, tmp_path: Path):
    """Mails as the embedded default sends them."""
    settings.MAIL_DIR = tmp_path / "mails"

    def send(*subjects: str) -> None:
        backend = OutboxBackend()
        for subject in subjects:
            message = EmailMessage(
                subject, f"Text of {subject}", "hello@serai.example", ["layla@example.com"]
            )
            backend.send_messages([message])

    return send


def test_the_outbox_lists_mails_newest_first(client, outbox):
    outbox("first", "second", "ثالث")

    response = client.get("/dev/outbox", headers={"Accept": "application/json"})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    results = response.json()["results"]
    assert [mail["subject"] for mail in results] == ["ثالث", "second", "first"]
    assert results[2].pop("headers")["From"] == "hello@serai.example"
    assert results[2] | {"at": ""} == {
        "to": "layla@example.com",
        "subject": "first",
        "text": "Text of first",
        "html": "",
        "at": "",
    }


@pytest.mark.parametrize("accept", ["text/html", "*/*", None])
def test_the_outbox_is_a_page_for_people(accept, client, outbox):
    outbox("The older", "<script>alert(1)</script>")

    response = client.get("/dev/outbox/", headers={"Accept": accept} if accept else {})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.text.index("&lt;script&gt;alert(1)") < response.text.index("The older")
    assert "<script>alert" not in response.text


def test_an_empty_outbox_says_so(client, outbox):
    assert client.get("/dev/outbox", headers={"Accept": "application/json"}).json() == {"results": []}
    assert "No mail yet." in client.get("/dev/outbox").text
