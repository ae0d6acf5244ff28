"""What people are here as: who holds a role, who acts as it, who may give it."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from accounts import policies
from accounts.models import AuditEntry, Role, RoleGrant, User
from accounts.problems import LastSuperuser, RoleNotHeld
from accounts.services import grant_role, revoke_role, set_access, set_active, switch_role
from accounts.tests.consoles import clerk
from accounts.tests.factories import UserFactory, staff
from common.actors import SYSTEM
from common.models import LogEntry
from common.problems import NotAllowed
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

SWITCH = "/api/v1/users/me/switch-role"


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


def told(user: User) -> list[tuple[str, dict[str, str]]]:
    """What stands in the person's own stream."""
    return list(LogEntry.objects.filter(topic=f"user:{user.pk}").order_by("seq").values_list("type", "data"))


def noted() -> list[tuple[str, object, object, dict[str, str]]]:
    return list(AuditEntry.objects.order_by("id").values_list("verb", "actor", "subject", "details"))


def access(user: User) -> tuple[bool, bool]:
    user = User.objects.get(pk=user.pk)
    return user.is_staff, user.is_superuser


# --- acting as one ------------------------------------------------------------------------------------------
def test_a_role_is_granted_switched_to_and_taken_away(ada, layla, client_of):
    client = client_of(layla)

    assert grant_role(actor=ada, user=layla, role=Role.CREATOR)
    me = client.get("/api/v1/users/me").json()
    switched = client.post(SWITCH, {"role": "creator"})
    assert revoke_role(actor=ada, user=layla, role=Role.CREATOR)

    assert (me["role"], me["roles"]) == ("member", ["member", "creator"])
    assert switched.status_code == 200
    assert switched.json() == me | {"role": "creator"}
    layla = User.objects.get(pk=layla.pk)
    assert (layla.role, layla.roles) == ("member", ["member"])
    assert told(layla) == [
        ("role.granted", {"role": "creator"}),
        ("role.switched", {"role": "creator"}),
        ("role.revoked", {"role": "creator", "active": "member"}),
    ]
    assert noted() == [
        ("role.granted", ada.pk, layla.pk, {"role": "creator"}),
        ("role.switched", layla.pk, layla.pk, {"from": "member", "to": "creator"}),
        ("role.revoked", ada.pk, layla.pk, {"role": "creator"}),
    ]


def test_a_role_that_is_not_acted_as_is_taken_away_alone(ada, layla):
    for role in (Role.CREATOR, Role.MODERATOR):
        grant_role(actor=ada, user=layla, role=role)
    switch_role(user=layla, role=Role.MODERATOR)

    revoke_role(actor=ada, user=layla, role=Role.CREATOR)

    layla = User.objects.get(pk=layla.pk)
    assert (layla.role, layla.roles) == ("moderator", ["member", "moderator"])
    assert told(layla)[-1] == ("role.revoked", {"role": "creator", "active": "moderator"})


def test_doing_it_twice_changes_and_tells_nothing(ada, layla):
    first = [
        grant_role(actor=ada, user=layla, role=Role.CREATOR),
        grant_role(actor=ada, user=layla, role=Role.CREATOR),
    ]
    switch_role(user=layla, role=Role.CREATOR)
    switch_role(user=layla, role=Role.CREATOR)
    second = [
        revoke_role(actor=ada, user=layla, role=Role.CREATOR),
        revoke_role(actor=ada, user=layla, role=Role.CREATOR),
    ]

    assert (first, second) == ([True, False], [True, False])
    assert [type_ for type_, _ in told(layla)] == ["role.granted", "role.switched", "role.revoked"]
    assert [verb for verb, *_ in noted()] == ["role.granted", "role.switched", "role.revoked"]


@pytest.mark.parametrize("role", ["creator", "marketer", "moderator", "staff"])
def test_a_role_that_is_not_held_is_refused(role, layla, client_of):
    response = client_of(layla).post(SWITCH, {"role": role})

    assert response.status_code == 403
    assert response.json()["code"] == "role_not_held"
    assert response.json()["denied_by"] == {"action": "role.switch", "role": "member"}
    layla.refresh_from_db()
    assert layla.role == "member"
    assert (told(layla), noted()) == ([], [])


def test_staff_act_as_staff_and_back(client_of):
    client = client_of(UserFactory(is_staff=True))

    answers = [client.post(SWITCH, {"role": role}).json()["role"] for role in ("staff", "member")]

    assert answers == ["staff", "member"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"role": "owner"}, "invalid_choice"),
        ({"role": None}, "null"),
        ({"role": 1}, "invalid_choice"),
        ({"role": ["member"]}, "invalid_choice"),
        ({"role": "member", "user": "x"}, "unknown_field"),
        ([], "invalid"),
        ({"role": "m" * 100_000}, "invalid_choice"),
    ],
)
def test_a_role_is_one_of_five(body, code, layla, client_of):
    response = client_of(layla).post(SWITCH, body)

    assert response.status_code == 400
    assert [error["code"] for error in response.json()["errors"]] == [code]


