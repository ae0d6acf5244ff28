"""Proof: an upload of a public tus client (tus-js-client) survives `kill -9`, of its server and of itself.

`make prove-tus` (ARGS="--mib 40 --kills 2"). The file that comes out is the one that went in, byte for byte.
Exit code 1 if it is not.
"""

import argparse
import asyncio
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.crowd import Member, Violated, carry_out  # noqa: E402

PIECE = 1024 * 1024  # bytes
PATIENCE = 240  # seconds of one run of a client, or of a start of the server


class Client:
    """tus-js-client on Node, in a process of its own."""

    def __init__(self, folder: Path, file: Path, member: Member) -> None:
        self._folder = folder
        self._words = [str(file), f"{member.urls[0]}/api/v1/files/uploads", member.access, str(PIECE)]
        self.process: asyncio.subprocess.Process | None = None

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        self.process = await asyncio.create_subprocess_exec(
            "node", "upload.js", *self._words, cwd=self._folder, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            yield json.loads(line)
        await self.process.wait()

    def kill(self) -> None:
        if self.process and self.process.returncode is None:
            self.process.kill()


async def prove(folder: Path, *, mib: int, kills: int) -> None:
    file = folder / "tickets.pdf"
    file.write_bytes(b"%PDF-1.7\n" + os.urandom(mib * 1024 * 1024 - 9))
    size, digest = file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest()
    server = LiveServer(folder / "data")
    try:
        print(f"first start: {await asyncio.to_thread(server.start, within=PATIENCE):.1f} s")
        member = Member("layla-proof", [server.url])
        await member.sign_up()
        ends = [size * number // (2 * kills + 1) for number in range(1, 2 * kills + 1)]
        seen: Counter[str] = Counter()
        done: dict[str, Any] | None = None
        started, down = time.monotonic(), 0.0
        while done is None:  # each round is one client process
            client = Client(folder, file, member)
            async with asyncio.timeout(PATIENCE):
                async for line in client.lines():
                    seen.update(str(line[word]) for word in ("method", "status") if word in line)
                    if "error" in line:
                        raise Violated(line["error"])
                    if line.get("done"):
                        done = line
                    elif not ends or line.get("sent", 0) < ends[0]:
                        continue
                    elif len(ends) % 2 == 0:
                        ends.pop(0)
                        server.kill()
                        down += (seconds := await asyncio.to_thread(server.start, within=PATIENCE))
                        print(f"kill -9 of the server at {line['sent']:,} bytes; up again in {seconds:.1f} s")
                    else:
                        ends.pop(0)
                        client.kill()
                        print(f"kill -9 of the client at {line['sent']:,} bytes")
                        break
        took = time.monotonic() - started
        if ends:
            raise Violated(f"it was done before it was interrupted {2 * kills} times")
        upload = (await member.call("GET", f"files/uploads/{done['url'].rpartition('/')[2]}")).json()
        if upload["state"] != "done" or upload["file"] != done["file"]:
            raise Violated(f"the upload is {upload}")
        response = await member.call("GET", f"files/{done['file']}/content", follow_redirects=True)
        if hashlib.sha256(response.raise_for_status().content).hexdigest() != digest:
            raise Violated("what came out is not what went in")
        files = (await member.call("GET", "files")).json()["results"]
        if [(each["name"], each["size"]) for each in files] != [("tickets.pdf", size)]:
            raise Violated(f"there are other files: {files}")
        print(f"{size:,} bytes in pieces of {PIECE:,}: {took:.1f} s, of which {down:.1f} s without a server")
        print(
            "requests and answers: " + ", ".join(f"{count} × {name}" for name, count in sorted(seen.items()))
        )
        print(f"One file came out, sha256 {digest[:16]}…, as it went in.")
        await member.close()
    finally:
        server.kill()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mib", type=int, default=40, help="of the file")
    options.add_argument("--kills", type=int, default=2, help="of the server, and as many of the client")
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given))


if __name__ == "__main__":
    main()
