"""Drafts over two devices: whatever they write in whatever order, nothing typed is lost."""

from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from django.db import transaction

from accounts.tests.factories import UserFactory
from common.problems import NotFound
from messaging.models import Draft, DraftCopy
from messaging.problems import DraftConflict
from messaging.services import discard_copy, remove_participant, save_draft, send_message
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of, stream_of
from messaging.tests.test_races import at_once
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db


def drafts_of(chat, rest=""):
    return f"/api/v1/chats/{chat.pk}/drafts{rest}"


def save(client, chat, text, version, **more):
    return client.put(drafts_of(chat), {"text": text, "version": version} | more)


def told(user):
    return [data for _, type_, data in stream_of(user) if type_ == "draft.updated"]


def kept():
    """The draft's text and those of its copies."""
    draft = Draft.objects.get()
    return draft.text, [copy.text for copy in draft.copies.all()]


def test_a_draft_is_there_on_the_other_device(group, layla, client_of):
    phone, laptop = client_of(layla), client_of(layla)

    response = save(phone, group, "We leave at", 0)

    assert response.status_code == 200
    draft = response.json()
    assert draft | {"id": "", "updated_at": ""} == {
        "id": "",
        "chat": str(group.pk),
        "thread": None,
        "text": "We leave at",
        "version": 1,
        "copies": [],
        "updated_at": "",
    }
    assert laptop.get(drafts_of(group)).json()["results"] == [draft]
    assert told(layla) == [{"chat": str(group.pk), "thread": None, "draft": draft["id"]}]
    assert log_of(group) == []


def test_a_draft_is_its_writers_own(group, layla, omar, client_of):
    save(client_of(layla), group, "Secret", 0)

    assert client_of(omar).get(drafts_of(group)).json()["results"] == []
    assert save(client_of(omar), group, "Mine", 0).json()["version"] == 1
    assert told(omar) == [
        {"chat": str(group.pk), "thread": None, "draft": str(Draft.objects.get(user=omar).pk)}
    ]


def test_the_same_again_is_the_same_and_told_once(group, layla, client_of):
    client = client_of(layla)

    answers = [save(client, group, "We leave at", 0) for _ in range(3)]

    assert [each.json()["version"] for each in answers] == [1, 1, 1]
    assert len(told(layla)) == 1


def test_a_stale_write_is_kept_beside_and_answered_with_both(group, layla, client_of):
    phone, laptop = client_of(layla), client_of(layla)
    there = save(phone, group, "From the phone", 0).json()

    response = save(laptop, group, "From the laptop", 0)
    again = save(laptop, group, "From the laptop", 0)

    copy = DraftCopy.objects.get()
    assert response.status_code == again.status_code == 409
    body = response.json()
    assert body["code"] == "draft_conflict"
    assert body["draft"] == {"id": there["id"], "text": "From the phone", "version": 1}
    assert (
        body["copy"] == again.json()["copy"] == {"id": str(copy.pk), "text": "From the laptop", "version": 0}
    )
    [listed] = phone.get(drafts_of(group)).json()["results"]
    assert (listed["text"], [each["text"] for each in listed["copies"]]) == (
        "From the phone",
        ["From the laptop"],
    )
    assert len(told(layla)) == 2


def test_an_emptied_draft_does_not_come_back(group, layla, client_of):
    phone, laptop = client_of(layla), client_of(layla)
    save(phone, group, "We leave at dawn", 0)

    emptied = [phone.delete(drafts_of(group, "?version=1")) for _ in range(2)]
    stale = save(laptop, group, "We leave at", 0)

    assert [each.status_code for each in emptied] == [204, 204]
    assert (stale.status_code, stale.json()["draft"]["text"]) == (409, "")
    assert kept() == ("", ["We leave at"])
    assert save(laptop, group, "Anew", 2).json()["version"] == 3


def test_what_another_device_wrote_is_not_emptied(group, layla, client_of):
    client = client_of(layla)
    save(client, group, "One", 0)
    save(client, group, "Two", 1)

    response = client.delete(drafts_of(group, "?version=1"))

    assert (response.status_code, response.json()["copy"]) == (409, None)
    assert kept() == ("Two", [])


