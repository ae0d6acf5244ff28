"""Proof: with a million messages every list is still found by an index.

`make prove-million` (ARGS="--messages 1000000 --rounds 200"). PostgreSQL, in a database of its own: 2,000
chats, one of them with a fifth of all messages and 1,000 members; words as common and as rare as in a
language, some Chinese, Japanese and Arabic. Two readers: one in the largest chat and sixty others, one in
three small ones. Each request goes through the whole of the API but the network. Exit code 1 if a plan reads
the table of messages from end to end.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.proofs.crowd import Violated  # noqa: E402
from tests.proofs.databases import database_of_its_own  # noqa: E402

CHATS = 2000
BATCH = 5000
TEXTS = 20_000  # different ones
SMALL_CHATS = 3  # of the quiet reader
CHINESE = ["我们在上海见面", "明天去北京吗", "今天天气很好", "请带水和外套"]
JAPANESE = ["いちばん好きです", "明日は晴れるでしょう", "上海に行きました", "カメラを忘れないで"]
ARABIC = ["أَهْلاً وسهلاً بكم", "نلتقي في المدرسة غداً", "لا تنسَ الماء", "إلى اللقاء"]


# --- What is said -------------------------------------------------------------------------------------------


class Talk:
    """Texts whose words are as frequent as in a language (Zipf): *the* in most, *w19000* in a few."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "il")]
        made = {"".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(40_000)}
        self.words = ["the", "and", "dawn", "water", *sorted(made)[:20_000]]
        chance.shuffle(tail := self.words[4:])
        self.words[4:] = tail
        self.weights = [1 / (rank + 2) for rank in range(len(self.words))]

    def texts(self, count: int) -> list[str]:
        drawn = iter(self.chance.choices(self.words, self.weights, k=count * 24))
        made = []
        for number in range(count):
            text = " ".join(next(drawn) for _ in range(self.chance.randint(3, 20)))
            if number % 30 == 0:
                text = self.chance.choice([*CHINESE, *JAPANESE, *ARABIC])
            made.append(text)
        return made


def fill(messages: int) -> dict[str, Any]:
    """The tables, as a product of some years would have them. Names what the questions need."""
    from django.db import connection

    from accounts.models import User
    from common.ids import uuid7
    from messaging.models import Chat, Message, Participant

    chance = random.Random(7)  # noqa: S311 (no secret)
    people = User.objects.bulk_create(
        User(
            email=f"person{number}@example.com",
            username=f"person{number}",
            display_name=f"Person {number}",
            password="!",  # noqa: S106
            email_verified_at=datetime.now(UTC),
        )
        for number in range(1200)
    )
    busy, quiet = people[0], people[1]
    chats = Chat.objects.bulk_create(Chat(type="group", title=f"Chat {number}") for number in range(CHATS))
    # A few are loud, most are not; the first has a fifth of everything.
    loudness = [0.0, *(1 / (rank + 5) for rank in range(1, CHATS))]
    loudness[0] = sum(loudness) / 4
    loudness = list(accumulate(loudness))
    members = [
        people[:1000] if number == 0 else chance.sample(people[2:], chance.randint(2, 30))
        for number in range(CHATS)
    ]
    for number in range(1, 61):
        members[number * 30].append(busy)
    for number in range(SMALL_CHATS):
        members[CHATS - 1 - number].append(quiet)
    members[0] = [person for person in members[0] if person != quiet]
    Participant.objects.bulk_create(
        (
            Participant(chat=chat, user=person, role="owner" if first else "member")
            for chat, inside in zip(chats, members, strict=True)
            for first, person in ((person is inside[0], person) for person in dict.fromkeys(inside))
        ),
        batch_size=BATCH,
    )
    talk = Talk(chance)
    templates = Message.objects.bulk_create(
        (
            Message(chat=chats[0], seq=seq, author=quiet, text=text, fingerprint="")
            for seq, text in enumerate(talk.texts(TEXTS), 1)
        ),
        batch_size=BATCH,
    )
    rare = Message.objects.create(chat=chats[0], seq=0, author=quiet, text="a xylophone and nothing else")
    start, seqs, last = datetime.now(UTC) - timedelta(days=730), [0] * CHATS, [None] * CHATS
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE plan"
            " (id uuid, chat_id uuid, seq bigint, author_id uuid, created_at timestamptz, template uuid)"
        )
        with cursor.copy("COPY plan FROM STDIN") as copy:
            for index in range(messages):
                is_rare = index % (messages // 5) == 0
                number = 0 if is_rare else chance.choices(range(CHATS), cum_weights=loudness)[0]
                template = rare if is_rare else templates[chance.randrange(TEXTS)]
                seqs[number] += 1
                last[number] = (uuid7(), start + timedelta(days=729) * (index / messages))
                author = chance.choice(members[number])
                copy.write_row(
                    (last[number][0], chats[number].pk, seqs[number], author.pk, last[number][1], template.pk)
                )
        # What a message has beside comes from its template, whatever columns later features give it.
        cursor.execute("ANALYZE plan")
        cursor.execute("CREATE TEMPORARY TABLE template AS SELECT * FROM messaging_message")
        Message.objects.all().delete()
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = 'messaging_message' AND is_generated = 'NEVER'"
        )
        columns = [name for (name,) in cursor.fetchall()]
        own = {"id", "chat_id", "seq", "author_id", "created_at"}
        taken = ", ".join(f"plan.{name}" if name in own else f"template.{name}" for name in columns)
        cursor.execute(
            f"INSERT INTO messaging_message ({', '.join(columns)}) SELECT {taken}"
            " FROM plan JOIN template ON template.id = plan.template ORDER BY plan.id"
        )
    for number, chat in enumerate(chats):
        chat.participant_count, chat.last_seq = len(members[number]), seqs[number]
        if last[number]:
            chat.last_message_id, chat.last_activity_at = last[number]
    Chat.objects.bulk_update(
        chats, ["participant_count", "last_seq", "last_message", "last_activity_at"], batch_size=500
    )
    # Most have read most; the busy reader is thousands behind in the large chat.
    for number, chat in enumerate(chats):
        Participant.objects.filter(chat=chat).update(read_seq=max(seqs[number] - 20, 0))
    Participant.objects.filter(chat=chats[0], user=busy).update(read_seq=max(seqs[0] - 2000, 0))
    idle = members[0][-1]
    Participant.objects.filter(user=idle).update(read_seq=0)
    return {
        "busy": busy,
        "quiet": quiet,
        "idle": idle,
        "large": chats[0],
        "small": chats[CHATS - 1],
        "words": talk.words,
    }


