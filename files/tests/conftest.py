from pathlib import Path

import pytest
from django.core.files.storage import storages


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    """The private files of this test alone."""
    private = settings.STORAGES["private"]
    settings.STORAGES = settings.STORAGES | {
        "private": private | {"OPTIONS": private["OPTIONS"] | {"location": tmp_path / "private"}}
    }
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "private"


@pytest.fixture
def stored(folder: Path):
    """The names of what is in the private storage."""
    assert storages["private"].location == str(folder)
    return lambda: sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
