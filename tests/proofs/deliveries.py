"""Proof: workers die at any moment; notifications, mails and webhooks arrive, and twice only under one id.

`make prove-deliveries` (ARGS="--events 10000"). A server process and a Celery worker as operators run them,
on a PostgreSQL and a Redis of their own; a real SMTP server; real receivers of webhooks, which verify what
comes with the package `standardwebhooks`. Writers mention readers, and the worker with all its processes is
killed every few seconds. In the end what came is compared with the messages in the database. Then a receiver
is down until its webhook is paused, comes back, and asks for what it missed. Exit code 1 if anything is lost,
or comes twice without an attempt whose worker died.
"""

import argparse
import asyncio
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402
from standardwebhooks.webhooks import Webhook as Verifier  # noqa: E402

from common.tests.receivers import Call, Receiver, Reply, receiver  # noqa: E402
from notifications.tests.mail_server import Post, mail_server  # noqa: E402
from tests.live_server import LiveServer, free_port  # noqa: E402
from tests.processes import Process  # noqa: E402
from tests.proofs.crowd import Member, Violated, carry_out  # noqa: E402
from tests.proofs.databases import STARTS_WITHIN  # noqa: E402
from tests.proofs.soak import renew  # noqa: E402
from tests.services import Services, services  # noqa: E402

PAIRS = 4  # of one who writes and one who is called by it, each with a group and a webhook
AT_ONCE = 2  # messages of one writer on their way
ALIVE = (4.0, 10.0)  # seconds of work before a worker dies
TOLD_EVERY = 5.0  # seconds between two lines
IDLE_FOR = 3  # looks, a second apart, at which nothing waited
STUCK_AFTER = 180.0  # seconds in which nothing at all came
BACKOFF = "1,1,1,2,2,2,2"  # seconds: the whole window of attempts, which is 28 hours
TYPES = ["message.sent", "notification.created"]
IN_OUTAGE = 50  # messages while the receiver is down, and as many while its webhook is paused

# The worker with shorter times than production's: the lease of an attempt, and until a mail is sent.
LEASE, MAIL_WAITS = 10, 2  # seconds
WORKER = """
import django
from dataclasses import replace
from datetime import timedelta
django.setup()
from celery.__main__ import main
from celery.signals import worker_ready
from notifications.kinds import kinds
from notifications.registries import channels
for name, channel in channels.items():
    channels[name] = replace(channel, lease=timedelta(seconds={lease}))
kinds["mention"].delays["email"] = timedelta(seconds={mail_waits})
worker_ready.connect(lambda **_: print("{ready}", flush=True), weak=False)
main()
"""
READY = "The worker is ready."
COMMAND = "-A config worker --beat --concurrency 2 --loglevel WARNING"


class Worker(Process):
    """A Celery worker with beat, as `make worker` starts it, and how often it was killed."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        program = WORKER.format(lease=LEASE, mail_waits=MAIL_WAITS, ready=READY)
        command = [sys.executable, "-c", program, *COMMAND.split()]
        command += ["--schedule", str(folder / "schedule")]
        self.said = folder / "worker.log"
        super().__init__(command, log=self.said, answers=self._ask, cwd=ROOT, env=environment)
        self.starts = self.kills = 0

    def start(self) -> None:
        self.starts += 1
        super().start()

    def _ask(self) -> None:
        if self.said.read_text().count(READY) < self.starts:
            raise ConnectionError("it isn't ready yet")

    async def die_again_and_again(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            await asyncio.sleep(random.uniform(*ALIVE))
            await asyncio.to_thread(self.kill)
            self.kills += 1
            await asyncio.to_thread(self.start)


class Ear:
    """A receiver, which may be away for a while.

    Attributes:
        bodies: what came, by `webhook-id`; of those that came again the first.
        times: how often each came.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.secret = ""
        self.bodies: dict[str, dict[str, Any]] = {}
        self.times: Counter[str] = Counter()
        self.broken: list[str] = []
        self._open: AbstractContextManager[Receiver] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def open(self) -> None:
        self._open = receiver(port=self.port)
        self._open.__enter__().reply = self._take

    def close(self) -> None:
        if self._open:
            self._open.__exit__(None, None, None)
        self._open = None

    def _take(self, call: Call) -> Reply:
        id_ = call.headers["webhook-id"]
        try:
            body = Verifier(self.secret).verify(call.body, call.headers)
        except Exception as error:
            self.broken.append(f"{id_}: {error}")
            return Reply(status=401)
        if self.bodies.setdefault(id_, body) != body:
            self.broken.append(f"{id_} came with another body")
        self.times[id_] += 1
        return Reply()

    @property
    def position(self) -> int:
        """Up to where it has everything."""
        seqs = {body["seq"] for body in self.bodies.values()}
        return next(seq for seq in range(len(seqs) + 1) if seq + 1 not in seqs)


