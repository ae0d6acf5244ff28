"""Looking for viruses: nobody gets what nobody has looked into.

A file begins as `pending` where there is a scanner. Each try is noted before it is made, with the time of the
next: so a file is in one worker's hands at a time, and what a dead one left is taken up by the sweep.
"""

from datetime import timedelta
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.policies import require
from accounts.services import audit
from common.actors import SYSTEM, System
from common.storage import PRIVATE, let_go
from files.models import File, FileScan
from files.policies import ALLOWED
from files.problems import FileNotQuarantined
from files.providers.scanners import ScannerUnavailable, ScanRefused, is_configured, scanner

from .telling import tell_of_change

logger = structlog.get_logger(__name__)

HELD: Final = timedelta(minutes=5)  # for a worker's try, longer than one takes
MISSED: Final = timedelta(minutes=1)  # from taking in to the first try, where its bell was lost
AWAY: Final = timedelta(seconds=30)  # until a scanner that can't be reached is asked again
BY_HAND: Final = "by hand"  # in place of a signature's name
PORTION: Final = 100  # files of one sweep


def scan_file(*, file: UUID) -> str:
    """Have a file looked into, if it waits for that and nobody has it in hand.

    Returns:
        What its `scan` is now; empty if there is no such file.

    Emits `FileUpdated`, and asks what has the file to tell of it, when it is known.
    """
    if (scan := _claim(file)) is None:
        return File.objects.filter(pk=file).values_list("scan", flat=True).first() or ""
    row = scan.file
    try:
        with storages[PRIVATE].open(row.stored) as content:
            found = scanner().scan(cast(BinaryIO, content))
    except ScannerUnavailable as error:
        pause = AWAY if error.is_away else scan.pause()
        return _note(scan, str(error), due_at=timezone.now() + pause)
    except ScanRefused as error:
        logger.warning("file_not_scanned", file=str(row.pk), reason=str(error))
        return _note(scan, str(error), due_at=None)
    except FileNotFoundError:
        return _note(scan, "the content is not there", due_at=None)
    return _conclude(row.pk, found)


def due_files() -> list[UUID]:
    """What waits to be looked into and is in nobody's hands, the longest first; nothing without a scanner."""
    if not is_configured():
        return []
    now = timezone.now()
    waiting = Q(scanning=None, created_at__lte=now - MISSED) | Q(scanning__due_at__lte=now)
    pending = File.objects.filter(waiting, scan=File.Scan.PENDING).order_by("created_at")
    return list(pending.values_list("pk", flat=True)[:PORTION])


@transaction.atomic
def rescan_file(*, actor: User | System, file: File) -> bool:
    """Have a file looked into again, whatever was said of it before. False where nobody looks.

    Until that is done nobody gets its content.

    Raises:
        NotAllowed: the policy `file.rescan` says no.

    Emits `FileUpdated`.
    """
    require(actor, "file.rescan", table=ALLOWED)
    if not is_configured():
        return False
    row = File.objects.select_for_update(no_key=True).get(pk=file.pk)
    FileScan.objects.filter(file=row).delete()
    FileScan.objects.create(file=row, due_at=timezone.now())
    _change(row, File.Scan.PENDING, verb="file.rescanned", actor=actor)
    return True


@transaction.atomic
def release_file(*, actor: User, file: File) -> bool:
    """Give out a file in which something was found by mistake. False if it isn't in quarantine.

    Raises:
        NotAllowed: the policy `file.quarantine` says no, also of whose file it is.
        FileNotQuarantined: its content was deleted meanwhile.

    Emits `FileUpdated`.
    """
    require(actor, "file.quarantine", table=ALLOWED)
    row = File.objects.select_for_update(no_key=True).get(pk=file.pk)
    if row.scan != File.Scan.INFECTED:
        return False
    if FileScan.objects.filter(file=row, purged_at__isnull=False).exists():
        raise FileNotQuarantined
    _change(row, File.Scan.CLEAN, verb="file.released", actor=actor)
    return True


@transaction.atomic
def quarantine_file(*, actor: User, file: File) -> bool:
    """Give a file's content to nobody any more, whatever was found in it. False if it is so already.

    Raises:
        NotAllowed: the policy `file.quarantine` says no.

    Emits `FileUpdated`.
    """
    require(actor, "file.quarantine", table=ALLOWED)
    row = File.objects.select_for_update(no_key=True).get(pk=file.pk)
    if row.scan == File.Scan.INFECTED:
        return False
    FileScan.objects.update_or_create(
        file=row, defaults={"finding": BY_HAND, "due_at": None, "scanned_at": timezone.now()}
    )
    _change(row, File.Scan.INFECTED, verb="file.quarantined", actor=actor)
    return True


def purge_quarantine() -> int:
    """Delete the content of what was found infected `QUARANTINE_DAYS` ago. How many."""
    now = timezone.now()
    until = now - timedelta(days=settings.QUARANTINE_DAYS)
    purged = 0
    for scan in FileScan.objects.quarantined(until=until)[:PORTION]:
        with transaction.atomic():
            mine = FileScan.objects.select_for_update().filter(pk=scan.pk, purged_at=None)
            infected = File.objects.select_for_update(no_key=True).filter(pk=scan.pk, scan=File.Scan.INFECTED)
            if not (mine.exists() and infected.exists()):
                continue
            mine.update(purged_at=now)
            let_go(scan.file.every_stored, storage=PRIVATE)
        purged += 1
    return purged


@transaction.atomic
def _claim(file: UUID) -> FileScan | None:
    row = File.objects.select_for_update(no_key=True).filter(pk=file, scan=File.Scan.PENDING).first()
    if row is None or not is_configured():
        return None
    now = timezone.now()
    scan, is_new = FileScan.objects.get_or_create(file=row)
    if not is_new and (scan.due_at is None or scan.due_at > now):
        return None
    scan.attempts += 1
    scan.tried_at, scan.due_at = now, now + HELD
    scan.save(update_fields=["attempts", "tried_at", "due_at"])
    return scan


def _note(scan: FileScan, error: str, **due: Any) -> str:
    FileScan.objects.filter(pk=scan.pk, attempts=scan.attempts).update(error=error[:255], **due)
    return str(File.Scan.PENDING)


@transaction.atomic
def _conclude(file: UUID, found: str) -> str:
    row = File.objects.select_for_update(no_key=True).filter(pk=file, scan=File.Scan.PENDING).first()
    if row is None:  # deleted, or concluded by another
        return ""
    FileScan.objects.filter(file=row).update(
        finding=found[:255], error="", due_at=None, scanned_at=timezone.now()
    )
    if found:
        _change(row, File.Scan.INFECTED, verb="file.infected", actor=SYSTEM, finding=found)
        return str(File.Scan.INFECTED)
    _change(row, File.Scan.CLEAN)
    return str(File.Scan.CLEAN)


def _change(
    row: File, scan: File.Scan, *, verb: str = "", actor: User | System = SYSTEM, **details: Any
) -> None:
    row.scan = scan
    row.save(update_fields=["scan"])
    if verb:
        audit.record(
            category=AuditEntry.Category.SECURITY if actor is SYSTEM else AuditEntry.Category.ADMIN,
            verb=verb,
            actor=actor,
            subject=row.owner,
            target=row,
            details=details,
        )
    tell_of_change(row)
