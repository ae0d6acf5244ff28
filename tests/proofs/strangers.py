"""Proof: whoever guesses at an account from everywhere keeps its owner's devices out not for a moment.

`make prove-strangers` (ARGS="--failures 1000"). A server on PostgreSQL behind a proxy that it trusts, so that
each attempt has an address of its own; once without any named limit, so that nothing but the delay is tried,
and once with the limits as they are by default. Exit code 1 if the server broke its word.
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections import Counter
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import httpx  # noqa: E402

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.crowd import PASSWORD, Member, Violated  # noqa: E402
from tests.proofs.databases import database_of_its_own  # noqa: E402

AT_ONCE = 8
HOME = "192.0.2.1"  # where the owner signed in before
MAILED_WITHIN = 90  # seconds: delays are told every minute
AS_BY_DEFAULT = {
    "LIMIT_GENERAL": "100/15m",
    "LIMIT_USER": "9000/15m",
    "LIMIT_AUTH": "5/15m",
    "LIMIT_AUTH_ADDRESS": "100/15m",
}


class Door:
    """Signing in as one account, from any address."""

    def __init__(self, url: str, email: str) -> None:
        self.url, self.email = url, email
        self.client = httpx.AsyncClient(timeout=60)
        self._addresses = (f"198.{18 + n // 62_500 % 2}.{n // 250 % 250}.{n % 250 + 1}" for n in count())

    async def try_password(self, password: str, *, address: str, **more: str) -> httpx.Response:
        return await self.client.post(
            f"{self.url}/api/v1/auth/login",
            json={"email": self.email, "password": password} | more,
            headers={"X-Forwarded-For": address},
        )

    async def fail(self, failures: int) -> Counter[str]:
        """As many wrong passwords, each from an address of its own; what was answered, how often."""
        answers: Counter[str] = Counter()

        async def one_after_the_other(numbers: range) -> None:
            for number in numbers:
                answer = await self.try_password(f"wrong {number} times", address=next(self._addresses))
                answers[f"{answer.status_code} {answer.json()['code']}"] += 1

        async with asyncio.TaskGroup() as group:
            for first in range(AT_ONCE):
                group.create_task(one_after_the_other(range(first, failures, AT_ONCE)))
        return answers

    async def let_in(self, **more: str) -> float:
        """Sign in with the right password.

        Returns:
            The milliseconds it took.
        """
        started = time.monotonic()
        answer = await self.try_password(PASSWORD, **more)
        if answer.status_code != 200:
            raise Violated(f"kept out: {more} {answer.text}")
        return 1000 * (time.monotonic() - started)


async def prove(url: str, *, failures: int) -> None:
    owner = Member("layla-proof", [url])
    owner._rest.headers["X-Forwarded-For"] = HOME
    await owner.sign_up()
    door = Door(url, owner.email)
    took = []
    answers: Counter[str] = Counter()
    for part in range(4):
        attack = asyncio.create_task(door.fail(failures // 4))
        # In the middle of it, from where the owner never was before.
        took.append(await door.let_in(address=f"203.0.113.{part + 1}", device=owner.device))
        answers += await attack
    took.append(await door.let_in(address="198.18.0.1", device=owner.device))  # where a stranger failed
    at_home = await door.let_in(address=HOME)
    elsewhere = await door.try_password(PASSWORD, address="192.0.2.200")
    if (elsewhere.status_code, elsewhere.json()["code"]) != (429, "login_delayed"):
        raise Violated(f"an unknown device got on: {elsewhere.text}")
    print(f"{sum(answers.values())} failures from as many addresses: {dict(answers)}")
    print(
        f"the known device signed in {len(took)} times of {len(took)} meanwhile and after, "
        f"{sorted(took)[len(took) // 2]:.0f} ms in the middle; the known network without a token: "
        f"{at_home:.0f} ms; an unknown device waits {elsewhere.headers['Retry-After']} s"
    )
    await prove_way_in(owner, door)
    await owner.close()
    await door.client.aclose()


async def prove_way_in(owner: Member, door: Door) -> None:
    """The owner is mailed one link, which lets them in from where they press its button."""
    started = time.monotonic()
    while not (token := await owner.mailed(r"/let-me-in/(\S+)")):
        if time.monotonic() - started > MAILED_WITHIN:
            raise Violated(f"no way in was mailed within {MAILED_WITHIN} s")
        await asyncio.sleep(0.2)
    address = {"X-Forwarded-For": "192.0.2.201"}
    async with httpx.AsyncClient(base_url=door.url, headers=address, timeout=60) as browser:
        page = await browser.get(f"/let-me-in/{token}")
        field = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        form = {"csrfmiddlewaretoken": field[1]} if field else {}
        pressed = [(await browser.post(f"/let-me-in/{token}", data=form)).status_code for _ in range(2)]
    if pressed != [200, 400]:
        raise Violated(f"the button of the mailed page, pressed twice: {pressed}")
    await door.let_in(address="192.0.2.201")
    print("mailed a way in: its button works once, and the new device behind it is let in")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--failures", type=int, default=1000)
    given = options.parse_args()
    if not os.environ.get("DATABASE_URL"):
        sys.exit("Set DATABASE_URL, or run: make prove-strangers")
    for name, limits in (("without limits", {}), ("with the limits of the default", AS_BY_DEFAULT)):
        print(f"--- {name}")
        with (
            tempfile.TemporaryDirectory(prefix="serai-proof-") as folder,
            database_of_its_own(os.environ["DATABASE_URL"]) as database,
            LiveServer(Path(folder), DATABASE_URL=database, TRUSTED_PROXIES="127.0.0.1", **limits) as server,
        ):
            try:
                asyncio.run(prove(server.url, failures=given.failures))
            except Violated as violated:
                sys.exit(f"VIOLATED: {violated}")


if __name__ == "__main__":
    main()