def test_a_body_too_large_is_refused(layla, client_of):
    response = client_of(layla).post(SWITCH, {"role": "m" * 1_048_576})

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_a_stranger_acts_as_nobody(client):
    assert client.post(SWITCH, {"role": "member"}).status_code == 401


@pytest.mark.parametrize(
    "old", ["/api/user/switch-role", "/api/account/switch-role", "/api/v1/user/switch-role"]
)
def test_the_older_paths_lead_there(old, layla, client_of):
    response = client_of(layla).post(old, {"role": "member"})

    assert response.status_code == 200
    assert "Deprecation" in response.headers


@pytest.mark.parametrize("role", [Role.MEMBER, Role.STAFF])
def test_what_everybody_or_staff_are_is_no_grant(role, ada, layla):
    with pytest.raises(TypeError):
        grant_role(actor=ada, user=layla, role=role)
    with pytest.raises(TypeError):
        revoke_role(actor=ada, user=layla, role=role)

    assert not RoleGrant.objects.exists()


# --- escalation ---------------------------------------------------------------------------------------------
def person(kind: str) -> User:
    match kind:
        case "member":
            return UserFactory()
        case "creator" | "moderator":
            user = UserFactory()
            grant_role(actor=SYSTEM, user=user, role=Role(kind))
            return switch_role(user=user, role=Role(kind))
        case "inactive superuser":
            return staff(is_active=False)
        case "staff":
            return clerk("view_user", "change_user")
        case "staff who may grant":
            return clerk("add_rolegrant", "delete_rolegrant")
        case "ex-staff who may grant":
            user = clerk("add_rolegrant", "delete_rolegrant")
            User.objects.filter(pk=user.pk).update(is_staff=False)
            return User.objects.get(pk=user.pk)
    return staff()


# Who: may they grant a role to a member, to staff; take it away; change access to the console.
RIGHTS = {
    "member": (False, False, False, False),
    "creator": (False, False, False, False),
    "moderator": (False, False, False, False),
    "staff": (False, False, False, False),
    "ex-staff who may grant": (False, False, False, False),
    "staff who may grant": (True, False, True, False),
    "inactive superuser": (False, False, False, False),
    "superuser": (True, True, True, True),
}


def was_done(attempt: Callable[[], bool]) -> bool:
    try:
        return attempt()
    except NotAllowed:
        return False


@pytest.mark.parametrize("kind", RIGHTS)
def test_who_may_give_and_take(kind, layla):
    actor, colleague = person(kind), UserFactory(is_staff=True)
    holder = UserFactory()
    grant_role(actor=SYSTEM, user=holder, role=Role.MARKETER)
    before = AuditEntry.objects.count()

    done = (
        was_done(lambda: grant_role(actor=actor, user=layla, role=Role.MODERATOR)),
        was_done(lambda: grant_role(actor=actor, user=colleague, role=Role.MODERATOR)),
        was_done(lambda: revoke_role(actor=actor, user=holder, role=Role.MARKETER)),
        was_done(lambda: set_access(actor=actor, user=layla, is_staff=True, is_superuser=True)),
    )

    assert done == RIGHTS[kind]
    assert RoleGrant.objects.filter(user=layla).exists() is RIGHTS[kind][0]
    assert RoleGrant.objects.filter(user=colleague).exists() is RIGHTS[kind][1]
    assert RoleGrant.objects.filter(user=holder).exists() is not RIGHTS[kind][2]
    assert access(layla) == (RIGHTS[kind][3], RIGHTS[kind][3])
    # Becoming a superuser and staff are two entries.
    assert AuditEntry.objects.count() - before == sum(RIGHTS[kind]) + RIGHTS[kind][3]


@pytest.mark.parametrize("kind", RIGHTS)
def test_nobody_raises_themselves(kind):
    actor = person(kind)
    before = (access(actor), actor.roles)

    with pytest.raises(NotAllowed):
        grant_role(actor=actor, user=actor, role=Role.MARKETER)
    if not actor.is_superuser:
        with pytest.raises(NotAllowed):
            set_access(actor=actor, user=actor, is_staff=True, is_superuser=True)

    assert (access(actor), User.objects.get(pk=actor.pk).roles) == before


