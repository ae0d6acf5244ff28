"""Rules for addresses and countries: how they are written, and what they do at every door."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AddressRule, AddressRulesVersion, AuditEntry
from accounts.problems import AddressRuleExists, WouldLockOut
from accounts.services import (
    add_address_rule,
    change_address_rule,
    clear_address_rules,
    is_denied,
    remove_address_rule,
)
from accounts.tests.factories import PASSWORD, SessionFactory, UserFactory, rule, staff
from common.actors import SYSTEM
from common.gate import Gate
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db

HERE = "203.0.113.7"
ELSEWHERE = "198.51.100.1"
ME = "/api/v1/users/me"


def stranger(address=HERE, **more):
    return APIClient(REMOTE_ADDR=address, **more)


def there():
    return sorted(str(each) for each in AddressRule.objects.all())


def recorded():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "details__value"))


# --- Writing them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "stored", "kind"),
    [
        ("203.0.113.7/24", "203.0.113.0/24", "network"),
        (" 203.0.113.7 ", "203.0.113.7/32", "network"),
        ("2001:DB8::/32", "2001:db8::/32", "network"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24", "network"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", f"{'ffff:' * 7}ffff/128", "network"),
        ("SA", "SA", "country"),
        ("sa", "SA", "country"),
    ],
)
def test_a_rule_has_one_spelling(value, stored, kind):
    ada = staff(username="ada")

    made = add_address_rule(actor=ada, effect="deny", value=value, note="spam")

    made.refresh_from_db()
    assert (made.value, made.kind, made.effect, made.note) == (stored, kind, "deny", "spam")
    assert (made.created_by, made.expires_at) == (ada, None)


@pytest.mark.parametrize("value", ["", "203.0.113.0/33", "example.com", "UK", "Saudi Arabia", "X1", "*"])
def test_what_is_neither_a_network_nor_a_country_is_refused(value):
    with pytest.raises(ValidationError, match="Write a network"):
        add_address_rule(actor=SYSTEM, effect="deny", value=value)

    assert there() == []


def test_saying_the_same_twice_is_saying_it_once():
    first, second = rule("deny 203.0.113.0/24"), rule("deny 203.0.113.9/24")

    assert first == second
    assert AddressRulesVersion.current() == 1
    assert recorded() == [("address_rule.added", "203.0.113.0/24")]


def test_there_is_one_rule_for_a_network():
    rule("deny 203.0.113.0/24")
    other = rule("deny 198.51.100.0/24")

    with pytest.raises(AddressRuleExists):
        rule("allow 203.0.113.0/24")
    with pytest.raises(AddressRuleExists):
        change_address_rule(actor=SYSTEM, rule=other, value="203.0.113.0/24")

    assert there() == ["deny 198.51.100.0/24", "deny 203.0.113.0/24"]
    assert AddressRulesVersion.current() == 2


@pytest.mark.parametrize(
    "row",
    [{"value": "203.0.113.0/24", "kind": "network"}, {"value": "SA", "kind": "network"}]
    + [{"value": "198.51.100.0/24", "kind": "country"}, {"value": "198.51.100.0/24", "kind": "other"}],
)
def test_the_database_holds_no_second_rule_and_none_of_another_kind(row):
    rule("deny 203.0.113.0/24")

    with pytest.raises(IntegrityError), transaction.atomic():
        AddressRule.objects.create(effect="deny", **row)


def test_each_change_takes_the_next_version_and_is_recorded():
    ada = staff(username="ada")
    made = add_address_rule(actor=ada, effect="deny", value="203.0.113.0/24")
    change_address_rule(actor=ada, rule=made, effect="deny", note="")  # says what it says
    change_address_rule(actor=ada, rule=made, effect="allow", value="198.51.100.0/24")
    removed = [remove_address_rule(actor=ada, rule=made) for _ in range(2)]

    assert removed == [True, False]
    assert there() == []
    assert AddressRulesVersion.current() == 3
    entries = list(AuditEntry.objects.order_by("pk"))
    assert {(entry.category, entry.actor, entry.target) for entry in entries} == {
        ("admin", ada.pk, str(made.pk))
    }
    now = {"effect": "allow", "value": "198.51.100.0/24", "expires_at": None}
    was = {"effect": "deny", "value": "203.0.113.0/24", "expires_at": None}
    assert [(entry.verb, entry.details) for entry in entries] == [
        ("address_rule.added", was),
        ("address_rule.changed", now | {"was": was}),
        ("address_rule.removed", now),
    ]


def test_a_rule_has_no_other_fields():
    made = rule("deny 203.0.113.0/24")

    with pytest.raises(TypeError, match="kind"):
        change_address_rule(actor=SYSTEM, rule=made, kind="country")


def test_who_made_a_rule_may_go():
    ada = staff(username="ada")
    made = add_address_rule(actor=ada, effect="deny", value="SA")

    ada.delete()

    made.refresh_from_db()
    assert made.created_by is None


# --- Not locking oneself out --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["203.0.113.7", "203.0.113.0/24", "0.0.0.0/0", "SA"])
def test_nobody_denies_themselves(value, geoip):
    with pytest.raises(WouldLockOut) as refused:
        add_address_rule(actor=staff(), effect="deny", value=value, actor_address=HERE)

    assert refused.value.detail == "This would deny 203.0.113.7, where you are."
    assert there() == []
    assert recorded() == []
    assert AddressRulesVersion.current() == 0


@pytest.mark.parametrize("value", ["198.51.100.0/24", "2001:db8::/32", "::/0", "DE"])
def test_others_may_be_denied(value, geoip):
    add_address_rule(actor=staff(), effect="deny", value=value, actor_address=HERE)

    assert AddressRule.objects.count() == 1


def test_who_is_allowed_by_another_rule_may_deny_what_is_around_them():
    rule("allow 203.0.113.7/32")

    add_address_rule(actor=staff(), effect="deny", value="0.0.0.0/0", actor_address=HERE)

    assert there() == ["allow 203.0.113.7/32", "deny 0.0.0.0/0"]


def test_what_keeps_somebody_in_is_neither_changed_nor_removed_by_them():
    office = rule("allow 203.0.113.0/24")
    rule("deny 0.0.0.0/0")
    before = list(AddressRule.objects.values())
    past = timezone.now() - timedelta(minutes=1)

    for change in ({"effect": "deny"}, {"value": "203.0.113.8"}, {"expires_at": past}):
        with pytest.raises(WouldLockOut):
            change_address_rule(actor=staff(), rule=office, actor_address=HERE, **change)
    with pytest.raises(WouldLockOut):
        remove_address_rule(actor=staff(), rule=office, actor_address=HERE)

    assert list(AddressRule.objects.values()) == before
    assert remove_address_rule(actor=staff(), rule=office, actor_address="2001:db8::1")


@pytest.mark.django_db(transaction=True)
def test_of_many_who_add_one_network_at_once_one_does():
    def add(number):
        try:
            return str(rule("deny 203.0.113.0/24" if number % 2 else "allow 203.0.113.0/24"))
        except AddressRuleExists:
            return "exists"

    answers = at_once(10, add)

    assert sorted(answers) == sorted(there() * 5 + ["exists"] * 5)
    assert AddressRulesVersion.current() == 1


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_lock_nobody_out_together():
    """Each alone would leave the person one way in."""
    first, second = rule("allow 203.0.113.7/32"), rule("allow 203.0.113.0/24")
    rule("deny 0.0.0.0/0")

    def remove(number):
        try:
            return remove_address_rule(actor=SYSTEM, rule=[first, second][number], actor_address=HERE)
        except WouldLockOut:
            return "refused"

    answers = at_once(2, remove)

    assert sorted(map(str, answers)) == ["True", "refused"]
    assert not is_denied(address=HERE)


# --- At the door --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/api/v1/users/me", "/api/v1/auth/login", "/api/health", "/api/docs", "/api/schema", "/api/nothing"]
    + ["/", "/admin/", "/admin/login/", "/static/unfold/css/styles.css", "/dev/outbox", "/nothing"],
)
def test_a_denied_address_gets_nothing_anywhere(path, watched_gate):
    rule("deny 203.0.113.0/24")

    response = stranger().get(path)

    body = response.json()
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["code"] == "address_denied"
    assert (body.get("request_id") or body["requestId"]) == response.headers["X-Request-ID"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    served = stranger(ELSEWHERE).get(path)
    served.close()
    assert served.status_code != 403


@pytest.mark.parametrize("path", ["/api/health/live", "/api/health/ready", "/api/health/live/"])
def test_no_rule_hides_the_process_from_its_orchestrator(path, watched_gate):
    rule("deny 0.0.0.0/0")

    assert stranger().get(path).status_code == 200


def test_a_browser_gets_a_page(watched_gate):
    rule("deny 203.0.113.0/24")

    response = stranger(HTTP_ACCEPT="text/html,application/xhtml+xml,*/*;q=0.8").get("/admin/")

    assert response.status_code == 403
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Requests from your address are not served here" in response.text
    assert response.headers["X-Request-ID"] in response.text


def test_a_refusal_has_the_manners_of_its_door(watched_gate):
    rule("deny 203.0.113.0/24")

    older, newer = stranger().get("/api/auth/profile"), stranger().get(ME)

    assert older.json() == {
        "success": False,
        "type": "http://testserver/api/docs/problems#address_denied",
        "title": "Requests from this address are not served here.",
        "status": 403,
        "detail": "Requests from this address are not served here.",
        "code": "address_denied",
        "requestId": older.headers["X-Request-ID"],
        "error": "Requests from this address are not served here.",
    }
    assert older.headers["Deprecation"]
    assert (newer.headers["API-Version"], "success" in newer.json()) == ("1", False)


def test_whoever_is_signed_in_is_denied_like_anybody(layla, client_of, watched_gate):
    client = client_of(layla)
    rule("deny 203.0.113.0/24")

    assert client.get(ME, REMOTE_ADDR=HERE).json()["code"] == "address_denied"
    assert client.get(ME, REMOTE_ADDR=ELSEWHERE).status_code == 200


def test_a_denied_address_changes_nothing(watched_gate):
    UserFactory(username="layla")
    rule("deny 203.0.113.0/24")

    response = stranger().post("/api/v1/auth/login", {"email": "layla@example.com", "password": PASSWORD})

    assert response.json()["code"] == "address_denied"
    assert not SessionFactory._meta.model.objects.exists()


def test_a_change_is_felt_at_once_in_the_process_that_looks(watched_gate):
    made = rule("deny 203.0.113.0/24")
    statuses = [stranger().get("/api/health").status_code]
    change_address_rule(actor=SYSTEM, rule=made, effect="allow")
    statuses.append(stranger().get("/api/health").status_code)
    change_address_rule(actor=SYSTEM, rule=made, effect="deny")
    statuses.append(stranger().get("/api/health").status_code)
    remove_address_rule(actor=SYSTEM, rule=made)
    statuses.append(stranger().get("/api/health").status_code)

    assert statuses == [403, 200, 403, 200]


def test_a_change_is_felt_in_every_process(settings):
    settings.ADDRESS_RULES_SWEEP = -1
    first, second = Gate(), Gate()
    answers = [(first.admits(HERE), second.admits(HERE))]

    for change in (lambda: rule("deny 203.0.113.0/24"), lambda: clear_address_rules(actor=SYSTEM)):
        change()
        answers.append((first.admits(HERE), second.admits(HERE)))

    assert answers == [(True, True), (False, False), (True, True)]


def test_a_rule_that_has_expired_denies_nobody(watched_gate):
    now = timezone.now()
    rule("deny 203.0.113.0/24", expires_at=now + timedelta(hours=1))

    with time_machine.travel(now, tick=False) as clock:
        before = stranger().get("/api/health").status_code
        clock.shift(timedelta(hours=1))

        assert (before, stranger().get("/api/health").status_code) == (403, 200)


@pytest.mark.parametrize(("rules", "queries"), [(1, 1), (200, 1)])
def test_a_look_takes_one_query_and_between_looks_there_is_none(
    rules, queries, settings, watched_gate, django_assert_num_queries
):
    for number in range(rules):
        rule(f"deny 198.51.100.{number}/32")
    stranger().get("/api/health/live/nothing")

    with django_assert_num_queries(queries):  # the version
        stranger().get("/api/health/live/nothing")
    settings.ADDRESS_RULES_SWEEP = 2.0
    with django_assert_num_queries(0):
        stranger().get("/api/health/live/nothing")


# --- Countries ----------------------------------------------------------------------------------------------


def test_a_country_is_denied_by_the_file(geoip, watched_gate):
    rule("deny SA")

    answers = {
        address: stranger(address).get("/api/health").status_code
        for address in (HERE, "2001:db8:1::7", ELSEWHERE, "192.0.2.1", "2001:db8:2::7")
    }

    assert answers == {
        HERE: 403,
        "2001:db8:1::7": 403,
        ELSEWHERE: 200,
        "192.0.2.1": 200,  # of no known country
        "2001:db8:2::7": 200,
    }


@pytest.mark.parametrize("file", ["", "/nowhere/places.mmdb"])
def test_without_a_file_no_country_is_denied(file, settings, watched_gate):
    settings.GEOIP_DATABASE = file
    rule("deny SA")

    assert stranger().get("/api/health").status_code == 200
    assert not is_denied(address=HERE)


# --- Whose address counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "status"),
    [
        (HERE, "198.51.100.1", 403),  # nobody believes a stranger
        (ELSEWHERE, "203.0.113.7", 200),
        ("10.0.0.1", "203.0.113.7", 403),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", 403),  # the left one was sent, not seen
        ("10.0.0.1", "203.0.113.7, 198.51.100.1", 200),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", 403),
        ("::ffff:203.0.113.7", "", 403),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.7", 403),
    ],
)
def test_behind_our_proxies_the_client_is_denied_and_not_the_proxy(
    peer, forwarded_for, status, settings, watched_gate
):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    rule("deny 203.0.113.0/24")

    response = stranger(peer, HTTP_X_FORWARDED_FOR=forwarded_for).get("/api/health")

    assert response.status_code == status


# --- The way back -------------------------------------------------------------------------------------------


def manage(capsys, *words):
    call_command("addresses", *words)
    return capsys.readouterr().out


def test_an_operator_lists_rules(capsys):
    ada = staff(username="ada")
    now = timezone.now()
    add_address_rule(actor=ada, effect="deny", value="SA", note="embargo")
    rule("deny 203.0.113.0/24", expires_at=now.replace(year=2021, month=2, day=3, hour=4, minute=5))
    rule("allow 2001:db8::/32")

    lines = manage(capsys, "list").splitlines()

    assert [line.split() for line in lines] == [
        ["allow", "2001:db8::/32"],
        ["deny", "203.0.113.0/24", "until", "2021-02-03", "04:05", "UTC", "(expired)"],
        ["deny", "SA", "by", "@ada", "embargo"],
    ]


def test_an_operator_adds_and_removes_rules(capsys):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        manage(capsys, "deny", "203.0.113.7/24", "--note", "spam", "--hours", "1.5")
        manage(capsys, "allow", "sa")

    deny, allow = AddressRule.objects.order_by("id")
    assert (str(deny), deny.note, deny.expires_at) == (
        "deny 203.0.113.0/24",
        "spam",
        now + timedelta(hours=1.5),
    )
    assert (str(allow), allow.expires_at, allow.created_by) == ("allow SA", None, None)
    assert manage(capsys, "remove", "203.0.113.0/24") == "deny 203.0.113.0/24: removed.\n"
    assert there() == ["allow SA"]


def test_an_operator_lets_everybody_in_again(capsys, watched_gate):
    rule("deny 0.0.0.0/0")
    rule("deny ::/0")
    denied = stranger().get("/api/health").status_code

    said = [manage(capsys, "clear"), manage(capsys, "clear")]

    assert said == ["2 removed: everybody is served.\n", "0 removed: everybody is served.\n"]
    assert (denied, stranger().get("/api/health").status_code) == (403, 200)
    assert [verb for verb, _ in recorded()][2:] == ["address_rule.removed", "address_rule.removed"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (HERE, "203.0.113.7 (Riyadh, SA): not served\n  deny SA  embargo\n  deny 203.0.113.0/24\n"),
        ("::ffff:203.0.113.9", "203.0.113.9 (Riyadh, SA): served\n"),
        ("192.0.2.1", "192.0.2.1 (unknown place): served\n"),
    ],
)
def test_an_operator_asks_why(address, said, geoip, capsys):
    rule("deny 203.0.113.0/24")
    rule("deny SA", note="embargo")
    rule("allow 203.0.113.9")

    assert manage(capsys, "check", address).startswith(said)


def test_an_operator_is_told_that_there_is_no_file(capsys, settings):
    settings.GEOIP_DATABASE = ""

    assert manage(capsys, "check", HERE) == "203.0.113.7 (no GeoIP file): served\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["remove", "198.51.100.0/24"], "There is no rule for 198.51.100.0/24."),
        (["remove", "everything"], "Write a network"),
        (["deny", "UK"], "Write a network"),
        (["allow", "203.0.113.0/24"], "There is a rule for this network or country already."),
        (["check", "example.com"], "example.com is no address."),
    ],
)
def test_an_operator_is_told_what_is_wrong(words, said):
    rule("deny 203.0.113.0/24")

    with pytest.raises(CommandError, match=said):
        call_command("addresses", *words)

    assert there() == ["deny 203.0.113.0/24"]
