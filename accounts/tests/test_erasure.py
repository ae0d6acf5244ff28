"""Being forgotten: asked for with the password, called off within 14 days, done whole, proved after."""

import json
from datetime import timedelta

import pytest
import structlog
import time_machine
from django.contrib.auth.hashers import make_password
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import receipts
from accounts.models import AuditEntry, Block, Erasure, Report, Session, User
from accounts.services import (
    audit,
    block_user,
    check_log,
    erasures,
    order_erasure,
    replay_erasures,
    report_user,
    seal_entries,
    set_avatar,
)
from accounts.services.erasing import erase_batch
from accounts.services.erasures import cancel_erasure
from accounts.tasks import begin_due_erasures
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory, staff
from accounts.tests.mails import mails_to
from common.jobs import work
from common.mail.delivery import deliver_mail
from common.models import Job, LogEntry, LooseFile, Mail
from common.tests.pictures import upload
from common.tests.threads import at_once
from legal.models import Acceptance, Consent
from legal.services import accept_version, change_consents
from legal.tests.factories import published
from messaging.models import Chat, Message, Participant
from messaging.services import create_chat, leave_chat, send_message
from messaging.tests.factories import group_of

pytestmark = pytest.mark.django_db

ERASURE = "/api/v1/users/me/erasure"
ME = "/api/v1/users/me"
LOGIN = "/api/v1/auth/login"
BODY = {"password": PASSWORD}


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    options = settings.STORAGES["private"]["OPTIONS"] | {"location": tmp_path / "private"}
    settings.STORAGES = settings.STORAGES | {"private": settings.STORAGES["private"] | {"OPTIONS": options}}


@pytest.fixture
def clock():
    """A clock that stands still until it is moved."""
    with time_machine.travel(timezone.now().replace(microsecond=0), tick=False) as clock:
        yield clock


@pytest.fixture
def erased(committed, clock):
    """Asks for somebody and lets the days of grace go by: their receipt."""

    def erase(user) -> dict:
        order_erasure(actor=UserFactory(is_staff=True), user=user)
        clock.shift(Erasure.GRACE)
        with committed():
            begin_due_erasures.delay()
        return Erasure.objects.get(user=user).receipt

    return erase


def everything():
    models = (User, Session, Erasure, Mail, AuditEntry, LogEntry, Job)
    return [list(model.objects.order_by("pk").values()) for model in models]


# --- Asking and calling off ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("post", ERASURE), ("delete", ME)])
def test_who_asks_has_fourteen_days_and_is_told_by_mail(method, path, layla, client_of, committed, clock):
    here, phone = client_of(layla), client_of(layla)

    with committed():
        response = getattr(here, method)(path, BODY)

    assert response.status_code == 202
    body = response.json()
    assert (body["state"], body["requested_at"], body["due_at"]) == (
        "waiting",
        timezone.now().isoformat().replace("+00:00", "Z"),
        (timezone.now() + timedelta(days=14)).isoformat().replace("+00:00", "Z"),
    )
    assert here.get(ERASURE).json() == body
    assert phone.get(ME).json()["code"] == "session_ended"
    assert here.get(ME).status_code == 200  # the account goes on
    [mail] = mails_to("layla@example.com")
    assert mail["subject"] == "Your account will be deleted"
    assert (timezone.now() + timedelta(days=14)).date().isoformat() in mail["text"]
    [entry] = AuditEntry.objects.filter(verb="erasure.requested")
    assert (entry.actor, entry.subject, entry.target) == (layla.pk, layla.pk, body["id"])


def test_asking_twice_changes_and_tells_nothing(layla, client_of):
    client = client_of(layla)
    first = client.post(ERASURE, BODY)
    before = everything()

    second = client.post(ERASURE, BODY)

    assert (second.status_code, second.json()) == (202, first.json())
    assert everything() == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"password": "eight camels at noon"}, 403, "current_password_wrong"),
        ({}, 403, "current_password_wrong"),
        ({"password": 5}, 400, "invalid"),
        (BODY | {"sure": True}, 400, "invalid"),
        ([], 400, "invalid"),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("post", ERASURE), ("delete", ME)])
def test_without_the_password_nothing_happens(method, path, body, status, code, layla, client_of):
    client = client_of(layla)
    before = everything()

    response = getattr(client, method)(path, body)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert everything() == before


