"""Files of messages: sent, seen by who is in the chat, told of, and gone with what named them."""

from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.tests.factories import UserFactory
from common.models import LogEntry
from common.problems import Problem
from common.tests.pictures import picture
from common.tests.threads import at_once
from files.models import File
from files.services import delete_file, make_pictures
from files.tasks import purge_unclaimed, purge_unnamed
from files.tests.conftest import folder, stored  # noqa: F401 (the private files of this test alone)
from files.tests.factories import FileFactory, file_of
from messaging.models import Message, MessageFile
from messaging.problems import ChatFull
from messaging.realtime.frames import messages as rendered
from messaging.services import detach, hide_message, remove_participant, send_message
from messaging.tests.factories import group_of
from messaging.tests.logs import log_of

pytestmark = pytest.mark.django_db


NOBODYS = "0198c5b2-7d44-7000-8000-00000000000a"


def messages_of(chat) -> str:
    return f"/api/v1/chats/{chat.pk}/messages"


def files_of(chat) -> str:
    return f"/api/v1/chats/{chat.pk}/files"


def path_of(url: str) -> str:
    return url.removeprefix("http://testserver")


def errors_of(response) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in response.json().get("errors", [])]


def test_a_message_shows_its_files_in_their_order(group, layla, client_of):
    first, second = FileFactory(owner=layla), FileFactory(owner=layla)

    response = client_of(layla).post(messages_of(group), {"files": [str(second.pk), str(first.pk)]})

    body = response.json()
    assert response.status_code == 201
    assert (body["kind"], body["text"]) == ("file", "")
    assert [file["id"] for file in body["files"]] == [str(second.pk), str(first.pk)]
    assert not File.objects.filter(claimed_at=None).exists()
    [shown] = client_of(layla).get(messages_of(group)).json()["results"]
    assert [file["id"] for file in shown["files"]] == [str(second.pk), str(first.pk)]


def test_text_and_files_go_together(group, layla, client_of):
    file = FileFactory(owner=layla)

    body = client_of(layla).post(messages_of(group), {"text": "Here.", "files": [str(file.pk)]}).json()

    assert (body["kind"], body["text"], len(body["files"])) == ("file", "Here.", 1)


def test_whoever_is_in_the_chat_reads_a_file_of_it_and_nobody_else(
    group, layla, omar, mina, client_of, client
):
    file = file_of(layla)
    assert client_of(omar).get(f"/api/v1/files/{file.pk}").status_code == 404
    send_message(actor=layla, chat=group, files=[file.pk])

    [shown] = client_of(omar).get(messages_of(group)).json()["results"]

    url = path_of(shown["files"][0]["url"])
    assert f"for={omar.pk}" in url
    assert b"".join(client.get(url).streaming_content).startswith(b"Passports")
    assert client_of(mina).get(f"/api/v1/files/{file.pk}").status_code == 404
    assert client_of(mina).get(f"/api/v1/files/{file.pk}/content").status_code == 404
    remove_participant(actor=layla, chat=group, user=omar)
    assert client.get(url).status_code == 404


def test_a_frame_for_everybody_names_nobody(group, layla):
    file = file_of(layla)
    send_message(actor=layla, chat=group, files=[file.pk])

    [frame] = rendered(list(LogEntry.objects.filter(type="message.sent")))

    assert frame["files"][0]["url"] == f"http://testserver/api/v1/files/{file.pk}/content"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (lambda own, other: {"files": [other]}, [("files.0", "unknown_file")]),
        (
            lambda own, other: {"files": [own, NOBODYS]},
            [("files.1", "unknown_file")],
        ),
        (lambda own, other: {"files": [own, own]}, [("files", "named_twice")]),
        (lambda own, other: {"files": [NOBODYS] * 11}, [("files", "max_length")]),
        (lambda own, other: {"files": own}, [("files", "not_a_list")]),
        (lambda own, other: {"files": ["x"]}, [("files.0", "invalid")]),
        (lambda own, other: {"files": []}, [("text", "required")]),
        (lambda own, other: {"files": [], "text": " "}, [("text", "blank")]),
        (lambda own, other: {"kind": "file", "text": "Here."}, [("files", "required")]),
    ],
)
def test_files_that_are_not_the_senders_or_none_are_refused(body, errors, group, layla, omar, client_of):
    own, other = FileFactory(owner=layla), FileFactory(owner=omar)
    before = log_of(group)

    response = client_of(layla).post(messages_of(group), body(str(own.pk), str(other.pk)))

    assert (response.status_code, errors_of(response)) == (400, errors)
    assert not Message.objects.exists()
    assert not MessageFile.objects.exists()
    assert log_of(group) == before
    assert File.objects.filter(claimed_at=None).count() == 2


