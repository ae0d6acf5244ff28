"""Somebody's files: all of them in their export, none left after their erasure."""

import json
import zipfile
from io import BytesIO

import pytest
from django.utils import timezone

from accounts.services.archives import write_archive
from accounts.services.erasing import erase_batch
from common.holdings import holdings
from common.tests.pictures import picture
from files.models import File
from files.services import make_pictures
from files.tests import contents
from files.tests.factories import file_of

pytestmark = pytest.mark.django_db


def test_an_export_has_the_files_as_they_were_uploaded_and_nobody_elses(layla, omar):
    file = file_of(layla)
    file_of(omar, b"Omar's", "omar.txt")
    written = BytesIO()

    write_archive(written, who=layla.as_subject(), at=timezone.now(), report=lambda *_: None)

    with zipfile.ZipFile(written) as archive:
        [record] = archive.read("data/files.jsonl").splitlines()
        [member] = [name for name in archive.namelist() if name.startswith("files/files/")]
        assert archive.read(member) == contents.TEXT
    assert json.loads(record)["name"] == file.name == "notes.txt"


def test_an_erasure_leaves_neither_rows_nor_bytes(layla, omar, stored, committed):
    file = file_of(layla, picture(), "a.png")
    make_pictures(file=file.pk)
    other = file_of(omar)
    [holding] = [each for each in holdings() if each.model is File]

    with committed():
        assert erase_batch(holding, layla.as_subject())[0] == 1

    assert File.objects.get() == other
    assert stored() == [other.stored]
