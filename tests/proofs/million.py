"""Proof: with a million messages every list is still found by an index.

`make prove-million` (ARGS="--messages 1000000 --rounds 200 --plans FILE"). PostgreSQL, in a database of its
own, filled as `years` says. Three readers: one in the largest chat, 2,000 behind, and in sixty others; one in
three small ones; one who has read nothing anywhere, not of the largest chat either. Each request goes through
the whole of the API but the network. Exit code 1 if a plan reads the table of messages from end to end, or
half of it by an index that narrows nothing.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.proofs.crowd import Violated  # noqa: E402
from tests.proofs.databases import database_of_its_own  # noqa: E402

# Of which the report names the indexes.
TABLES = [f"messaging_{name}" for name in ("message", "mention", "messagefile", "threadmark")]
LONG_AGO = "2020-01-01T00:00:00Z"


# --- What is asked ------------------------------------------------------------------------------------------


def questions(world: Any, day: str, next_day: str) -> Iterator[tuple[str, str, str]]:
    """Name, who asks, and what."""
    large, small = (f"/api/v1/chats/{chat.pk}" for chat in (world.large, world.small))
    chats, search = "/api/v1/chats?page_size=200", "/api/v1/search/messages?q="
    middle, that_day = world.large.last_seq // 2, f"from={day}&to={next_day}"
    yield "history, newest page", "busy", f"{large}/messages"
    yield "history, in the middle", "busy", f"{large}/messages?around={middle}&limit=50"
    yield "history, before", "busy", f"{large}/messages?before={middle}"
    yield "history, after", "busy", f"{large}/messages?after={middle}"
    yield "history, with what is in threads", "busy", f"{large}/messages?threads=all"
    yield "history, a day of it", "busy", f"{large}/messages?{that_day}"
    yield "history, until a day", "busy", f"{large}/messages?to={day}"
    yield "history, from a day on", "busy", f"{large}/messages?from={day}&after=0"
    yield "history, before it all", "busy", f"{large}/messages?to={LONG_AGO}"
    yield "list of chats, 61 of them", "busy", chats
    yield "list of chats, by title", "busy", f"{chats}&ordering=title"
    yield "list of chats, unread first", "busy", f"{chats}&ordering=unread"
    yield "list of chats, unread ones", "busy", f"{chats}&unread=true"
    yield "list of chats, those that call", "busy", f"{chats}&mentions=true"
    yield "list of chats, a folder of 30", "busy", f"{chats}&folder={world.folder.pk}"
    yield "list of chats, not archived", "busy", f"{chats}&archived=false"
    yield "list of chats, 3 of them", "quiet", "/api/v1/chats"
    yield "list of chats, all of it unread", "idle", chats
    yield "list of chats, unread ones, all of it", "idle", f"{chats}&unread=true"
    yield "one chat, 2,000 unread", "busy", large
    yield "unread, 2,000", "busy", f"{large}/unread"
    yield "unread, 2,000, explained", "busy", f"{large}/unread?explain=1"
    yield "unread, a fifth of all", "idle", f"{large}/unread"
    yield "unread, a fifth of all, explained", "idle", f"{large}/unread?explain=1"
    yield "participants, 1,000", "busy", f"{large}/participants?page_size=200"
    yield "threads", "busy", f"{large}/threads"
    yield "threads, unread ones", "busy", f"{large}/threads?unread=true"
    yield "files", "busy", f"{large}/files"
    yield "files, of a kind", "busy", f"{large}/files?kind=document"
    yield "search, rare word", "busy", f"{search}xylophone"
    yield "search, word of some", "busy", f"{search}{world.words[300]}"
    yield "search, common word", "busy", f"{search}dawn"
    yield "search, common word, newest", "busy", f"{search}dawn&ordering=newest"
    yield "search, common word, oldest", "busy", f"{search}dawn&ordering=oldest"
    yield "search, most common word", "busy", f"{search}the"
    yield "search, most common, in one chat", "busy", f"{search}the&chat={world.large.pk}"
    yield "search, most common, by one", "busy", f"{search}the&author={world.author.pk}"
    yield "search, most common, voice", "busy", f"{search}the&kind=voice"
    yield "search, most common, with a file", "busy", f"{search}the&has_file=true"
    yield "search, most common, without", "busy", f"{search}the&has_file=false"
    yield "search, most common, a day", "busy", f"{search}the&{that_day}"
    yield "search, most common, until a day", "busy", f"{search}the&to={day}"
    yield "search, two words", "busy", f"{search}dawn water"
    yield "search, part of a word", "busy", f"{search}ylopho"
    yield "search, two letters", "busy", f"{search}xy"
    yield "search, 上海", "busy", f"{search}上海"
    yield "search, 海", "busy", f"{search}海"
    yield "search, いち", "busy", f"{search}いち"
    yield "search, Arabic", "busy", f"{search}اهلا"
    yield "search, nowhere", "busy", f"{search}quokka"
    yield "search, rare, in three small chats", "quiet", f"{search}xylophone"
    yield "search, common, in three small chats", "quiet", f"{search}the"
    yield "search, common, newest, in three", "quiet", f"{search}the&ordering=newest"
    yield "search in the largest chat", "busy", f"{large}/search?q=dawn"
    yield "search in a small chat", "quiet", f"{small}/search?q=dawn"
    yield "search of chats", "busy", "/api/v1/search/chats?q=chat 9"
    yield "suggestions, two letters of all", "busy", "/api/v1/search/suggestions?q=pe"
    yield "suggestions, two letters of none", "busy", "/api/v1/search/suggestions?q=zz"


class Plans(NamedTuple):
    """How the database finds what a request wants.

    Attributes:
        indexes: that it finds it by.
        faults: queries that read messages from end to end, or half of them one by one.
        told: the queries and their plans, for people.
    """

    indexes: list[str]
    faults: list[str]
    told: str


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def is_fault(node: dict[str, Any], messages: int) -> bool:
    if node.get("Relation Name") != "messaging_message":
        return False
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    is_by_nothing = "Index" in node["Node Type"] and "Index Cond" not in node
    return "Seq Scan" in node["Node Type"] or (is_by_nothing and rows * node["Actual Loops"] > messages / 2)


def plans_of(ask: Callable[[], Any], messages: int) -> Plans:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        ask()
    indexes: list[str] = []
    faults, told = [], []
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = ANY(%s)", [TABLES])
        known = {name for (name,) in cursor.fetchall()}
        for query in asked.captured_queries:
            sql = query["sql"]
            if not sql.startswith("SELECT") or not any(table in sql for table in TABLES):
                continue
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}".encode())
            [found] = cursor.fetchone()
            parts = list(nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))
            if any(is_fault(node, messages) for node in parts):
                faults.append(sql)
            indexes += [node["Index Name"] for node in parts if node.get("Index Name") in known]
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}".encode())
            told.append("\n".join([sql, *(line for (line,) in cursor.fetchall()), ""]))
    return Plans(list(dict.fromkeys(indexes)), faults, "\n".join(told))


def times_of(ask: Callable[[], Any], rounds: int) -> list[float]:
    """Milliseconds, in order."""
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - started))
    return sorted(took)


def report(name: str, took: list[float], indexes: list[str]) -> None:
    p95 = took[max(0, round(len(took) * 0.95) - 1)]
    names = ", ".join(f"`{index}`" for index in indexes)
    print(f"| {name} | {took[0]:.0f} | {statistics.median(took):.0f} | {p95:.0f} | {names} |", flush=True)


# --- The proof ----------------------------------------------------------------------------------------------


def prove(*, messages: int, rounds: int, plans: Path | None) -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    from django.db import connection
    from rest_framework.test import APIClient

    from accounts.tests.factories import SessionFactory
    from accounts.tokens import make_access
    from messaging.services import send_message
    from tests.proofs.years import fill

    call_command("migrate", verbosity=0)
    started = time.monotonic()
    with connection.cursor() as cursor:  # made at once in the end, as the migration makes it
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'message_search'")
        [index] = cursor.fetchone()
        cursor.execute("DROP INDEX message_search")
    world = fill(messages)
    print(f"{messages} messages in {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '256MB'")
        cursor.execute(index)
        print(f"the index of the search made in {time.monotonic() - started:.0f} s")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT pg_size_pretty(pg_table_size('messaging_message')), pg_size_pretty(pg_relation_size(oid))"
            " FROM pg_class WHERE relname = 'message_search'"
        )
        print("the table of messages {}, the index of the search {}".format(*cursor.fetchone()))
        cursor.execute(
            "SELECT created_at FROM messaging_message ORDER BY id OFFSET %s LIMIT 1", [messages // 2]
        )
        day = cursor.fetchone()[0].astimezone(UTC)

    def asking(who: str, url: str) -> Callable[[], Any]:
        client = APIClient()  # a token for each: the questions of a slow machine outlive one
        token = make_access(SessionFactory(user=getattr(world, who)))
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

        def ask() -> Any:
            answer = client.get(url)
            if answer.status_code != 200:
                raise Violated(f"{url}: {answer.status_code} {answer.content!r}")
            return answer

        return ask

    print(f"\n| {rounds} rounds each | least ms | p50 ms | p95 ms | indexes |\n|---|---|---|---|---|")
    faults: list[str] = []
    days = [each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in (day, day + timedelta(days=1))]
    for name, who, url in questions(world, *days):
        ask = asking(who, url)
        took = times_of(ask, rounds)
        found = plans_of(ask, messages)
        faults += [f"{name}: {sql}" for sql in found.faults]
        report(name, took, found.indexes)
        if plans:
            with plans.open("a", encoding="utf-8") as file:
                file.write(f"=== {name}: {who}, {url}\n\n{found.told}\n")

    def send() -> None:
        send_message(actor=world.busy, chat=world.large, text="We leave the camp at dawn, bring water")

    times_of(send, 10)  # the first ones find everything cold
    report("send a message", times_of(send, rounds), [])
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX message_search")
    report("send a message, without the index of the search", times_of(send, rounds), [])
    if faults:
        raise Violated("reads all messages: " + "\n".join(faults))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--plans", type=Path, help="a file for the whole plans")
    given = options.parse_args()
    if "postgres" not in os.environ.get("DATABASE_URL", ""):
        sys.exit("Set DATABASE_URL to a PostgreSQL, or run: make prove-million")
    with (
        tempfile.TemporaryDirectory(prefix="serai-proof-") as folder,
        database_of_its_own(os.environ["DATABASE_URL"]) as database,
    ):
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENV_FILE": os.devnull,
            "DATA_DIR": folder,
            "DATABASE_URL": database,
            "LIMIT_USER": "off",
            "LOG_LEVEL": "ERROR",
        }
        try:
            prove(messages=given.messages, rounds=given.rounds, plans=given.plans)
        except Violated as violated:
            sys.exit(f"VIOLATED: {violated}")


if __name__ == "__main__":
    main()
