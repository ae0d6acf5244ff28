"""Who left a chat is given what was theirs, as it was then: nothing that happened since is in it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from common.models import LogEntry
from files.models import File
from files.tests.factories import FileFactory
from messaging.models import Message
from messaging.services import (
    add_participants,
    add_reaction,
    change_role,
    delete_message,
    edit_message,
    pin_message,
    remove_participant,
    remove_reaction,
    send_message,
    tell_of_file,
    update_chat,
)
from messaging.tests.factories import group_of
from realtime import log
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db(transaction=True)

Events = list[dict[str, Any]]
NEWS = "Not for Omar"


class Story:
    """A group in which something of each kind happened before Omar was removed from it."""

    def __init__(self, layla: User, omar: User, mina: User) -> None:
        self.layla, self.omar, self.mina = layla, omar, mina
        self.chat = group_of(layla, omar, mina)
        self.first = self.say("First")
        edit_message(actor=layla, message=self.first, text="First, mended")
        self.answer = self.say("Answer", reply_to=self.first.pk)
        self.root = self.say("Root")
        self.say("Below", thread=self.root.pk)
        add_reaction(actor=mina, message=self.first, emoji="👍")
        update_chat(actor=layla, chat=self.chat, title="Petra")
        change_role(actor=layla, chat=self.chat, user=mina, role="admin")
        pin_message(actor=layla, message=self.first)

    def say(self, text: str, **more: Any) -> Message:
        return send_message(actor=self.layla, chat=self.chat, text=text, **more)[0]

    def part(self) -> None:
        remove_participant(actor=self.layla, chat=self.chat, user=self.omar)


@pytest.fixture
def story(layla: User, omar: User, mina: User) -> Story:
    told = Story(layla, omar, mina)
    told.part()
    return told


@pytest.fixture
def given(client_of: Any, story: Story) -> Callable[[], Events]:
    """What `GET sync` gives Omar of the chat, from its beginning."""

    def ask() -> Events:
        page = client_of(story.omar).get("/api/v1/sync", {"chats": f"{story.chat.pk}:0"}).json()
        assert page["resets"] == []
        events: Events = page["events"]
        assert events[-1]["type"] == "participant.removed"
        assert events[-1]["data"]["user"] == str(story.omar.pk)
        return events

    return ask


def of_type(events: Events, type_: str) -> list[dict[str, Any]]:
    return [each["data"] for each in events if each["type"] == type_]


def edit(story: Story) -> None:
    edit_message(actor=story.layla, message=story.first, text=NEWS)


def edit_twice(story: Story) -> None:
    edit(story)
    edit_message(actor=story.layla, message=story.first, text=f"{NEWS} either")


def react(story: Story) -> None:
    for emoji in ("👍", "🐪"):
        add_reaction(actor=story.layla, message=story.first, emoji=emoji)


def reply(story: Story) -> None:
    story.say(NEWS, reply_to=story.first.pk)


def reply_in_thread(story: Story) -> None:
    story.say(NEWS, thread=story.root.pk)


def begin_a_thread(story: Story) -> None:
    story.say(NEWS, thread=story.first.pk)


def pin(story: Story) -> None:
    pin_message(actor=story.layla, message=story.root)


@pytest.mark.parametrize(
    "change",
    [edit, edit_twice, react, reply, reply_in_thread, begin_a_thread, pin],
    ids=lambda each: each.__name__,
)
def test_what_changes_after_the_leaving_leaves_what_they_get_as_it_was(change, story, given):
    before = given()

    change(story)

    assert given() == before
    first, answer, root, _ = of_type(before, "message.sent")
    assert (first["text"], first["revision"]) == ("First, mended", 2)
    assert answer["reply_to"]["text"] == "First, mended"
    assert first["reactions"] == [{"emoji": "👍", "count": 1}]
    assert (first["replies"], root["replies"]["count"]) == (None, 1)


def test_what_was_never_edited_before_reads_as_never_edited(story, given):
    before = given()

    edit_message(actor=story.layla, message=story.answer, text=NEWS)

    assert given() == before
    answer = of_type(before, "message.sent")[1]
    assert (answer["text"], answer["revision"], answer["edited_at"]) == ("Answer", 1, None)


def test_files_of_which_more_is_known_since_are_left_out(layla, omar, client_of):
    chat, file = group_of(layla, omar), FileFactory(owner=layla)
    send_message(actor=layla, chat=chat, text="Look", files=[file.pk])
    remove_participant(actor=layla, chat=chat, user=omar)
    ask = client_of(omar)

    def shown() -> dict[str, Any]:
        return of_type(ask.get("/api/v1/sync", {"chats": f"{chat.pk}:0"}).json()["events"], "message.sent")[0]

    before = shown()

    File.objects.filter(pk=file.pk).update(blurhash="LEHV6nWB2yk8")
    tell_of_file(file.pk)

    assert [each["blurhash"] for each in before["files"]] == [None]
    assert shown() == before | {"files": []}


@live
async def test_a_socket_is_given_the_same(story, given):
    before = await in_thread(given)()
    await in_thread(edit_twice)(story)
    await in_thread(react)(story)
    await in_thread(begin_a_thread)(story)
    omars = await enter(story.omar)

    await omars.say("resume", chats={str(story.chat.pk): 0})

    heard = await omars.until("resumed")
    assert heard[:-1] == before
    assert heard[-1]["chats"] == {}


@live
async def test_lines_that_are_read_late_are_given_as_they_were_at_the_leaving(layla, omar, mina):
    story = await in_thread(Story)(layla, omar, mina)
    await in_thread(story.part)()
    await in_thread(edit)(story)

    lines = await in_thread(log.read)(f"chat:{story.chat.pk}", after=0)

    *theirs, news = [line.text for line in lines]
    assert NEWS in news
    assert [text for text in theirs if NEWS in text] == []
    assert sum("First, mended" in text for text in theirs) == 3  # sent, edited, answered


@live
async def test_so_are_those_of_a_portion_that_ends_before_the_leaving(layla, omar, mina, monkeypatch):
    story = await in_thread(Story)(layla, omar, mina)
    await in_thread(story.part)()
    await in_thread(edit)(story)
    whole = [line.text for line in await in_thread(log.read)(f"chat:{story.chat.pk}", after=0)]

    monkeypatch.setattr(log, "PORTION", 2)
    parts: list[str] = []
    while lines := await in_thread(log.read)(f"chat:{story.chat.pk}", after=len(parts)):
        parts += [line.text for line in lines]

    assert parts == whole


def test_what_was_deleted_since_is_gone_for_them_too(story, given):
    delete_message(actor=story.layla, message=story.first)

    first, answer, *_ = of_type(given(), "message.sent")
    assert (first["text"], first["revision"], first["reactions"]) == ("", 2, [])
    assert first["deleted_at"] is not None
    assert (answer["reply_to"]["text"], answer["reply_to"]["deleted"]) == ("", True)


def test_what_was_edited_and_then_deleted_says_nothing(story, given):
    edit(story)
    delete_message(actor=story.layla, message=story.first)

    assert of_type(given(), "message.sent")[0]["text"] == ""


def test_a_reaction_that_was_taken_back_since_counts_no_more(story, given):
    add_reaction(actor=story.layla, message=story.first, emoji="👍")
    remove_reaction(actor=story.mina, message=story.first, emoji="👍")

    [added] = of_type(given(), "reaction.added")
    assert (added["emoji"], added["reactions"]) == (None, [])
    assert of_type(given(), "message.sent")[0]["reactions"] == []


def test_of_a_chat_that_was_changed_since_they_get_who_changed_it_then(story, given):
    update_chat(actor=story.layla, chat=story.chat, title=NEWS)

    events = given()
    assert of_type(events, "chat.updated") == [{"by": str(story.layla.pk)}]
    assert of_type(events, "participant.updated") == [{"user": None, "by": None}]
    assert NEWS not in str(events)


def test_who_came_since_is_not_counted(story, given):
    [before] = of_type(given(), "chat.updated")

    add_participants(actor=story.layla, chat=story.chat, users=[UserFactory()])

    assert before.pop("participant_count") == 2
    assert of_type(given(), "chat.updated") == [before]


def test_of_somebody_whose_role_changed_since_they_get_the_id(story, given):
    [before] = of_type(given(), "participant.updated")

    change_role(actor=story.layla, chat=story.chat, user=story.mina, role="member")

    assert before["role"] == "admin"
    ids = {"user": str(story.mina.pk), "by": str(story.layla.pk)}
    assert of_type(given(), "participant.updated") == [ids]


def test_an_edit_of_before_revisions_were_noted_leaves_the_id(story, given):
    edit(story)
    entry = LogEntry.objects.filter(type="message.updated").order_by("-seq").first()
    del entry.data["revision"]
    entry.save()

    sent = of_type(given(), "message.sent")
    assert sent[0] == {"id": str(story.first.pk)}
    assert sent[1] == {"id": str(story.answer.pk)}  # it shows what the other says


def test_who_came_back_gets_all_as_it_is_now(story, client_of):
    edit(story)
    add_participants(actor=story.layla, chat=story.chat, users=[story.omar])

    page = client_of(story.omar).get("/api/v1/sync", {"chats": f"{story.chat.pk}:0"}).json()

    assert of_type(page["events"], "message.sent")[0]["text"] == NEWS
