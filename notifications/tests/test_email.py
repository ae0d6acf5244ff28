"""Mails at a real mail server: what arrives, byte for byte, and what its answers mean."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from unittest import mock
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.tests.factories import UserFactory
from notifications import kinds, registries
from notifications.kinds import Kind, Words
from notifications.mails import Item, Letter
from notifications.models import Attempt, Delivery, Preferences
from notifications.outcomes import Outcome, Result
from notifications.senders.email import CHANNEL, pack, reachable, send_letter
from notifications.services import deliver_due
from notifications.tests.factories import DeliveryFactory, NotificationFactory

from .mail_server import mail_server

ID = UUID("0197a3c0-0000-7000-8000-000000000001")


@pytest.fixture
def post(settings):
    with mail_server() as (post, port):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
        settings.DEFAULT_FROM_EMAIL = "Serai <hello@serai.example>"
        yield post


@pytest.fixture(autouse=True)
def _mentions(monkeypatch):
    """A kind to tell of, and one that nobody can turn off."""
    for name, mandatory in (("test", ()), ("safety", ("email",))):
        kind = Kind(
            name=name,
            label=f"Label of {name}",
            words=lambda rows: [
                Words(title=row.data["title"], body="Salam", path="/chats/1") for row in rows
            ],
            channels=frozenset({"email"}),
            mandatory=frozenset(mandatory),
        )
        monkeypatch.setitem(kinds.kinds, name, kind)
    email = registries.Channel(
        name="email", label="E-mail", targets=lambda people: {each: [registries.Target()] for each in people}
    )
    monkeypatch.setitem(registries.channels, "email", email)


def letter(**more) -> Letter:
    item = Item(
        title="Omar mentioned you",
        body="Six o'clock, ليلى?",
        url="https://app.example/chats/1",
        at=datetime(2026, 11, 22, 6, 20, tzinfo=UTC),
    )
    given = {
        "id": ID,
        "to": "layla@example.com",
        "language": "en",
        "items": [item],
        "level": "full",
        "unsubscribe_url": "https://serai.example/unsubscribe/abc:def",
        "reason": "Because you want it.",
        "timezone": "Asia/Riyadh",
    }
    return Letter(**(given | more))


def item(**more) -> Item:
    return Item(**({"title": "T", "body": "", "url": "", "at": datetime(2026, 11, 22, tzinfo=UTC)} | more))


def send(delivery):
    [packed] = pack([delivery])
    return packed if isinstance(packed, Outcome) else packed.send()


def heads_of(raw: bytes) -> list[bytes]:
    """The lines, unfolded, without what is another each time."""
    heads = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
    return re.sub(rb'boundary="[^"]+"', b'boundary="-"', heads).split(b"\r\n")


def text_of(mail, subtype: str) -> str:
    return mail.get_body([subtype]).get_content().replace("\r\n", "\n")


# --- What arrives -------------------------------------------------------------------------------------------


def test_both_parts_and_the_headers_arrive_as_they_are(post):
    outcome = send_letter(letter())

    [raw] = post.taken
    [mail] = post.mails
    assert outcome == Outcome.sent()
    assert heads_of(raw) == [
        b'Content-Type: multipart/alternative; boundary="-"',
        b"MIME-Version: 1.0",
        b"Subject: Omar mentioned you",
        b"From: Serai <hello@serai.example>",
        b"To: layla@example.com",
        mock.ANY,  # Date
        b"Message-ID: <0197a3c0-0000-7000-8000-000000000001@serai>",
        b"Auto-Submitted: auto-generated",
        b"List-Unsubscribe: <https://serai.example/unsubscribe/abc:def>",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert text_of(mail, "plain") == (
        "Omar mentioned you\nSix o'clock, ليلى?\n2026-11-22 09:20 (Asia/Riyadh)\n"
        "https://app.example/chats/1\n\nBecause you want it.\n\n"
        "To choose what you are told by mail, or to unsubscribe:\n"
        "https://serai.example/unsubscribe/abc:def\n"
    )
    html = text_of(mail, "html")
    assert html.startswith('<!doctype html>\n<html lang="en" dir="ltr">')
    assert "Six o&#x27;clock, ليلى?</div>" in html
    assert '<a href="https://app.example/chats/1"' in html
    assert '<a href="https://serai.example/unsubscribe/abc:def"' in html


def test_the_link_stands_in_one_line_with_its_header(post):
    link = f"https://serai.example/unsubscribe/{'a' * 300}"

    send_letter(letter(unsubscribe_url=link, items=[item(title="عنوان طويل جدًا " * 6)]))

    [raw] = post.taken
    heads = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert f"List-Unsubscribe: <{link}>".encode() in heads
    assert post.mails[0]["Subject"] == " ".join(["عنوان طويل جدًا"] * 6)
    assert max(map(len, heads)) <= 998


def test_every_attempt_has_the_same_message_id(post):
    for _ in range(2):
        send_letter(letter())

    assert [mail["Message-ID"] for mail in post.mails] == [f"<{ID}@serai>"] * 2


def test_a_mail_in_arabic_runs_from_right_to_left(post):
    send_letter(letter(language="ar", items=[item(title="أشار إليك \u2068Omar\u2069")], level="full"))

    [mail] = post.mails
    html = text_of(mail, "html")
    assert mail["Subject"] == "أشار إليك \u2068Omar\u2069"
    assert '<html lang="ar" dir="rtl">' in html
    assert "اختيار ما يصلك بالبريد أو إلغاء الاشتراك" in html
    assert "لاختيار ما يصلك بالبريد أو لإلغاء الاشتراك:" in text_of(mail, "plain")


def test_what_can_not_be_turned_off_says_nothing_of_it(post):
    send_letter(letter(unsubscribe_url=None))

    [mail] = post.mails
    assert (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"]) == (None, None)
    assert "unsubscribe" not in text_of(mail, "html")


# --- How much it says ---------------------------------------------------------------------------------------

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


@pytest.mark.parametrize(
    ("level", "subject", "there", "not_there"),
    [
        ("full", "Omar mentioned you", [LONG], []),
        (
            "teaser",
            "Omar mentioned you",
            ["one two three four five six seven eight nine ten eleven twelve thirteen…"],
            ["fourteen"],
        ),
        ("none", "You have a new notification", [], ["Omar", "one two"]),
    ],
)
def test_a_mail_says_as_much_as_they_want(level, subject, there, not_there, post):
    send_letter(letter(level=level, items=[item(title="Omar mentioned you", body=LONG)]))

    [mail] = post.mails
    assert mail["Subject"] == subject
    for part in ("plain", "html"):
        text = text_of(mail, part)
        assert [words for words in there if words not in text] == []
        assert [words for words in not_there if words in text] == []


def test_a_digest_tells_of_all_of_them(post):
    items = [item(title=f"Thing {number}", body="Salam", count=2) for number in range(25)]

    send_letter(letter(items=items, is_digest=True))

    [mail] = post.mails
    text, html = (text_of(mail, part) for part in ("plain", "html"))
    assert mail["Subject"] == "50 new notifications"
    assert "Thing 0 (2 times)\nSalam\n2026-11-22 03:00 (Asia/Riyadh)\n\nThing 1" in text
    for part in (text, html):
        assert ("Thing 19" in part, "Thing 20" in part, "and 5 more" in part) == (True, False, True)


def test_a_digest_that_may_say_nothing_says_how_many(post):
    items = [item(title="Omar mentioned you", body="Salam"), item(title="Zaid reacted")]

    send_letter(letter(items=items, is_digest=True, level="none"))

    [raw] = post.taken
    assert post.mails[0]["Subject"] == "2 new notifications"
    assert [word for word in (b"Omar", b"Zaid", b"Salam") if word in raw] == []


# --- Names that mean harm -----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["\n", "\r\n", "\r", "\x00", "\x85", "\u2028", "\x0b", "\x1c"])
def test_a_name_adds_no_header_and_no_recipient(line, post):
    title = f"Omar{line}Bcc: everybody@example.com{line}{line}<b>mentioned</b> you"

    outcome = send_letter(letter(items=[item(title=title, body=f"a{line}.{line}QUIT{line}b")]))

    [mail] = post.mails
    assert outcome.result == Result.SENT
    assert (mail["Bcc"], mail["To"]) == (None, "layla@example.com")
    assert mail["Subject"] == "Omar Bcc: everybody@example.com <b>mentioned</b> you"
    assert text_of(mail, "plain").startswith(f"{mail['Subject']}\na")


def test_a_name_with_html_is_text(post):
    send_letter(
        letter(items=[item(title="<script>alert(1)</script>", body='"><img src=x onerror=alert(1)>')])
    )

    html = text_of(post.mails[0], "html")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    assert "<img" not in html


def test_an_override_of_direction_goes_no_further_than_its_name(post):
    send_letter(
        letter(items=[item(title="\u2068gpj\u202e.exe\u2069 from \u2068Om\u2069\u202ear", body="\u202ex")])
    )

    [mail] = post.mails
    assert mail["Subject"] == "\u2068gpj.exe\u2069 from \u2068Om\u2069ar"
    assert [part for part in ("plain", "html") if "\u202e" in text_of(mail, part)] == []


def test_a_subject_is_not_endless(post):
    send_letter(letter(items=[item(title="a word " * 200)]))

    subject = post.mails[0]["Subject"]
    assert len(subject) <= 120
    assert subject.endswith("word…")


# --- What the server says -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "result", "code", "answer"),
    [
        ({"at_recipient": "550 5.1.1 no such user"}, "refused", "smtp_550", "550 5.1.1 no such user"),
        ({"at_recipient": "450 4.2.1 come back later"}, "again", "smtp_450", "450 4.2.1 come back later"),
        ({"at_recipient": "421 too many"}, "again", "smtp_421", "421 too many"),
        ({"at_data": "554 5.7.1 looks like spam"}, "refused", "smtp_554", "554 5.7.1 looks like spam"),
        ({"at_data": "451 4.3.0 try later"}, "again", "smtp_451", "451 4.3.0 try later"),
        ({"at_sender": "421 closing"}, "again", "smtp_421", "421 closing"),
        # Of us, not of the one it is for: somebody mends that, and nothing is lost.
        ({"at_sender": "550 5.7.1 sender not allowed"}, "again", "smtp_550", "550 5.7.1 sender not allowed"),
    ],
)
def test_what_the_server_says_decides(said, result, code, answer, post):
    vars(post).update(said)

    outcome = send_letter(letter())

    assert outcome == Outcome(result=Result(result), code=code, answer=answer)
    assert post.taken == []


@pytest.mark.parametrize("when", ["MAIL", "RCPT", "DATA"])
def test_a_line_that_goes_dead_is_tried_again(when, post):
    post.hangs_up = when

    outcome = send_letter(letter())

    assert (outcome.result, outcome.code) == (Result.AGAIN, "disconnected")
    assert post.taken == []


def test_what_was_taken_without_a_word_comes_again_under_the_same_id(post):
    post.hangs_up = "after"
    first = send_letter(letter())
    post.hangs_up = ""
    second = send_letter(letter())

    assert (first.result, second.result) == (Result.AGAIN, Result.SENT)
    assert [mail["Message-ID"] for mail in post.mails] == [f"<{ID}@serai>"] * 2


def test_nobody_at_the_port_is_tried_again(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    outcome = send_letter(letter())

    assert (outcome.result, outcome.code) == (Result.AGAIN, "unreachable")
    assert outcome.answer.startswith("ConnectionRefusedError: ")


# --- From a delivery ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_delivery_goes_to_the_address_of_its_person_in_their_language(post, layla, settings):
    settings.APP_URL = "https://app.example"
    layla.language = "ar"
    layla.save()
    row = NotificationFactory(user=layla, data={"title": "Title"})
    delivery = DeliveryFactory(user=layla, channel="email", notification=row)

    outcome = send(delivery)

    [mail] = post.mails
    text = text_of(mail, "plain")
    assert outcome == Outcome.sent()
    assert (parseaddr(mail["To"])[1], mail["Message-ID"]) == ("layla@example.com", f"<{delivery.pk}@serai>")
    assert text.startswith("Title\nSalam\n")
    assert "https://app.example/chats/1\n" in text
    assert "وصلتك هذه الرسالة لأن هذه الإشعارات تصلك بالبريد: Label of test" in text


@pytest.mark.django_db
def test_a_mail_provider_unsubscribes_by_the_header(post, layla):
    """As RFC 8058 §3.2 has it: a POST of that one field, no cookie, and the header is all it knows."""
    row = NotificationFactory(user=layla, data={"title": "Title"})
    delivery = DeliveryFactory(user=layla, channel="email", notification=row)
    send(delivery)
    [mail] = post.mails
    link = re.fullmatch(r"<(\S+)>", mail["List-Unsubscribe"])[1]
    body = mail["List-Unsubscribe-Post"]

    response = APIClient(enforce_csrf_checks=True).post(
        urlsplit(link).path, body, content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code == 200
    assert Preferences.objects.get(user=layla).choices == {"test": {"email": False}}
    assert send(delivery).code == "channel_off"
    assert len(post.taken) == 1


@pytest.mark.django_db
def test_what_is_about_safety_can_not_be_unsubscribed(post, layla):
    row = NotificationFactory(user=layla, kind="safety", data={"title": "Title"})

    send(DeliveryFactory(user=layla, channel="email", notification=row))

    [mail] = post.mails
    assert mail["List-Unsubscribe"] is None
    assert "because it is about the safety of your account" in text_of(mail, "plain")


@pytest.mark.django_db
def test_what_was_read_meanwhile_is_not_mailed(post, layla):
    row = NotificationFactory(user=layla, data={"title": "Title"}, read_at=datetime(2026, 11, 22, tzinfo=UTC))

    outcome = send(DeliveryFactory(user=layla, channel="email", notification=row))

    assert outcome.code == "read"
    assert post.taken == []


@pytest.mark.django_db
def test_mails_go_to_addresses_that_were_proven(layla):
    unproven = UserFactory(email_verified_at=None)
    nowhere = UserFactory(email="telegram-1@users.invalid")
    inactive = UserFactory(is_active=False)

    found = reachable([layla.pk, unproven.pk, nowhere.pk, inactive.pk])

    assert found == {layla.pk: [registries.Target()]}


# --- In the hands of the engine -----------------------------------------------------------------------------


@pytest.fixture
def channel(monkeypatch):
    """The channel as it is registered, not a test's."""
    monkeypatch.setitem(registries.channels, "email", CHANNEL)