@pytest.mark.parametrize(("scan", "status"), [("infected", 400), ("pending", 201), ("skipped", 201)])
def test_what_waits_for_its_scan_is_sent_and_shown_so_and_what_is_infected_is_not(
    scan, status, group, layla, omar, client_of
):
    file = FileFactory(owner=layla, scan=scan)

    response = client_of(layla).post(messages_of(group), {"files": [str(file.pk)]})

    assert response.status_code == status
    if status == 400:
        assert errors_of(response) == [("files.0", "infected_file")]
    else:
        assert response.json()["files"][0]["scan"] == scan
        assert (response.json()["files"][0]["url"] is None) == (scan == "pending")


def test_the_same_client_id_is_the_same_message_with_the_same_files(group, layla, client_of):
    file, other = FileFactory(owner=layla), FileFactory(owner=layla)
    client, body = client_of(layla), {"client_id": "c1", "files": [str(file.pk)]}

    first = client.post(messages_of(group), body)
    again = client.post(messages_of(group), body)
    another = client.post(messages_of(group), body | {"files": [str(other.pk)]})

    assert (first.status_code, again.status_code, another.status_code) == (201, 200, 409)
    assert again.json()["files"][0]["id"] == str(file.pk)
    assert MessageFile.objects.count() == 1


def test_a_message_without_files_has_the_fingerprint_that_it_always_had(group, layla):
    message, _ = send_message(actor=layla, chat=group, text="Hello")

    assert message.fingerprint == sha256(f'["{group.pk}","text","Hello"]'.encode()).hexdigest()


@pytest.mark.parametrize("count", [1, 10])
def test_a_page_of_messages_takes_as_many_queries_however_many_files(
    count, group, layla, client_of, django_assert_num_queries
):
    for _ in range(count):
        send_message(actor=layla, chat=group, files=[FileFactory(owner=layla).pk for _ in range(3)])
    client = client_of(layla)
    client.get(messages_of(group))

    # The session, the chat, the messages, their files, reactions and mine, is there more twice.
    with django_assert_num_queries(8):
        response = client.get(messages_of(group))

    assert len(response.json()["results"]) == count


# --- Of a chat ---------------------------------------------------------------------------------------------


def test_the_files_of_a_chat_are_listed_with_their_messages_newest_first(group, layla, omar, client_of):
    first, _ = send_message(actor=layla, chat=group, files=[FileFactory(owner=layla, kind="image").pk])
    second, _ = send_message(actor=omar, chat=group, files=[FileFactory(owner=omar).pk])

    listed = client_of(omar).get(files_of(group)).json()["results"]

    assert [(each["message"], each["seq"], each["sent_by"]) for each in listed] == [
        (str(second.pk), 2, str(omar.pk)),
        (str(first.pk), 1, str(layla.pk)),
    ]
    assert f"for={omar.pk}" in listed[0]["url"]
    [image] = client_of(omar).get(f"{files_of(group)}?kind=image").json()["results"]
    assert image["message"] == str(first.pk)


def test_what_one_has_deleted_for_oneself_has_no_files_there(group, layla, omar, client_of):
    message, _ = send_message(actor=layla, chat=group, files=[FileFactory(owner=layla).pk])
    hide_message(actor=omar, message=message)

    listed = [client_of(each).get(files_of(group)).json()["results"] for each in (layla, omar)]

    assert [[each["message"] for each in results] for results in listed] == [[str(message.pk)], []]


