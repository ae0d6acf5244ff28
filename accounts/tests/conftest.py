from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_outbox(settings, tmp_path: Path) -> None:
    """The mails of this test alone, kept as the embedded default keeps them."""
    settings.EMAIL_BACKEND = "common.mail.outbox.OutboxBackend"
    settings.MAIL_DIR = tmp_path / "mails"


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    """The folder of the files of this test alone."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT
