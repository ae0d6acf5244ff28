"""Who is erased is gone: canaries in every text that is held about them, and none left but what is kept."""

import json
import pickle
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as project
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Erasure, User
from accounts.services import make_ws_ticket, order_erasure
from accounts.tasks import begin_due_erasures
from accounts.tests.factories import SessionFactory, UserFactory, staff
from common import holdings
from common.holdings import Erase, Keep
from common.models import KeptAnswer
from messaging.models import Participant
from tests.canaries import files_below, found, plant, rows_of_the_database, theirs

pytestmark = pytest.mark.django_db

# What stays of a person, whole: each with its reason in the map, and named by the receipt.
STAYS = {
    "accounts.auditentry.address_mac",
    "accounts.auditentry.details",
    "accounts.auditentry.hash",
    "accounts.auditentry.mac",
    "accounts.auditentry.request_id",
    "accounts.auditentry.target",
    "accounts.auditentry.target_type",
    "accounts.auditentry.verb",
    "accounts.erasure.counts",
    "accounts.erasure.reached",
    "accounts.erasure.receipt",
    "admin.logentry.change_message",
    "legal.consent.purpose",
    "legal.consent.wording",
    "messaging.chat.avatar",
    "messaging.chat.description",
    "messaging.chat.permissions",
    "messaging.chat.title",
}


def cached() -> Iterator[tuple[str, str]]:
    """Every key and value of the cache, and of what else is in Redis."""
    if project.REDIS_URL:
        client = cache._cache.get_client()  # type: ignore[attr-defined]
        read = {
            b"string": client.get,
            b"hash": client.hgetall,
            b"zset": lambda key: client.zrange(key, 0, -1),
            b"none": lambda key: None,  # over just now
        }
        for key in client.scan_iter(f"{project.REDIS_PREFIX}*"):
            yield key.decode(), f"{key!r} {read[client.type(key)](key)!r}"
    else:
        for key, value in cache._cache.items():  # type: ignore[attr-defined]
            yield key, f"{key} {pickle.loads(value)!r}"


@pytest.fixture
def folders(settings: Any, tmp_path: Path) -> list[Path]:
    """Where files are: of this test alone."""
    settings.MAIL_DIR = tmp_path / "mails"
    settings.EMAIL_BACKEND = "common.mail.outbox.OutboxBackend"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.WORK_DIR = tmp_path / "work"
    private = settings.STORAGES["private"]
    options = private["OPTIONS"] | {"location": tmp_path / "private"}
    settings.STORAGES = settings.STORAGES | {"private": private | {"OPTIONS": options}}
    return [tmp_path]


def leave_traces(user: User, committed: Any) -> None:
    """In the caches and files, by using the product."""
    session = SessionFactory(user=user)
    make_ws_ticket(session=session)
    client = APIClient()
    client.post("/api/v1/auth/login", {"email": user.email, "password": "of somebody else"})
    client.force_authenticate(user, token=session)
    with committed():
        client.post("/api/v1/auth/forgot-password", {"email": user.email})
        client.post("/api/v1/users/me/export")
        client.get("/api/v1/users/me", headers={"Idempotency-Key": "key"})
        client.patch(
            "/api/v1/users/me", {"status_text": user.status_text}, headers={"Idempotency-Key": "key"}
        )


def test_none_is_left_but_what_the_receipt_names(settings, folders, committed):
    for name in ("GENERAL", "USER", "AUTH", "AUTH_ADDRESS"):
        settings.LIMITS = settings.LIMITS | {name: "1000/1h"}
    layla, omar = UserFactory(), UserFactory()
    planted = plant(layla, omar)
    Participant.objects.create(chat=layla.messages.get().chat, user=omar, role="member")
    layla.refresh_from_db()
    leave_traces(layla, committed)
    before = found(planted, rows_of_the_database())
    assert planted.keys() - before.keys() == set()  # the scan finds what is there
    assert found(planted, files_below(*folders))
    assert KeptAnswer.objects.filter(user=layla.pk).exists()

    order_erasure(actor=staff(), user=layla)
    with time_machine.travel(timezone.now() + Erasure.GRACE), committed():
        begin_due_erasures.delay()

    receipt = Erasure.objects.get(erased_at__isnull=False).receipt
    left = found(planted, rows_of_the_database())
    assert {planted[word] for word in left} == STAYS
    kept = {
        f"{table['table']}.{field}"
        for table in receipt["tables"]
        for reason in table.get("kept", [])
        for field in reason["fields"]
        if table["rows"]
    }
    assert kept >= STAYS
    [last] = list(
        (folders[0] / "mails").glob("*.eml")
    )  # the receipt, in the outbox that stands for their post
    last.unlink()
    assert found(planted, files_below(*folders)) == {}
    assert found(planted, cached()) == {}
    assert found(planted, iter([("receipt", json.dumps(receipt))])) == {}
    assert SessionFactory(user=omar).user.is_active


def test_what_stays_of_a_person_has_a_reason_and_what_goes_by_itself_a_date():
    kept = {
        f"{holding.label}.{name}"
        for holding in theirs()
        if holding.erase is Erase.BY_FIELD
        for name, field in holding.fields.items()
        if isinstance(field.erase, Keep)
    }

    assert kept >= STAYS
    assert [place.name for place in holdings.places() if not (place.retention and place.becomes)] == []


def test_the_answers_of_the_last_day_go_too(layla, client_of, committed):
    client_of(layla).patch(
        "/api/v1/users/me", {"status_text": "On the road"}, headers={"Idempotency-Key": "a-key"}
    )
    KeptAnswer.objects.update(at=timezone.now() + Erasure.GRACE - timedelta(minutes=5))
    assert "On the road" in KeptAnswer.objects.get().body
    order_erasure(actor=staff(), user=layla)

    with time_machine.travel(timezone.now() + Erasure.GRACE), committed():
        begin_due_erasures.delay()

    assert not KeptAnswer.objects.exists()