def test_a_copy_is_discarded_once(group, layla, omar, client_of):
    client = client_of(layla)
    save(client, group, "One", 0)
    save(client, group, "Two", 0)
    path = drafts_of(group, f"/{DraftCopy.objects.get().pk}")

    statuses = [
        client_of(omar).delete(path).status_code,
        client.delete(drafts_of(group_of(layla), path.removeprefix(drafts_of(group)))).status_code,
        client.delete(path).status_code,
        client.delete(path).status_code,
    ]

    assert statuses == [404, 404, 204, 404]
    assert kept() == ("One", [])
    assert len(told(layla)) == 3


def test_no_more_copies_are_kept_than_a_client_shows(group, layla, client_of):
    client = client_of(layla)
    save(client, group, "There", 0)
    for number in range(Draft.MAX_COPIES):
        save(client, group, f"{number}", 0)

    response = save(client, group, "One more", 0)

    assert (response.status_code, response.json()["code"], response.json()["limit"]) == (
        409,
        "too_many_copies",
        20,
    )
    assert kept()[0] == "There"
    assert save(client, group, "0", 0).json()["code"] == "draft_conflict"  # kept already


def test_a_chat_and_each_thread_of_it_have_a_draft(group, layla, client_of):
    roots = [send_message(actor=layla, chat=group, text="Root")[0] for _ in range(2)]
    client = client_of(layla)

    for text, more in [("Main", {}), *(("Below", {"thread": str(root.pk)}) for root in roots)]:
        assert save(client, group, text, 0, **more).status_code == 200
    client.delete(drafts_of(group, f"?version=1&thread={roots[0].pk}"))

    listed = client.get(drafts_of(group)).json()["results"]
    assert [(each["thread"], each["text"]) for each in listed] == [
        (str(roots[1].pk), "Below"),
        (str(roots[0].pk), ""),
        (None, "Main"),
    ]


def test_a_draft_stands_below_a_message_of_the_main_line(group, layla, client_of):
    root, _ = send_message(actor=layla, chat=group, text="Root")
    reply, _ = send_message(actor=layla, chat=group, text="Reply", thread=root.pk)
    elsewhere, _ = send_message(actor=layla, chat=group_of(layla), text="Root")
    client = client_of(layla)

    codes = [
        save(client, group, "Below", 0, thread=str(each.pk)).json()["errors"][0]["code"]
        for each in (reply, elsewhere)
    ]

    assert codes == ["in_thread", "unknown_message"]
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "text", "required"),
        ({"text": "x" * 10_001}, "text", "max_length"),
        ({"text": None}, "text", "null"),
        ({"text": "\0"}, "text", "null_characters_not_allowed"),
        ({"version": -1}, "version", "min_value"),
        ({"version": 2**31}, "version", "max_value"),
        ({"version": "1"}, "version", "invalid"),
        ({"thread": "here"}, "thread", "invalid"),
        ({"user": "omar"}, "user", "unknown_field"),
    ],
)
def test_what_is_no_draft_is_refused(body, field, code, group, layla, client_of):
    whole = {"text": "Hello", "version": 0} | body if body else {"version": 0}

    response = client_of(layla).put(drafts_of(group), whole, format="json")

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    "query", ["", "?version=x", "?version=-1", "?version=1&thread=here", "?version=1&text=x"]
)
def test_emptying_says_what_was_seen(query, group, layla, client_of):
    save(client_of(layla), group, "There", 0)

    assert client_of(layla).delete(drafts_of(group, query)).status_code == 400
    assert kept() == ("There", [])


@pytest.mark.parametrize("who", ["removed", "stranger"])
def test_who_is_not_in_the_chat_drafts_nothing(who, group, layla, omar, client_of):
    if who == "removed":
        save(client_of(omar), group, "There", 0)
        remove_participant(actor=layla, chat=group, user=omar)
    person = omar if who == "removed" else UserFactory()
    client, before = client_of(person), stream_of(person)

    statuses = [
        client.get(drafts_of(group)).status_code,
        save(client, group, "Hello", 0).status_code,
        client.delete(drafts_of(group, "?version=1")).status_code,
    ]

    assert statuses == [404, 404, 404]
    assert stream_of(person) == before
    with pytest.raises(NotFound):
        save_draft(actor=person, chat=group, text="Hello", version=0)
    with pytest.raises(NotFound):
        discard_copy(actor=person, chat=group, copy=group.pk)


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_takes_as_many_queries_however_many(
    count, group, layla, client_of, django_assert_num_queries
):
    roots = [send_message(actor=layla, chat=group, text="Root")[0] for _ in range(count)]
    for root in roots:
        save_draft(actor=layla, chat=group, text="Below", version=0, thread=root.pk)
    client = client_of(layla)

    with django_assert_num_queries(4):  # the session, the chat, the drafts, their copies
        response = client.get(drafts_of(group))

    assert len(response.json()["results"]) == count


