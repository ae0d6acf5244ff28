"""A PostgreSQL and a Redis that the bench or a proof has to itself, as their packages set them up."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from .live_server import free_port
from .machine import on_core, program
from .processes import Process

OWNER = "postgres"  # of the databases; and as whom root starts PostgreSQL, which refuses to run as root
FREE_AGAIN = 10.0  # seconds until what a killed PostgreSQL held is free: its children end by themselves


class Postgres(Process):
    """A cluster of its own in `folder`/postgres.

    Args:
        core: the one core that it is kept on; any if None.
    """

    def __init__(self, folder: Path, *, core: int | None = None) -> None:
        self.port = free_port()
        self._data = folder / "postgres"
        self._as_owner: list[str] = []
        if os.geteuid() == 0:
            setpriv = program("setpriv", package="util-linux")
            self._as_owner = [setpriv, "--reuid", OWNER, "--regid", OWNER, "--init-groups"]
        server = program("postgres", package="postgresql")
        command = [*self._as_owner, server, "-D", str(self._data), "-p", str(self.port), "-h", "127.0.0.1"]
        super().__init__(_kept_on(core, [*command, "-k", ""]), log=folder / "postgres.log", answers=self._ask)

    def url(self, database: str) -> str:
        return f"postgres://{OWNER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        if not self._data.exists():
            self._make()
        until = time.monotonic() + FREE_AGAIN
        while True:
            try:
                super().start()
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return

    def stop_at_once(self) -> None:
        """\"Immediate\" shutdown: connections are cut, nothing is written down any more."""
        self.stop(signal.SIGQUIT)

    def _make(self) -> None:
        self._data.mkdir(parents=True)
        if self._as_owner:
            shutil.chown(self._data, OWNER, OWNER)
            self._data.parent.chmod(0o711)  # it has to get to its own
        made = [program("initdb", package="postgresql"), "--pgdata", str(self._data), "--username", OWNER]
        made += ["--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8"]
        subprocess.run([*self._as_owner, *made], check=True, cwd="/", stdout=subprocess.DEVNULL)

    def _ask(self) -> None:
        psycopg.connect(self.url("postgres")).close()


class Redis(Process):
    """One that keeps nothing: after a start it is empty."""

    def __init__(self, folder: Path, *, core: int | None = None) -> None:
        self.port = free_port()
        self.client = redis.Redis(port=self.port)
        command = [program("redis-server", package="redis-server"), "--port", str(self.port)]
        super().__init__(
            _kept_on(core, [*command, "--bind", "127.0.0.1", "--save", ""]),
            log=folder / "redis.log",
            answers=self.client.ping,
            cwd=folder,
        )

    def url(self, number: int) -> str:
        return f"redis://127.0.0.1:{self.port}/{number}"


@dataclass(frozen=True)
class Services:
    """Both."""

    postgres: Postgres
    redis: Redis


@contextmanager
def services(folder: Path, *, databases: Sequence[str], core: int | None = None) -> Iterator[Services]:
    """Both, with empty databases of these names, until the block ends."""
    with ExitStack() as stack:
        postgres = stack.enter_context(Postgres(folder, core=core))
        found = Services(postgres, stack.enter_context(Redis(folder, core=core)))
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            for name in databases:
                connection.execute(f"CREATE DATABASE {name}")
        yield found


def _kept_on(core: int | None, command: list[str]) -> list[str]:
    return command if core is None else on_core(core, command)
