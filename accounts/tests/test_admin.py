"""The staff console of people and sessions: what it shows, to whom, and what its actions do."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry as Note
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone

from accounts.models import Erasure, PreviousPassword, Session, User
from accounts.services import order_erasure
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory, staff
from common.models import Mail

pytestmark = pytest.mark.django_db

USERS = "/admin/accounts/user/"
SESSIONS = "/admin/accounts/session/"
ERASURES = "/admin/accounts/erasure/"


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


def run(client: Client, page: str, action: str, *rows: Any, **more: str) -> Any:
    """Choose an action for rows of a list, and say yes."""
    chosen = [str(row.pk) for row in rows]
    return client.post(page, {"action": action, "_selected_action": chosen, "answered": "yes"} | more)


# --- the door ---
@pytest.mark.parametrize("page", ["/admin/", USERS, SESSIONS, "/admin/auth/group/"])
def test_whoever_is_not_staff_is_sent_to_sign_in(page):
    response = console_of(UserFactory()).get(page)

    assert response.status_code == 302
    assert response.headers["Location"] == f"/admin/login/?next={page}"


def test_staff_sign_in_with_their_address_however_it_is_spelt(ada):
    client = Client()

    response = client.post("/admin/login/", {"username": "ADA@example.com", "password": PASSWORD})

    assert response.status_code == 302
    assert response.headers["Location"] == "/admin/"
    assert client.get(USERS).status_code == 200


def test_staff_without_a_permission_see_and_do_nothing():
    layla = UserFactory()
    client = console_of(clerk())

    responses = [
        client.get(USERS),
        client.get(f"{USERS}{layla.pk}/change/"),
        run(client, USERS, "deactivate", layla),
    ]

    assert [response.status_code for response in responses] == [403, 403, 403]
    layla.refresh_from_db()
    assert layla.is_active


def test_staff_who_may_only_look_are_offered_no_action_and_can_run_none():
    layla = UserFactory()
    client = console_of(clerk("view_user"))

    listed = client.get(USERS)
    run(client, USERS, "deactivate", layla)
    refused = client.post(f"{USERS}{layla.pk}/deactivate/", {"answered": "yes"})

    assert listed.status_code == 200
    assert b"deactivate" not in listed.content
    assert refused.status_code == 403
    layla.refresh_from_db()
    assert layla.is_active


# --- the list of users ---
@pytest.mark.parametrize("people", [5, 50])
def test_the_list_of_users_takes_the_same_queries_however_long(people, ada, django_assert_num_queries):
    for user in UserFactory.create_batch(people):
        SessionFactory(user=user)
    client = console_of(ada)
    client.get(USERS)

    with django_assert_num_queries(5):  # the cookie session, its user, how many, the rows, their roles
        response = client.get(USERS, {"all": ""})

    assert response.status_code == 200


def test_the_list_says_how_many_sessions_are_open(ada):
    layla = UserFactory(username="layla")
    SessionFactory.create_batch(2, user=layla)
    SessionFactory(user=layla, revoked_at=timezone.now())
    SessionFactory(user=layla, expires_at=timezone.now() - timedelta(hours=1))

    response = console_of(ada).get(USERS, {"q": "layla"})

    assert [user.open for user in response.context["cl"].result_list] == [2]


@pytest.mark.parametrize("words", ["layla", "LAYLA@example", "Haddad", "the id"])
def test_people_are_found_by_address_username_name_and_id(words, ada):
    layla = UserFactory(username="layla", display_name="Layla Haddad")
    UserFactory(username="omar")

    response = console_of(ada).get(USERS, {"q": str(layla.pk) if words == "the id" else words})

    assert list(response.context["cl"].result_list) == [layla]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"verified": "no"}, ["new"]),
        ({"verified": "yes"}, ["ada", "gone"]),
        ({"is_active__exact": "0"}, ["gone"]),
        ({"is_staff__exact": "1"}, ["ada"]),
        ({"language__exact": "ar"}, ["new"]),
    ],
)
def test_people_are_filtered(query, found, ada):
    UserFactory(username="new", email_verified_at=None, language="ar")
    UserFactory(username="gone", is_active=False)

    response = console_of(ada).get(USERS, query)

    assert sorted(user.username for user in response.context["cl"].result_list) == found


# --- the page of a person ---
@pytest.mark.parametrize("sessions", [1, 30])
def test_the_page_of_a_person_takes_the_same_queries_however_many_sessions(
    sessions, ada, django_assert_num_queries
):
    layla = UserFactory()
    SessionFactory.create_batch(sessions, user=layla)
    client = console_of(ada)
    client.get(f"{USERS}{layla.pk}/change/")

    # the cookie session, its session row, the person, their roles, factors, groups, sessions twice, nine
    # other panels
    with django_assert_num_queries(16):
        response = client.get(f"{USERS}{layla.pk}/change/")

    assert response.status_code == 200
    assert response.content.count(b"field-last_seen_at") <= 20 * 2


def test_no_page_shows_a_password_or_its_hash(ada):
    layla = UserFactory()
    client = console_of(ada)

    pages = [
        client.get(USERS),
        client.get(f"{USERS}{layla.pk}/change/"),
        client.get(f"{USERS}{layla.pk}/password/"),
    ]

    assert [page.status_code for page in pages] == [200, 200, 200]
    for page in pages:
        assert layla.password.encode() not in page.content
        assert b"md5" not in page.content
        assert layla.password.split("$")[1].encode() not in page.content


def test_staff_change_a_profile_and_access_and_nothing_else(ada):
    layla = UserFactory(username="layla", email="layla@example.com")
    helpers = Group.objects.create(name="Helpers")

    response = console_of(ada).post(
        f"{USERS}{layla.pk}/change/",
        {
            "display_name": "Layla H.",
            "language": "ar",
            "timezone": "Asia/Riyadh",
            "is_staff": "on",
            "groups": [str(helpers.pk)],
            "email": "other@example.com",
            "username": "other",
            "is_active": "",
            "password": "plain",
            **empty_inlines(),
        },
    )

    assert response.status_code == 302
    changed = User.objects.get(pk=layla.pk)
    assert (changed.display_name, changed.language, changed.timezone) == ("Layla H.", "ar", "Asia/Riyadh")
    assert (changed.is_staff, list(changed.groups.all())) == (True, [helpers])
    assert (changed.email, changed.username, changed.is_active) == ("layla@example.com", "layla", True)
    assert changed.password == layla.password


def empty_inlines() -> dict[str, str]:
    panels = [
        "sessions",
        "role_grants",
        "attempt_counts",
        "api_keys",
        "identities",
        "reports_about",
        "blocks",
        "social_links",
        "participations",
    ]
    return {f"{panel}-{name}_FORMS": "0" for panel in panels for name in ("TOTAL", "INITIAL")}


def test_staff_make_a_colleague_who_can_sign_in(ada):
    response = console_of(ada).post(
        f"{USERS}add/",
        {
            "email": "Omar@Example.com",
            "username": "omar",
            "display_name": "Omar",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    )

    omar = User.objects.get(username="omar")
    assert response.headers["Location"] == f"{USERS}{omar.pk}/change/"
    assert omar.email == "omar@example.com"
    assert omar.check_password(PASSWORD)
    assert not omar.is_verified


@pytest.mark.parametrize(
    ("field", "value"), [("username", "LAYLA"), ("email", "Layla@example.com"), ("password1", "short")]
)
def test_a_new_colleague_needs_a_free_name_a_free_address_and_a_good_password(field, value, ada):
    UserFactory(username="layla", email="layla@example.com")
    given = {
        "email": "omar@example.com",
        "username": "omar",
        "display_name": "Omar",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }

    response = console_of(ada).post(f"{USERS}add/", given | {field: value})

    assert response.status_code == 200
    assert response.context["adminform"].form.errors
    assert User.objects.count() == 2


def test_a_new_password_ends_every_session(ada):
    layla = UserFactory()
    session = SessionFactory(user=layla)

    response = console_of(ada).post(
        f"{USERS}{layla.pk}/password/",
        {"usable_password": "true", "password1": "nine foxes at noon", "password2": "nine foxes at noon"},
    )

    assert response.status_code == 302
    layla.refresh_from_db()
    session.refresh_from_db()
    assert layla.check_password("nine foxes at noon")
    assert session.revoked_reason == "staff"


def test_staff_set_passwords_by_the_same_rules_and_its_owner_is_told(ada):
    layla = UserFactory(username="layla")
    page, client = f"{USERS}{layla.pk}/password/", console_of(ada)

    def give(password: str) -> Any:
        return client.post(page, {"usable_password": "true", "password1": password, "password2": password})

    answers = [give(password).status_code for password in ("password1234", PASSWORD)]
    untouched = User.objects.get(pk=layla.pk).password
    answers += [give(password).status_code for password in ("nine foxes at noon", PASSWORD)]

    assert answers == [200, 200, 302, 200]
    assert untouched == layla.password
    assert User.objects.get(pk=layla.pk).check_password("nine foxes at noon")
    assert [(each.user, each.password) for each in PreviousPassword.objects.all()] == [
        (layla, layla.password)
    ]
    assert [(mail.to, mail.template) for mail in Mail.objects.all()] == [(layla.email, "password_changed")]


def test_staff_take_a_password_away(ada):
    layla = UserFactory()
    session = SessionFactory(user=layla)

    response = console_of(ada).post(
        f"{USERS}{layla.pk}/password/", {"usable_password": "false", "unset-password": ""}
    )

    assert response.status_code == 302
    assert not User.objects.get(pk=layla.pk).has_usable_password()
    session.refresh_from_db()
    assert session.revoked_reason == "staff"


# --- who may touch whom ---
def test_only_superusers_touch_staff(ada):
    client = console_of(clerk("view_user", "change_user"))

    run(client, USERS, "deactivate", ada)
    password = client.post(
        f"{USERS}{ada.pk}/password/", {"password1": "nine foxes at noon", "password2": "nine foxes at noon"}
    )
    page = client.post(f"{USERS}{ada.pk}/change/", {"display_name": "Owned", **empty_inlines()})

    assert (password.status_code, page.status_code) == (403, 403)
    unchanged = User.objects.get(pk=ada.pk)
    assert (unchanged.is_active, unchanged.password, unchanged.display_name) == (True, ada.password, "Ada")


def test_only_superusers_give_access():
    layla = UserFactory()
    client = console_of(clerk("view_user", "change_user"))

    response = client.post(
        f"{USERS}{layla.pk}/change/",
        {
            "display_name": "Layla H.",
            "language": "en",
            "timezone": "UTC",
            "is_staff": "on",
            "is_superuser": "on",
            **empty_inlines(),
        },
    )

    assert response.status_code == 302
    layla.refresh_from_db()
    assert (layla.display_name, layla.is_staff, layla.is_superuser) == ("Layla H.", False, False)


def test_staff_can_not_deactivate_themselves(ada):
    response = run(console_of(ada), USERS, "deactivate", ada)

    assert response.status_code == 302
    ada.refresh_from_db()
    assert ada.is_active


# --- actions ---
def test_an_action_asks_before_it_does_anything(ada):
    layla = UserFactory(display_name="Layla Haddad")

    response = console_of(ada).post(USERS, {"action": "deactivate", "_selected_action": [str(layla.pk)]})

    assert response.status_code == 200
    assert b"Keep out, and end every session?" in response.content
    assert b"Layla Haddad" in response.content
    layla.refresh_from_db()
    assert layla.is_active


def test_a_link_alone_does_nothing(ada):
    layla = UserFactory()

    response = console_of(ada).get(f"{USERS}{layla.pk}/deactivate/", {"answered": "yes"})

    assert response.status_code == 200
    assert b"Keep out, and end every session?" in response.content
    layla.refresh_from_db()
    assert layla.is_active


def test_deactivating_ends_every_session_and_leaves_a_note(ada):
    layla, omar = UserFactory.create_batch(2)
    session = SessionFactory(user=layla)

    response = run(console_of(ada), USERS, "deactivate", layla, omar)

    assert response.status_code == 302
    assert not User.objects.filter(pk__in=[layla.pk, omar.pk], is_active=True).exists()
    session.refresh_from_db()
    assert session.revoked_reason == "deactivated"
    notes = Note.objects.filter(user=ada).values_list("object_id", "change_message")
    assert sorted(notes) == sorted([(str(layla.pk), "Deactivate"), (str(omar.pk), "Deactivate")])


def test_the_same_from_the_page_of_one_person(ada):
    layla = UserFactory()

    response = console_of(ada).post(f"{USERS}{layla.pk}/deactivate/", {"answered": "yes"})

    assert response.headers["Location"] == f"{USERS}{layla.pk}/change/"
    layla.refresh_from_db()
    assert not layla.is_active


def test_the_action_of_nobody_is_not_found(ada):
    response = console_of(ada).post(f"{USERS}{Session().pk}/deactivate/", {"answered": "yes"})

    assert response.status_code == 404


def test_reactivating_lets_people_in_again(ada):
    layla = UserFactory(is_active=False)

    run(console_of(ada), USERS, "reactivate", layla)

    layla.refresh_from_db()
    assert layla.is_active


def test_an_address_is_marked_as_verified_once(ada):
    layla = UserFactory(email_verified_at=None)
    client = console_of(ada)

    run(client, USERS, "mark_verified", layla)
    run(client, USERS, "mark_verified", layla)

    layla.refresh_from_db()
    assert layla.is_verified
    assert Note.objects.count() == 1


def test_the_link_is_mailed_again_to_whoever_waits_for_one(ada):
    waiting = UserFactory(email_verified_at=None)
    verified = UserFactory()
    gone = UserFactory(email_verified_at=None, is_active=False)

    run(console_of(ada), USERS, "resend_link", waiting, verified, gone)

    assert [(mail.to, mail.template) for mail in Mail.objects.all()] == [(waiting.email, "verify_email")]


def test_signing_out_ends_every_session(ada):
    layla = UserFactory()
    SessionFactory.create_batch(2, user=layla)
    other = SessionFactory()

    run(console_of(ada), USERS, "sign_out", layla)

    assert list(Session.objects.filter(user=layla).values_list("revoked_reason", flat=True)) == [
        "staff",
        "staff",
    ]
    other.refresh_from_db()
    assert other.revoked_at is None


# --- sessions ---
@pytest.mark.parametrize("sessions", [5, 50])
def test_the_list_of_sessions_takes_the_same_queries_however_long(sessions, ada, django_assert_num_queries):
    SessionFactory.create_batch(sessions)
    client = console_of(ada)
    client.get(SESSIONS)

    with django_assert_num_queries(4):  # the cookie session, its user, how many, the rows
        response = client.get(SESSIONS, {"all": ""})

    assert len(response.context["cl"].result_list) == sessions + 1  # and the one that asks


@pytest.mark.parametrize(
    ("state", "found"), [("alive", ["Staff console", "open"]), ("ended", ["ended", "expired", "inactive"])]
)
def test_sessions_are_filtered_by_whether_they_hold(state, found, ada):
    SessionFactory(device_name="open")
    SessionFactory(device_name="ended", revoked_at=timezone.now())
    SessionFactory(device_name="expired", expires_at=timezone.now() - timedelta(seconds=1))
    SessionFactory(device_name="inactive", user=UserFactory(is_active=False))

    response = console_of(ada).get(SESSIONS, {"state": state})

    assert sorted(session.device_name for session in response.context["cl"].result_list) == found


@pytest.mark.parametrize("words", ["layla", "phone", "203.0.113.7", "the id", "the person"])
def test_sessions_are_found_by_person_device_address_and_id(words, ada):
    session = SessionFactory(
        user=UserFactory(username="layla"), device_name="Layla's phone", address="203.0.113.7"
    )
    SessionFactory(address="198.51.100.1")
    term = {"the id": str(session.pk), "the person": str(session.user.pk)}.get(words, words)

    response = console_of(ada).get(SESSIONS, {"q": term})

    assert list(response.context["cl"].result_list) == [session]


def test_a_session_is_ended_from_the_list(ada):
    session = SessionFactory()

    run(console_of(ada), SESSIONS, "revoke", session)

    session.refresh_from_db()
    assert session.revoked_reason == "staff"


def test_sessions_can_be_seen_and_neither_made_nor_changed(ada):
    session = SessionFactory(device_name="phone")
    client = console_of(ada)

    page = client.get(f"{SESSIONS}{session.pk}/change/")
    denied = [
        client.post(f"{SESSIONS}{session.pk}/change/", {"device_name": "other"}),
        client.get(f"{SESSIONS}add/"),
        client.post(f"{SESSIONS}{session.pk}/delete/", {"post": "yes"}),
    ]

    assert page.status_code == 200
    assert session.refresh_hash.encode() not in page.content
    assert [response.status_code for response in denied] == [403, 403, 403]
    session.refresh_from_db()
    assert session.device_name == "phone"


def test_a_group_holds_permissions(ada):
    view = Permission.objects.get(codename="view_user")

    response = console_of(ada).post(
        "/admin/auth/group/add/", {"name": "Support", "permissions": [str(view.pk)]}
    )

    assert response.status_code == 302
    assert list(Group.objects.get(name="Support").permissions.all()) == [view]


# --- erasures ---
def test_staff_write_down_who_wants_to_be_forgotten(ada, committed):
    layla = UserFactory(username="layla")
    client = console_of(ada)

    with committed():
        run(client, USERS, "erase", layla)
        run(client, USERS, "erase", layla)

    erasure = Erasure.objects.get()
    assert (erasure.user, erasure.by_staff, erasure.state) == (layla, ada, "waiting")
    assert Mail.objects.filter(to=layla.email, template="erasure_requested").count() == 1
    assert Note.objects.filter(object_id=str(layla.pk)).count() == 1


def test_staff_do_not_erase_staff(ada):
    omar = UserFactory(is_staff=True)

    response = run(console_of(ada), USERS, "erase", omar)

    assert response.status_code == 302
    assert not Erasure.objects.exists()


def test_staff_call_an_erasure_off(ada):
    order_erasure(actor=ada, user=UserFactory())
    client = console_of(ada)

    run(client, ERASURES, "call_off", Erasure.objects.get())
    run(client, ERASURES, "call_off", Erasure.objects.get())

    assert Erasure.objects.get().state == "cancelled"
    assert Note.objects.count() == 1


def test_whoever_may_only_look_erases_nobody_and_calls_nothing_off(ada):
    layla = UserFactory()
    order_erasure(actor=ada, user=UserFactory())
    client = console_of(clerk("view_user", "view_erasure"))

    run(client, USERS, "erase", layla)
    run(client, ERASURES, "call_off", Erasure.objects.get())

    assert [erasure.state for erasure in Erasure.objects.all()] == ["waiting"]


@pytest.mark.parametrize("count", [5, 50])
def test_the_list_of_erasures_takes_the_same_queries_however_long(count, ada, django_assert_num_queries):
    for user in UserFactory.create_batch(count):
        order_erasure(actor=ada, user=user)
    client = console_of(ada)
    client.get(ERASURES)

    with django_assert_num_queries(4):  # the cookie session, its user, how many, the rows
        response = client.get(ERASURES)

    assert response.status_code == 200
    assert len(response.context["cl"].result_list) == count


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "waiting"}, ["new"]),
        ({"state": "running"}, ["begun"]),
        ({"state": "erased"}, ["gone"]),
        ({"state": "cancelled"}, ["stays"]),
        ({"q": "stays"}, ["stays"]),
    ],
)
def test_erasures_are_filtered_and_found(query, found, ada):
    now = timezone.now()
    for username, more in {
        "new": {},
        "begun": {"begun_at": now},
        "gone": {"begun_at": now, "erased_at": now},
        "stays": {"cancelled_at": now},
    }.items():
        order_erasure(actor=ada, user=UserFactory(username=username))
        Erasure.objects.filter(user__username=username).update(**more)

    response = console_of(ada).get(ERASURES, query)

    assert [erasure.user.username for erasure in response.context["cl"].result_list] == found


def test_the_page_of_an_erasure_shows_its_receipt(ada):
    order_erasure(actor=ada, user=UserFactory())
    Erasure.objects.update(receipt={"format": "serai-erasure-receipt/1"})

    response = console_of(ada).get(f"{ERASURES}{Erasure.objects.get().pk}/change/")

    assert response.status_code == 200
    assert "serai-erasure-receipt/1" in response.content.decode()
