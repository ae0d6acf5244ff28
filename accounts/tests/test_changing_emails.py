"""Another e-mail address: asked for, proved, told."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AuditEntry, MailedCode, Session, User
from accounts.services import register
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory
from accounts.tests.mails import code_in, mails_to, other_than
from accounts.tokens import make_access
from common.mail.delivery import deliver_mail
from common.mail.services import queue_mail
from common.models import Mail
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

CHANGE = "/api/v1/auth/change-email"
CONFIRM = "/api/v1/auth/change-email/confirm"
NEW = "layla@example.org"


def everything():
    return [list(model.objects.order_by("pk").values()) for model in (User, AuditEntry, Mail)]


def link_in(mail) -> str:
    return next(word for word in mail["text"].split() if word.startswith("http://testserver/change-email/"))


def token_in(mail) -> str:
    return link_in(mail).rpartition("/")[2]


@pytest.fixture
def asked(layla, client_of, committed):
    """Layla's client, after she has asked, and the mail."""
    client = client_of(layla)
    with committed():
        assert client.post(CHANGE, {"email": f" {NEW.upper()} "}).status_code == 204
    [mail] = mails_to(NEW)
    return client, mail


def test_nothing_changes_before_the_new_address_has_answered(asked, layla):
    _, mail = asked

    layla.refresh_from_db()
    assert layla.email == "layla@example.com"
    assert mail["subject"] == "Your new e-mail address"
    assert mails_to("layla@example.com") == []


def test_no_mail_is_held_under_an_address_that_is_not_theirs(asked, client, layla, omar, committed):
    here, mail = asked
    assert not Mail.objects.filter(to=NEW).exists()
    sent, given_up, waiting, others = (
        queue_mail(to=to, template="password_changed", context={"name": "Layla"})
        for to in [layla.email] * 3 + [omar.email]
    )
    Mail.objects.filter(pk=sent.pk).update(sent_at=timezone.now())
    Mail.objects.filter(pk=given_up.pk).update(attempts=Mail.ATTEMPTS)

    here.post(CONFIRM, {"code": code_in(mail)})

    left = Mail.objects.filter(to="layla@example.com").order_by("pk").values_list("template", "is_last")
    assert list(left) == [("password_changed", True), ("email_changed", True)]  # they go once they are sent
    assert not Mail.objects.get(pk=others.pk).is_last
    assert deliver_mail(mail=waiting.pk)
    assert not Mail.objects.filter(pk=waiting.pk).exists()


@pytest.mark.parametrize("by", ["code", "link", "page"])
def test_what_was_mailed_changes_the_address_and_tells_the_old_one(by, asked, layla, client, committed):
    here, mail = asked
    there = SessionFactory(user=layla)

    with committed():
        match by:
            case "code":
                response = here.post(CONFIRM, {"code": code_in(mail)})
            case "link":
                response = client.post(CONFIRM, {"token": token_in(mail)})
            case "page":
                response = client.post(link_in(mail).removeprefix("http://testserver"))

    assert response.status_code == 200
    if by != "page":
        assert response.json() == {"email": NEW}
    layla.refresh_from_db()
    assert (layla.email, layla.is_verified) == (NEW, True)
    logins = [
        client.post("/api/v1/auth/login", {"email": email, "password": PASSWORD}).status_code
        for email in ("layla@example.com", NEW)
    ]
    assert logins == [401, 200]
    [told] = mails_to("layla@example.com")
    assert told["subject"] == "Your e-mail address was changed"
    assert "hello@serai.example" in told["text"]
    assert NEW not in told["text"] + told["html"]
    entry = AuditEntry.objects.get(verb="email.changed")
    assert (entry.category, entry.subject, entry.details) == ("security", layla.pk, {})
    there.refresh_from_db()
    assert there.revoked_at is None


def test_the_page_of_the_link_changes_nothing_by_being_opened(asked, layla, client):
    path = link_in(asked[1]).removeprefix("http://testserver")

    response = client.get(path)

    assert response.status_code == 200
    assert "Yes, use this address" in response.content.decode()
    layla.refresh_from_db()
    assert layla.email == "layla@example.com"


def test_who_has_changed_it_may_end_the_other_sessions(asked, layla):
    here, mail = asked
    there = SessionFactory(user=layla)
    here.post(CONFIRM, {"code": code_in(mail)})

    response = here.post("/api/v1/auth/logout-all", {"keep_current": True})

    assert response.status_code == 204
    assert [each.pk for each in Session.objects.filter(revoked_at=None)] == [here.session_row.pk]
    there.refresh_from_db()
    assert there.revoked_reason == "logout"


def test_a_taken_address_gets_the_same_answer_and_its_owner_is_told(layla, client_of, committed):
    UserFactory(email="taken@example.com")
    client = client_of(layla)

    with committed():
        taken, free = (client.post(CHANGE, {"email": each}) for each in ("taken@example.com", NEW))

    assert (taken.status_code, taken.content) == (free.status_code, free.content) == (204, b"")
    [mail] = mails_to("taken@example.com")
    assert mail["subject"] == "Somebody wanted your address"
    assert "change-email" not in mail["text"]
    assert User.objects.filter(email="taken@example.com").count() == 1


