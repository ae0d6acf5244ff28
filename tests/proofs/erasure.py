"""Proof: who is erased is gone from the database, from Redis and from the files, whatever dies meanwhile.

`make prove-erasure` (ARGS="--messages 20000"). A real server on PostgreSQL and Redis; canaries in every text
that is held about one person; the server is killed in the middle of the erasure and started again; a backup
from before is restored and the erasure replayed. Works in databases of its own and under a prefix of its own
in Redis. Exit code 1 if a canary is left that the receipt does not name.
"""

import argparse
import asyncio
import io
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402
import redis  # noqa: E402

from tests.live_server import LiveServer  # noqa: E402
from tests.proofs.cluster import database_of_its_own  # noqa: E402
from tests.proofs.crowd import PASSWORD, Member, Violated  # noqa: E402

TAKEN_OVER_WITHIN = 200  # seconds: a dead worker's job is free after 120, and looked for every 30
MAILED_WITHIN = 30  # seconds
LIMITS = dict.fromkeys(("LIMIT_GENERAL", "LIMIT_USER", "LIMIT_AUTH", "LIMIT_AUTH_ADDRESS"), "10000/15m")


# --- Looking everywhere -------------------------------------------------------------------------------------


def dump(url: str) -> str:
    return subprocess.run(  # noqa: S603
        ["pg_dump", "--no-owner", "--dbname", url],  # noqa: S607
        check=True,
        capture_output=True,
    ).stdout.decode()


def redis_texts(client: "redis.Redis[bytes]") -> Iterator[tuple[str, str]]:
    """Every key of the whole Redis with all that it holds, of whichever type."""
    read: dict[bytes, Any] = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    for key in client.scan_iter(count=1000):
        kind = client.type(key)
        yield key.decode(), f"{key!r} {read[kind](key)!r}" if kind in read else repr(key)


def file_texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        yield str(path), path.name
        if path.is_file():
            content = path.read_bytes()
            yield str(path), content.decode("latin1")
            if zipfile.is_zipfile(io.BytesIO(content)):
                yield str(path), "".join(zip_texts(content).values())
            if path.suffix == ".eml":
                yield str(path), mail_text(content)


def zip_texts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def mail_text(content: bytes) -> str:
    """All that a mail says, headers and both parts, out of the Base64 that Arabic is sent in."""
    mail = message_from_bytes(content, policy=policy.default)
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *parts])


def canaries_in(words: Any, texts: Iterator[tuple[str, str]]) -> dict[str, str]:
    return {word: where for where, text in texts for word in words if word in text}


# --- The story ----------------------------------------------------------------------------------------------


async def leave_traces(member: Member, other: Member) -> None:
    """What somebody leaves behind by using the product."""
    group = {"type": "group", "title": "Wadi Rum", "participants": [other.id]}
    chat = (await member.call("POST", "chats", json=group)).raise_for_status().json()["id"]
    (await member.call("POST", f"chats/{chat}/messages", json={"text": "We leave."})).raise_for_status()
    (await other.call("POST", f"chats/{chat}/messages", json={"text": "I come."})).raise_for_status()


async def use_after_planting(member: Member) -> tuple[str, dict[str, str]]:
    """Caches, kept answers, mails and an export that hold canaries too.

    Returns:
        The address by now, and the export's members.
    """
    (await member.call("POST", "auth/ws-ticket")).raise_for_status()
    key = {"Idempotency-Key": secrets.token_hex(8)}
    (await member.call("PATCH", "users/me", json={"language": "ar"}, headers=key)).raise_for_status()
    profile = (await member.call("GET", "users/me")).raise_for_status().json()
    (await member.call("POST", "auth/forgot-password", json={"email": profile["email"]})).raise_for_status()
    (await member.call("POST", "users/me/export")).raise_for_status()
    while (export := (await member.call("GET", "users/me/export")).json())["state"] in ("queued", "running"):
        await asyncio.sleep(0.1)
    if export["state"] != "done":
        raise Violated(f"the export ended as {export['state']}: {export['error']}")
    archive = await member.call("GET", "users/me/export/download")
    print(f"export: {export['bytes']:,} bytes, sent in pieces by the server")
    return profile["email"], zip_texts(archive.raise_for_status().content)


