"""How people sort their chats: folders, and the list by what one looks for."""

import pytest

from accounts.tests.factories import UserFactory
from messaging.models import Chat, Folder, FolderPlace, Participant
from messaging.services import (
    create_chat,
    create_folder,
    leave_chat,
    mark_read,
    send_message,
    set_preferences,
    update_folder,
)
from messaging.tests.factories import group_of
from messaging.tests.logs import stream_of
from messaging.tests.test_listing_chats import SIZES, chats_with, pages
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

CHATS = "/api/v1/chats"
FOLDERS = f"{CHATS}/folders"


def ids(*chats):
    return [str(chat.pk) for chat in chats]


def names(response):
    assert response.status_code == 200, response.content
    return [chat["title"] for chat in response.json()["results"]]


def told(person):
    return [(type_, data) for _, type_, data in stream_of(person) if type_.startswith("folder.")]


@pytest.fixture
def three(layla, omar):
    return [group_of(layla, omar, title=title) for title in ("Petra", "Aqaba", "Jerash")]


# --- Folders ------------------------------------------------------------------------------------------------


def test_a_folder_holds_chats_in_the_order_that_was_given(three, layla, client_of):
    client = client_of(layla)
    petra, aqaba, jerash = three

    made = client.post(FOLDERS, {"title": " Trips ", "chats": ids(jerash, petra, jerash)})

    body = made.json()
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/v1/chats/folders/{body['id']}")
    assert body == {"id": body["id"], "title": "Trips", "position": 1, "chats": ids(jerash, petra)}
    assert client.get(f"{FOLDERS}/{body['id']}").json() == body
    assert client.get(FOLDERS).json() == {"results": [body], "next": None, "previous": None}
    assert sorted(names(client.get(CHATS, {"folder": body["id"]}))) == ["Jerash", "Petra"]
    assert told(layla) == [("folder.updated", {"folder": body["id"]})]


def test_a_folder_is_changed_and_taken_away_and_its_chats_stay(three, layla, client_of):
    client = client_of(layla)
    petra, aqaba, _ = three
    folder = create_folder(actor=layla, title="Trips", chats=[petra])
    path = f"{FOLDERS}/{folder.pk}"

    changed = client.patch(path, {"title": "Journeys", "chats": ids(aqaba, petra)}).json()
    same = client.put(path, {"chats": ids(aqaba, petra), "title": "Journeys"})
    gone, again = client.delete(path), client.delete(path)

    assert (changed["title"], changed["chats"]) == ("Journeys", ids(aqaba, petra))
    assert same.json() == changed
    assert (gone.status_code, again.status_code) == (204, 404)
    told_of = {"folder": str(folder.pk)}
    assert told(layla) == [("folder.updated", told_of)] * 2 + [("folder.deleted", told_of)]
    assert Chat.objects.count() == 3
    assert not FolderPlace.objects.exists()


def test_folders_stand_in_the_order_that_their_owner_wants(layla, client_of):
    for title in ("One", "Two", "Three"):
        create_folder(actor=layla, title=title)
    client = client_of(layla)
    last = client.get(FOLDERS).json()["results"][2]

    client.patch(f"{FOLDERS}/{last['id']}", {"position": 1})

    assert [(each["title"], each["position"]) for each in client.get(FOLDERS).json()["results"]] == [
        ("One", 1),
        ("Three", 1),
        ("Two", 2),
    ]