def test_who_has_no_password_needs_a_fresh_proof(layla, client_of, clock):
    User.objects.filter(pk=layla.pk).update(password=make_password(None))
    long_here, lately = client_of(layla), client_of(layla)
    ago = timezone.now() - timedelta(minutes=10, seconds=1)
    Session.objects.filter(pk=long_here.session_row.pk).update(proved_at=ago)
    before = everything()

    refused = long_here.post(ERASURE, {})
    unchanged = everything() == before
    asked = lately.post(ERASURE, {})

    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    assert unchanged
    assert asked.status_code == 202


def test_a_stranger_erases_nobody(client, layla):
    before = everything()

    statuses = [
        client.post(ERASURE, BODY).status_code,
        client.get(ERASURE).status_code,
        client.delete(ERASURE).status_code,
        client.delete(ME, BODY).status_code,
    ]

    assert statuses == [401] * 4
    assert everything() == before


def test_staff_stay(client_of):
    ada = staff()
    client = client_of(ada)
    before = everything()

    response = client.post(ERASURE, BODY)

    assert (response.status_code, response.json()["code"]) == (409, "staff_stay")
    assert everything() == before


def test_who_changes_their_mind_stays(layla, client, client_of, committed, clock):
    client_of(layla).post(ERASURE, BODY)
    clock.shift(timedelta(days=13))
    signed_in = client.post(LOGIN, {"email": layla.email, "password": PASSWORD}).json()["access"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in}")

    with committed():
        responses = [client.delete(ERASURE), client.delete(ERASURE)]

    assert [response.status_code for response in responses] == [204, 204]
    assert client.get(ERASURE).status_code == 404
    assert [mail["subject"] for mail in mails_to("layla@example.com")] == ["Your account stays"]
    clock.shift(timedelta(days=2))
    assert begin_due_erasures.delay().get() == 0
    assert User.objects.get(pk=layla.pk).is_active
    assert AuditEntry.objects.filter(verb="erasure.cancelled").count() == 1


def test_others_see_nothing_of_it(layla, omar, client_of):
    client_of(layla).post(ERASURE, BODY)

    assert client_of(omar).get(ERASURE).status_code == 404
    assert client_of(omar).delete(ERASURE).status_code == 204
    assert Erasure.objects.get().state == "waiting"


def test_it_does_not_begin_a_moment_early(layla, client_of, clock, committed):
    client_of(layla).post(ERASURE, BODY)
    clock.shift(timedelta(days=14, seconds=-1))

    with committed():
        assert begin_due_erasures.delay().get() == 0

    assert Erasure.objects.get().state == "waiting"


def test_once_it_has_begun_it_is_too_late(layla):
    order_erasure(actor=staff(), user=layla)
    Erasure.objects.update(begun_at=timezone.now())
    before = everything()

    with pytest.raises(erasures.ErasureBegun):
        cancel_erasure(actor=layla, user=layla)

    assert everything() == before


def test_who_became_staff_meanwhile_stays(layla, committed, clock):
    order_erasure(actor=staff(), user=layla)
    User.objects.filter(pk=layla.pk).update(is_staff=True)
    clock.shift(Erasure.GRACE)

    with committed():
        begin_due_erasures.delay()

    layla.refresh_from_db()
    assert (layla.is_active, layla.email) == (True, "layla@example.com")
    assert Erasure.objects.get().state == "cancelled"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_wish_is_made(client_of):
    layla = UserFactory()
    sessions = [client_of(layla) for _ in range(4)]

    answers = at_once(4, lambda n: sessions[n].post(ERASURE, BODY))

    assert {answer.status_code for answer in answers} <= {202, 401}  # signed out by the first
    assert Erasure.objects.count() == 1


# --- Erased -------------------------------------------------------------------------------------------------


def test_the_account_stays_as_a_husk_that_nobody_enters(layla, client, erased):
    SessionFactory(user=layla)

    erased(layla)

    layla.refresh_from_db()
    assert (layla.email, layla.username, layla.display_name) == (
        f"{layla.pk}@erased.invalid",
        f"erased-{layla.pk.hex[-20:]}",
        "Erased user",
    )
    assert (layla.first_name, layla.last_name, layla.status_text) == ("", "", "")
    assert (layla.is_active, layla.email_verified_at, layla.last_login) == (False, None, None)
    assert not layla.has_usable_password()
    assert not Session.objects.filter(user=layla).exists()
    assert client.post(LOGIN, {"email": "layla@example.com", "password": PASSWORD}).status_code == 401
    again = {"email": "layla@example.com", "username": "layla", "password": "nine foxes at noon"}
    assert client.post("/api/v1/auth/register", again).status_code == 201


