"""Who takes part: ours as an operator starts it, and the peers."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import httpx

from tests.live_server import free_port
from tests.machine import SERVER_CORE, on_core, program, version_of
from tests.processes import Process
from tests.services import Services

ROOT: Final = Path(__file__).resolve().parent.parent
PEERS: Final = Path(__file__).parent / "peers"
SECRET: Final = "of the bench, which signs tokens that both sides believe"
KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")  # of our own environment

SERVERS: Final = {"daphne", "uvicorn", "uvloop", "httptools", "websockets"}
OF_OURS: Final = {"Django", "channels", "channels-redis", "psycopg"} | SERVERS

OURS: Final = (
    "{python} manage.py serve --server {server} --host 127.0.0.1 --port {port} --no-demo --no-worker"
)
CHANNELS: Final = {  # the same peer, by server
    "daphne": "{python} -m daphne --bind 127.0.0.1 --port {port} bench.peers.channels_layer:application",
    "uvicorn": "{python} -m uvicorn --host 127.0.0.1 --port {port} --log-level warning --lifespan off"
    " --loop uvloop --http httptools --ws websockets-sansio bench.peers.channels_layer:application",
}


@dataclass(frozen=True)
class Place:
    """What a contender runs in.

    Attributes:
        folder: of this run: data and logs.
        built: what stays on this machine: the peers with their packages, the load client.
        server: that serves ours and the Channels peer.
        ours: its command line, with `{python}`, `{server}` and `{port}`.
        more: variables of ours beside those of `environment_of_ours`.
    """

    folder: Path
    built: Path
    services: Services
    server: str = "daphne"
    ours: str = OURS
    more: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        return {name: os.environ[name] for name in KEPT if name in os.environ}

    def environment_of_ours(self) -> dict[str, str]:
        """The scaled size, with the limits off: a crowd behind one address would only measure them.

        The log is that of the peers: warnings and errors, no line a request.
        """
        limits = ("GENERAL", "USER", "AUTH", "AUTH_ADDRESS", "SOCKET")
        return {
            **self.environment(),
            **{f"LIMIT_{name}": "off" for name in limits},
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(self.folder / "data"),
            "DATABASE_URL": self.services.postgres.url("ours"),
            "REDIS_URL": self.services.redis.url(0),
            "SECRET_KEY": SECRET,
            "LOG_LEVEL": "WARNING",
            **self.more,
        }

    def environment_of_peers(self) -> dict[str, str]:
        return {
            **self.environment(),
            "DATABASE_URL": self.services.postgres.url("peers"),
            "JWT_SECRET": SECRET,
            "NODE_ENV": "production",
        }


@dataclass(frozen=True)
class Server:
    """A contender that runs."""

    name: str
    port: int
    pid: int
    postgres: int  # pid
    speaks: str  # native or socketio
    is_ordered: bool  # whether it promises an order


@dataclass(frozen=True)
class Contender:
    """How one is started.

    Attributes:
        title: as the table names it.
        command: of a port; run in the folder and with the environment that `place` knows.
    """

    title: str
    command: Callable[[Place, int], tuple[list[str], Path, dict[str, str]]]
    speaks: str = "native"
    is_ordered: bool = False


def _ours(place: Place, port: int) -> tuple[list[str], Path, dict[str, str]]:
    words = shlex.split(place.ours.format(python=sys.executable, server=place.server, port=port))
    return words, ROOT, place.environment_of_ours() | {"PORT": str(port)}


def _channels(place: Place, port: int) -> tuple[list[str], Path, dict[str, str]]:
    words = shlex.split(CHANNELS[place.server].format(python=sys.executable, port=port))
    return words, ROOT, place.environment_of_peers() | {"REDIS_URL": place.services.redis.url(1)}


def _node(
    job: str, door: str, *, adapter: bool = False
) -> Callable[..., tuple[list[str], Path, dict[str, str]]]:
    def command(place: Place, port: int) -> tuple[list[str], Path, dict[str, str]]:
        words = [program("node", package="nodejs"), "peer.js", job, door]
        redis = {"REDIS_URL": place.services.redis.url(1)} if adapter else {}
        return words, place.built / "peers", place.environment_of_peers() | {"PORT": str(port)} | redis

    return command


CONTENDERS: Final = {
    "ours": Contender("ours", _ours, is_ordered=True),
    "socketio": Contender("Express + Socket.IO", _node("insertOnly", "socketio"), "socketio"),
    "adapter": Contender(
        "Express + Socket.IO + Redis adapter", _node("insertOnly", "socketio", adapter=True), "socketio"
    ),
    "express": Contender("Express, insert only", _node("insertOnly", "rest")),
    "whole": Contender("Express, whole job", _node("wholeJob", "rest")),
    "ws": Contender("bare ws, insert only", _node("insertOnly", "ws")),
    "whole-socketio": Contender("Socket.IO, whole job", _node("wholeJob", "socketio"), "socketio"),
    "channels": Contender("stock Channels layer", _channels),
}


@contextmanager
def started(name: str, place: Place) -> Iterator[Server]:
    """A contender on the server's core, until the block ends."""
    contender, port = CONTENDERS[name], free_port()
    words, folder, environment = contender.command(place, port)
    with Process(
        on_core(SERVER_CORE, words),
        log=place.folder / f"{name}.log",
        answers=lambda: httpx.get(f"http://127.0.0.1:{port}/", timeout=2),
        cwd=folder,
        env=environment,
    ) as process:
        yield Server(
            name, port, process.pid, place.services.postgres.pid, contender.speaks, contender.is_ordered
        )


def install_peers(folder: Path) -> None:
    """The Node peers and their packages, in a folder of this machine; again only where those changed."""
    npm = program("npm", package="npm")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (PEERS / "package.json").read_bytes()
    stamp = folder / "installed.json"
    for file in PEERS.glob("*.js*"):
        shutil.copy(file, folder)
    if not stamp.exists() or stamp.read_bytes() != wanted:
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
        subprocess.run(command, cwd=folder, check=True)
        stamp.write_bytes(wanted)


def versions_of_ours() -> dict[str, str]:
    """What ours runs on, to stand beside figures."""
    return {
        **{each.name: each.version for each in distributions() if each.name in OF_OURS},
        "PostgreSQL": version_of(program("postgres", package="postgresql"), "--version"),
        "Redis": version_of(program("redis-server", package="redis-server"), "--version"),
    }
