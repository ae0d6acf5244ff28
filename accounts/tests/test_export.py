"""A copy of everything that is held about somebody: made by a job, whole, theirs alone, gone after a week."""

import json
import os
import zipfile
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from uuid import UUID

import pytest
import time_machine
from django.core.files.storage import storages
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.services import block_user, exports, report_user, set_avatar
from accounts.services.audit import Category, record
from accounts.tests.factories import SessionFactory, UserFactory
from accounts.tests.mails import mails_to
from common.jobs.services import purge_jobs
from common.jobs.work import run_job
from common.models import Job, LogEntry, Mail
from common.tests.pictures import upload
from common.tests.threads import at_once
from legal.services import accept_version, change_consents
from legal.tests.factories import published
from messaging.services import send_message
from messaging.tests.factories import MessageFactory, group_of

pytestmark = pytest.mark.django_db

EXPORT = "/api/v1/users/me/export"
DOWNLOAD = f"{EXPORT}/download"


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.WORK_DIR = tmp_path / "work"
    options = settings.STORAGES["private"]["OPTIONS"] | {"location": tmp_path / "private"}
    settings.STORAGES = settings.STORAGES | {"private": settings.STORAGES["private"] | {"OPTIONS": options}}


def everything():
    return [list(model.objects.order_by("pk").values()) for model in (User, Job, Mail, AuditEntry, LogEntry)]


def read(response) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(b"".join(response.streaming_content))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def records(members: dict[str, bytes], name: str) -> list[dict]:
    return [json.loads(line) for line in members[f"data/{name}.jsonl"].splitlines()]


@pytest.fixture
def export_of(client_of, committed):
    """Asks for an export and waits for it: the archive's members."""

    def make(user) -> dict[str, bytes]:
        client = client_of(user)
        with committed():
            assert client.post(EXPORT).status_code == 202
        return read(client.get(DOWNLOAD))

    return make


def test_an_export_is_asked_for_followed_and_downloaded(layla, client_of, committed, client):
    mine = client_of(layla)
    asked_at = timezone.now()

    with committed():
        asked = mine.post(EXPORT)

    assert asked.status_code == 202
    assert (asked.json()["state"], asked.json()["progress"], asked.json()["download"]) == ("queued", 0, None)
    found = mine.get(EXPORT)
    assert found.headers["Cache-Control"] == "no-store"
    body = found.json()
    assert (body["id"], body["state"], body["progress"]) == (asked.json()["id"], "done", 100)
    assert body["expires_at"][:10] == (asked_at + timedelta(days=7)).date().isoformat()
    archive = mine.get(DOWNLOAD)
    whole = b"".join(archive.streaming_content)
    assert (len(whole), sha256(whole).hexdigest()) == (body["bytes"], body["sha256"])
    assert archive.headers["Content-Type"] == "application/zip"
    assert archive.headers["Cache-Control"] == "no-store"
    assert archive.headers["Content-Disposition"].startswith('attachment; filename="serai-export-20')
    by_link = client.get(body["download"].removeprefix("http://testserver"))
    assert b"".join(by_link.streaming_content) == whole
    [mail] = mails_to("layla@example.com")
    assert mail["subject"] == "Your export is ready"
    states = LogEntry.objects.filter(topic=f"user:{layla.pk}", type="job.updated").order_by("seq")
    assert [entry.data["state"] for entry in states] == ["queued", "running", "done"]
    [entry] = AuditEntry.objects.filter(verb="export.requested")
    assert (entry.actor, entry.subject, entry.target) == (layla.pk, layla.pk, body["id"])


def test_the_manifest_names_every_member_with_its_hash(layla, export_of):
    SessionFactory.create_batch(2, user=layla)

    members = export_of(layla)

    manifest = json.loads(members.pop("manifest.json"))
    assert {each["path"] for each in manifest["files"]} == set(members)
    for each in manifest["files"]:
        assert each["sha256"] == sha256(members[each["path"]]).hexdigest()
        assert each["bytes"] == len(members[each["path"]])
    assert (manifest["schema"], manifest["account"]) == (1, str(layla.pk))
    assert manifest["records"]["sessions"] == 3
    assert "accounts.previouspassword" in [each["what"] for each in manifest["not_included"]]
    assert "What others wrote" in members["README.txt"].decode()


