"""Nobody gets what nobody has looked into."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.factories import staff
from common.models import LogEntry
from common.problems import NotAllowed
from common.tests.threads import at_once
from files import registries
from files.models import File, FileScan
from files.problems import FileNotQuarantined
from files.services import release_file, rescan_file, take_in
from files.tasks import purge_quarantine, scan_due_files, scan_file
from files.tests.contents import TEXT
from files.tests.factories import file_of
from files.tests.programs import EICAR, SIGNATURE, STREAM_MAX
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db

AWAY = "tcp://127.0.0.1:1"  # nobody listens there


@pytest.fixture
def scanner(settings, clamd):
    """Files are looked into."""
    settings.CLAMAV_URL = clamd.address
    return clamd


def arrived(owner, content=TEXT, name="notes.txt") -> File:
    """A file of which the bell was lost: nobody has looked into it."""
    return file_of(owner, content, name)


def scan_of(file: File) -> str:
    file.refresh_from_db()
    return file.scan


@pytest.mark.parametrize(("content", "scan"), [(TEXT, "clean"), (EICAR, "infected")])
def test_a_file_is_looked_into_when_it_comes(content, scan, layla, scanner, committed):
    with committed():
        file = file_of(layla, content)

    assert file.scan == "pending"
    assert (scan_of(file), file.is_open) == (scan, scan == "clean")
    assert [(type_, data) for _, type_, data in stream_of(layla)] == [
        ("file.updated", {"file": str(file.pk)})
    ]


def test_what_was_found_is_noted_and_told_its_owner(layla, scanner):
    file = arrived(layla, EICAR)

    assert scan_file(str(file.pk)) == "infected"

    scan = FileScan.objects.get()
    assert (scan.finding, scan.attempts, scan.error, scan.due_at) == (SIGNATURE, 1, "", None)
    [entry] = AuditEntry.objects.history_of(layla)
    assert (entry.verb, entry.actor, entry.target) == ("file.infected", None, str(file.pk))
    assert entry.details == {"finding": SIGNATURE}


def test_what_uses_a_file_hears_of_it_after_the_commit(layla, scanner, monkeypatch, committed):
    heard = []
    monkeypatch.setattr(registries, "changed", [heard.append])
    file = arrived(layla, EICAR)

    with committed():
        scan_file(str(file.pk))
        assert heard == []

    assert heard == [file.pk]


def test_looking_twice_looks_once(layla, scanner):
    file = arrived(layla)

    results = [scan_file(str(file.pk)), scan_file(str(file.pk))]

    assert results == ["clean", "clean"]
    assert FileScan.objects.get().attempts == 1
    assert len(stream_of(layla)) == 1


def test_a_file_that_is_gone_is_nothing_to_look_into(scanner):
    assert scan_file("0198c5b2-7d44-7000-8000-000000000000") == ""


def test_without_a_scanner_nobody_waits(layla, settings, committed):
    settings.CLAMAV_URL = ""

    with committed():
        file = file_of(layla)

    assert (scan_of(file), file.is_open) == ("skipped", True)
    assert scan_due_files() == 0
    assert not FileScan.objects.exists()


# --- A scanner that doesn't say -----------------------------------------------------------------------------


def test_while_the_scanner_is_away_a_file_waits_and_is_looked_into_when_it_is_back(
    layla, settings, clamd, committed
):
    settings.CLAMAV_URL = AWAY
    with committed():
        file = file_of(layla)
    waiting = FileScan.objects.get()
    assert (scan_of(file), waiting.error) == ("pending", "[Errno 111] Connection refused")
    assert timedelta(seconds=25) < waiting.due_at - timezone.now() <= timedelta(seconds=30)

    settings.CLAMAV_URL = clamd.address
    too_early = scan_due_files()
    FileScan.objects.update(due_at=timezone.now())
    with committed():
        queued = scan_due_files()

    assert (too_early, queued, scan_of(file)) == (0, 1, "clean")


def test_a_file_whose_bell_was_lost_is_looked_into_a_minute_later(layla, scanner, committed):
    file = arrived(layla)
    assert scan_due_files() == 0

    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert scan_due_files() == 1

    assert scan_of(file) == "clean"


def test_each_failure_waits_twice_as_long(layla, settings, monkeypatch):
    settings.CLAMAV_URL = AWAY
    file = arrived(layla)
    monkeypatch.setattr("files.services.scanning.AWAY", timedelta(0))
    pauses = []

    for _ in range(9):
        scan_file(str(file.pk))
        pauses.append(FileScan.objects.get().pause())

    assert [int(pause.total_seconds()) // 60 for pause in pauses] == [2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert scan_of(file) == "pending"


@pytest.mark.parametrize("size", [STREAM_MAX + 1, 600_000])
def test_what_it_does_not_take_stays_closed_and_is_not_tried_for_ever(size, layla, scanner):
    file = arrived(layla, b"x" * size)

    scan_file(str(file.pk))

    scan = FileScan.objects.get()
    assert (scan_of(file), file.is_open) == ("pending", False)
    assert "xceeded" in scan.error
    assert scan.due_at is None
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert scan_due_files() == 0


def test_what_a_dead_worker_had_in_hand_is_taken_up(layla, scanner):
    file = arrived(layla)
    FileScan.objects.create(file=file, attempts=1, due_at=timezone.now() + timedelta(minutes=5))

    held = scan_file(str(file.pk))
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert scan_due_files() == 1

    assert (held, scan_of(file)) == ("pending", "clean")


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_look_at_once_one_looks(layla, scanner):
    file = file_of(layla, EICAR)
    FileScan.objects.all().delete()
    File.objects.update(scan="pending")
    LogEntry.objects.all().delete()

    at_once(4, lambda n: scan_file(str(file.pk)))

    assert (scan_of(file), FileScan.objects.get().attempts) == ("infected", 1)
    assert len(stream_of(layla)) == 1


# --- Quarantine ---------------------------------------------------------------------------------------------


def infected(owner) -> File:
    file = arrived(owner, EICAR)
    scan_file(str(file.pk))
    file.refresh_from_db()
    return file


def test_the_content_of_an_infected_file_is_deleted_a_month_later(layla, scanner, stored, committed):
    file = infected(layla)
    with committed():
        early = purge_quarantine()
    there = stored()

    with time_machine.travel(timezone.now() + timedelta(days=30, seconds=1)), committed():
        purged = (purge_quarantine(), purge_quarantine())

    assert (early, there) == (0, [file.stored])
    assert (purged, stored()) == ((1, 0), [])
    assert scan_of(file) == "infected"


def test_it_may_be_deleted_at_once(layla, scanner, stored, settings, committed):
    settings.QUARANTINE_DAYS = 0
    infected(layla)

    with committed():
        purge_quarantine()

    assert stored() == []


def test_staff_give_out_what_was_found_by_mistake(layla, scanner):
    file, helper = infected(layla), staff()

    done = (release_file(actor=helper, file=file), release_file(actor=helper, file=file))

    assert (done, scan_of(file)) == ((True, False), "clean")
    entry = AuditEntry.objects.order_by("pk").last()
    assert (entry.verb, entry.category, entry.actor) == ("file.released", "admin", helper.pk)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert purge_quarantine() == 0


def test_nobody_gives_out_a_file_of_their_own(layla, scanner):
    file = infected(layla)

    for act in (release_file, rescan_file):
        with pytest.raises(NotAllowed):
            act(actor=layla, file=file)

    assert scan_of(file) == "infected"


def test_what_was_deleted_is_not_given_out(layla, scanner, committed):
    file = infected(layla)
    with time_machine.travel(timezone.now() + timedelta(days=31)), committed():
        purge_quarantine()

    with pytest.raises(FileNotQuarantined):
        release_file(actor=staff(), file=file)

    assert scan_of(file) == "infected"


def test_staff_have_a_file_looked_into_again(layla, scanner, settings):
    settings.CLAMAV_URL = ""
    file = take_in(owner=layla, name="a.txt", content=BytesIO(EICAR))
    assert (file.scan, rescan_file(actor=staff(), file=file)) == ("skipped", False)
    settings.CLAMAV_URL = scanner.address

    assert rescan_file(actor=staff(), file=file) is True
    assert scan_of(file) == "pending"
    scan_due_files()

    assert scan_of(file) == "infected"
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["file.rescanned", "file.infected"]


# --- Health -------------------------------------------------------------------------------------------------


def scanner_of(client) -> dict[str, object]:
    return client.get("/api/health").json()["checks"]["scanner"]


def test_health_tells_of_the_scanner(client, settings, clamd):
    told = []
    for address in ("", clamd.address, AWAY):
        settings.CLAMAV_URL = address
        told.append(scanner_of(client)["status"])

    assert told == ["not_configured", "ok", "failed"]
    assert client.get("/api/health").status_code == 200
