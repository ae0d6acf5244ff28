"""Databases and servers that proofs have to themselves."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.live_server import LiveServer
from tests.services import Services, services

STARTS_WITHIN = 240.0  # seconds, on a machine that may have other work


@contextmanager
def database_of_its_own(url: str) -> Iterator[str]:
    """A fresh database beside the one of *url*; gone at the end."""
    name = f"serai_proof_{secrets.token_hex(4)}"
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Cluster:
    """Server processes on a PostgreSQL and a Redis that nobody else uses."""

    services: Services
    servers: list[LiveServer]


@contextmanager
def cluster_of_its_own(folder: Path, *, processes: int, **environment: str) -> Iterator[Cluster]:
    """All of it runs from here to the end of the block.

    Args:
        environment: of the servers, beside what they get anyway.
    """
    with ExitStack() as stack:
        found = stack.enter_context(services(folder, databases=["serai"]))
        where = {"DATABASE_URL": found.postgres.url("serai"), "REDIS_URL": found.redis.url(0)}
        servers = [LiveServer(folder / "data", **where, **environment) for _ in range(processes)]
        for server in servers:
            server.start(within=STARTS_WITHIN)
            stack.callback(server.kill)
        yield Cluster(found, servers)