def test_it_holds_what_is_theirs_and_nothing_of_others(layla, omar, export_of):
    chat = group_of(layla, omar, title="Wadi Rum")
    send_message(actor=layla, chat=chat, text="We leave at dawn.")
    send_message(actor=omar, chat=chat, text="I bring the coffee.")
    record(category=Category.SECURITY, verb="password.changed", actor=layla, subject=layla)
    record(category=Category.SECURITY, verb="password.changed", actor=layla, subject=omar)

    members = export_of(layla)

    [account] = records(members, "account")
    assert (account["email"], account["username"]) == ("layla@example.com", "layla")
    assert "password" not in account
    [message] = records(members, "messages")
    assert (message["text"], message["chat_title"], message["seq"]) == ("We leave at dawn.", "Wadi Rum", 1)
    [membership] = records(members, "memberships")
    assert (membership["chat"], membership["role"]) == (str(chat.pk), "owner")
    [opened] = records(members, "chats_opened")
    assert opened["title"] == "Wadi Rum"
    verbs = [each["verb"] for each in records(members, "security_history")]
    assert verbs == ["password.changed", "export.requested"]
    whole = b"\n".join(members.values()).decode()
    assert "coffee" not in whole
    assert layla.password not in whole
    assert omar.email not in whole


def test_it_holds_what_they_show_want_and_have_agreed_to(layla, omar, mina, export_of, media):
    layla = set_avatar(user=layla, file=upload())
    published("1")
    accept_version(user=layla, kind="terms", label="1", locales=["en"], address="2001:db8::7")
    change_consents(user=layla, changes={"marketing": True})
    change_consents(user=layla, changes={"marketing": False})
    change_consents(user=omar, changes={"analytics": True})
    block_user(actor=layla, user=omar)
    block_user(actor=mina, user=layla)
    report_user(actor=layla, user=omar, reason="spam", text="Offers every day.")
    report_user(actor=mina, user=layla, reason="other", text="Never heard of by her.")

    members = export_of(layla)

    [account] = records(members, "account")
    assert account["avatar"] == [
        f"files/account/{layla.pk}/{layla.avatar}-{size}.webp" for size in (64, 256, 512)
    ]
    for path in account["avatar"]:
        assert members[path] == (media / "avatars" / path.rpartition("/")[2]).read_bytes()
    [accepted] = records(members, "acceptances")
    assert (accepted["document"], accepted["label"], accepted["locale"], accepted["address"]) == (
        "terms",
        "1",
        "en",
        "2001:db8::7",
    )
    changes = [(row["purpose"], row["number"], row["given"]) for row in records(members, "consents")]
    assert changes == [("marketing", 1, True), ("marketing", 2, False)]
    assert [row["blocked"] for row in records(members, "blocks")] == [str(omar.pk)]
    assert [(row["subject"], row["text"]) for row in records(members, "reports")] == [
        (str(omar.pk), "Offers every day.")
    ]
    assert str(mina.pk).encode() not in b"".join(members.values())


def test_ten_thousand_records_make_a_file(layla, export_of, monkeypatch):
    monkeypatch.setattr("accounts.services.archives.SHARD", 3)
    monkeypatch.setattr("accounts.services.archives.BATCH", 2)
    for _ in range(7):
        MessageFactory(author=layla)

    members = export_of(layla)

    shards = [name for name in members if name.startswith("data/messages")]
    assert shards == ["data/messages.jsonl", "data/messages-0002.jsonl", "data/messages-0003.jsonl"]
    assert [len(members[name].splitlines()) for name in shards] == [3, 3, 1]
    texts = [json.loads(line)["text"] for name in shards for line in members[name].splitlines()]
    assert len(set(texts)) == 7