def erase_with_a_kill(server: LiveServer, *, messages: int) -> float:
    """Let the days of grace go by, kill the server while it erases, and wait until another try is through."""
    from django.utils import timezone

    from accounts.models import Erasure
    from accounts.tasks import begin_due_erasures

    erasure = Erasure.objects.open().get()
    Erasure.objects.filter(pk=erasure.pk).update(due_at=timezone.now())
    begun = time.monotonic()
    begin_due_erasures.delay()
    done = 0
    while done == 0:
        erasure.refresh_from_db()
        if erasure.erased_at:
            raise Violated("it was over before it could be killed: take more --messages")
        done = erasure.counts.get("messaging.message", 0)
        if time.monotonic() - begun > 60:
            raise Violated("the erasure did not begin within a minute")
        time.sleep(0.005)
    server.kill()
    print(f"kill -9 after {done:,} of {messages:,} messages were emptied")
    server.start()
    while not erasure.erased_at:
        if time.monotonic() - begun > TAKEN_OVER_WITHIN:
            raise Violated(f"the erasure was not taken over within {TAKEN_OVER_WITHIN} s")
        time.sleep(0.2)
        erasure.refresh_from_db()
    while not list((server.data / "private/erasures").glob("*.json")):
        time.sleep(0.05)
    return time.monotonic() - begun


def kept_by(receipt: dict[str, Any]) -> set[str]:
    return {
        f"{table['table']}.{field}"
        for table in receipt["tables"]
        for reason in table.get("kept", [])
        for field in reason["fields"]
    }


def check(planted: dict[str, str], left: dict[str, str], receipt: dict[str, Any], where: str) -> set[str]:
    stays = {planted[word] for word in left}
    if unnamed := stays - kept_by(receipt):
        raise Violated(f"{where}: left, and not named by the receipt: {sorted(unnamed)}")
    return stays


def manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Violated(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


async def prove(folder: Path, database: str, restored: str, *, messages: int) -> None:
    data = folder / "data"
    shared = {
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": f"serai-proof-{secrets.token_hex(4)}",
    }
    server = LiveServer(data, **shared, **LIMITS)
    store = redis.Redis.from_url(shared["REDIS_URL"])
    try:
        await asyncio.to_thread(server.start)
        leaver, other = Member("leaver-proof", [server.url]), Member("other-proof", [server.url])
        for member in (leaver, other):
            await member.sign_up()
        await leave_traces(leaver, other)
        asked = await leaver.call("POST", "users/me/erasure", json={"password": PASSWORD})
        asked.raise_for_status()

        os.environ |= shared | {"DATA_DIR": str(data), "ENV_FILE": os.devnull, "LOG_LEVEL": "ERROR"}
        planted = await asyncio.to_thread(plant_everywhere, leaver.id, other.id, messages)
        address, exported = await use_after_planting(leaver)
        backup = await asyncio.to_thread(dump, database)
        before = {
            "dump": canaries_in(planted, iter([("dump", backup)])),
            "files": canaries_in(planted, file_texts(data)),
        }
        if unseen := planted.keys() - before["dump"].keys():
            raise Violated(f"the scan does not see {sorted(planted[word] for word in unseen)}")
        in_export = canaries_in(planted, iter(exported.items()))
        print(
            f"{len(planted)} canaries in {len({at.rpartition('.')[0] for at in planted.values()})} tables: "
            f"all in the dump, {len(in_export)} in the export, {len(before['files'])} in files"
        )

        took = await asyncio.to_thread(erase_with_a_kill, server, messages=messages)
        [receipt_file] = (data / "private/erasures").glob("*.json")
        receipt = json.loads(receipt_file.read_text())
        print(f"erased {took:.0f} s after it was due, the dead server included")
        print(manage(shared, "erasure", "verify", str(receipt_file)))
        [emptied] = [table for table in receipt["tables"] if table["table"] == "messaging.message"]
        if emptied["rows"] + emptied["deleted"] != messages + 1:  # the crowd, a planted one, a sent one
            raise Violated(f"the receipt counts {emptied} of {messages + 1} messages")
        await asyncio.to_thread(take_last_mail, data / "mails", address)

        after = await asyncio.to_thread(dump, database)
        stays = check(planted, canaries_in(planted, iter([("dump", after)])), receipt, "the dump")
        in_redis = canaries_in(planted, redis_texts(store))
        in_files = canaries_in(planted, file_texts(data))
        if in_redis or in_files:
            raise Violated(f"left in Redis: {in_redis}; in files: {in_files}")
        print(
            f"left in a dump of {len(after):,} characters: {len(stays)}, each named by the receipt "
            f"({', '.join(sorted(stays))}); in {store.dbsize()} keys of Redis: 0; in the files: 0"
        )
        history = (await other.call("GET", "chats")).raise_for_status().json()["results"]
        print(f"the other still has {len(history)} chat(s), in order")

        await asyncio.to_thread(restore, backup, restored)
        there = shared | {"DATABASE_URL": restored}
        said = manage(there, "erasure", "replay")
        # No worker serves this database: what one does every hour.
        manage(there, "shell", "-c", "from common.tasks import purge_files; purge_files()")
        again = await asyncio.to_thread(dump, restored)
        check(planted, canaries_in(planted, iter([("dump", again)])), receipt, "the restored dump")
        print(
            f"restored from before and replayed: {said.splitlines()[-1]} Nothing else is left there either."
        )
        await leaver.close()
        await other.close()
    finally:
        server.kill()
        for key in store.scan_iter(f"{shared['REDIS_PREFIX']}*"):
            store.delete(key)


def plant_everywhere(leaver: str, other: str, messages: int) -> dict[str, str]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from accounts.models import User
    from messaging.models import Chat, Message
    from tests.canaries import as_stored, plant

    user = User.objects.get(pk=leaver)
    planted = as_stored(plant(user, User.objects.get(pk=other)), user)
    chat = Chat.objects.create(type="group", title="Many words", created_by_id=other, last_seq=messages)
    word = secrets.token_hex(8)
    planted[word] = "messaging.message.text"
    Message.objects.bulk_create(
        (Message(chat=chat, seq=seq, author=user, text=f"{word} {seq}") for seq in range(2, messages + 1)),
        batch_size=2000,
    )
    return planted


def take_last_mail(mails: Path, address: str) -> None:
    """The outbox stands for people's own mailboxes: the receipt is there, and nothing else of theirs."""
    end = time.monotonic() + MAILED_WITHIN
    while not (
        theirs := [path for path in mails.glob("*.eml") if f"To: {address}" in mail_text(path.read_bytes())]
    ):
        if time.monotonic() > end:
            raise Violated(f"nothing was mailed about it within {MAILED_WITHIN} s")
        time.sleep(0.1)
    if len(theirs) > 1:
        raise Violated(
            f"left of the mails to the account: {[mail_text(path.read_bytes()) for path in theirs]}"
        )
    theirs[0].unlink()


def restore(backup: str, url: str) -> None:
    name = urlsplit(url).path.removeprefix("/")
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    subprocess.run(  # noqa: S603
        ["psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url],  # noqa: S607
        input=backup.encode(),
        check=True,
        capture_output=True,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=50_000)
    given = options.parse_args()
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        sys.exit("Set DATABASE_URL and REDIS_URL, or run: make prove-erasure")
    with (
        tempfile.TemporaryDirectory(prefix="serai-proof-") as folder,
        database_of_its_own(os.environ["DATABASE_URL"]) as database,
    ):
        restored = f"{database}_restored"
        try:
            asyncio.run(prove(Path(folder), database, restored, messages=given.messages))
        except Violated as violated:
            print(f"VIOLATED: {violated}", file=sys.stderr)
            sys.exit(1)
        finally:
            name = urlsplit(restored).path.removeprefix("/")
            url = urlsplit(database)._replace(path="/postgres").geturl()
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


if __name__ == "__main__":
    main()