@pytest.mark.django_db
def test_a_server_that_is_busy_gets_it_later_under_the_same_id(post, layla, channel):
    post.at_recipient = "450 4.2.1 come back later"
    row = NotificationFactory(user=layla, data={"title": "Title"})
    with time_machine.travel(datetime(2026, 11, 22, 10, tzinfo=UTC), tick=False) as clock:
        delivery = DeliveryFactory(user=layla, channel="email", notification=row)
        deliver_due("email")
        post.at_recipient = ""
        too_early = deliver_due("email")
        clock.shift(timedelta(minutes=2))
        deliver_due("email")

    delivery.refresh_from_db()
    assert too_early == 0
    assert (delivery.state, delivery.reason, delivery.attempts) == ("sent", "sent", 2)
    assert [mail["Message-ID"] for mail in post.mails] == [f"<{delivery.pk}@serai>"]
    assert list(Attempt.objects.values_list("number", "result", "code", "answer")) == [
        (1, "again", "smtp_450", "450 4.2.1 come back later"),
        (2, "sent", "sent", ""),
    ]


@pytest.mark.django_db
def test_an_address_that_is_refused_is_not_tried_again(post, layla, channel):
    post.at_recipient = "550 5.1.1 no such user"
    row = NotificationFactory(user=layla, data={"title": "Title"})
    delivery = DeliveryFactory(user=layla, channel="email", notification=row)

    made = [deliver_due("email") for _ in range(2)]

    delivery.refresh_from_db()
    assert made == [1, 0]
    assert (delivery.state, delivery.reason) == ("failed", "refused")
    assert Attempt.objects.get().answer == "550 5.1.1 no such user"


@pytest.mark.django_db
def test_a_server_that_stays_away_is_tried_for_most_of_a_day(layla, settings, channel):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    row = NotificationFactory(user=layla, data={"title": "Title"})
    with time_machine.travel(datetime(2026, 11, 22, 10, tzinfo=UTC), tick=False) as clock:
        delivery = DeliveryFactory(user=layla, channel="email", notification=row)
        while Delivery.objects.waiting().exists():
            deliver_due("email")
            delivery.refresh_from_db()
            clock.move_to(max(delivery.due_at, timezone.now()))
        took = timezone.now() - datetime(2026, 11, 22, 10, tzinfo=UTC)

    assert (delivery.state, delivery.reason, delivery.attempts) == ("failed", "gave_up", 8)
    assert timedelta(hours=18) < took < timedelta(hours=26)
    assert set(Attempt.objects.values_list("code", flat=True)) == {"unreachable"}