@pytest.mark.parametrize("by", ["code", "token"])
def test_a_proof_works_once(by, asked):
    here, mail = asked
    body = {"code": code_in(mail)} if by == "code" else {"token": token_in(mail)}
    here.post(CONFIRM, body)
    before = everything()

    response = here.post(CONFIRM, body)

    assert (response.status_code, response.json()["code"]) == (400, "code_invalid")
    assert everything() == before


def test_the_last_one_asked_for_is_the_one_that_works(asked, client, layla, committed):
    here, first = asked
    with committed():
        here.post(CHANGE, {"email": "other@example.org"})
    [second] = mails_to("other@example.org")

    old = client.post(CONFIRM, {"token": token_in(first)})
    new = client.post(CONFIRM, {"token": token_in(second)})

    assert (old.json()["code"], new.json()) == ("code_invalid", {"email": "other@example.org"})


@pytest.mark.parametrize("what", ["wrong", "late", "somebody else's"])
def test_a_code_that_does_not_hold_changes_nothing(what, asked, client_of):
    here, mail = asked
    code = code_in(mail)
    match what:
        case "wrong":
            code = other_than(code)
        case "late":
            MailedCode.objects.update(expires_at=timezone.now())
        case "somebody else's":
            here = client_of(UserFactory())
    before = everything()

    response = here.post(CONFIRM, {"code": code})

    assert (response.status_code, response.json()["code"]) == (400, "code_invalid")
    assert everything() == before


def test_an_address_that_somebody_took_meanwhile_stays_theirs(asked, layla):
    here, mail = asked
    register(email=NEW, password="nine foxes at noon")
    before = everything()

    response = here.post(CONFIRM, {"code": code_in(mail)})

    assert (response.status_code, response.json()["code"]) == (400, "code_invalid")
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_one_address_at_once_one_gets_it():
    people = UserFactory.create_batch(4)
    clients = [
        APIClient(HTTP_AUTHORIZATION=f"Bearer {make_access(SessionFactory(user=user))}") for user in people
    ]
    tokens = []
    for client in clients:
        client.post(CHANGE, {"email": NEW})
        tokens.append(token_in(mails_to(NEW)[0]))

    statuses = at_once(4, lambda number: APIClient().post(CONFIRM, {"token": tokens[number]}).status_code)

    assert sorted(statuses) == [200, 400, 400, 400]
    assert User.objects.filter(email=NEW).count() == 1
    assert AuditEntry.objects.filter(verb="email.changed").count() == 1


def test_a_mail_to_the_old_address_proves_nothing_any_more(asked, layla, client, committed):
    here, mail = asked
    with committed():
        client.post("/api/v1/auth/forgot-password", {"email": "layla@example.com"})
    [forgot] = mails_to("layla@example.com")
    here.post(CONFIRM, {"code": code_in(mail)})

    response = client.post(
        "/api/v1/auth/reset-password",
        {"email": "layla@example.com", "code": code_in(forgot), "password": "nine foxes at noon"},
    )

    assert response.json()["code"] == "code_invalid"


def test_without_a_fresh_proof_nothing_is_mailed(layla, client_of):
    client = client_of(layla)
    Session.objects.update(proved_at=timezone.now() - timedelta(minutes=10))

    response = client.post(CHANGE, {"email": NEW})

    assert (response.status_code, response.json()["code"]) == (403, "step_up_required")
    assert not Mail.objects.exists()
    assert not MailedCode.objects.exists()


def test_a_stranger_needs_the_link(asked, client):
    before = everything()

    asking, by_code = client.post(CHANGE, {"email": NEW}), client.post(CONFIRM, {"code": code_in(asked[1])})

    assert (asking.status_code, by_code.status_code) == (401, 401)
    assert everything() == before


@pytest.mark.parametrize(
    ("path", "body", "field", "code"),
    [
        (CHANGE, {}, "email", "required"),
        (CHANGE, {"email": "layla"}, "email", "invalid"),
        (CHANGE, {"email": ["layla@example.org"]}, "email", "invalid"),
        (CHANGE, {"email": f"{'x' * 250}@example.org"}, "email", "max_length"),
        (CHANGE, {"email": NEW, "password": PASSWORD}, "password", "unknown_field"),
        (CONFIRM, {}, "token", "required"),
        (CONFIRM, {"token": "x", "code": "042917"}, "code", "token_or_code"),
        (CONFIRM, {"code": "12345"}, "code", "invalid_code"),
        (CONFIRM, {"token": 5}, "token", "invalid"),
    ],
)
def test_a_wrong_field_is_named(path, body, field, code, layla, client_of):
    response = client_of(layla).post(path, body)

    assert response.status_code == 400
    assert (field, code) in [(error["field"], error["code"]) for error in response.json()["errors"]]
