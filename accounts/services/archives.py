"""The archive of an export: everything that the map of holdings marks as exportable, in one zip.

Written row by row to a file, so that its size is no matter: a batch of rows is all that is in memory.
"""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from itertools import chain, islice
from operator import attrgetter
from pathlib import PurePosixPath
from typing import IO, Any, Final

from django.core.files.storage import Storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import FileField, Model

from common import holdings
from common.holdings import Holding, Subject

SCHEMA: Final = 1  # of the archive; another number when a reader would break
SHARD: Final = 10_000  # records in one file
BATCH: Final = 1000  # rows in memory
CHUNK: Final = 1024 * 1024  # bytes of a file in memory

README: Final = """\
This archive holds what Serai holds about you, as of the time in manifest.json.

data/<name>.jsonl      one record a line, as JSON (https://jsonlines.org); at most 10,000 a file, then
                       <name>-0002.jsonl and so on
files/<name>/...       pictures and other files of yours; a record names its own
manifest.json          every file with its SHA-256 and size, how many records; what is not in here, and why

Of conversations it holds what you wrote, which chats you are in and what they are called. What others wrote
is theirs, and is not in here. Neither is what only proves who you are: hashes of passwords and codes.
"""

Report = Callable[[int, int], None]  # records written, of how many


def write_archive(file: IO[bytes], *, who: Subject, at: datetime, report: Report) -> dict[str, int]:
    """Everything that is held about *who*, into *file*.

    Args:
        report: told now and then how far it is.

    Returns:
        Records, by the export's name.
    """
    exported = [holding for holding in holdings.holdings() if holding.export]
    total = sum(holding.rows_shown(who).count() for holding in exported)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        writer = _Writer(archive, who=who, total=total, report=report)
        writer.write("README.txt", [README.encode()])
        for holding in exported:
            writer.write_records(holding)
            writer.write_files(holding)
        manifest = {
            "schema": SCHEMA,
            "made_at": at,
            "account": who.id,
            "records": writer.counts,
            "files": writer.members,
            "not_included": [
                {"what": holding.label, "why_it_is_held": holding.purpose, "retention": holding.retention}
                for holding in holdings.holdings()
                if holding.whose and not holding.export
            ],
        }
        text = json.dumps(manifest, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
        archive.writestr("manifest.json", text)
    return writer.counts


class _Writer:
    """A zip that knows what is in it, and how far it has come."""

    def __init__(self, archive: zipfile.ZipFile, *, who: Subject, total: int, report: Report) -> None:
        self.archive, self.who, self.total, self.report = archive, who, total, report
        self.members: list[dict[str, Any]] = []
        self.counts: dict[str, int] = {}
        self.done = 0  # records

    def write(self, path: str, chunks: Iterable[bytes], **about: Any) -> None:
        """One member."""
        digest, size = sha256(), 0
        with self.archive.open(path, "w", force_zip64=True) as member:
            for chunk in chunks:
                member.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.members.append({"path": path, "sha256": digest.hexdigest(), "bytes": size} | about)

    def write_records(self, holding: Holding) -> None:
        """Its rows, in files of `SHARD` each; an empty one where there are none."""
        rows, lines_of, before = _rows(holding, self.who), _shape(holding), self.done
        first, number = next(rows, None), 1
        while first is not None or number == 1:
            shard = chain([] if first is None else [first], islice(rows, SHARD - 1))
            ordinal = f"-{number:04}" if number > 1 else ""
            self.write(f"data/{holding.export}{ordinal}.jsonl", self._lines(shard, lines_of))
            first, number = next(rows, None), number + 1
        self.counts[str(holding.export)] = self.done - before

    def write_files(self, holding: Holding) -> None:
        """The files of its rows."""
        if not any(each.export and _has_files(holding, name) for name, each in holding.fields.items()):
            return
        for row in _rows(holding, self.who):
            for name, storage, stored in holdings.files_of(holding, row):
                if holding.fields[name].export and storage.exists(stored):
                    self.write(_path_of(holding, row, stored), self._chunks(storage, stored))

    def _lines(self, rows: Iterable[Model], shape: Callable[[Model], dict[str, Any]]) -> Iterator[bytes]:
        for row in rows:
            yield json.dumps(shape(row), cls=DjangoJSONEncoder, ensure_ascii=False).encode() + b"\n"
            self.done += 1
            if self.done % BATCH == 0:
                self.report(self.done, self.total)

    def _chunks(self, storage: Storage, stored: str) -> Iterator[bytes]:
        with storage.open(stored) as file:
            while chunk := file.read(CHUNK):
                yield chunk
                self.report(self.done, self.total)


def _rows(holding: Holding, who: Subject) -> Iterator[Model]:
    """By key, a batch at a time: no query stays open, so that the work can take as long as it takes."""
    rows = holding.rows_shown(who).order_by("pk")
    if related := {path.rpartition(".")[0].replace(".", "__") for path in holding.also.values()} - {""}:
        rows = rows.select_related(*related)
    batch = list(rows[:BATCH])
    while batch:
        yield from batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])


def _shape(holding: Holding) -> Callable[[Model], dict[str, Any]]:
    """What turns a row into its record."""
    columns = holdings.fields_of(holding.model)
    exported = {each.export: columns[name] for name, each in holding.fields.items() if each.export}
    also = {name: attrgetter(path) for name, path in holding.also.items()}

    def value_of(row: Model, column: Any) -> Any:
        if _has_files(holding, column.name):
            found = holdings.files_of(holding, row)
            return [_path_of(holding, row, stored) for name, _, stored in found if name == column.name]
        if column.many_to_many:
            return [str(each) for each in getattr(row, column.name).all()]
        return getattr(row, column.attname)

    def shape(row: Model) -> dict[str, Any]:
        record = {str(name): value_of(row, column) for name, column in exported.items()}
        return record | {name: get(row) for name, get in also.items()}

    return shape


def _has_files(holding: Holding, name: str) -> bool:
    return bool(holding.fields[name].files) or isinstance(holdings.fields_of(holding.model)[name], FileField)


def _path_of(holding: Holding, row: Model, stored: str) -> str:
    """Where in the archive a file of *row* is."""
    return f"files/{holding.export}/{row.pk}/{PurePosixPath(stored).name}"
