"""Rules for addresses, in a server that really runs, changed by another process beside it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import websockets

from common.tests.geofiles import write_geo_file
from config import demo
from tests.live_server import LiveServer

WITHIN = 20  # seconds: four times what is promised, for the machine may be busy
HERE, ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "198.51.100.1"}


def holds_within(promised: float, what: Callable[[], bool]) -> bool:
    until = time.monotonic() + promised
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


@pytest.mark.parametrize(("value", "kind"), [("203.0.113.0/24", "daphne"), ("SA", "uvicorn")])
def test_a_change_by_another_process_holds_at_every_door(value: str, kind: str, tmp_path: Path):
    places = tmp_path / "places.mmdb"
    write_geo_file(places)
    server = LiveServer(tmp_path, SERVER=kind, TRUSTED_PROXIES="127.0.0.1", GEOIP_DATABASE=str(places))

    def status(headers: dict[str, str]) -> int:
        return httpx.get(f"{server.url}/api/health", headers=headers).status_code

    async def closed_with() -> int:
        """Sit in a socket here, deny the address, and wait for the end."""
        person = {"email": demo.PEOPLE[0].email, "password": demo.PASSWORD}
        access = httpx.post(f"{server.url}/api/v1/auth/login", json=person).json()["access"]
        headers = {"Authorization": f"Bearer {access}"}
        url = f"{server.ws_url}/ws"
        async with (
            websockets.connect(url, additional_headers=headers | HERE, proxy=None) as here,
            websockets.connect(url, additional_headers=headers | ELSEWHERE, proxy=None) as elsewhere,
        ):
            assert "hello" in await here.recv()
            assert "hello" in await elsewhere.recv()
            await asyncio.to_thread(server.manage, "addresses", "deny", value)
            await asyncio.wait_for(here.wait_closed(), WITHIN)
            await elsewhere.ping()
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(url, additional_headers=headers | HERE, proxy=None)
            assert refused.value.response.status_code == 403
        assert here.close_code is not None
        return here.close_code

    with server:
        before = status(HERE)
        code = asyncio.run(closed_with())
        denied = [status(HERE), status(ELSEWHERE)]
        server.manage("addresses", "clear")

        assert (before, code, denied) == (200, 4403, [403, 200])
        assert holds_within(WITHIN, lambda: status(HERE) == 200)
