"""A PostgreSQL and a Redis that the bench has to itself, as their packages set them up."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from .machine import OTHER_CORE, free_port, on_core, program
from .processes import running

OWNER = "postgres"  # of the databases; and as whom root starts PostgreSQL, which refuses to run as root


@dataclass(frozen=True)
class Services:
    """Where they answer.

    Attributes:
        postgres: pid of the server; its connections are its children.
    """

    postgres: int
    postgres_port: int
    redis_port: int

    def database(self, name: str) -> str:
        return f"postgres://{OWNER}@127.0.0.1:{self.postgres_port}/{name}"

    def redis(self, number: int) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/{number}"


@contextmanager
def services(folder: Path) -> Iterator[Services]:
    """Both, with the empty databases `ours` and `peers`, until the block ends."""
    with ExitStack() as stack:
        postgres_port, redis_port = free_port(), free_port()
        postgres = stack.enter_context(_postgres(folder, postgres_port))
        stack.enter_context(_redis(folder, redis_port))
        found = Services(postgres, postgres_port, redis_port)
        with psycopg.connect(found.database("postgres"), autocommit=True) as connection:
            for name in ("ours", "peers"):
                connection.execute(f"CREATE DATABASE {name}")
        yield found


@contextmanager
def _postgres(folder: Path, port: int) -> Iterator[int]:
    data, as_owner = folder / "postgres", list[str]()
    data.mkdir()
    if os.geteuid() == 0:
        setpriv = program("setpriv", package="util-linux")
        as_owner = [setpriv, "--reuid", OWNER, "--regid", OWNER, "--init-groups"]
        shutil.chown(data, OWNER, OWNER)
        folder.chmod(0o711)  # it has to get to its own
    made = [program("initdb", package="postgresql"), "--pgdata", str(data), "--username", OWNER]
    made += ["--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8"]
    subprocess.run([*as_owner, *made], check=True, cwd="/", stdout=subprocess.DEVNULL)
    server = program("postgres", package="postgresql")
    command = [*as_owner, server, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]

    def answers() -> None:
        psycopg.connect(host="127.0.0.1", port=port, user=OWNER, dbname="postgres").close()

    with running(on_core(OTHER_CORE, command), log=folder / "postgres.log", answers=answers) as process:
        yield process.pid


@contextmanager
def _redis(folder: Path, port: int) -> Iterator[None]:
    server = program("redis-server", package="redis-server")
    command = on_core(OTHER_CORE, [server, "--port", str(port), "--bind", "127.0.0.1", "--save", ""])
    client = redis.Redis(port=port)
    with running(command, log=folder / "redis.log", answers=client.ping, cwd=folder):
        yield