# --- What is asked ------------------------------------------------------------------------------------------


def questions(world: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Name, who asks, and what."""
    large, small = (f"/api/v1/chats/{world[name].pk}" for name in ("large", "small"))
    middle = world["large"].last_seq // 2
    search = "/api/v1/search/messages?q="
    yield "history, newest page", "busy", f"{large}/messages"
    yield "history, in the middle", "busy", f"{large}/messages?around={middle}&limit=50"
    yield "history, a day of it", "busy", f"{large}/messages?from={world['day']}&to={world['next_day']}"
    yield "list of chats, 61 of them", "busy", "/api/v1/chats?page_size=200"
    yield "list of chats, 3 of them", "quiet", "/api/v1/chats"
    yield "one chat, 2,000 unread", "busy", large
    yield "list of chats, all of it unread", "idle", "/api/v1/chats?page_size=200"
    yield "participants, 1,000", "busy", f"{large}/participants?page_size=200"
    yield "search, rare word", "busy", f"{search}xylophone"
    yield "search, word of some", "busy", f"{search}{world['words'][300]}"
    yield "search, common word", "busy", f"{search}dawn"
    yield "search, common word, newest", "busy", f"{search}dawn&ordering=newest"
    yield "search, most common word", "busy", f"{search}the"
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
    yield "suggestions", "busy", "/api/v1/search/suggestions?q=pe"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def plans_of(ask: Callable[[], Any]) -> tuple[list[str], list[str]]:
    """How the database reads messages for a request: by which indexes, and what it reads from end to end."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        ask()
    told, read = [], []
    for query in asked.captured_queries:
        sql = query["sql"]
        if not sql.startswith("SELECT") or "messaging_message" not in sql:
            continue
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}".encode())
            found = cursor.fetchone()[0]
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
        for node in nodes(plan):
            if node.get("Relation Name") == "messaging_message" and node["Node Type"].endswith("Seq Scan"):
                read.append(sql)
        told += [
            f"{node['Node Type']} {node['Index Name']}"
            for node in nodes(plan)
            if "Index Name" in node and "message" in node["Index Name"]
        ]
    return list(dict.fromkeys(told)), read


def times_of(ask: Callable[[], Any], rounds: int) -> list[float]:
    """Milliseconds, in order."""
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - started))
    return sorted(took)


def report(name: str, took: list[float], plans: list[str]) -> None:
    p95 = took[max(0, round(len(took) * 0.95) - 1)]
    print(f"| {name} | {statistics.median(took):.1f} | {p95:.1f} | {', '.join(plans)} |", flush=True)


# --- The proof ----------------------------------------------------------------------------------------------


def prove(*, messages: int, rounds: int) -> None:
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
    world["day"], world["next_day"] = (
        each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in (day, day + timedelta(days=1))
    )
    clients = {}
    for name in ("busy", "quiet", "idle"):
        clients[name] = APIClient()
        token = make_access(SessionFactory(user=world[name]))
        clients[name].credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def asking(client: APIClient, url: str) -> Callable[[], Any]:
        def ask() -> Any:
            answer = client.get(url)
            if answer.status_code != 200:
                raise Violated(f"{url}: {answer.status_code} {answer.content!r}")
            return answer

        return ask

    print(f"\n| {rounds} rounds each | p50 ms | p95 ms | indexes |\n|---|---|---|---|")
    faults = []
    for name, who, url in questions(world):
        ask = asking(clients[who], url)
        took = times_of(ask, rounds)
        indexes, read = plans_of(ask)
        faults += [f"{name}: {sql}" for sql in read]
        report(name, took, indexes)

    def send() -> None:
        send_message(actor=world["busy"], chat=world["large"], text="We leave the camp at dawn, bring water")

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
            prove(messages=given.messages, rounds=given.rounds)
        except Violated as violated:
            sys.exit(f"VIOLATED: {violated}")


if __name__ == "__main__":
    main()