def test_a_superuser_without_the_console_does_not_let_themselves_in():
    actor = UserFactory(is_superuser=True)

    with pytest.raises(NotAllowed, match="yourself"):
        set_access(actor=actor, user=actor, is_staff=True, is_superuser=False)

    assert access(actor) == (False, True)


def test_holding_a_role_is_not_acting_as_it(layla):
    table = {"report.review": policies.Rule(roles=frozenset({Role.MODERATOR}))}
    grant_role(actor=SYSTEM, user=layla, role=Role.MODERATOR)

    with pytest.raises(NotAllowed) as refused:
        policies.require(layla, "report.review", table=table)
    layla = switch_role(user=layla, role=Role.MODERATOR)

    assert refused.value.extra["denied_by"] == {"action": "report.review", "role": "member"}
    assert policies.may(layla, "report.review", table=table)


def test_what_staff_act_as_says_nothing_of_their_rights_at_the_console(layla):
    ben = clerk("add_rolegrant")
    as_member = policies.may(ben, "role.grant")

    ben = switch_role(user=ben, role=Role.STAFF)

    assert (as_member, policies.may(ben, "role.grant")) == (True, True)


# --- access to the console ----------------------------------------------------------------------------------
def test_access_is_given_and_taken_and_told(ada, layla):
    assert set_access(actor=ada, user=layla, is_staff=True, is_superuser=False)
    assert not set_access(actor=ada, user=layla, is_staff=True, is_superuser=False)
    switch_role(user=layla, role=Role.STAFF)
    assert set_access(actor=ada, user=layla, is_staff=True, is_superuser=True)
    assert set_access(actor=ada, user=layla, is_staff=False, is_superuser=False)

    layla = User.objects.get(pk=layla.pk)
    assert (layla.role, layla.roles, access(layla)) == ("member", ["member"], (False, False))
    assert told(layla) == [
        ("role.granted", {"role": "staff"}),
        ("role.switched", {"role": "staff"}),
        ("role.revoked", {"role": "staff", "active": "member"}),
    ]
    assert noted() == [
        ("role.granted", ada.pk, layla.pk, {"role": "staff"}),
        ("role.switched", layla.pk, layla.pk, {"from": "member", "to": "staff"}),
        ("role.granted", ada.pk, layla.pk, {"role": "superuser"}),
        ("role.revoked", ada.pk, layla.pk, {"role": "superuser"}),
        ("role.revoked", ada.pk, layla.pk, {"role": "staff"}),
    ]


@pytest.mark.parametrize("is_active", [True, False])
def test_the_last_superuser_stays(is_active, ada):
    staff(is_active=False)
    colleague = staff(is_active=is_active)

    def give_up(user: User) -> bool:
        return set_access(actor=ada, user=user, is_staff=True, is_superuser=False)

    if is_active:
        assert give_up(colleague)
    with pytest.raises(LastSuperuser):
        give_up(ada)
    with pytest.raises(LastSuperuser):
        set_active(user=ada, active=False, actor=ada)

    ada.refresh_from_db()
    assert (access(ada), ada.is_active) == ((True, True), True)


def test_one_of_two_superusers_goes(ada):
    staff()

    assert set_access(actor=ada, user=ada, is_staff=False, is_superuser=False)

    assert access(ada) == (False, False)


# --- races --------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_two_superusers_who_remove_each_other_at_once_one_stays():
    pair = [staff(), staff()]

    def remove(number: int) -> str:
        try:
            set_access(actor=pair[number], user=pair[1 - number], is_staff=True, is_superuser=False)
        except LastSuperuser as refusal:
            return refusal.code
        return "removed"

    assert sorted(at_once(2, remove)) == ["last_superuser", "removed"]
    assert User.objects.filter(is_superuser=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_role_that_many_grant_at_once_is_granted_once(layla):
    actors = [staff() for _ in range(6)]

    outcomes = at_once(6, lambda n: grant_role(actor=actors[n], user=layla, role=Role.CREATOR))

    assert sorted(outcomes) == [False] * 5 + [True]
    assert [type_ for type_, _ in told(layla)] == ["role.granted"]
    assert AuditEntry.objects.filter(verb="role.granted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_nobody_acts_as_a_role_that_is_taken_away_at_that_moment():
    ada = staff()
    for _ in range(5):
        user = UserFactory()
        grant_role(actor=ada, user=user, role=Role.CREATOR)

        def work(number: int, user: User = user) -> None:
            if number % 2:
                revoke_role(actor=ada, user=user, role=Role.CREATOR)
            else:
                with suppress(RoleNotHeld):
                    switch_role(user=user, role=Role.CREATOR)

        at_once(4, work)

        user = User.objects.get(pk=user.pk)
        assert (user.role, user.roles) == ("member", ["member"])
