"""Proof: many tabs that refresh one token at once get one successor, and nobody is signed out by it.

`make prove-refreshes` (ARGS="--rounds 200 --tabs 50"). Two server processes on PostgreSQL and Redis, the tabs
spread over both, in a database of its own. In the end an old token is replayed: the session is gone, and its
owner is told by mail. Exit code 1 if the servers broke their word.
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import httpx  # noqa: E402

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.crowd import Member, Violated  # noqa: E402
from tests.proofs.databases import database_of_its_own  # noqa: E402

MAILED_WITHIN = 30  # seconds


async def refresh_at_once(client: httpx.AsyncClient, urls: list[str], token: str) -> tuple[str, str]:
    """Every tab sends the same token at the same moment.

    Returns:
        The one refresh token that all of them got, and an access token.
    """
    answers = await asyncio.gather(
        *(client.post(f"{url}/api/v1/auth/refresh", json={"refresh": token}) for url in urls)
    )
    if refused := [answer for answer in answers if answer.status_code != 200]:
        raise Violated(f"{len(refused)} of {len(answers)} refused: {refused[0].text}")
    successors = {answer.json()["refresh"] for answer in answers}
    if len(successors) != 1 or token in successors:
        raise Violated(f"{len(successors)} successors of one token")
    return successors.pop(), answers[-1].json()["access"]


async def prove(servers: list[LiveServer], *, rounds: int, tabs: int) -> None:
    layla = Member("layla-proof", [server.url for server in servers])
    await layla.sign_up()
    urls = [servers[number % len(servers)].url for number in range(tabs)]
    tokens, took = [layla.refresh], []
    limits = httpx.Limits(max_connections=tabs)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        for _ in range(rounds):
            started = time.monotonic()
            successor, access = await refresh_at_once(client, urls, tokens[-1])
            took.append(time.monotonic() - started)
            tokens.append(successor)
            me = await layla.call("GET", "users/me", headers={"Authorization": f"Bearer {access}"})
            if me.status_code != 200:
                raise Violated(f"signed out after {len(took)} rounds: {me.text}")
    if len(set(tokens)) != rounds + 1:
        raise Violated("a token came twice")
    took.sort()
    print(
        f"{rounds} rounds of {tabs} at once over {len(servers)} processes: {rounds * tabs} refreshes, none "
        f"refused, {rounds} successors; a round took {1000 * took[rounds // 2]:.0f} ms in the middle, "
        f"{1000 * took[-1]:.0f} ms at most"
    )
    await prove_replay(layla, tokens, access)
    await layla.close()


async def prove_replay(layla: Member, tokens: list[str], access: str) -> None:
    """An older token ends the session, whoever sends it, and its owner is told."""
    replayed = await layla.call("POST", "auth/refresh", json={"refresh": tokens[-3]})
    newest = await layla.call("POST", "auth/refresh", json={"refresh": tokens[-1]})
    me = await layla.call("GET", "users/me", headers={"Authorization": f"Bearer {access}"})
    said = [answer.json().get("code") for answer in (replayed, newest, me)]
    if said != ["token_reused", "session_ended", "session_ended"]:
        raise Violated(f"after an old token was replayed: {said}")
    started = time.monotonic()
    while not await layla.mailed("(an old token of it was used again)"):
        if time.monotonic() - started > MAILED_WITHIN:
            raise Violated(f"no mail within {MAILED_WITHIN} s")
        await asyncio.sleep(0.05)
    print(
        f"an old token replayed: {said[0]}, the newest token and the access token: {said[1]}; "
        f"its owner mailed after {1000 * (time.monotonic() - started):.0f} ms"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--tabs", type=int, default=50)
    given = options.parse_args()
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        sys.exit("Set DATABASE_URL and REDIS_URL, or run: make prove-refreshes")
    with (
        tempfile.TemporaryDirectory(prefix="serai-proof-") as folder,
        database_of_its_own(os.environ["DATABASE_URL"]) as database,
    ):
        shared = {
            "DATABASE_URL": database,
            "REDIS_URL": os.environ["REDIS_URL"],
            "REDIS_PREFIX": f"serai-proof-{secrets.token_hex(4)}",
        }
        with LiveServer(Path(folder), **shared) as a, LiveServer(Path(folder), **shared) as b:
            try:
                asyncio.run(prove([a, b], rounds=given.rounds, tabs=given.tabs))
            except Violated as violated:
                sys.exit(f"VIOLATED: {violated}")


if __name__ == "__main__":
    main()
