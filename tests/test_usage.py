"""Counts of use, in a server that really runs, written when it ends."""

import signal
from pathlib import Path

import httpx
import pytest

from config import demo
from tests.live_server import SERVERS, LiveServer

COUNTED = """
from common.models import Usage
print(*Usage.objects.values_list("client", "route", "outcome", "count"))
"""


@pytest.mark.parametrize("kind", SERVERS)
def test_what_a_process_has_counted_is_written_when_it_ends(kind: str, tmp_path: Path):
    person = {"email": demo.PEOPLE[0].email, "password": demo.PASSWORD}
    with LiveServer(tmp_path, SERVER=kind) as server:
        with httpx.Client(base_url=f"{server.url}/api/v1", headers={"User-Agent": "SeraiApp/3.2.1"}) as app:
            access = app.post("/auth/login", json=person).json()["access"]
            for _ in range(3):
                app.get("/chats", headers={"Authorization": f"Bearer {access}"}).raise_for_status()
        code, _ = server.stop(signal.SIGTERM, within=30)
        written = server.manage("shell", "-c", COUNTED)

    assert code == 0
    assert "('SeraiApp/3.2', 'api/v1/chats', 'done', 3)" in written
    assert "('SeraiApp/3.2', 'api/v1/auth/login', 'done', 1)" in written