def test_a_folder_shows_no_chat_that_was_left(three, layla, omar, client_of):
    folder = create_folder(actor=omar, title="Trips", chats=three)

    leave_chat(actor=omar, chat=three[0])

    client = client_of(omar)
    assert client.get(f"{FOLDERS}/{folder.pk}").json()["chats"] == ids(*three[1:])
    assert names(client.get(CHATS, {"folder": str(folder.pk)})) == ["Jerash", "Aqaba"]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_a_folder_of_others_is_not_there(method, three, layla, omar, client_of):
    folder = create_folder(actor=layla, title="Trips", chats=three)

    response = getattr(client_of(omar), method)(
        f"{FOLDERS}/{folder.pk}", {"title": "Mine"} if method != "get" else None
    )

    assert response.status_code == 404
    assert Folder.objects.get().title == "Trips"
    assert told(omar) == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "title", "required"),
        ({"title": " "}, "title", "blank"),
        ({"title": "x" * 61}, "title", "max_length"),
        ({"title": "Trips", "position": 0}, "position", "min_value"),
        ({"title": "Trips", "chats": "all"}, "chats", "not_a_list"),
        ({"title": "Trips", "chats": ["0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"]}, "chats.0", "unknown_chat"),
        ({"title": "Trips", "chats": ["x"] * 201}, "chats", "max_length"),
        ({"title": "Trips", "colour": "red"}, "colour", "unknown_field"),
    ],
    ids=str,
)
def test_what_has_not_the_shape_of_a_folder_is_refused(body, field, code, layla, client_of):
    response = client_of(layla).post(FOLDERS, body)

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json()["errors"]] == [(field, code)]
    assert not Folder.objects.exists()


def test_a_chat_of_others_goes_into_no_folder(three, mina, client_of):
    response = client_of(mina).post(FOLDERS, {"title": "Trips", "chats": ids(three[0])})

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "unknown_chat")


def test_there_is_an_end_to_folders(layla, client_of, monkeypatch):
    monkeypatch.setattr(Folder, "MAX", 2)
    client = client_of(layla)

    statuses = [client.post(FOLDERS, {"title": f"Folder {number}"}).status_code for number in range(3)]
    refused = client.post(FOLDERS, {"title": "One more"}).json()

    assert statuses == [201, 201, 409]
    assert (refused["code"], refused["limit"]) == ("too_many_folders", 2)
    assert Folder.objects.count() == 2


@pytest.mark.parametrize("folders", [1, 20])
def test_folders_take_as_many_queries_however_many_there_are(
    folders, three, layla, client_of, django_assert_num_queries
):
    for number in range(folders):
        create_folder(actor=layla, title=f"Folder {number}", chats=three)
    client = client_of(layla)

    with django_assert_num_queries(3):  # the session, the folders, their chats
        response = client.get(FOLDERS)

    assert [len(folder["chats"]) for folder in response.json()["results"]] == [3] * folders


@pytest.mark.django_db(transaction=True)
@live
async def test_other_devices_hear_of_folders(layla, group):
    laylas = await enter(layla)

    folder = await in_thread(create_folder)(actor=layla, title="Trips", chats=[group])
    await in_thread(update_folder)(folder=folder, chats=[])

    made, emptied = await laylas.next(), await laylas.next()
    assert (made["type"], made["data"]["title"]) == ("folder.updated", "Trips")
    assert (emptied["data"]["id"], emptied["data"]["chats"]) == (str(folder.pk), [])


# --- The list, by what one looks for ------------------------------------------------------------------------


