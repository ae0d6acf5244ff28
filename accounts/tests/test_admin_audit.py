"""The audit log in the staff console: what staff do stands in it, and what it shows to whom."""

from typing import Any

import pytest
import structlog
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone

from accounts.models import AuditCheck, AuditEntry, Session, User
from accounts.services import audit, read_anchor, seal_entries
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory, staff
from accounts.tests.tampering import write
from accounts.tests.test_admin import empty_inlines, run
from common.console import AuditedAdmin
from common.ids import first_id_at
from common.models import Mail

pytestmark = pytest.mark.django_db

USERS = "/admin/accounts/user/"
ENTRIES = "/admin/accounts/auditentry/"
CHECKS = "/admin/accounts/auditcheck/"


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


def acts() -> list[tuple[str, Any, Any, str, str, dict[str, Any]]]:
    """What staff did, as it was written down."""
    entries = AuditEntry.objects.filter(verb__startswith="console.").order_by("id")
    return list(entries.values_list("verb", "actor", "subject", "target_type", "target", "details"))


def shown(response: Any) -> list[AuditEntry]:
    return list(response.context["cl"].result_list)


# --- what staff do ------------------------------------------------------------------------------------------
def test_every_page_of_the_console_is_audited():
    unaudited = [model for model, page in admin.site._registry.items() if not isinstance(page, AuditedAdmin)]

    assert unaudited == []


def test_an_action_is_written_down_with_where_it_came_from(ada):
    layla = UserFactory()

    console_of(ada).post(
        f"{USERS}{layla.pk}/deactivate/", {"answered": "yes"}, headers={"X-Request-ID": "r-7"}
    )

    assert acts() == [
        ("console.acted", ada.pk, layla.pk, "accounts.user", str(layla.pk), {"action": "deactivate"})
    ]
    entry = AuditEntry.objects.get(category="admin")
    assert (entry.request_id, entry.address) == ("r-7", "127.0.0.1")


def test_an_action_on_many_is_an_entry_each_and_what_changes_nothing_is_none(ada):
    layla, omar = UserFactory.create_batch(2)
    gone = UserFactory(is_active=False)

    run(console_of(ada), USERS, "deactivate", layla, omar, gone)

    assert sorted(act[2] for act in acts()) == sorted([layla.pk, omar.pk])


def test_an_action_on_another_thing_names_the_thing(ada):
    session = SessionFactory()

    run(console_of(ada), "/admin/accounts/session/", "revoke", session)

    assert acts() == [
        ("console.acted", ada.pk, None, "accounts.session", str(session.pk), {"action": "revoke"})
    ]


def test_a_changed_person_is_written_down_by_the_names_of_fields(ada):
    layla = UserFactory(display_name="Layla", first_name="Layla")

    console_of(ada).post(
        f"{USERS}{layla.pk}/change/",
        {
            "display_name": "Layla Haddad",
            "first_name": "Layla",
            "language": "en",
            "timezone": "Asia/Riyadh",
            **empty_inlines(),
        },
    )

    (act,) = acts()
    assert act[:5] == ("console.changed", ada.pk, layla.pk, "accounts.user", str(layla.pk))
    assert act[5] == {"fields": ["display_name", "timezone"]}
    assert "Haddad" not in str(list(AuditEntry.objects.values()))


