"""What is required keeps people off their sockets too, wherever it was published."""

import asyncio
import subprocess
import sys
import time
from typing import Any

import httpx
import pytest
import websockets
from django.db import transaction

from accounts.models import User
from legal.services import accept_version
from messaging.tests.factories import group_of
from realtime.tests.clients import Client, enter, in_thread, live, token_of
from tests.live_server import ROOT, LiveServer
from tests.proofs.crowd import Member

from .factories import published


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/ws", "/ws/chats/{}"])
@live
async def test_who_owes_something_is_not_let_in(path, layla):
    chat = await in_thread(group_of)(layla)
    await in_thread(published)("1", required=True)

    client = await Client(path.format(chat.pk), token=await token_of(layla)).open()

    assert await client.closed() == 4403


@pytest.mark.django_db(transaction=True)
@live
async def test_who_owes_something_is_not_let_in_by_a_first_frame_either(layla):
    await in_thread(published)("1", required=True)
    client = await Client().open()

    await client.say("auth", token=await token_of(layla))

    assert await client.closed() == 4403


@pytest.mark.django_db(transaction=True)
@live
async def test_open_sockets_of_those_who_owe_close_and_others_stay(layla, omar, settings):
    settings.SOCKET_SWEEP = 0.05
    client, other = await enter(layla), await enter(omar)

    await in_thread(published_and_accepted)(omar)
    code = await client.closed()
    await in_thread(accept_version)(user=layla, kind="terms", label="1")
    again = await enter(layla)

    assert code == 4403
    assert [await each.so_far() for each in (other, again)] == [[], []]


def published_and_accepted(user: User) -> None:
    """A required version that *user* has accepted from its first moment on."""
    with transaction.atomic():
        published("1", required=True)
        accept_version(user=user, kind="terms", label="1")


PUBLISH = """
import django
django.setup()
from common.actors import SYSTEM
from legal.services import draft_version, publish_version
from legal.services.documents import Words
version = draft_version(
    actor=SYSTEM,
    kind="terms",
    label="2",
    requires_acceptance=True,
    texts={"en": Words(title="Terms", body="Be kind.")},
)
publish_version(actor=SYSTEM, version=version)
"""


def test_what_one_process_publishes_holds_in_another_within_five_seconds(tmp_path):
    async def live_through() -> tuple[Any, ...]:
        member = Member("layla-legal", [server.url])
        await member.sign_up()
        headers = {"Authorization": f"Bearer {member.access}"}
        me = f"{server.url}/api/v1/users/me"
        async with (
            httpx.AsyncClient(headers=headers) as client,
            websockets.connect(f"{server.ws_url}/ws", additional_headers=headers, proxy=None) as socket,
        ):
            before = (await client.get(me)).status_code
            environment = {"PATH": "", "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(tmp_path)}
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", PUBLISH],
                cwd=ROOT,
                env=environment | {"ENV_FILE": "/dev/null"},
                check=True,
            )
            published = time.monotonic()
            while (await client.get(me)).status_code == 200:
                await asyncio.sleep(0.05)
            refused = time.monotonic() - published
            await asyncio.wait_for(socket.wait_closed(), 15)
            closed = time.monotonic() - published
            body = (await client.get(me)).json()
            accepted = await client.post(
                f"{server.url}/api/v1/legal/accept-terms", json={"version": body["version"]}
            )
            after = (await client.get(me)).status_code
        async with websockets.connect(f"{server.ws_url}/ws", additional_headers=headers, proxy=None) as again:
            hello = await asyncio.wait_for(again.recv(), 10)
        await member.close()
        return done, before, refused, closed, socket.close_code, body["code"], accepted, after, hello

    with LiveServer(tmp_path) as server:
        _, before, refused, closed, close_code, code, accepted, after, hello = asyncio.run(live_through())

    assert before == 200
    assert refused < 5
    assert closed < 5
    assert (close_code, code) == (4403, "terms_not_accepted")
    assert (accepted.status_code, after) == (200, 200)
    assert b'"hello"' in hello.encode()