def test_a_file_is_uploaded_and_sent_in_one(group, layla, omar, client_of):
    form = {"file": SimpleUploadedFile("a.png", picture()), "text": "Here."}

    response = client_of(omar).post(files_of(group), form, format="multipart")

    message = Message.objects.get()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/messages/{message.pk}"
    assert (response.json()["message"], response.json()["width"]) == (str(message.pk), 40)
    assert (message.author, message.kind, message.text) == (omar, "file", "Here.")
    assert log_of(group)[-1][1] == "message.sent"


@pytest.mark.parametrize("path", ["chat", "chats"])
def test_the_old_paths_of_uploading_to_a_chat_go_on(path, group, layla, client_of):
    form = {"file": SimpleUploadedFile("a.png", picture())}

    response = client_of(layla).post(f"/api/{path}/{group.pk}/upload", form, format="multipart")

    assert (response.status_code, response.json()["success"]) == (201, True)
    assert Message.objects.count() == 1


def test_who_is_not_in_the_chat_sends_no_file_there(group, mina, client_of):
    form = {"file": SimpleUploadedFile("a.png", picture())}

    assert client_of(mina).post(files_of(group), form, format="multipart").status_code == 404
    assert client_of(mina).get(files_of(group)).status_code == 404
    assert not File.objects.exists()


def test_a_file_that_can_not_be_sent_after_all_is_not_kept(group, layla, client_of, monkeypatch):
    def fail(**_):
        raise ChatFull

    monkeypatch.setattr("messaging.services.sending_files.send_message", fail)
    form = {"file": SimpleUploadedFile("a.png", picture())}

    assert client_of(layla).post(files_of(group), form, format="multipart").status_code == 409
    assert not File.objects.exists()


# --- What becomes of them ----------------------------------------------------------------------------------


def test_the_chat_hears_when_more_is_known_of_a_file(group, layla, committed):
    file = file_of(layla, picture(), "a.png")
    message, _ = send_message(actor=layla, chat=group, files=[file.pk])

    with committed():
        make_pictures(file=file.pk)

    assert log_of(group)[-1] == (2, "message.updated", {"message": str(message.pk), "revision": None})
    group.refresh_from_db()
    assert group.last_seq == 2


def test_a_file_that_its_owner_deletes_is_gone_from_messages(group, layla, client_of):
    file = file_of(layla)
    message, _ = send_message(actor=layla, chat=group, text="Here.", files=[file.pk])

    delete_file(actor=layla, file=file)

    [shown] = client_of(layla).get(messages_of(group)).json()["results"]
    assert (shown["text"], shown["files"]) == ("Here.", [])
    assert log_of(group)[-1] == (2, "message.updated", {"message": str(message.pk), "revision": None})


def test_a_file_goes_with_the_last_message_that_has_it(group, layla, omar, committed, stored):  # noqa: F811
    file = file_of(layla)
    first, _ = send_message(actor=layla, chat=group, files=[file.pk])
    second, _ = send_message(actor=layla, chat=group_of(layla, omar), files=[file.pk])

    with committed():
        detach(messages=[first])
    assert File.objects.exists()
    with committed():
        detach(messages=[second])

    assert not File.objects.exists()
    assert stored() == []


def test_a_file_in_a_message_outlasts_the_day_and_goes_with_its_chat(group, layla):
    file = FileFactory(owner=layla)
    send_message(actor=layla, chat=group, files=[file.pk])

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert (purge_unclaimed(), purge_unnamed()) == (0, 0)
        group.delete()
        assert (purge_unclaimed(), purge_unnamed()) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_sending_and_deleting_a_file_at_once_ends_in_one_of_the_two(layla, omar):
    chat = group_of(layla, omar)
    file = FileFactory(owner=layla)

    def act(number: int) -> str:
        try:
            if number % 2:
                send_message(actor=layla, chat=chat, text="Here.", files=[file.pk])
            else:
                delete_file(actor=layla, file=file)
        except Problem as problem:
            return problem.code
        return "done"

    at_once(4, act)

    assert not File.objects.exists()
    assert not MessageFile.objects.exists()


def test_a_stranger_to_files_is_told_how_many_a_message_may_have(client_of):
    assert client_of(UserFactory()).get("/api/v1/limits").json()["sizes"]["files_per_message"] == 10
