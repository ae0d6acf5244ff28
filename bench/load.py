"""The load: `wsload` for sockets, wrk for REST, each on the load's core; and what a server did under it."""

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.machine import OTHER_CORE, cpu_seconds, family, on_core, program

from .contenders import Server

CLIENT: Final = Path(__file__).parent / "client"
TALKING: Final = {"rate", "busy", "send"}  # modes that first connect, and then measure
Result = dict[str, Any]


class Broken(Exception):
    """A server lost, doubled, disordered or refused something. Its speed is of no interest then."""


@dataclass(frozen=True)
class Load:
    """What a crowd does.

    Attributes:
        wsload: the built client.
        people: the folder with the files of the crowds.
        watched: a look at a server while it is measured.
    """

    wsload: Path
    people: Path
    watched: Callable[[Server], AbstractContextManager[None]] = lambda _: nullcontext()

    def sockets(self, server: Server, mode: str, *, crowd: str, sockets: int, **options: object) -> Result:
        """What `wsload` says of *server*; `options` are its own, such as `w=8`."""
        with self.running_sockets(server, mode, crowd=crowd, sockets=sockets, **options) as process:
            assert process.stdout
            if mode in TALKING:
                process.stdout.readline()  # "measuring"
            with self.watched(server):
                return read_result(process, server)

    @contextmanager
    def running_sockets(
        self, server: Server, mode: str, *, crowd: str, sockets: int, **options: object
    ) -> Iterator[subprocess.Popen[str]]:
        words = [
            str(self.wsload),
            "-p",
            str(server.port),
            "-x",
            server.speaks,
            "-m",
            mode,
            "-n",
            str(sockets),
        ]
        words += ["-P", str(self.people / f"{crowd}.people"), "-S", ",".join(map(str, family(server.pid)))]
        words += ["-o"] if server.is_ordered else []
        for name, value in options.items():
            words += [f"-{name}", str(value)]
        process = subprocess.Popen(on_core(OTHER_CORE, words), stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    def requests(
        self, server: Server, method: str, *, crowd: str, connections: int, seconds: int, people: int = 0
    ) -> Result:
        """What wrk says of *server*, and what it cost.

        Args:
            people: how many of the crowd take part; all if 0.
        """
        path = self.people / f"{crowd}.people"
        if people:
            few = path.read_text().splitlines()[:people]
            path = self.people / f"{crowd}-{people}.people"
            path.write_text("\n".join(few))
        words = [program("wrk", package="wrk"), "--threads", "1", "--connections", str(connections)]
        words += ["--duration", f"{seconds}s", "--timeout", "30s", "--script", str(CLIENT / "rest.lua")]
        words.append(f"http://127.0.0.1:{server.port}")
        told = {"PEOPLE": str(path), "METHOD": method, "SEED": str(secrets.randbelow(2**31))}
        before, postgres = cpu_seconds(server.pid), cpu_seconds(server.postgres)
        with self.watched(server):
            ran = subprocess.run(
                on_core(OTHER_CORE, words), env=os.environ | told, capture_output=True, text=True, check=True
            )
        result: Result = json.loads(ran.stdout.splitlines()[-1])
        result["server_cpu_s"] = cpu_seconds(server.pid) - before
        result["postgres_cpu_s"] = cpu_seconds(server.postgres) - postgres
        if result["refused"] or result["broken"]:
            raise Broken(f"{server.name}: {method} {crowd}: {result}")
        return result


def read_result(process: subprocess.Popen[str], server: Server) -> Result:
    """The last line of a `wsload`.

    Raises:
        Broken: not everything came once, and in order where that is promised.
    """
    assert process.stdout
    lines = process.stdout.read().splitlines()
    if process.wait() or not lines:
        raise Broken(f"{server.name}: the load client ended with {process.returncode}")
    result: Result = json.loads(lines[-1])
    faults = {name: result[name] for name in ("dead", "refused", "lost", "doubled", "disordered", "stalls")}
    if any(faults.values()) or not (result["delivered"] or result["mode"] == "idle"):
        raise Broken(f"{server.name}: {result['mode']}: {faults}")
    return result


def begin_anew(process: subprocess.Popen[str]) -> None:
    """Forget what was measured so far, and measure from now on."""
    process.send_signal(signal.SIGUSR1)


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)


def build(folder: Path) -> Path:
    """Compile the load client into *folder*; again only where its source changed.

    Returns:
        The program.
    """
    source, built = CLIENT / "wsload.c", folder / "wsload"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        compiler = program("cc", package="gcc")
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", str(built), str(source)], check=True)
    return built
