"""Files of rows: in the archive of an export, and gone with an erasure, whatever model they are of."""

import json
import zipfile
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from django.test.utils import isolate_apps
from django.utils import timezone

from accounts.models import User
from accounts.services.archives import write_archive
from accounts.services.erasing import erase_batch
from accounts.tests.factories import UserFactory
from common import holdings
from common.holdings import BLANK, Erase, Field, Holding, Keep, Part

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def photo(settings, tmp_path):
    """A model with a file of its own, and with a name of one in the storage."""
    settings.MEDIA_ROOT = tmp_path
    with isolate_apps():

        class Photo(models.Model):  # noqa: DJ008 (nobody looks at it)
            owner = models.UUIDField()
            file = models.FileField(upload_to="photos", blank=True)
            thumbnail = models.CharField(max_length=80, blank=True)

            class Meta:
                app_label = "tests"

    with connection.schema_editor() as editor:
        editor.create_model(Photo)
    yield Photo
    with connection.schema_editor() as editor:
        editor.delete_model(Photo)


def holding_of(photo, erase: Erase) -> Holding:
    stays = erase is Erase.BY_FIELD
    keep, blank = (Keep("It is there."), BLANK) if stays else (None, None)
    return Holding(
        model=photo,
        whose="owner",
        purpose="To look at.",
        retention="for ever",
        erase=erase,
        export="photos",
        fields={
            "id": Field("Names it.", "id", keep),
            "owner": Field("Whose it is.", None, keep),
            "file": Field("What is to be seen.", "file", blank),
            "thumbnail": Field(
                "The same, small.",
                "thumbnail",
                blank,
                files=lambda row: [row.thumbnail] if row.thumbnail else [],
            ),
        },
    )


def taken(photo, owner: User, name: str):
    small = default_storage.save(f"small/{name}.webp", ContentFile(f"small {name}".encode()))
    return photo.objects.create(
        owner=owner.pk, file=ContentFile(f"large {name}".encode(), name=f"{name}.jpg"), thumbnail=small
    )


def files(folder) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_an_export_has_the_files_that_its_records_name(photo, monkeypatch):
    layla, omar = UserFactory(), UserFactory()
    mine = taken(photo, layla, "dawn")
    photo.objects.create(owner=layla.pk)
    taken(photo, omar, "dusk")
    monkeypatch.setattr(
        holdings, "_parts", [Part(app="tests", holdings=[holding_of(photo, Erase.DELETE_ROW)])]
    )

    archive = BytesIO()
    counts = write_archive(
        archive, who=layla.as_subject(), at=timezone.now(), report=lambda done, total: None
    )

    with zipfile.ZipFile(archive) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    records = [json.loads(line) for line in members["data/photos.jsonl"].splitlines()]
    assert counts == {"photos": 2}
    assert [(each["file"], each["thumbnail"]) for each in records] == [
        ([f"files/photos/{mine.pk}/dawn.jpg"], [f"files/photos/{mine.pk}/dawn.webp"]),
        ([], []),
    ]
    assert members[records[0]["file"][0]] == b"large dawn"
    assert members[records[0]["thumbnail"][0]] == b"small dawn"
    named = {each["path"] for each in json.loads(members["manifest.json"])["files"]}
    assert named == members.keys() - {"manifest.json"}


@pytest.mark.parametrize(("erase", "left"), [(Erase.DELETE_ROW, 0), (Erase.BY_FIELD, 1)])
def test_erasure_takes_the_files_along(erase, left, photo, tmp_path):
    layla, omar = UserFactory(), UserFactory()
    taken(photo, layla, "dawn")
    taken(photo, omar, "dusk")

    with transaction.atomic():
        dealt, _ = erase_batch(holding_of(photo, erase), layla.as_subject())
        assert files(tmp_path) == ["dawn.jpg", "dawn.webp", "dusk.jpg", "dusk.webp"]  # it may be taken back

    assert dealt == 1
    assert files(tmp_path) == ["dusk.jpg", "dusk.webp"]
    rows = photo.objects.filter(owner=layla.pk)
    assert [(row.file.name, row.thumbnail) for row in rows] == [("", "")] * left