def test_a_new_colleague_and_a_new_password_are_written_down_without_it(ada):
    client = console_of(ada)
    client.post(
        f"{USERS}add/",
        {
            "email": "omar@example.com",
            "username": "omar",
            "display_name": "Omar",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    )
    omar = User.objects.get(username="omar")
    client.post(
        f"{USERS}{omar.pk}/password/",
        {"usable_password": "true", "password1": "nine foxes at noon", "password2": "nine foxes at noon"},
    )

    assert [(act[0], act[2], act[5]) for act in acts()] == [
        ("console.added", omar.pk, {}),
        ("console.changed", omar.pk, {"fields": ["password"]}),
    ]
    assert "foxes" not in str(list(AuditEntry.objects.values()))


def test_a_group_is_written_down_when_it_is_made_changed_and_deleted(ada):
    client, view = console_of(ada), Permission.objects.get(codename="view_user")
    client.post("/admin/auth/group/add/", {"name": "Support"})
    group = Group.objects.get()
    page = f"/admin/auth/group/{group.pk}/"

    client.post(f"{page}change/", {"name": "Support", "permissions": [str(view.pk)]})
    client.post(f"{page}delete/", {"post": "yes"})

    assert not Group.objects.exists()
    assert [(act[0], act[3], act[4], act[5]) for act in acts()] == [
        ("console.added", "auth.group", str(group.pk), {}),
        ("console.changed", "auth.group", str(group.pk), {"fields": ["permissions"]}),
        ("console.deleted", "auth.group", str(group.pk), {}),
    ]


def test_groups_that_are_deleted_together_are_an_entry_each(ada):
    groups = [Group.objects.create(name=name) for name in ("One", "Two")]

    console_of(ada).post(
        "/admin/auth/group/",
        {
            "action": "delete_selected",
            "_selected_action": [str(group.pk) for group in groups],
            "post": "yes",
        },
    )

    assert not Group.objects.exists()
    assert len(acts()) == 2


def test_a_mail_that_is_sent_again_is_written_down(ada):
    mail = Mail.objects.create(to="layla@example.com", template="verify_email", attempts=20)

    run(console_of(ada), "/admin/common/mail/", "send_again", mail)

    assert [(act[0], act[3], act[5]) for act in acts()] == [
        ("console.acted", "common.mail", {"action": "send_again"})
    ]


def test_what_is_refused_is_not_written_down(ada):
    run(console_of(ada), USERS, "deactivate", ada)

    assert acts() == []


def test_an_act_that_can_not_be_written_down_is_not_done(ada, monkeypatch):
    layla = UserFactory()
    monkeypatch.delitem(audit.verbs, "console.acted")
    client = console_of(ada)
    client.raise_request_exception = False

    response = client.post(f"{USERS}{layla.pk}/deactivate/", {"answered": "yes"})

    assert response.status_code == 500
    layla.refresh_from_db()
    assert layla.is_active


# --- the log ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", [ENTRIES, CHECKS])
def test_the_log_is_for_those_who_may_see_it(page, ada):
    allowed = clerk("view_auditentry", "view_auditcheck")

    statuses = [
        console_of(user).get(page).status_code for user in (UserFactory(), clerk("view_user"), allowed, ada)
    ]

    assert statuses == [302, 403, 200, 200]


def test_the_log_is_read_only_for_superusers_too(ada):
    (entry,) = write()
    check = AuditCheck.objects.create(place=0)
    client = console_of(ada)

    statuses = [
        client.post(f"{page}{row.pk}/{door}/", {"verb": "user.registered", "post": "yes"}).status_code
        for page, row in ((ENTRIES, entry), (CHECKS, check))
        for door in ("change", "delete")
    ] + [client.get(f"{page}add/").status_code for page in (ENTRIES, CHECKS)]

    assert statuses == [403] * 6
    assert (AuditEntry.objects.get().verb, AuditCheck.objects.count()) == ("role.switched", 1)


@pytest.mark.parametrize("entries", [1, 45])
def test_the_list_takes_the_same_queries_however_long(entries, ada, django_assert_num_queries):
    for _ in range(entries):
        write(actor=UserFactory(), subject=UserFactory(), target=ada)
    client = console_of(ada)
    client.get(ENTRIES)

    with django_assert_num_queries(6):  # cookie session, its user, the head, what waits, last check, rows
        response = client.get(ENTRIES)

    assert len(shown(response)) == entries


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["console.acted", "role.switched", "username.changed"]),
        ({"category__exact": "security"}, ["username.changed"]),
        ({"verb": "role.switched"}, ["role.switched"]),
        ({"when": "24h"}, ["console.acted", "username.changed"]),
        ({"when": "30d"}, ["console.acted", "role.switched", "username.changed"]),
        ({"has_address": "yes"}, ["username.changed"]),
        ({"has_address": "no"}, ["console.acted", "role.switched"]),
    ],
)
def test_entries_are_filtered(query, found, ada):
    two_days_ago = timezone.now() - timezone.timedelta(days=2)
    AuditEntry.objects.create(id=first_id_at(two_days_ago), category="user", verb="role.switched")
    with structlog.contextvars.bound_contextvars(address="192.0.2.7"):
        write(category="security", verb="username.changed")
    write(category="admin", verb="console.acted")

    response = console_of(ada).get(ENTRIES, query)

    assert sorted(entry.verb for entry in shown(response)) == found


