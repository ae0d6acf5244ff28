"""All that stands in `permission_matrix.py`, done over REST and over the socket, and undone again."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Block, User
from accounts.services import block_user, grant_role
from accounts.tests.factories import UserFactory
from accounts.tokens import make_access
from common.actors import SYSTEM
from common.models import LogEntry
from common.tests.pictures import upload
from files.models import File
from files.tests.factories import file_of
from messaging import policies
from messaging.models import Chat, Message, Participant
from messaging.realtime import COMMANDS
from messaging.services import (
    accept_invitation,
    add_reaction,
    change_role,
    create_chat,
    create_invitation,
    leave_chat,
    pin_message,
    remove_participant,
    send_message,
    update_chat,
)
from messaging.tests.permission_matrix import (
    ACTIONS,
    FROM_OUTSIDE,
    IN_PRIVATE,
    INSIDE,
    KINDS,
    MARKS,
    NOTES,
    OUTSIDE,
    OWN,
    PICTURE,
    PRIVATE,
    WITH_OTHERS,
    cells,
    expected,
)
from realtime.tests.clients import Client, enter, live_here

CASES: Final = [
    *(("group", role) for role in (*INSIDE, "request", *OUTSIDE)),
    *(("channel", role) for role in (*INSIDE, "request", "former", "stranger")),
    *((kind, role) for kind in OWN for role in (*INSIDE, "former")),
    *(("private", role) for role in (*PRIVATE, "former", "stranger", "moderator")),
]
TABLES: Final = [  # what an attempt may change
    model._meta.db_table for model in [*apps.get_app_config("messaging").get_models(), Block, File, LogEntry]
]
PAGE: Final = Path(__file__).parents[2] / "docs/permissions.md"
LEFT: Final = ("chat.removed", "participant.removed")
INVALID: Final = (400, "invalid")

Ids = dict[str, str]
Problem = dict[str, Any] | None  # its body; None where nothing is refused

# What each door says to anybody who names what does not exist, by action: asked the first time it matters.
UNKNOWN: Final[dict[tuple[str, str], Problem]] = {}


# --- A chat with everybody ----------------------------------------------------------------------------------


def person(name: str) -> User:
    return UserFactory(username=name)


def of_all_actions(level: str | None) -> dict[str, str | None]:
    return dict.fromkeys(policies.SETTABLE, level)


def say(chat: Chat, author: User, **said: Any) -> Message:
    return send_message(actor=author, chat=chat, **({"text": "The dawn in Petra"} | said))[0]


def group_or_channel(kind: str, role: str) -> tuple[User, Ids]:
    """Whoever acts as *role* in a chat of *kind*, and the ids of all that is done to something."""
    type_, level, own = KINDS[kind]
    names = ["owner", "admin", "member", "newcomer", "invited", "asking"]
    people = {name: person(name) for name in names}
    owner = people["owner"]
    me = people.get(role) if role in ("owner", "invited", "asking") else person("me")
    assert me
    came = role in (*INSIDE, "request", "former", "removed") and me != owner
    chat, _ = create_chat(
        actor=owner,
        type=type_,
        title="Wadi Rum",
        participants=[people["admin"], people["member"], *([me] if came else [])],
        permissions=of_all_actions("everyone"),  # until all have spoken
    )
    for each in {people["admin"], *([me] if role == "admin" else [])}:
        change_role(actor=owner, chat=chat, user=each, role="admin")
    link, _ = create_invitation(actor=owner, chat=chat)
    named, _ = create_invitation(actor=owner, chat=chat, user=people["invited"])
    approved, _ = create_invitation(actor=owner, chat=chat, approval=True)
    accept_invitation(actor=people["asking"], invitation=approved)
    ids = things_said(chat, owner, people["member"], me if came else owner)
    ids |= {name: str(each.pk) for name, each in people.items()}
    ids |= {
        "by_admin": str(say(chat, people["admin"]).pk),
        "link": str(link.pk),
        "link_token": link.token,
        "invited_token": named.token,
    }
    add_to_all(chat, me, ids)
    if role == "former":
        leave_chat(actor=me, chat=chat)
    elif role == "removed":
        remove_participant(actor=owner, chat=chat, user=me)
    elif role == "moderator":
        grant_role(actor=SYSTEM, user=me, role="moderator")
    update_chat(actor=owner, chat=chat, permissions=of_all_actions(level) | own)
    Chat.objects.filter(pk=chat.pk).update(avatar="0" * 32)
    Participant.objects.filter(user=me).update(is_request=role == "request")
    return me, ids


def private(kind: str, role: str) -> tuple[User, Ids]:
    """The same of a private chat."""
    me, other = person("me"), person("other")
    mine = role in (*PRIVATE, "former")
    chat, _ = create_chat(actor=me if mine else person("third"), type="private", participants=[other])
    ids = things_said(chat, other, other, me if mine else other)
    ids |= {"member": str(other.pk), "newcomer": str(person("newcomer").pk)}
    ids |= {
        name: str(uuid4()) for name in ("admin", "owner", "asking", "link", "link_token", "invited_token")
    }
    add_to_all(chat, me, ids)
    if role == "former":
        leave_chat(actor=me, chat=chat)
    elif role == "blocking":
        block_user(actor=me, user=other)
    elif role == "blocked":
        block_user(actor=other, user=me)
    elif role == "moderator":
        grant_role(actor=SYSTEM, user=me, role="moderator")
    Participant.objects.filter(user=me).update(is_request=role == "request")
    return me, ids


def things_said(chat: Chat, owner: User, member: User, me: User) -> Ids:
    """What stands in *chat* to be acted on: `first` and what hangs on it, and something of each."""
    file = file_of(owner)
    first = say(chat, owner, text="First, at dawn")
    ids = {
        "chat": chat.pk,
        "first": first.pk,
        "reply": say(chat, member, thread=first.pk).pk,
        "mine": say(chat, me).pk,
        "by_member": say(chat, member).pk,
        "by_platform": send_message(actor=SYSTEM, chat=chat, text="Maintenance", kind="system")[0].pk,
        "unfollowed": say(chat, owner).pk,
        "pinned": say(chat, owner, text="", files=[file.pk]).pk,
        "file": file.pk,
    }
    pin_message(actor=owner, message=Message.objects.get(pk=ids["pinned"]))
    if chat.participants.present().filter(user=me).exists():
        add_reaction(actor=me, message=first, emoji="👍")
    return {name: str(pk) for name, pk in ids.items()}


def add_to_all(chat: Chat, me: User, ids: Ids) -> None:
    """What *me* has elsewhere, and the end of the chat."""
    elsewhere, _ = create_chat(actor=me, type="group", title="Elsewhere")
    sent, mine = file_of(me), file_of(me)
    ids |= {
        "my_file": str(mine.pk),
        "other_chat": str(elsewhere.pk),
        "elsewhere": str(say(elsewhere, me).pk),
        "file_elsewhere": str(say(elsewhere, me, files=[sent.pk]).pk),
        "last": str(chat.messages.order_by("-seq")[0].pk),
    }


def of_nothing(ids: Ids) -> Ids:
    """The same names, where nothing of the chat exists."""
    kept = {"my_file", "other_chat", "elsewhere", "file_elsewhere"}
    return {name: id_ if name in kept else str(uuid4()) for name, id_ in ids.items()}


# --- Attempts -----------------------------------------------------------------------------------------------


def state() -> dict[str, list[str]]:
    """All there is in `TABLES`."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 (names of our own tables)
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def filled(value: Any, ids: Ids) -> Any:
    """*value* with the ids of what it names."""
    if isinstance(value, dict):
        return {name: filled(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    return value.format(**ids, tomorrow=tomorrow) if isinstance(value, str) else value


def by_rest(client: APIClient, action: str, ids: Ids) -> Problem:
    """The problem with which REST refuses; None if it does not."""
    method, path, body = ACTIONS[action].rest
    form = {PICTURE: {"file": upload()}, NOTES: {"file": upload(b"Bring water.", "notes.txt")}}.get(str(body))
    url = f"/api/v1/{filled(path, ids)}"
    response = getattr(client, method)(url, form or filled(body, ids), format="multipart" if form else "json")
    if response.status_code >= 400:
        return response.json()
    results = response.json().get("results", [{}]) if response.content and "outbox" in path else [{}]
    return results[0].get("problem")


async def by_socket(socket: Client, action: str, ids: Ids) -> Problem:
    """The same of the socket."""
    command = ACTIONS[action].socket
    assert command
    answer = await socket.ask(command[0], data=filled(command[1], ids))
    return answer.get("error")


def without_id(problem: Problem) -> dict[str, Any]:
    return (problem or {}) | {"request_id": ""}


WRITES = re.compile(r"INSERT INTO|DELETE FROM|(?<!FOR )UPDATE ")


class Attempts:
    """What comes of what one person tries, each attempt undone before the next."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.before = state()
        self.logged = LogEntry.objects.count()

    def begin(self) -> None:
        self.has_written = False
        self.savepoint = transaction.savepoint()
        connection.execute_wrappers.append(self._note)

    def end(self, action: str, problem: Problem) -> str:
        """The mark of what was tried since `begin`, which is undone."""
        connection.execute_wrappers.remove(self._note)
        mark = self._mark(action, problem)
        transaction.savepoint_rollback(self.savepoint)
        return mark

    def _note(self, execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        self.has_written |= bool(WRITES.search(sql))
        return execute(sql, *args)

    def _mark(self, action: str, problem: Problem) -> str:
        if problem is None:
            return self._done(action)
        if changed := self._changed():
            return f"{problem['code']}, but {changed} changed"
        refusal = (problem["status"], problem["code"])
        marks = [mark for mark, of in MARKS.items() if of == refusal or mark == "none" and refusal == INVALID]
        return marks[0] if marks else str(problem)

    def _done(self, action: str) -> str:
        new = LogEntry.objects.order_by("id")[self.logged :]
        told, tells = tuple(sorted({entry.type for entry in new})), ACTIONS[action].tells
        if told == LEFT != tells:
            return "left"
        changed = self._changed()
        if told == (tells or ()) and bool(changed) is (tells is not None):
            return "yes"
        return f"told {told}, {changed} changed" if changed else "same"

    def _changed(self) -> list[str]:
        if not self.has_written:
            return []
        after = state()
        return [table for table in TABLES if after[table] != self.before[table]]


def marks_by_rest(attempts: Attempts, client: APIClient, actions: Iterable[str]) -> dict[str, str]:
    marks = {}
    for action in actions:
        attempts.begin()
        problem = by_rest(client, action, attempts.ids)
        marks[action] = attempts.end(action, problem)
        if marks[action] == "none":
            if ("rest", action) not in UNKNOWN:
                UNKNOWN["rest", action] = by_rest(client, action, of_nothing(attempts.ids))
            marks[action] = as_of_nothing("rest", action, problem)
    return marks


async def marks_by_socket(attempts: Attempts, socket: Client, actions: Iterable[str]) -> dict[str, str]:
    marks = {}
    for action in actions:
        await sync_to_async(attempts.begin)()
        problem = await by_socket(socket, action, attempts.ids)
        marks[action] = await sync_to_async(attempts.end)(action, problem)
        if marks[action] == "none":
            if ("socket", action) not in UNKNOWN:
                UNKNOWN["socket", action] = await by_socket(socket, action, of_nothing(attempts.ids))
            marks[action] = as_of_nothing("socket", action, problem)
    return marks


def as_of_nothing(door: str, action: str, problem: Problem) -> str:
    """`none`, if the refusal is word for word what is said of what does not exist."""
    unknown = UNKNOWN[door, action]
    return "none" if without_id(problem) == without_id(unknown) else f"{problem}, but else {unknown}"


# --- The matrix ---------------------------------------------------------------------------------------------


def test_the_matrix_leaves_nothing_out():
    rows, roles = cells(WITH_OTHERS), {role for _, role in CASES}

    assert list(rows) == list(cells(IN_PRIVATE)) == list(ACTIONS)
    assert {len(row) for row in rows.values()} == {len(KINDS) * len(INSIDE)}
    assert {len(row) for row in cells(IN_PRIVATE).values()} == {len(PRIVATE)}
    assert {mark for table in (WITH_OTHERS, IN_PRIVATE) for row in cells(table).values() for mark in row} <= {
        *MARKS
    }
    assert {action.policy for action in ACTIONS.values()} == {None, *policies.ALLOWED}
    by_socket = {action.socket[0] for action in ACTIONS.values() if action.socket}
    assert by_socket | {"presence.set"} == set(COMMANDS)  # that one is of no chat
    assert {"private", *(type_ for type_, _, _ in KINDS.values())} == set(Chat.Type.values)
    assert {kind for kind, _ in CASES} == {"private", *KINDS}
    assert roles == {*INSIDE, "request", *PRIVATE, *OUTSIDE} >= set(Participant.Role.values)


@pytest.mark.parametrize("kind", OWN)
def test_what_a_chat_settles_changes_nothing_that_needs_no_right(kind):
    for role in INSIDE:
        group, own = expected("group", role), expected(kind, role)
        free = {action for action, of in ACTIONS.items() if of.policy is None}
        assert {action: own[action] for action in free} == {action: group[action] for action in free}


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def signed_in(client_of: Any, me: User) -> tuple[APIClient, str]:
    client = client_of(me)
    return client, make_access(client.session_row)


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "role"), CASES)
@live_here
async def test_who_may_do_what(kind: str, role: str, client_of: Any) -> None:
    me, ids = await sync_to_async(private if kind == "private" else group_or_channel)(kind, role)
    client, token = await sync_to_async(signed_in)(client_of, me)
    socket = await enter(me, token=token)
    attempts = await sync_to_async(Attempts)(ids)
    marks = {
        action: mark
        for action, mark in expected(kind, role).items()
        if mark != "-" and (kind not in OWN or ACTIONS[action].policy)
    }

    found = await sync_to_async(marks_by_rest)(attempts, client, marks)
    heard = await marks_by_socket(attempts, socket, [each for each in marks if ACTIONS[each].socket])

    assert found == marks
    assert heard == {action: marks[action] for action in heard}


@pytest.mark.django_db
@live_here
async def test_a_socket_of_the_chat_alone_does_the_same(client_of: Any) -> None:
    me, ids = await sync_to_async(group_or_channel)("channel", "member")
    _, token = await sync_to_async(signed_in)(client_of, me)
    socket = await enter(me, f"/ws/chats/{ids['chat']}", token=token)
    attempts = await sync_to_async(Attempts)(ids)
    commands = [action for action, how in ACTIONS.items() if how.socket]

    heard = await marks_by_socket(attempts, socket, commands)

    marks = expected("channel", "member")
    assert heard == {action: marks[action] for action in commands}


@pytest.mark.django_db
def test_nobody_does_any_of_it_without_signing_in(client):
    _, ids = group_or_channel("group", "stranger")
    before = state()

    refused = {action: by_rest(client, action, ids) for action in ACTIONS}

    assert {problem and problem["status"] for problem in refused.values()} == {401}
    assert state() == before


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["former", "removed", "invited", "asking", "stranger", "moderator"])
@live_here
async def test_who_is_outside_hears_nothing_of_it_live(role: str, client_of: Any) -> None:
    me, ids = await sync_to_async(group_or_channel)("group", role)
    _, token = await sync_to_async(signed_in)(client_of, me)

    of_it = await Client(f"/ws/chats/{ids['chat']}", token=token).open()
    of_nothing = await Client(f"/ws/chats/{uuid4()}", token=token).open()

    assert [await of_it.closed(), await of_nothing.closed()] == [4403, 4403]


# --- The page -----------------------------------------------------------------------------------------------


def test_the_page_of_permissions_shows_the_table_as_it_is():
    page = PAGE.read_text()
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (.+) \| (\S+) \| (\S+) \| (\S+) \|$", page, re.MULTILINE)

    shown = {
        action: tuple(None if level == "–" else level for level in levels) for action, _, *levels in rows
    }
    fixed = {action for action, what, *_ in rows if "(fixed)" in what}
    assert shown == {
        action: (of["private"], of["group"], of["channel"]) for action, of in policies.ALLOWED.items()
    }
    assert fixed == policies.FIXED


@pytest.mark.parametrize("table", [WITH_OTHERS, IN_PRIVATE, FROM_OUTSIDE])
def test_the_page_of_permissions_shows_the_matrix(table):
    page = PAGE.read_text()

    assert f"```{table}```" in page
    assert set(re.findall(r"^\| `([a-z-]+)` \| ", page, re.MULTILINE)) == set(MARKS)