class Person(Member):
    """Somebody whose mail comes by SMTP."""

    def __init__(self, name: str, urls: Sequence[str], post: Post) -> None:
        super().__init__(name, urls)
        self._post = post

    async def mailed(self, wanted: str) -> str | None:
        for mail in self._post.mails:
            text = mail.get_body(("plain",))
            if mail["To"] == self.email and text and (found := re.search(wanted, text.get_content())):
                return found[1]
        return None


@dataclass
class Pair:
    """One who writes, and one who is called by it.

    Attributes:
        said: ids of acknowledged messages.
    """

    writer: Person
    reader: Person
    ear: Ear = field(default_factory=Ear)
    webhook: str = ""
    said: set[str] = field(default_factory=set)

    async def meet(self) -> None:
        for person in (self.writer, self.reader):
            await person.sign_up()
        body = {"type": "group", "title": "Wadi Rum", "participants": [self.reader.id]}
        chat = (await self.writer.call("POST", "chats", json=body)).raise_for_status().json()["id"]
        (await self.reader.call("POST", f"chats/{chat}/accept")).raise_for_status()
        self.writer.chat = self.reader.chat = chat

    async def listen(self) -> None:
        self.ear.open()
        body = {"url": self.ear.url, "types": TYPES}
        made = (await self.reader.call("POST", "webhooks", json=body)).raise_for_status().json()
        self.webhook, self.ear.secret = made["id"], made["secret"]

    async def say(self, count: int) -> None:
        waiting = iter(range(count))

        async def one_after_the_other() -> None:
            for number in waiting:
                body = {"text": f"Number {number}.", "mentions": [self.reader.id]}
                path = f"chats/{self.writer.chat}/messages"
                answer = (await self.writer.call("POST", path, json=body)).raise_for_status()
                self.said.add(answer.json()["id"])

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(one_after_the_other())

    async def state(self) -> str:
        shown = await self.reader.call("GET", f"webhooks/{self.webhook}")
        return str(shown.raise_for_status().json()["state"])

    async def missed(self, after: int) -> list[dict[str, Any]]:
        """What the gap call gives, page by page."""
        events: list[dict[str, Any]] = []
        while True:
            query = {"after": events[-1]["seq"] if events else after, "limit": 200}
            page = await self.reader.call("GET", f"webhooks/{self.webhook}/events", params=query)
            events += page.raise_for_status().json()["results"]
            if not page.json()["has_after"]:
                return events