@pytest.mark.parametrize(
    "words",
    ["its id", "who", "whose", "the thing", "the session", "r-77", "192.0.2.7", "a request that we named"],
)
def test_entries_are_found_by_person_thing_request_session_and_address(words, ada):
    layla, omar, session = UserFactory(), UserFactory(), SessionFactory()
    ours = "0198c5b27d447000800000000000000f"
    where = {"address": "192.0.2.7", "session": str(session.pk)}
    request = ours if words == "a request that we named" else "r-77"
    with structlog.contextvars.bound_contextvars(request_id=request, **where):
        (entry,) = write(actor=layla, subject=omar, target=session)
    write(actor=ada)
    term = {
        "its id": str(entry.pk),
        "who": str(layla.pk),
        "whose": str(omar.pk),
        "the thing": str(session.pk),
        "the session": str(session.pk),
        "a request that we named": ours,
    }.get(words, words)

    response = console_of(ada).get(ENTRIES, {"q": term})

    assert shown(response) == [entry]


def test_an_entry_leads_to_the_people_and_the_thing(ada):
    layla, session = UserFactory(username="layla"), SessionFactory()
    (entry,) = write(actor=ada, subject=layla, target=session)

    html = console_of(ada).get(f"{ENTRIES}{entry.pk}/change/").content.decode()

    for page in (
        f"{USERS}{ada.pk}/change/",
        f"{USERS}{layla.pk}/change/",
        f"/admin/accounts/session/{session.pk}/change/",
        f"{ENTRIES}?q={session.pk}",
    ):
        assert f'href="{page}"' in html
    assert "@layla" in html


def test_of_people_and_things_that_are_gone_the_ids_are_left(ada):
    layla, session = UserFactory(username="layla"), SessionFactory()
    (entry,) = write(actor=layla, subject=layla, target=session)
    (strange,) = [
        AuditEntry.objects.create(category="admin", verb="no.more", target_type="gone.model", target="7")
    ]
    User.objects.filter(pk=layla.pk).delete()
    Session.objects.all().delete()
    client = console_of(ada)

    pages = [client.get(f"{ENTRIES}{each.pk}/change/") for each in (entry, strange)]

    assert [page.status_code for page in pages] == [200, 200]
    assert str(layla.pk) in pages[0].content.decode()
    assert f"/admin/accounts/session/{session.pk}/change/" not in pages[0].content.decode()
    assert client.get(ENTRIES).status_code == 200


def test_the_list_says_how_far_the_log_is_sealed_and_when_it_was_read(ada):
    write(2)
    seal_entries()
    write(3)
    client = console_of(ada)
    before = client.get(ENTRIES).content.decode()
    AuditCheck.objects.create(place=2, faults="Place 2 is missing.")

    response = client.get(ENTRIES)

    assert "Not yet" in before
    assert response.context["audit"]["head"] == read_anchor()
    assert response.context["audit"]["waiting"] == 3
    html = response.content.decode()
    assert read_anchor().hash in html
    assert "Not whole" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [({}, [1, 2, 3]), ({"state": "failed"}, [1, 2]), ({"state": "failed_lately"}, [2]), ({"q": "5"}, [2])],
)
def test_checks_are_listed_and_filtered(query, found, ada):
    AuditCheck.objects.create(place=1, faults="old", at=timezone.now() - timezone.timedelta(days=8))
    AuditCheck.objects.create(place=2, faults="Place 5 is missing.")
    AuditCheck.objects.create(place=3)

    response = console_of(ada).get(CHECKS, query)

    assert sorted(check.place for check in shown(response)) == found


# --- roles --------------------------------------------------------------------------------------------------
def roles_of(user: User) -> list[str]:
    return User.objects.get(pk=user.pk).roles


def test_staff_grant_a_role_to_many_and_take_it_away_from_one(ada):
    layla, omar = UserFactory.create_batch(2)
    client = console_of(ada)

    run(client, USERS, "grant", layla, omar, role="creator")
    client.post(f"{USERS}{omar.pk}/revoke/", {"answered": "yes", "role": "creator"})

    assert (roles_of(layla), roles_of(omar)) == (["member", "creator"], ["member"])
    verbs = AuditEntry.objects.order_by("id").values_list("verb", "subject")
    assert list(verbs) == [
        ("role.granted", omar.pk),
        ("console.acted", omar.pk),
        ("role.granted", layla.pk),
        ("console.acted", layla.pk),
        ("role.revoked", omar.pk),
        ("console.acted", omar.pk),
    ]


