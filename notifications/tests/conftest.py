"""Fixtures of notifications."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from notifications.providers.push import _made

from .push_servers import (
    APNS_KEY,
    KEY_ID,
    SUBJECT,
    TEAM_ID,
    TOPIC,
    VAPID_KEY,
    ApnsServer,
    FcmServer,
    WebPushServer,
    certificate,
    pem,
    running,
)


@pytest.fixture(autouse=True)
def _connections_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Providers keep theirs as long as the process lives."""
    clients: list[httpx2.Client] = []

    class Kept(httpx2.Client):
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            clients.append(self)

    monkeypatch.setattr(httpx2, "Client", Kept)
    yield
    for client in clients:
        client.close()
    _made.cache_clear()


@pytest.fixture(autouse=True)
def _kept_here(settings: Any, tmp_path: Path) -> None:
    """Pushes to a provider without an account."""
    settings.PUSH_DIR = tmp_path / "pushes"


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def _trusted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of this machine show a certificate of their own."""
    monkeypatch.setenv("SSL_CERT_FILE", str(here))


@pytest.fixture
def fcm(settings: Any) -> Iterator[FcmServer]:
    """Google, set up here."""
    with running(FcmServer()) as server:
        settings.PUSH = settings.PUSH | {"fcm": {"url": server.url, "account": server.account}}
        yield server


@pytest.fixture
def apns(settings: Any, here: Path, _trusted: None) -> Iterator[ApnsServer]:
    """Apple, set up here."""
    with running(ApnsServer(here)) as server:
        given = {
            "url": server.url,
            "sandbox_url": "https://localhost:1",
            "key": pem(APNS_KEY),
            "key_id": KEY_ID,
            "team_id": TEAM_ID,
            "topics": [TOPIC],
            "sandbox": False,
        }
        settings.PUSH = settings.PUSH | {"apns": given}
        yield server


@pytest.fixture
def browsers(settings: Any, here: Path, _trusted: None) -> Iterator[WebPushServer]:
    """A push service of browsers, and our key for it."""
    with running(WebPushServer(here)) as server:
        hosts = [server.url.removeprefix("https://")]
        given = {"key": pem(VAPID_KEY), "subject": SUBJECT, "hosts": hosts}
        settings.PUSH = settings.PUSH | {"webpush": given}
        yield server