def test_conversations_keep_their_order_without_what_was_said(layla, omar, client_of, erased):
    chat = group_of(layla, omar, title="Wadi Rum")
    send_message(actor=layla, chat=chat, text="We leave at dawn.", client_id="layla-phone-1")
    send_message(actor=omar, chat=chat, text="I bring the coffee.")

    receipt = erased(layla)

    history = client_of(omar).get(f"/api/v1/chats/{chat.pk}/messages").json()["results"]
    assert [(each["seq"], each["author_name"], each["text"], each["client_id"]) for each in history] == [
        (1, "Erased user", "", None),
        (2, "Omar", "I bring the coffee.", None),
    ]
    said = Message.objects.get(seq=1)
    assert (said.author_id, said.fingerprint) == (layla.pk, "")
    [table] = [each for each in receipt["tables"] if each["table"] == "messaging.message"]
    assert (table["done"], table["rows"], table["emptied"]) == (
        "changed",
        1,
        ["text", "mentions", "client_id", "fingerprint", "quote"],
    )


def test_a_group_of_theirs_goes_to_the_next_in_rank(layla, omar, mina, client_of, erased):
    chat = group_of(layla, omar, mina)
    Participant.objects.filter(user=mina).update(role=Participant.Role.ADMIN)

    erased(layla)

    present = Participant.objects.present().filter(chat=chat).values_list("user__username", "role")
    assert sorted(present) == [("mina", "owner"), ("omar", "member")]
    chat.refresh_from_db()
    assert (chat.participant_count, chat.last_seq) == (2, 2)
    log = LogEntry.objects.filter(topic=f"chat:{chat.pk}").order_by("seq").values_list("seq", "type")
    assert list(log) == [(1, "participant.updated"), (2, "participant.removed")]
    assert client_of(mina).get(f"/api/v1/chats/{chat.pk}").json()["my_role"] == "owner"


def test_a_chat_that_nobody_else_was_in_is_deleted(layla, omar, erased):
    alone = group_of(layla, title="My notes")
    send_message(actor=layla, chat=alone, text="Buy dates.")
    private, _ = create_chat(actor=layla, type=Chat.Type.PRIVATE, participants=[omar])
    left = group_of(layla, omar, title="Once")
    leave_chat(actor=omar, chat=left)

    receipt = erased(layla)

    assert not Chat.objects.filter(pk=alone.pk).exists()
    assert Chat.objects.filter(pk=private.pk).exists()
    left.refresh_from_db()
    assert left.deleted_at is not None
    assert "Buy dates." not in json.dumps(list(Message.objects.values("text")))
    assert not Participant.objects.filter(user=layla).exists()
    assert receipt


def test_a_private_chat_goes_when_the_second_goes_too(layla, omar, erased):
    private, _ = create_chat(actor=layla, type=Chat.Type.PRIVATE, participants=[omar])
    send_message(actor=layla, chat=private, text="Shall I pick you up?")
    erased(layla)
    assert Chat.objects.filter(pk=private.pk).exists()

    erased(omar)

    assert not Chat.objects.filter(pk=private.pk).exists()
    assert not Message.objects.exists()


def test_who_is_left_in_a_private_chat_reads_on_and_calls_nobody_back(layla, omar, client_of, erased):
    private, _ = create_chat(actor=layla, type=Chat.Type.PRIVATE, participants=[omar])
    send_message(actor=layla, chat=private, text="Shall I pick you up?")
    erased(layla)

    response = client_of(omar).post(f"/api/v1/chats/{private.pk}/messages", {"text": "Hello?"})

    assert response.status_code == 201
    assert [row.user for row in Participant.objects.present()] == [omar]


def test_of_their_picture_no_file_is_left(layla, media, erased):
    set_avatar(user=layla, file=upload())
    assert len(list(media.rglob("*.webp"))) == 3

    erased(layla)

    layla.refresh_from_db()
    assert (layla.avatar, list(media.rglob("*.webp")), LooseFile.objects.count()) == ("", [], 0)


def test_what_was_agreed_to_stays_and_says_of_nobody_from_where(layla, erased):
    published("1")
    session = SessionFactory(user=layla)
    place = {"address": "2001:db8::7", "session": session.pk}
    accept_version(user=layla, kind="terms", label="1", locales=["en"], **place)
    change_consents(user=layla, changes={"marketing": True}, **place)

    receipt = erased(layla)

    accepted, consent = Acceptance.objects.get(), Consent.objects.get()
    assert (accepted.user_id, accepted.version.label, accepted.locale) == (layla.pk, "1", "en")
    assert (consent.user_id, consent.purpose, consent.given) == (layla.pk, "marketing", True)
    assert {(row.address, row.session) for row in (accepted, consent)} == {(None, None)}
    tables = {each["table"]: each for each in receipt["tables"]}
    for table in (tables["legal.acceptance"], tables["legal.consent"]):
        assert (table["rows"], table["emptied"]) == (1, ["address", "session"])


def test_the_audit_log_forgets_from_where_and_stays_whole(layla, omar, erased):
    with structlog.contextvars.bound_contextvars(address="192.0.2.7"):
        mine = audit.record(
            category=audit.Category.SECURITY, verb="password.changed", actor=layla, subject=layla
        )
        others = audit.record(category=audit.Category.USER, verb="user.blocked", actor=omar, subject=omar)
    seal_entries()

    erased(layla)

    assert [AuditEntry.objects.get(pk=entry.pk).address for entry in (mine, others)] == [None, "192.0.2.7"]
    seal_entries()
    assert check_log().faults == []


def test_whom_they_reported_is_still_looked_at_and_nobody_looks_at_them(layla, omar, erased):
    report_user(actor=layla, user=omar, reason="spam", text="He writes to Layla every day.")
    report_user(actor=omar, user=layla, reason="other", text="Layla is rude.")

    receipt = erased(layla)

    report = Report.objects.get()
    assert (report.subject, report.reason, report.state) == (omar, "spam", "open")
    assert (report.reporter, report.text) == (None, "")
    [table] = [each for each in receipt["tables"] if each["table"] == "accounts.report"]
    assert (table["rows"], table["deleted"]) == (1, 1)


def test_nobody_blocks_them_and_they_block_nobody(layla, omar, erased):
    block_user(actor=layla, user=omar)
    block_user(actor=omar, user=layla)

    erased(layla)

    assert not Block.objects.exists()


def test_the_receipt_is_mailed_and_the_address_is_forgotten(layla, erased):
    receipt = erased(layla)

    [mail] = mails_to("layla@example.com")
    assert mail["subject"] == "Your account was deleted"
    assert json.loads(mail["text"][mail["text"].index("{") :]) == receipt
    assert receipts.verify(receipt)["account"] == str(layla.pk)
    assert "layla" not in json.dumps(receipt)
    assert not Mail.objects.filter(to="layla@example.com").exists()


def test_a_receipt_that_can_not_be_mailed_is_given_up_with_its_address(layla, settings, erased):
    settings.EMAIL_BACKEND = "nowhere.Backend"
    erased(layla)
    mail = Mail.objects.get(to="layla@example.com")
    Mail.objects.update(attempts=Mail.ATTEMPTS - 1, tried_at=None)

    assert deliver_mail(mail=mail.pk) is False

    assert not Mail.objects.filter(to="layla@example.com").exists()


def test_a_killed_erasure_goes_on_where_it_was(layla, omar, committed, clock, monkeypatch):
    chat = group_of(layla, omar)
    for number in range(5):
        send_message(actor=layla, chat=chat, text=f"Message {number}")
    monkeypatch.setattr("accounts.services.erasing.BATCH", 2)
    order_erasure(actor=staff(), user=layla)
    clock.shift(Erasure.GRACE)
    begin_due_erasures.delay()
    batches = []

    def killed_in_the_second(holding, who, *, after=None):
        dealt = erase_batch(holding, who, after=after)
        batches.append(dealt)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return dealt

    with monkeypatch.context() as patched:
        patched.setattr("accounts.services.erasures.erase_batch", killed_in_the_second)
        with pytest.raises(KeyboardInterrupt):
            work.run_job(job=Job.objects.get().pk)
    assert Message.objects.exclude(text="").count() == 3
    assert not User.objects.get(pk=layla.pk).is_active
    clock.shift(timedelta(minutes=3))

    with committed():
        done = work.run_job(job=Job.objects.get().pk)

    assert done is True
    assert not Message.objects.exclude(text="").exists()
    assert Erasure.objects.get().state == "erased"
    [table] = [
        each for each in Erasure.objects.get().receipt["tables"] if each["table"] == "messaging.message"
    ]
    assert table["rows"] == 5  # none counted twice