def test_the_question_asks_for_the_role_and_takes_no_other(ada):
    layla = UserFactory()
    client = console_of(ada)

    asked = client.post(USERS, {"action": "grant", "_selected_action": [str(layla.pk)]})
    wrong = run(client, USERS, "grant", layla, role="staff")

    assert (asked.status_code, wrong.status_code) == (200, 200)
    assert b'name="role"' in asked.content
    assert roles_of(layla) == ["member"]


@pytest.mark.parametrize(
    ("permissions", "granted"),
    [
        ([], ["member"]),
        (["view_user", "change_user"], ["member"]),
        (["view_user", "delete_rolegrant"], ["member"]),
        (["view_user", "add_rolegrant"], ["member", "moderator"]),
    ],
)
def test_whom_the_console_lets_grant(permissions, granted):
    layla = UserFactory()
    client = console_of(clerk(*permissions))

    run(client, USERS, "grant", layla, role="moderator")
    client.post(f"{USERS}{layla.pk}/grant/", {"answered": "yes", "role": "moderator"})

    assert roles_of(layla) == granted


def test_staff_who_may_grant_grant_nothing_to_themselves_and_to_colleagues():
    ben, colleague = clerk("view_user", "add_rolegrant"), UserFactory(is_staff=True)

    run(console_of(ben), USERS, "grant", ben, colleague, role="moderator")

    assert (roles_of(ben), roles_of(colleague)) == (["member", "staff"], ["member", "staff"])
    assert acts() == []


@pytest.mark.parametrize("door", ["grant", "revoke"])
@pytest.mark.parametrize("kind", ["member", "creator"])
def test_whoever_is_not_staff_is_sent_to_sign_in(kind, door):
    layla, actor = UserFactory(), UserFactory(role=kind)

    response = console_of(actor).post(f"{USERS}{layla.pk}/{door}/", {"answered": "yes", "role": "moderator"})

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")
    assert roles_of(layla) == ["member"]


def give_access(client: Client, user: User, **access: str) -> Any:
    return client.post(
        f"{USERS}{user.pk}/change/",
        {"display_name": user.display_name, "language": "en", "timezone": "UTC", **access, **empty_inlines()},
        follow=True,
    )


def test_access_is_given_by_a_superuser_and_written_down(ada):
    layla = UserFactory()

    give_access(console_of(ada), layla, is_staff="on")

    assert roles_of(layla) == ["member", "staff"]
    assert list(AuditEntry.objects.order_by("id").values_list("verb", "details")) == [
        ("role.granted", {"role": "staff"}),
        ("console.changed", {"fields": ["is_staff"]}),
    ]


def test_the_last_superuser_can_not_give_it_up_and_hears_why(ada):
    response = give_access(console_of(ada), ada, is_staff="on", first_name="Augusta")

    assert "This is the last superuser" in response.content.decode()
    ada.refresh_from_db()
    assert (ada.is_superuser, ada.first_name) == (True, "")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"holds": "creator"}, ["layla", "omar"]),
        ({"holds": "moderator"}, []),
        ({"role__exact": "creator"}, ["omar"]),
        ({"is_staff__exact": "1"}, ["ada"]),
    ],
)
def test_people_are_filtered_by_role(query, found, ada):
    layla, omar = UserFactory(username="layla"), UserFactory(username="omar")
    UserFactory(username="mina")
    run(console_of(ada), USERS, "grant", layla, omar, role="creator")
    User.objects.filter(pk=omar.pk).update(role="creator")

    response = console_of(ada).get(USERS, query)

    assert sorted(user.username for user in response.context["cl"].result_list) == found


def test_the_page_of_a_person_says_who_gave_them_which_role(ada):
    layla = UserFactory()
    run(console_of(ada), USERS, "grant", layla, role="creator")

    html = console_of(ada).get(f"{USERS}{layla.pk}/change/").content.decode()

    assert f'href="{USERS}{ada.pk}/change/"' in html
    assert "creator" in html
