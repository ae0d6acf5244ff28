"""Who may open a socket, and the first word it hears."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

import pytest

from accounts.services import make_ws_ticket, revoke_session
from accounts.tests.factories import SessionFactory, UserFactory, rule
from accounts.tokens import make_access, make_refresh
from common.models import LogEpoch
from common.tests.outages import database_away
from messaging.services import send_message
from messaging.tests.factories import group_of
from realtime import consumers, entrants
from realtime.entrants import Entry, entries_of
from realtime.frames import Close
from realtime.hub import hub
from realtime.registry import Shown

from .clients import Client, enter, in_thread, live, token_of

pytestmark = pytest.mark.django_db(transaction=True)


@live
async def test_the_first_frame_is_hello(layla):
    await in_thread(group_of)(layla)
    session = await in_thread(SessionFactory)(user=layla)

    client = await Client(token=make_access(session)).open()

    hello = await client.next()
    assert hello.pop("time").endswith("Z")
    assert hello == {
        "type": "hello",
        "session": str(session.pk),
        "user_seq": 1,  # a chat.added
        "epoch": await in_thread(LogEpoch.current)(),
        "heartbeat": 15000,
        "limits": {"frame_characters": 262144, "resume_topics": 5000},
    }
    assert await client.so_far() == []


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["serai.v1", "bearer.{}"], "serai.v1"), (["bearer.{}"], None), (["bearer.{}", "serai.v1"], "serai.v1")],
)
@live
async def test_a_browser_signs_in_by_subprotocol(offered, chosen, layla):
    token = await token_of(layla)

    client = await Client(subprotocols=[each.format(token) for each in offered]).open()

    assert client.subprotocol == chosen
    assert (await client.next())["type"] == "hello"


@live
async def test_the_subprotocol_is_echoed_whoever_signs_in_how(layla):
    client = await Client(token=await token_of(layla), subprotocols=["other", "serai.v1"]).open()

    assert client.subprotocol == "serai.v1"
    assert (await client.next())["type"] == "hello"


@live
async def test_a_ticket_opens_one_socket(layla):
    session = await in_thread(SessionFactory)(user=layla)
    ticket, _ = await in_thread(make_ws_ticket)(session=session)

    first = await Client(f"/ws?ticket={ticket}").open()
    hello = await first.next()
    second = await Client(f"/ws?ticket={ticket}").open()

    assert hello["session"] == str(session.pk)
    assert await second.closed() == 4401


@live
async def test_a_client_signs_in_by_its_first_frame(layla):
    client = await Client().open()

    await client.say("auth", token=await token_of(layla))

    assert (await client.next())["type"] == "hello"


@live
async def test_who_says_nothing_is_sent_away(monkeypatch):
    monkeypatch.setattr(consumers, "AUTHENTICATE_WITHIN", 0.05)

    client = await Client().open()

    assert await client.closed() == 4401


@live
async def test_who_is_in_is_not_sent_away_when_the_time_is_over(monkeypatch, layla):
    monkeypatch.setattr(consumers, "AUTHENTICATE_WITHIN", 0.05)
    reading = consumers.reading

    def slowly(call):  # as a database under load would
        async def run(*args):
            await asyncio.sleep(0.1)
            return await reading(call)(*args)

        return run

    monkeypatch.setattr(consumers, "reading", slowly)
    client = await Client().open()

    await client.say("auth", token=await token_of(layla))

    assert (await client.next())["type"] == "hello"


@pytest.mark.parametrize("token", ["nonsense", "", "a.b.c"])
@live
async def test_a_token_of_nobody_opens_nothing(token):
    by_header = await Client(headers={"Authorization": f"Bearer {token or 'x'}"}).open()
    by_frame = await Client().open()
    await by_frame.say("auth", token=token)

    assert await by_header.closed() == 4401
    assert await by_frame.closed() == 4401


@pytest.mark.parametrize(
    "first",
    [{"type": "ping"}, {"type": "message.send", "data": {}}, {"type": "auth"}, {"type": "auth", "token": 7}],
)
@live
async def test_the_first_frame_of_a_stranger_can_only_be_auth(first):
    client = await Client().open()

    await client.say(first.pop("type"), **first)

    assert await client.closed() == 4401


@live
async def test_a_refresh_token_is_no_way_in(layla):
    session = await in_thread(SessionFactory)(user=layla)

    client = await Client(token=make_refresh(session)).open()

    assert await client.closed() == 4401


@live
async def test_a_revoked_session_is_no_way_in(layla):
    session = await in_thread(SessionFactory)(user=layla)
    ticket, _ = await in_thread(make_ws_ticket)(session=session)
    await in_thread(revoke_session)(session=session, reason="logout")

    by_token = await Client(token=make_access(session)).open()
    by_ticket = await Client(f"/ws?ticket={ticket}").open()

    assert await by_token.closed() == 4401
    assert await by_ticket.closed() == 4401


@live
async def test_a_deactivated_person_cannot_come_in(layla):
    token = await token_of(layla)
    layla.is_active = False
    await in_thread(layla.save)()

    client = await Client(token=token).open()

    assert await client.closed() == 4401


@live
async def test_nobody_comes_in_after_being_sent_away(layla):
    client = await Client().open()

    await client.say("auth", token="nonsense")
    await client.say("auth", token=await token_of(layla))

    assert await client.closed() == 4401


@pytest.mark.parametrize(
    ("origin", "is_welcome"),
    [
        (None, True),  # a native client
        ("http://testserver", True),
        ("https://app.example", True),  # in the CORS list
        ("https://evil.example", False),
        ("http://testserver:8001", False),
        ("http://testserver.evil.example", False),
        ("null", False),
    ],
)
@live
async def test_a_browser_comes_from_our_host_or_a_listed_one(origin, is_welcome, layla, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]

    client = await Client(token=await token_of(layla), headers={"Origin": origin} if origin else {}).open()

    assert client.accepted is is_welcome
    if is_welcome:
        assert (await client.next())["type"] == "hello"


@pytest.mark.parametrize(
    "path", ["/", "/wss", "/ws/rooms", "/ws/chats/7", "/ws/chats/not-an-id", "/api/v1/ws"]
)
@live
async def test_there_is_no_socket_at_any_other_path(path, layla):
    client = await Client(path, token=await token_of(layla)).open()

    assert client.accepted is False


@pytest.mark.parametrize("path", ["/ws", "/ws/", "/api/messages/ws", "/api/messages/ws/"])
@live
async def test_the_older_path_is_the_same_socket(path, layla):
    group = await in_thread(group_of)(layla)
    client = await enter(layla, path)

    await in_thread(send_message)(actor=layla, chat=group, text="Salam")

    assert (await client.next())["data"]["text"] == "Salam"


@live
async def test_auth_on_an_open_socket_moves_it_to_the_fresh_session(layla):
    first, second = await in_thread(SessionFactory.create_batch)(2, user=layla)
    client = await enter(layla, token=make_access(first))

    answer = await client.ask("auth", token=make_access(second))

    assert answer == {"type": "ack", "id": "asked", "data": {"session": str(second.pk)}}
    await in_thread(revoke_session)(session=first, reason="logout")
    assert await client.so_far() == []
    await in_thread(revoke_session)(session=second, reason="logout")
    assert await client.closed() == 4401


@live
async def test_auth_as_somebody_else_ends_the_socket(layla):
    client = await enter(layla)

    await client.say("auth", token=await token_of(await in_thread(UserFactory)()))

    assert await client.closed() == 4401


# --- What the server stands on is away ----------------------------------------------------------------------


def lost(*_given: Any) -> Any:
    raise database_away()


@pytest.mark.parametrize("by_frame", [True, False])
@live
async def test_who_comes_while_the_database_is_away_is_told_to_try_again(by_frame, layla, monkeypatch):
    token = await token_of(layla)
    with monkeypatch.context() as patch:
        patch.setattr(entrants, "entries_of", lost)
        client = await Client(token=None if by_frame else token).open()
        if by_frame:
            await client.say("auth", token=token)

        assert await client.closed() == 1013

    assert (await (await Client(token=token).open()).next())["type"] == "hello"


@live
async def test_who_is_almost_in_when_the_database_goes_away_is_told_to_try_again(layla, monkeypatch):
    monkeypatch.setattr(entrants, "positions_of", AfterOne(entrants.positions_of))
    client = await Client(token=await token_of(layla)).open()

    assert await client.closed() == 1013
    await client.ended()
    assert (await hub()).every_socket() == []


class AfterOne:
    """Loses the database after a first look."""

    def __init__(self, look: Callable[[Any], Any]) -> None:
        self._looks = iter([look])

    def __call__(self, users: Any) -> Any:
        return next(self._looks, lost)(users)


# --- Whose address is not served ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "is_served"),
    [
        ("203.0.113.7", None, False),
        ("::ffff:203.0.113.7", None, False),
        ("198.51.100.1", "203.0.113.7", True),  # nobody believes a stranger
        ("203.0.113.7", "198.51.100.1", False),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", False),
        ("10.0.0.1", "203.0.113.7, 198.51.100.1", True),
    ],
)
@live
async def test_a_denied_address_opens_no_socket(
    peer, forwarded_for, is_served, layla, settings, watched_gate
):
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    await in_thread(rule)("deny 203.0.113.0/24")
    headers = {"X-Forwarded-For": forwarded_for} if forwarded_for else {}

    client = await Client(token=await token_of(layla), headers=headers, address=peer).open()

    assert client.accepted is is_served


@pytest.mark.parametrize("path", ["/ws", "/api/messages/ws"])
@live
async def test_an_open_socket_ends_when_its_address_is_denied(path, layla, settings, watched_gate):
    settings.SOCKET_SWEEP = 0.05
    here = await enter(layla, path, address="203.0.113.7")
    elsewhere = await enter(layla, path, address="198.51.100.1")

    await in_thread(rule)("deny 203.0.113.0/24")

    assert await here.closed() == 4403
    assert await elsewhere.so_far() == []


@live
async def test_an_open_socket_ends_when_its_country_is_denied(layla, settings, watched_gate, geoip):
    settings.SOCKET_SWEEP = 0.05
    here, elsewhere, nowhere = [
        await enter(layla, address=address) for address in ("203.0.113.7", "198.51.100.1", "192.0.2.1")
    ]

    await in_thread(rule)("deny SA")

    assert await here.closed() == 4403
    assert [await elsewhere.so_far(), await nowhere.so_far()] == [[], []]


# --- What coming in costs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 10])
def test_coming_in_takes_four_queries_however_many_come(many, layla, omar, django_assert_num_queries):
    for _ in range(10):
        group_of(layla, omar)
    tokens = [make_access(SessionFactory(user=user)) for user in [layla, omar, UserFactory(), layla] * many]
    LogEpoch.current()  # made by whoever asks first

    with django_assert_num_queries(
        4
    ):  # the sessions with their people, their streams, their chats, the epoch
        entries = entries_of([Shown(token=token) for token in [*tokens, "x"]])

    places = [len(entry.positions) if isinstance(entry, Entry) else entry for entry in entries]
    assert places == [11, 11, 1, 11] * many + [Close.NOT_AUTHENTICATED]


@pytest.mark.parametrize(("sockets", "looks"), [(0, 2), (1, 1)])
@live
async def test_what_comes_between_the_look_and_the_bell_is_found(
    sockets, looks, monkeypatch, layla, omar, group
):
    for _ in range(sockets):  # the bell rings here for all that is theirs: a second look would find nothing
        await enter(omar)
    token, looked = await token_of(omar), 0
    positions_of = entrants.positions_of

    def look(users: Collection[UUID]) -> dict[UUID, dict[str, int]]:
        nonlocal looked
        positions = positions_of(users)
        looked += 1
        if looked == 1:
            send_message(actor=layla, chat=group, text="In between")
        return positions

    monkeypatch.setattr(entrants, "positions_of", look)

    client = await Client(token=token).open()

    assert (await client.until("message.sent"))[-1]["data"]["text"] == "In between"
    assert looked == looks