# --- Two devices --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """What two devices believe, by hand: which write each saw last, and what must be somewhere."""

    there: tuple[int, str] = (0, "")  # the draft: which write made it what it is, and its text
    saw: tuple[tuple[int, str], ...] = ((0, ""), (0, ""))
    versions: tuple[int, ...] = (0, 0)
    aside: frozenset[str] = field(default_factory=frozenset)
    writes: int = 0

    def knowing(self, device: int, version: int) -> "World":
        saw, versions = list(self.saw), list(self.versions)
        saw[device], versions[device] = self.there, version
        return replace(self, saw=tuple(saw), versions=tuple(versions))


@contextmanager
def taken_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def step(world, device, what, layla, chat):
    """The world after it: a device overwrites only what it saw; what it did not see is there still."""
    if what == "hear":
        draft = Draft.objects.filter(user=layla).first()
        return world.knowing(device, draft.version if draft else 0)
    text = "" if what == "empty" else f"write {world.writes}"
    world = replace(world, writes=world.writes + 1)
    is_same = text == world.there[1]
    try:
        draft = save_draft(actor=layla, chat=chat, text=text, version=world.versions[device])
    except DraftConflict as conflict:
        met = conflict.extra["draft"]
    else:
        assert is_same or world.saw[device] == world.there
        there = world.there if is_same else (world.writes, text)
        return replace(world, there=there).knowing(device, draft.version)
    assert not is_same
    assert world.saw[device] != world.there
    assert met["text"] == world.there[1]
    return replace(world, aside=world.aside | ({text} if text else set())).knowing(device, met["version"])


def explore(world, left, layla, chat):
    """Everything that two devices can do in *left* steps; the first is always the first one's."""
    if world.writes:
        text, copies = kept()
        assert (text, set(copies)) == (world.there[1], world.aside)
    if left == 0:
        return 1
    seen = 0
    for device in (0, 1) if world.writes else (0,):
        for what in ("write", "empty", "hear") if world.writes else ("write",):
            if what == "hear" and world.saw[device] == world.there:
                continue  # nothing new: the rest is explored without it
            with taken_back():
                seen += explore(step(world, device, what, layla, chat), left - 1, layla, chat)
    return seen


def test_two_devices_lose_nothing_in_any_interleaving_of_five_steps(group, layla):
    assert explore(World(), 5, layla, group) == 466


@pytest.mark.django_db(transaction=True)
def test_devices_that_write_at_once_lose_nothing(layla, omar):
    chat = group_of(layla, omar)

    ends = at_once(
        [lambda n=n: save_draft(actor=layla, chat=chat, text=f"{n}", version=0).version for n in range(10)]
    )

    assert sorted(ends, key=str) == [1, *["draft_conflict"] * 9]
    text, copies = kept()
    assert sorted([text, *copies]) == [f"{n}" for n in range(10)]


@pytest.mark.django_db(transaction=True)
@live
async def test_the_other_device_hears_of_it_and_writes_by_socket(layla, omar, group):
    phone, laptop, omars = await enter(layla), await enter(layla), await enter(omar)

    saved = await phone.ask("draft.save", data={"chat": str(group.pk), "text": "We leave at", "version": 0})
    heard = await laptop.until("draft.updated")
    refused = await laptop.ask("draft.save", data={"chat": str(group.pk), "text": "Hello", "version": 0})

    assert heard[-1]["data"] == saved["data"]
    assert (heard[-1]["user_seq"], saved["data"]["version"]) == (2, 1)
    assert (refused["error"]["code"], refused["error"]["copy"]["text"]) == ("draft_conflict", "Hello")
    again = (await phone.until("draft.updated"))[-1]
    while not again["data"]["copies"]:
        again = (await phone.until("draft.updated"))[-1]
    assert [each["text"] for each in again["data"]["copies"]] == ["Hello"]
    assert await omars.so_far() == []
    await in_thread(Draft.objects.all().delete)()
    late = await enter(layla)
    await late.say("resume", user=0)
    gone = [frame for frame in await late.until("resumed") if frame["type"] == "draft.updated"]
    assert [sorted(frame["data"]) for frame in gone] == [["chat", "draft", "thread"]] * 2