@pytest.mark.parametrize("messages", [10, 60])
def test_the_work_takes_a_query_more_for_each_batch(
    messages, layla, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr("accounts.services.archives.BATCH", 10)
    for _ in range(messages):
        MessageFactory(author=layla)
    job = Job.objects.create(kind=exports.KIND, key=str(layla.pk), user=layla.pk)

    with django_assert_max_num_queries(128 + messages // 10):
        assert run_job(job=job.pk)


def test_while_one_is_made_asking_again_gives_that_one(layla, client_of):
    client = client_of(layla)

    asked = [client.post(EXPORT), client.post(EXPORT)]

    assert [response.status_code for response in asked] == [202, 202]
    assert asked[0].json()["id"] == asked[1].json()["id"]
    assert Job.objects.count() == 1
    assert AuditEntry.objects.count() == 1
    assert client.get(DOWNLOAD).json()["code"] == "export_not_ready"


def test_there_is_one_a_day(layla, client_of, committed):
    client = client_of(layla)
    with committed():
        client.post(EXPORT)
    before = everything()

    refused = client.post(EXPORT)

    assert (refused.status_code, refused.json()["code"]) == (429, "export_too_soon")
    assert 86_390 <= int(refused.headers["Retry-After"]) <= 86_400
    assert everything() == before
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        assert client_of(layla).post(EXPORT).status_code == 202


def test_one_that_failed_may_be_asked_for_again_at_once(layla, client_of):
    client = client_of(layla)
    failed = client.post(EXPORT).json()["id"]
    Job.objects.update(state="failed", error="server_fault")

    again = client.post(EXPORT)

    assert again.status_code == 202
    assert again.json()["id"] != failed


def test_an_export_goes_after_a_week_with_its_file(layla, client_of, committed):
    client = client_of(layla)
    with committed():
        client.post(EXPORT)
    job = Job.objects.get()
    name = f"exports/{job.pk}.zip"
    assert storages["private"].exists(name)
    link = client.get(EXPORT).json()["download"]

    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        later = client_of(layla)
        over = [later.get(EXPORT).json()["download"], later.get(DOWNLOAD).json()["code"]]
        purged = purge_jobs()

    assert over == [None, "export_not_ready"]
    assert purged == 1
    assert not storages["private"].exists(name)
    assert link


def test_a_link_holds_for_ten_minutes_for_its_archive_alone(layla, client, client_of, committed):
    mine = client_of(layla)
    with committed():
        mine.post(EXPORT)
    path = mine.get(EXPORT).json()["download"].removeprefix("http://testserver")

    forged = client.get(f"{path[:-2]}xx")
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        late = client.get(path)

    assert [(each.status_code, each.json()["code"]) for each in (forged, late)] == [(404, "not_found")] * 2


def test_nobody_gets_an_export_that_is_not_theirs(layla, omar, client, client_of, committed):
    with committed():
        client_of(layla).post(EXPORT)
    others = client_of(omar)

    assert [client.get(path).status_code for path in (EXPORT, DOWNLOAD)] == [401, 401]
    assert client.post(EXPORT).status_code == 401
    assert [others.get(path).status_code for path in (EXPORT, DOWNLOAD)] == [404, 404]
    assert client.get(DOWNLOAD, {"tokn": "x"}).json()["errors"][0]["code"] == "unknown_field"
    assert Job.objects.count() == 1


def test_the_archive_is_readable_by_the_server_alone(layla, client_of, committed):
    with committed():
        client_of(layla).post(EXPORT)

    path = storages["private"].path(f"exports/{Job.objects.get().pk}.zip")

    assert os.stat(path).st_mode & 0o777 == 0o600
    assert "media" not in path


def test_what_a_killed_worker_left_is_removed(layla, settings, client_of, committed):
    settings.WORK_DIR.mkdir()
    old, young = settings.WORK_DIR / "export-old.part", settings.WORK_DIR / "export-young.part"
    for part in (old, young):
        part.write_bytes(b"half an archive")
    os.utime(old, (0, 0))

    with committed():
        client_of(layla).post(EXPORT)

    assert [path.name for path in settings.WORK_DIR.iterdir()] == ["export-young.part"]


def test_an_archive_that_can_not_be_made_leaves_nothing_behind(
    layla, settings, client_of, committed, monkeypatch
):
    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr("accounts.services.exports.write_archive", fail)
    client = client_of(layla)
    with committed():
        client.post(EXPORT)

    found = client.get(EXPORT).json()

    assert (found["state"], found["error"], found["download"]) == ("failed", "server_fault", None)
    assert list(settings.WORK_DIR.iterdir()) == []
    assert not Mail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_starts_it(client_of, monkeypatch):
    monkeypatch.setattr("common.jobs.services.run_job.delay", lambda job: None)
    layla = UserFactory()
    clients = [client_of(layla) for _ in range(4)]

    answers = at_once(4, lambda n: clients[n].post(EXPORT))

    assert [answer.status_code for answer in answers] == [202] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Job.objects.get().key == str(UUID(str(layla.pk)))