class Database:
    """What stands in it, asked by hand: nothing here is counted by the code that it is about."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def rows(self, query: str, *given: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, given).fetchall()

    def ids(self, query: str, *given: object) -> list[str]:
        return [str(row[0]) for row in self.rows(query, *given)]

    def waiting(self) -> dict[str, int]:
        [counts] = self.rows("""
            SELECT (SELECT coalesce(sum((SELECT coalesce(max(id), 0) FROM common_logentry) - upto), 0)
                      FROM common_relaycursor),
                   (SELECT count(*) FROM notifications_delivery WHERE state = 'waiting'),
                   (SELECT count(*) FROM common_mail WHERE sent_at IS NULL),
                   (SELECT count(*) FROM common_deadletter)
        """)
        names = ("entries", "deliveries", "mails", "dead letters")
        return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


@dataclass
class Scene:
    """All that runs, and what it has come to."""

    services: Services
    server: LiveServer
    worker: Worker
    post: Post
    pairs: list[Pair]
    database: Database
    started: float = field(default_factory=time.monotonic)

    def arrived(self) -> int:
        return len(self.post.taken) + sum(pair.ear.times.total() for pair in self.pairs)

    def tell(self) -> None:
        said, calls = (sum(len(each) for each in some) for some in self._progress())
        print(
            f"{time.monotonic() - self.started:4.0f} s: {said:,} said, {len(self.post.taken):,} mails, "
            f"{calls:,} events; waiting: {self.database.waiting() or 'nothing'}; {self.worker.kills} kills",
            flush=True,
        )

    def _progress(self) -> tuple[Iterable[Any], Iterable[Any]]:
        return [pair.said for pair in self.pairs], [pair.ear.bodies for pair in self.pairs]

    async def settle(self) -> float:
        """Wait until nothing waits any more.

        Returns:
            When the last of it came, by time.monotonic().

        Raises:
            Violated: nothing comes any more, and something waits.
        """
        idle, told, seen, last = 0, time.monotonic(), self.arrived(), time.monotonic()
        while idle < IDLE_FOR:
            await asyncio.sleep(1)
            idle = 0 if self.database.waiting() else idle + 1
            if self.arrived() != seen:
                seen, last = self.arrived(), time.monotonic()
            if time.monotonic() - last > STUCK_AFTER:
                raise Violated(f"still waiting: {self.database.waiting()}")
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                self.tell()
        return last

    async def say(self, events: int) -> None:
        """Have so many said, by all writers together."""
        async with asyncio.TaskGroup() as group:
            for number, pair in enumerate(self.pairs):
                group.create_task(pair.say(len(range(number, events, len(self.pairs)))))


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        found = stack.enter_context(services(folder, databases=["serai"]))
        post, port = stack.enter_context(mail_server())
        server = LiveServer(
            folder / "data",
            words=["--no-worker"],
            DATABASE_URL=found.postgres.url("serai"),
            REDIS_URL=found.redis.url(0),
            EMAIL_URL=f"smtp://127.0.0.1:{port}",
            OUTBOUND_PRIVATE="true",
            WEBHOOK_BACKOFF=BACKOFF,
        )
        server.start(within=STARTS_WITHIN)
        stack.callback(server.kill)
        worker = Worker(folder, server.whole_environment())
        worker.start()
        stack.callback(worker.kill)
        people = [
            [Person(f"{role}-{number}", [server.url], post) for role in ("writer", "reader")]
            for number in range(PAIRS)
        ]
        pairs = [Pair(*two) for two in people]
        for pair in pairs:
            stack.callback(pair.ear.close)
        yield Scene(found, server, worker, post, pairs, Database(found.postgres.url("serai")))


# --- What has to be so --------------------------------------------------------------------------------------


def require_same(what: str, expected: Iterable[object], found: Iterable[object]) -> None:
    wanted, there = set(map(str, expected)), set(map(str, found))
    if wanted != there:
        raise Violated(
            f"{what}: {len(wanted - there)} of {len(wanted)} lost, {len(there - wanted)} more than expected, "
            f"such as {sorted(wanted ^ there)[:3]}"
        )


def require_once(what: str, found: Sequence[str]) -> None:
    if doubled := [id_ for id_, times in Counter(found).items() if times > 1]:
        raise Violated(f"{what}: {len(doubled)} more than once, such as {doubled[:3]}")


def check_notifications(scene: Scene) -> None:
    """One for each mention, and the mentions are those of the acknowledged messages."""
    mentions = scene.database.ids("SELECT message_id FROM messaging_mention")
    require_same("mentions of acknowledged messages", [id_ for p in scene.pairs for id_ in p.said], mentions)
    of = "FROM notifications_notification WHERE kind = 'mention'"
    told = scene.database.ids(f"SELECT data->>'message' {of}")  # noqa: S608 (our own words)
    require_once("notifications", told)
    require_same("notifications", mentions, told)


def check_mails(scene: Scene) -> Counter[str]:
    """One for each mention, and at the mail server all that were promised.

    Returns:
        How often each came, by the id of its delivery.
    """
    found = [re.search(rb"^Message-ID: <(\S+)@serai>", mail, re.I | re.M) for mail in scene.post.taken]
    times = Counter(each[1].decode() for each in found if each)
    if times.total() != len(scene.post.taken):
        raise Violated("mails without a Message-ID")
    called = scene.database.ids("""
        SELECT notification.data->>'message' FROM notifications_delivery delivery
        JOIN notifications_notification notification ON notification.id = delivery.notification_id
        WHERE notification.kind = 'mention' AND delivery.channel = 'email' AND delivery.state = 'sent'
    """)
    require_once("promised mails", called)
    require_same("promised mails", [id_ for pair in scene.pairs for id_ in pair.said], called)
    promised = scene.database.ids("SELECT id FROM notifications_delivery WHERE channel = 'email'")
    promised += scene.database.ids("SELECT id FROM common_mail")  # of signing up
    require_same("mails at the server", promised, times)
    return times


def check_calls(scene: Scene, pair: Pair) -> None:
    """Of what the reader may know, everything came, by a call or by the gap call."""
    if pair.ear.broken:
        raise Violated(f"{pair.reader.name}: {len(pair.ear.broken)} broken calls: {pair.ear.broken[:3]}")
    query = "SELECT id, seq, type, data FROM notifications_webhookevent WHERE webhook_id = %s ORDER BY seq"
    kept = {
        str(id_): [seq, type_, data] for id_, seq, type_, data in scene.database.rows(query, pair.webhook)
    }
    got = {id_: [body["seq"], body["type"], body["data"]] for id_, body in pair.ear.bodies.items()}
    require_same(f"events at the receiver of {pair.reader.name}", kept, got)
    if kept != got or [seq for seq, _, _ in kept.values()] != list(range(1, len(kept) + 1)):
        raise Violated(f"{pair.reader.name}: the receiver heard something else, or in another order")
    data = [body["data"] for body in pair.ear.bodies.values() if body["type"] == "message.sent"]
    require_once("message.sent", [each["message"] for each in data])
    require_same("message.sent", pair.said, [each["message"] for each in data])
    data = [body["data"] for body in pair.ear.bodies.values() if body["type"] == "notification.created"]
    query = """
        SELECT notification.id FROM notifications_notification notification
        JOIN notifications_webhook webhook ON webhook.user_id = notification.user_id
        WHERE webhook.id = %s AND notification.created_at > webhook.created_at AND notification.is_listed
    """
    told = scene.database.ids(query, pair.webhook)
    require_once("notification.created", [each["notification"] for each in data])
    require_same("notification.created", told, [each["notification"] for each in data])


def excused(scene: Scene) -> Counter[str]:
    """How often a delivery may have come beside the one time that we know of: attempts whose worker died.

    By what names it at its target: its own id as a mail, its event's as a call.
    """
    rows = scene.database.rows("""
        SELECT coalesce(delivery.event_id, delivery.id), count(*) FROM notifications_attempt attempt
        JOIN notifications_delivery delivery ON delivery.id = attempt.delivery_id
        WHERE attempt.result = 'lost' GROUP BY 1
    """)
    return Counter({str(id_): count for id_, count in rows})


def check_doubled(what: str, times: Counter[str], lost: Counter[str]) -> int:
    """How many came more than once, each for an attempt whose worker died before it could write it down."""
    doubled = {id_: count - 1 for id_, count in times.items() if count > 1}
    if unexcused := [id_ for id_, more in doubled.items() if more > lost[id_]]:
        raise Violated(f"{what}: {len(unexcused)} doubled though no worker died, such as {unexcused[:3]}")
    return len(doubled)


# --- The story ----------------------------------------------------------------------------------------------


async def measure(scene: Scene, events: int) -> float:
    """How many events a second one worker takes from the log to where they belong, alone."""
    await asyncio.to_thread(scene.worker.stop, signal.SIGTERM)
    await scene.say(events)
    begun = time.monotonic()
    await asyncio.to_thread(scene.worker.start)
    ready = time.monotonic()
    rate = events / (await scene.settle() - ready)
    print(
        f"{events:,} events that waited for a worker: {rate:.0f} a second by one, "
        f"ready after {ready - begun:.1f} s",
        flush=True,
    )
    return rate


async def kill(scene: Scene, events: int) -> float:
    """The events, with a worker that dies every few seconds. The seconds until the last effect."""
    begun, is_over = time.monotonic(), asyncio.Event()
    dying = asyncio.create_task(scene.worker.die_again_and_again(is_over))
    saying = asyncio.create_task(scene.say(events))
    while not saying.done():
        await asyncio.wait([saying], timeout=TOLD_EVERY)
        scene.tell()
    await saying
    print(f"all said after {time.monotonic() - begun:.0f} s", flush=True)
    last = await scene.settle()
    is_over.set()
    await dying
    return last - begun


async def miss_and_catch_up(scene: Scene) -> None:
    """A receiver is down for the whole window of attempts, comes back, and asks for what it missed."""
    pair = scene.pairs[0]
    pair.ear.close()
    before, down = pair.ear.position, time.monotonic()
    await pair.say(IN_OUTAGE)
    while await pair.state() != "paused":
        await asyncio.sleep(1)
        if time.monotonic() - down > STUCK_AFTER:
            raise Violated("the webhook of a dead receiver is not paused")
    paused = time.monotonic() - down
    await pair.say(IN_OUTAGE)
    await scene.settle()
    pair.ear.open()
    changes = {"state": "active"}
    (await pair.reader.call("PATCH", f"webhooks/{pair.webhook}", json=changes)).raise_for_status()
    await pair.say(IN_OUTAGE)
    await scene.settle()
    called = len(pair.ear.bodies)
    gap = await pair.missed(pair.ear.position)
    for event in gap:
        body = {name: event[name] for name in ("type", "timestamp", "seq", "data")}
        if pair.ear.bodies.setdefault(event["id"], body) != body:
            raise Violated(f"the gap call says something else of {event['id']}")
    query = "SELECT id FROM common_logentry WHERE topic = %s AND type = 'webhook.paused'"
    if (told := len(scene.database.ids(query, f"user:{pair.reader.id}"))) != 1:
        raise Violated(f"of the pause its owner was told {told} times")
    print(
        f"receiver down at position {before:,}, paused after {paused:.0f} s; {len(gap)} "
        f"events by the gap call, of which {len(pair.ear.bodies) - called} had not come",
        flush=True,
    )


def report(scene: Scene, doubled: dict[str, int], seconds: float, events: int) -> None:
    rate, kills = events / seconds, scene.worker.kills
    print(f"{events:,} events in {seconds:.0f} s, {rate:.0f} a second, {kills} kills")
    print("| | arrived | doubled, each for an attempt whose worker died |\n|---|---|---|")
    print(f"| mails | {len(scene.post.taken):,} | {doubled['mails']} |")
    calls = sum(pair.ear.times.total() for pair in scene.pairs)
    print(f"| webhook calls | {calls:,} | {doubled['calls']} |")
    print("| attempts | result | |\n|---|---|---|")
    for channel, result, count in scene.database.rows("""
        SELECT delivery.channel, attempt.result, count(*) FROM notifications_attempt attempt
        JOIN notifications_delivery delivery ON delivery.id = attempt.delivery_id GROUP BY 1, 2 ORDER BY 1, 2
    """):
        print(f"| {channel} | {result} | {count:,} |")
    print(f"load {os.getloadavg()[0]:.1f}")


def check(scene: Scene) -> dict[str, int]:
    check_notifications(scene)
    times = check_mails(scene)
    for pair in scene.pairs:
        check_calls(scene, pair)
    lost = excused(scene)
    calls = sum((pair.ear.times for pair in scene.pairs), Counter[str]())
    return {"mails": check_doubled("mails", times, lost), "calls": check_doubled("calls", calls, lost)}


async def prove(folder: Path, *, events: int, kills: bool) -> None:
    with scene(folder) as found:
        for pair in found.pairs:
            await pair.meet()
        await found.settle()  # what is older than a webhook it need not hear
        for pair in found.pairs:
            await pair.listen()
        people = [person for pair in found.pairs for person in (pair.writer, pair.reader)]
        renewing = asyncio.create_task(renew(people))
        await measure(found, max(events // 10, 100))
        if kills:
            seconds = await kill(found, events)
            report(found, check(found), seconds, events)
            await miss_and_catch_up(found)
            check(found)
            print("Nothing lost, nothing doubled but what a dead worker had sent, and the gap is filled.")
        renewing.cancel()
        for person in people:
            await person.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=10_000)
    options.add_argument(
        "--no-kills", dest="kills", action="store_false", help="measure a tenth of the events and end"
    )
    given = vars(options.parse_args())
    carry_out(lambda folder: prove(folder, **given), with_node=False)


if __name__ == "__main__":
    main()