@pytest.fixture
def world(three, layla, omar, mina):
    """Layla's chats, by activity: Mina, Jerash, Aqaba, Petra."""
    petra, aqaba, jerash = three
    for chat in (petra, aqaba, jerash):
        send_message(actor=omar, chat=chat, text="Hello", mentions=[layla.pk])
    mark_read(actor=layla, chat=aqaba, seq=1)
    mark_read(actor=layla, chat=jerash, seq=1)
    set_preferences(actor=layla, chat=jerash, marked_unread=True, favourite=2)
    set_preferences(actor=layla, chat=aqaba, archived=True, favourite=1)
    set_preferences(actor=layla, chat=petra, muted_until=Participant.FOR_GOOD)
    create_chat(actor=layla, type="private", participants=[mina])
    create_chat(actor=layla, type="channel", title="News")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["News", "", "Jerash", "Aqaba", "Petra"]),
        ({"type": "group"}, ["Jerash", "Aqaba", "Petra"]),
        ({"type": "channel"}, ["News"]),
        ({"unread": "true"}, ["Jerash", "Petra"]),
        ({"unread": "false"}, ["News", "", "Aqaba"]),
        ({"archived": "true"}, ["Aqaba"]),
        ({"archived": "false"}, ["News", "", "Jerash", "Petra"]),
        ({"mentions": "true"}, ["Petra"]),
        ({"mentions": "false"}, ["News", "", "Jerash", "Aqaba"]),
        ({"muted": "true"}, ["Petra"]),
        ({"muted": "false"}, ["News", "", "Jerash", "Aqaba"]),
        ({"favourite": "true"}, ["Jerash", "Aqaba"]),
        ({"favourite": "false"}, ["News", "", "Petra"]),
        ({"q": "ra"}, ["Jerash", "Petra"]),
        ({"q": "MIN"}, [""]),  # the other person's name
        ({"q": "layla"}, []),  # not one's own
        ({"q": "%"}, []),
        ({"unread": "true", "muted": "false", "q": "jer"}, ["Jerash"]),
        ({"ordering": "activity"}, ["News", "", "Jerash", "Aqaba", "Petra"]),
        ({"ordering": "title"}, ["Aqaba", "Jerash", "", "News", "Petra"]),
        ({"ordering": "unread"}, ["Jerash", "Petra", "News", "", "Aqaba"]),
        ({"ordering": "favourites"}, ["Aqaba", "Jerash", "News", "", "Petra"]),
    ],
    ids=str,
)
def test_the_list_by_what_one_looks_for(query, expected, world, layla, client_of):
    client = client_of(layla)

    assert names(client.get(CHATS, query)) == expected
    walked = pages(
        client,
        f"{CHATS}?{'&'.join(f'{name}={value}' for name, value in query.items())}&page_size=2".replace(
            "%", "%25"
        ),
    )
    assert [chat["title"] for page in walked for chat in page] == expected


def test_a_page_leads_back_in_any_order(world, layla, client_of):
    client = client_of(layla)
    for order in ("activity", "title", "unread", "favourites"):
        first = client.get(CHATS, {"ordering": order, "page_size": 2}).json()
        second = client.get(first["next"]).json()

        assert client.get(second["previous"]).json()["results"] == first["results"]
        assert first["previous"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"unread": "yes"}, "unread"),
        ({"archived": "1"}, "archived"),
        ({"muted": "True"}, "muted"),
        ({"favourite": "x"}, "favourite"),
        ({"folder": "x"}, "folder"),
        ({"folder": ""}, "folder"),
        ({"folder": "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"}, "folder"),
        ({"q": "a\0b"}, "q"),
        ({"q": "x" * 121}, "q"),
        ({"ordering": "size"}, "ordering"),
        ({"cursor": "WyJuIl0="}, "cursor"),
        ({"cursor": "WyJuIiwiYWN0aXZpdHkiLCJ4IiwieSJd"}, "cursor"),  # ["n","activity","x","y"]
        ({"cursor": "WyJuIiwidGl0bGUiLCJ4IiwieSJd"}, "cursor"),  # of another order
        ({"cursor": "e30="}, "cursor"),
        ({"cursor": "WyJuIiwiYWN0aXZpdHkiLHt9LFtdXQ=="}, "cursor"),  # ["n","activity",{},[]]
    ],
    ids=str,
)
def test_what_the_list_cannot_be_asked_is_refused(query, field, layla, client_of):
    response = client_of(layla).get(CHATS, query)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_nobody_filters_by_a_folder_of_others(three, layla, omar, client_of):
    folder = create_folder(actor=layla, title="Trips", chats=three)

    response = client_of(omar).get(CHATS, {"folder": str(folder.pk)})

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "unknown_folder")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_list_takes_as_many_queries(size, client_of, django_assert_num_queries):
    reader = UserFactory()
    chats_with(reader, **size)
    client = client_of(reader)

    for query in (
        {"unread": "true", "archived": "false", "muted": "false", "q": "group"},
        {"ordering": "unread"},
        {"ordering": "title"},
        {"ordering": "favourites"},
    ):
        # The session, the chats, their last messages (reactions, mine, files), what is there for hidden ones.
        with django_assert_num_queries(7):
            response = client.get(CHATS, query | {"page_size": 200})
        assert len(response.json()["results"]) == min(size["chats"], 200)