def test_one_that_fails_is_tried_again_with_the_next_round(layla, committed, clock, monkeypatch):
    order_erasure(actor=staff(), user=layla)
    clock.shift(Erasure.GRACE)
    with monkeypatch.context() as patched, committed():
        patched.setattr("accounts.services.erasures.erase_batch", lambda *args, **more: 1 / 0)
        begin_due_erasures.delay()
    assert Job.objects.get().state == "failed"

    with committed():
        begin_due_erasures.delay()

    assert Erasure.objects.get().state == "erased"


def test_one_that_is_done_is_not_begun_again(layla, erased, committed):
    erased(layla)
    before = everything()

    with committed():
        assert begin_due_erasures.delay().get() == 0

    assert everything() == before


# --- Receipts -----------------------------------------------------------------------------------------------


@pytest.fixture
def receipt_file(layla, erased, tmp_path):
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(erased(layla)))
    return path


def test_a_receipt_of_ours_is_told_from_a_changed_one(receipt_file, capsys):
    call_command("erasure", "verify", str(receipt_file))
    assert "This receipt is ours" in capsys.readouterr().out

    receipt_file.write_text(receipt_file.read_text().replace('"rows": 1', '"rows": 2', 1))

    with pytest.raises(CommandError, match="changed after it was signed"):
        call_command("erasure", "verify", str(receipt_file))


def test_a_receipt_of_another_key_is_not_ours(receipt_file, settings):
    settings.RECEIPT_KEY = "another"

    with pytest.raises(CommandError, match="another key"):
        call_command("erasure", "verify", str(receipt_file))


@pytest.mark.parametrize("text", ["{}", "[]", "5", "no json", '{"key": 5, "signature": ""}'])
def test_what_is_no_receipt_says_so(text, tmp_path):
    path = tmp_path / "receipt.json"
    path.write_text(text)

    with pytest.raises(CommandError):
        call_command("erasure", "verify", str(path))


# --- After a restore ----------------------------------------------------------------------------------------


def test_after_a_restore_the_erased_are_erased_again(layla, omar, erased, capsys):
    before = User.objects.filter(pk=layla.pk).values().get()
    receipt = erased(layla)
    Erasure.objects.all().delete()  # the backup knows nothing of it, and her again
    User.objects.filter(pk=layla.pk).update(**before)

    call_command("erasure", "replay")
    call_command("erasure", "replay")

    layla.refresh_from_db()
    assert layla.email == f"{layla.pk}@erased.invalid"
    again = Erasure.objects.get().receipt
    assert again["replays"] == receipt["erasure"]
    assert capsys.readouterr().out.splitlines() == [
        f"{layla.pk}: erased",
        "1 erased again.",
        "0 erased again.",
    ]
    omar.refresh_from_db()
    assert omar.email == "omar@example.com"


def test_a_replay_that_does_not_come_to_its_end_says_so(layla, erased, monkeypatch):
    before = User.objects.filter(pk=layla.pk).values().get()
    erased(layla)
    Erasure.objects.all().delete()
    User.objects.filter(pk=layla.pk).update(**before)
    monkeypatch.setattr("accounts.services.erasures.erase_batch", lambda *args, **more: 1 / 0)

    with pytest.raises(CommandError, match="Not all of them yet"):
        call_command("erasure", "replay")


def test_nobody_is_erased_on_a_forged_word(layla, omar, erased):
    receipt = erased(layla)
    forged = json.dumps(receipt | {"account": str(omar.pk)})
    with storages["private"].open("erasures/forged.json", "w") as file:
        file.write(forged)

    with pytest.raises(receipts.ReceiptInvalid):
        replay_erasures()

    omar.refresh_from_db()
    assert omar.email == "omar@example.com"


def test_without_receipts_there_is_nothing_to_replay():
    assert replay_erasures() == []
