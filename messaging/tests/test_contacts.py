"""Whom people know: theirs alone, found in no way in which people are not found anyway."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Block, User
from accounts.services import block_user, update_settings
from accounts.tests.factories import UserFactory
from common.tests.threads import at_once
from messaging.models import Chat, Contact
from messaging.problems import ContactsFull, NotOpenToYou
from messaging.services import add_contact, add_participants, create_chat, remove_contact, update_contact
from messaging.tests.factories import crowd_of, group_of
from messaging.tests.logs import stream_of, types
from realtime.tests.clients import enter, in_thread, live

pytestmark = pytest.mark.django_db

CONTACTS = "/api/v1/contacts"
NOBODY = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"


def names(response):
    return [contact["alias"] or contact["user"]["display_name"] for contact in response.json()["results"]]


def without_id(response):
    return response.json() | {"request_id": ""}


def refusals(response):
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


# --- Adding -------------------------------------------------------------------------------------------------


def test_adding_somebody_twice_is_adding_them_once(layla, omar, client_of):
    client = client_of(layla)

    first = client.post(CONTACTS, {"user": str(omar.pk), "alias": " The guide "})
    again = client.post(CONTACTS, {"user": str(omar.pk), "alias": "Somebody else"})

    assert [first.status_code, again.status_code] == [201, 200]
    assert first.json() == again.json() == client.get(first.headers["Location"]).json()
    contact = Contact.objects.get()
    assert first.json() | {"user": first.json()["user"]["id"], "created_at": ""} == {
        "id": str(contact.pk),
        "user": str(omar.pk),
        "alias": "The guide",
        "blocked": False,
        "presence": "offline",
        "last_seen": None,
        "created_at": "",
    }
    ids = {"contact": str(contact.pk), "user": str(omar.pk)}
    assert stream_of(layla) == [(1, "contact.added", ids)]
    assert stream_of(omar) == []


@pytest.mark.parametrize("name", ["omar", "OMAR", "@Omar"])
def test_somebody_is_added_by_username_however_it_is_spelt(name, layla, omar, client_of):
    added = client_of(layla).post(CONTACTS, {"username": name})

    assert (added.status_code, added.json()["user"]["id"], added.json()["alias"]) == (201, str(omar.pk), "")


def test_an_address_adds_its_person_only_if_they_allow_it(layla, omar, client_of):
    client = client_of(layla)
    closed = client.post(CONTACTS, {"email": omar.email})
    nobodys = client.post(CONTACTS, {"email": "nobody@example.com"})

    update_settings(user=omar, changes={"privacy": {"found_by_email": True}})
    opened = client.post(CONTACTS, {"email": omar.email.upper()})

    assert closed.status_code == nobodys.status_code == 400
    assert without_id(closed) == without_id(nobodys)
    assert (opened.status_code, opened.json()["user"]["id"]) == (201, str(omar.pk))


def test_who_has_blocked_the_caller_is_nobody_by_any_name(layla, omar, client_of):
    update_settings(user=omar, changes={"privacy": {"found_by_email": True}})
    block_user(actor=omar, user=layla)
    client = client_of(layla)

    for field, theirs, nobodys in [
        ("user", str(omar.pk), NOBODY),
        ("username", "omar", "nobody-at-all"),
        ("email", omar.email, "nobody@example.com"),
    ]:
        refused, unknown = client.post(CONTACTS, {field: theirs}), client.post(CONTACTS, {field: nobodys})
        assert refusals(refused) == [(field, "unknown_user")]
        assert without_id(refused) == without_id(unknown)
    assert not Contact.objects.exists()
    assert stream_of(layla) == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "", "one_of"),
        ({"alias": "Somebody"}, "", "one_of"),
        ({"user": "omar's", "username": "omar"}, "", "one_of"),
        ({"user": "layla's"}, "user", "oneself"),
        ({"username": "layla"}, "user", "oneself"),
        ({"user": "waiting's"}, "user", "unknown_user"),
        ({"user": 5}, "user", "invalid"),
        ({"user": None}, "user", "null"),
        ({"username": ["omar"]}, "username", "invalid"),
        ({"username": "x" * 32}, "username", "max_length"),
        ({"email": "omar"}, "email", "invalid"),
        ({"email": "o" * 250 + "@example.com"}, "email", "max_length"),
        ({"user": "omar's", "alias": "x" * 81}, "alias", "max_length"),
        ({"user": "omar's", "alias": None}, "alias", "null"),
        ({"user": "omar's", "nickname": "O"}, "nickname", "unknown_field"),
    ],
)
def test_what_is_no_contact(body, field, code, layla, omar, client_of):
    waiting = UserFactory(email_verified_at=None)
    ids = {"layla's": str(layla.pk), "omar's": str(omar.pk), "waiting's": str(waiting.pk)}
    sent = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in body.items()}

    refused = client_of(layla).post(CONTACTS, sent)

    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert error["code"] == code
    assert field in ("", error["field"])
    assert not Contact.objects.exists()
    assert stream_of(layla) == []


def test_there_is_an_end_to_whom_one_can_know(layla, omar, mina, client_of, monkeypatch):
    monkeypatch.setattr(Contact, "LIMIT", 1)
    add_contact(actor=layla, user=omar)
    client = client_of(layla)

    full, known = client.post(CONTACTS, {"user": str(mina.pk)}), client.post(CONTACTS, {"user": str(omar.pk)})

    assert (full.status_code, full.json()["code"], full.json()["limit"]) == (409, "contacts_full", 1)
    assert known.status_code == 200
    assert types(stream_of(layla)) == [(1, "contact.added")]
    add_contact(actor=omar, user=layla)  # the end is each person's own
    assert Contact.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_adding_at_once_on_many_devices_is_one_contact(layla, omar):
    answers = at_once(4, lambda n: add_contact(actor=layla, user=omar)[1])

    assert sorted(answers) == [False, False, False, True]
    assert Contact.objects.count() == 1
    assert types(stream_of(layla)) == [(1, "contact.added")]


@pytest.mark.django_db(transaction=True)
def test_two_who_see_room_for_the_last_contact_do_not_both_take_it(layla, monkeypatch):
    monkeypatch.setattr(Contact, "LIMIT", 3)
    people = UserFactory.create_batch(6)

    def add(number: int) -> bool:
        try:
            return add_contact(actor=layla, user=people[number])[1]
        except ContactsFull:
            return False

    assert sorted(at_once(6, add)) == [False, False, False, True, True, True]
    assert Contact.objects.count() == 3


def test_the_database_holds_it_too(layla, omar):
    Contact.objects.create(owner=layla, user=omar)

    for user in (layla, omar):
        with pytest.raises(IntegrityError), transaction.atomic():
            Contact.objects.create(owner=layla, user=user)


def test_of_what_is_rolled_back_nothing_is_told(layla, omar):
    with transaction.atomic():
        add_contact(actor=layla, user=omar)
        transaction.set_rollback(True)

    assert not Contact.objects.exists()
    assert stream_of(layla) == []


# --- Seeing and changing ------------------------------------------------------------------------------------


def test_contacts_stand_by_the_name_that_is_shown(layla, client_of):
    for name, alias in [("Zaid", "adnan"), ("bilal", ""), ("Carla", ""), ("Adam", "Zed")]:
        add_contact(actor=layla, user=UserFactory(display_name=name), alias=alias)
    client = client_of(layla)

    whole, first = client.get(CONTACTS), client.get(CONTACTS, {"page_size": 3})
    rest = client.get(first.json()["next"])
    back = client.get(rest.json()["previous"])

    assert names(whole) == ["adnan", "bilal", "Carla", "Zed"]
    assert names(first) == names(back) == ["adnan", "bilal", "Carla"]
    assert names(rest) == ["Zed"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("guide", ["The Guide"]),
        ("OMAR", ["The Guide"]),
        ("@omar", ["The Guide"]),
        ("m", ["Mina", "The Guide"]),
        ("%", []),
        ("nobody", []),
    ],
)
def test_contacts_are_searched_by_alias_and_names(words, found, layla, omar, mina, client_of):
    add_contact(actor=layla, user=omar, alias="The Guide")
    add_contact(actor=layla, user=mina)
    add_contact(actor=omar, user=mina, alias="Guide of Omar's")

    assert names(client_of(layla).get(CONTACTS, {"q": words})) == found


@pytest.mark.parametrize("words", ["", "x" * 81])
def test_a_search_for_nothing_or_for_too_much_is_refused(words, layla, client_of):
    refused = client_of(layla).get(CONTACTS, {"q": words})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "q")


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_contact_is_called_something_else(method, layla, omar, client_of):
    contact, _ = add_contact(actor=layla, user=omar)
    client = client_of(layla)

    answers = [
        getattr(client, method)(f"{CONTACTS}/{contact.pk}", body)
        for body in ({"alias": "The guide"}, {"alias": "The guide"}, {}, {"alias": ""})
    ]

    assert [(each.status_code, each.json()["alias"]) for each in answers] == [
        (200, "The guide"),
        (200, "The guide"),
        (200, "The guide"),
        (200, ""),
    ]
    assert [type_ for _, type_ in types(stream_of(layla))] == ["contact.added", *["contact.updated"] * 2]
    assert stream_of(omar) == []


def test_a_contact_is_removed_once(layla, omar, client_of):
    contact, _ = add_contact(actor=layla, user=omar)
    client = client_of(layla)

    gone, again = (client.delete(f"{CONTACTS}/{contact.pk}") for _ in range(2))

    assert [gone.status_code, again.status_code] == [204, 404]
    assert stream_of(layla)[1:] == [
        (2, "contact.removed", {"contact": str(contact.pk), "user": str(omar.pk)})
    ]
    assert remove_contact(actor=layla, contact=contact) is False
    assert not Contact.objects.exists()


def test_of_others_contacts_nobody_sees_or_changes_anything(layla, omar, mina, client_of):
    contact, _ = add_contact(actor=omar, user=mina, alias="M")
    path, client = f"{CONTACTS}/{contact.pk}", client_of(layla)

    tried = [
        client.get(path),
        client.put(path, {"alias": "Hers"}),
        client.patch(path, {"alias": "Hers"}),
        client.delete(path),
        client.post(f"{path}/block"),
        client.delete(f"{path}/block"),
    ]

    assert [each.status_code for each in tried] == [404] * 6
    assert client.get(CONTACTS).json()["results"] == []
    assert Contact.objects.get().alias == "M"
    assert not Block.objects.exists()
    assert remove_contact(actor=layla, contact=contact) is False


@pytest.mark.parametrize("contacts", [1, 20])
def test_the_list_takes_four_queries(contacts, layla, client_of, django_assert_num_queries):
    Contact.objects.bulk_create(Contact(owner=layla, user=user) for user in crowd_of(contacts))
    client = client_of(layla)

    with django_assert_num_queries(4):  # the session, the contacts with their people, their presence, blocks
        response = client.get(CONTACTS)

    assert len(response.json()["results"]) == contacts


# --- Blocks -------------------------------------------------------------------------------------------------


def test_a_contact_is_blocked_and_stays_one(layla, omar, client_of):
    contact, _ = add_contact(actor=layla, user=omar)
    path, client = f"{CONTACTS}/{contact.pk}", client_of(layla)

    blocked = [client.post(f"{path}/block") for _ in range(2)]
    listed = client.get(CONTACTS).json()["results"]
    unblocked = [client.delete(f"{path}/block") for _ in range(2)]

    assert [(each.status_code, each.json()["blocked"]) for each in blocked] == [(200, True)] * 2
    assert [(each["id"], each["blocked"]) for each in listed] == [(str(contact.pk), True)]
    assert [each.status_code for each in unblocked] == [204, 204]
    assert client.get(path).json()["blocked"] is False
    assert [type_ for _, type_ in types(stream_of(layla))] == [
        "contact.added",
        "user.blocked",
        "user.unblocked",
    ]
    assert stream_of(omar) == []


@pytest.mark.parametrize("gone", ["blocks", "inactive"])
def test_a_contact_who_is_not_there_is_not_shown_and_comes_back(gone, layla, omar, client_of):
    contact, _ = add_contact(actor=layla, user=omar, alias="The guide")
    client = client_of(layla)
    if gone == "blocks":
        block_user(actor=omar, user=layla)
    else:
        User.objects.filter(pk=omar.pk).update(is_active=False)

    away = client.get(CONTACTS), client.get(f"{CONTACTS}/{contact.pk}")
    Block.objects.all().delete()
    User.objects.filter(pk=omar.pk).update(is_active=True)

    assert (away[0].json()["results"], away[1].status_code) == ([], 404)
    assert names(client.get(CONTACTS)) == ["The guide"]


# --- What it is good for ------------------------------------------------------------------------------------


def test_who_lets_only_contacts_add_them_is_added_by_those(layla, omar, mina, client_of):
    omar = update_settings(user=omar, changes={"privacy": {"who_may_add_me": "contacts"}})
    add_contact(actor=omar, user=mina)
    add_contact(actor=layla, user=omar)  # whom one knows oneself says nothing of them
    of_layla, of_mina = group_of(layla), group_of(mina)

    with pytest.raises(NotOpenToYou):
        create_chat(actor=layla, type="private", participants=[omar])
    with pytest.raises(NotOpenToYou):
        add_participants(actor=layla, chat=of_layla, users=[omar])
    add_participants(actor=mina, chat=of_mina, users=[omar])
    opened = client_of(mina).post("/api/v1/chats", {"type": "private", "participants": [str(omar.pk)]})

    assert opened.status_code == 201
    assert Chat.objects.filter(participants__user=omar).count() == 2


def test_nobody_is_open_to_no_contact_either(layla, omar):
    omar = update_settings(user=omar, changes={"privacy": {"who_may_add_me": "nobody"}})
    add_contact(actor=omar, user=layla)

    with pytest.raises(NotOpenToYou):
        create_chat(actor=layla, type="private", participants=[omar])


def test_a_contact_taken_away_since_is_none(layla, omar):
    omar = update_settings(user=omar, changes={"privacy": {"who_may_add_me": "contacts"}})
    contact, _ = add_contact(actor=omar, user=layla)
    create_chat(actor=layla, type="group", title="Before", participants=[omar])
    remove_contact(actor=omar, contact=contact)

    with pytest.raises(NotOpenToYou):
        create_chat(actor=layla, type="group", title="After", participants=[omar])


# --- Live ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@live
async def test_ones_other_devices_hear_of_contacts_and_nobody_else_does(layla, omar):
    phone, omars = await enter(layla), await enter(omar)

    contact, _ = await in_thread(add_contact)(actor=layla, user=omar)
    added = await phone.next()
    await in_thread(update_contact)(actor=layla, contact=contact, alias="The guide")
    updated = await phone.next()
    await in_thread(remove_contact)(actor=layla, contact=contact)
    removed = await phone.next()

    frames = [added, updated, removed]
    assert [(each["type"], each["user_seq"]) for each in frames] == [
        ("contact.added", 1),
        ("contact.updated", 2),
        ("contact.removed", 3),
    ]
    assert (added["data"]["user"]["username"], added["data"]["alias"]) == ("omar", "")
    assert (updated["data"]["alias"], updated["data"]["blocked"]) == ("The guide", False)
    assert removed["data"] == {"contact": str(contact.pk), "user": str(omar.pk)}
    assert await omars.so_far() == []
    late = await enter(layla)
    await late.say("resume", user=0)
    replayed = (await late.until("resumed"))[0]  # of one that is gone since, the ids
    assert replayed["data"] == {"id": str(contact.pk), "user": {"id": str(omar.pk)}}
