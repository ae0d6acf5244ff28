"""Address rules in the staff console: who may see and write them, and what it refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry as Note
from django.test import Client
from django.utils import timezone

from accounts.models import AddressRule, AddressRulesVersion, User
from accounts.services import add_address_rule, remove_address_rule
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import SessionFactory, rule, staff
from common.actors import SYSTEM

pytestmark = pytest.mark.django_db

RULES = "/admin/accounts/addressrule/"
ADD = f"{RULES}add/"
HERE = "203.0.113.7"


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


def at(address: str, user: User) -> Client:
    client = console_of(user)
    client.defaults["REMOTE_ADDR"] = address
    return client


def page_of(row: AddressRule) -> str:
    return f"{RULES}{row.pk}/change/"


def form(effect: str = "deny", value: str = "198.51.100.0/24", note: str = "", **more: str) -> dict[str, str]:
    return {"effect": effect, "value": value, "note": note} | more


def errors(response: Any) -> str:
    return response.context["adminform"].form.errors.as_text()


def there() -> list[str]:
    return sorted(str(each) for each in AddressRule.objects.all())


# --- writing ---
def test_staff_add_a_rule(ada):
    until = {"expires_at_0": "2030-01-02", "expires_at_1": "03:04:00"}

    response = at(HERE, ada).post(ADD, form(value="198.51.100.9/24", note="spam", **until))

    made = AddressRule.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, RULES)
    assert (str(made), made.note, made.created_by) == ("deny 198.51.100.0/24", "spam", ada)
    assert made.expires_at == datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
    assert AddressRulesVersion.current() == 1
    assert [(note.object_id, note.action_flag) for note in Note.objects.all()] == [(str(made.pk), 1)]


def test_staff_change_a_rule(ada):
    made = rule("deny 198.51.100.0/24")

    response = at(HERE, ada).post(page_of(made), form("allow", "sa", "the office"))

    made.refresh_from_db()
    assert response.status_code == 302
    assert (str(made), made.kind, made.note) == ("allow SA", "country", "the office")
    assert AddressRulesVersion.current() == 2


def test_staff_remove_rules(ada):
    one, two, three = rule("deny SA"), rule("deny DE"), rule("deny OM")
    client = at(HERE, ada)

    listed = client.post(
        RULES,
        {"action": "remove", "_selected_action": [str(one.pk), str(two.pk)], "answered": "yes"},
    )
    single = client.post(f"{RULES}{three.pk}/remove/", {"answered": "yes"})

    assert (listed.status_code, single.status_code, single.headers["Location"]) == (302, 302, RULES)
    assert there() == []
    assert AddressRulesVersion.current() == 6


def test_removing_asks_first(ada):
    made = rule("deny SA")

    response = at(HERE, ada).get(f"{RULES}{made.pk}/remove/")

    assert b"Take the rule away" in response.content
    assert there() == ["deny SA"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (form(value="example.com"), "Write a network"),
        (form(value="UK"), "Write a network"),
        (form(value=""), "This field is required."),
        (form(effect="ask"), "Select a valid choice."),
        (form(value="2001:db8::/32"), "There is a rule for this network or country already."),
    ],
)
def test_the_form_says_what_is_wrong(given, said, ada):
    rule("allow 2001:db8::/32")

    response = at(HERE, ada).post(ADD, given)

    assert response.status_code == 200
    assert said in errors(response)
    assert there() == ["allow 2001:db8::/32"]


# --- not locking oneself out ---
@pytest.mark.parametrize("value", ["203.0.113.7", "203.0.113.0/24", "0.0.0.0/0", "SA"])
def test_the_form_refuses_to_deny_whoever_sends_it(value, ada, geoip):
    response = at(HERE, ada).post(ADD, form(value=value))

    assert response.status_code == 200
    assert "This would deny 203.0.113.7, where you are." in errors(response)
    assert there() == []
    assert AddressRulesVersion.current() == 0


def test_behind_a_proxy_it_is_the_address_of_the_person_that_counts(ada, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    client = at("10.0.0.1", ada)
    client.defaults["HTTP_X_FORWARDED_FOR"] = f"192.0.2.66, {HERE}"

    refused, made = client.post(ADD, form(value=HERE)), client.post(ADD, form(value="192.0.2.66"))

    assert "This would deny 203.0.113.7, where you are." in errors(refused)
    assert (made.status_code, there()) == (302, ["deny 192.0.2.66/32"])


def test_what_keeps_somebody_in_they_neither_change_nor_remove(ada):
    office = rule("allow 203.0.113.0/24")
    rule("deny 0.0.0.0/0")
    client = at(HERE, ada)

    changed = client.post(page_of(office), form("deny", "203.0.113.0/24"))
    removed = client.post(f"{RULES}{office.pk}/remove/", {"answered": "yes"}, follow=True)

    assert "This would deny 203.0.113.7, where you are." in errors(changed)
    assert b"This would deny 203.0.113.7, where you are." in removed.content
    assert there() == ["allow 203.0.113.0/24", "deny 0.0.0.0/0"]


def test_who_is_faster_by_a_moment_leaves_a_clear_answer(ada, monkeypatch):
    made = rule("deny SA")
    monkeypatch.setattr(
        "accounts.admin.addresses.AddressRuleForm.clean",
        lambda form: remove_address_rule(actor=SYSTEM, rule=made) and None,
    )

    response = at(HERE, ada).post(page_of(made), form("allow", "SA"), follow=True)

    assert response.redirect_chain == [(RULES, 302)]
    assert there() == ["deny SA"]  # the other change was in this transaction, which is taken back


# --- finding ---
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "203.0.113.7"}, ["allow 203.0.113.7/32", "deny 203.0.113.0/24", "deny SA"]),
        ({"q": "::ffff:203.0.113.9"}, ["deny 203.0.113.0/24", "deny SA"]),
        ({"q": "2001:db8::1"}, ["deny 2001:db8::/32"]),
        ({"q": "203.0.113.128/25"}, ["deny 203.0.113.0/24"]),
        ({"q": "192.0.2.1"}, []),
        ({"q": "sa"}, ["deny SA"]),
        ({"q": "SPAM"}, ["deny 203.0.113.0/24"]),
        ({"q": "203.0."}, ["allow 203.0.113.7/32", "deny 203.0.113.0/24"]),
        ({"effect__exact": "allow"}, ["allow 203.0.113.7/32"]),
        ({"kind__exact": "country"}, ["deny SA"]),
        ({"state": "expired"}, ["deny 2001:db8::/32"]),
        ({"state": "in_force"}, ["allow 203.0.113.7/32", "deny 203.0.113.0/24", "deny SA"]),
    ],
)
def test_rules_are_found_by_what_they_hold(query, found, ada, geoip):
    rule("deny 203.0.113.0/24", note="spam")
    rule("allow 203.0.113.7")
    rule("deny 2001:db8::/32", expires_at=timezone.now() - timedelta(seconds=1))
    rule("deny SA")

    response = at("192.0.2.1", ada).get(RULES, query)

    assert sorted(str(each) for each in response.context["cl"].result_list) == found


def test_the_search_says_what_comes_of_the_rules(ada, geoip):
    rule("deny SA")
    rule("allow 203.0.113.9")
    client = at("192.0.2.1", ada)

    said = [
        [str(message) for message in client.get(RULES, {"q": words}).context["messages"]]
        for words in ("203.0.113.7", "203.0.113.9", "192.0.2.1", "SA")
    ]

    assert said == [
        ["203.0.113.7 (Riyadh, SA) is not served."],
        ["203.0.113.9 (Riyadh, SA) is served."],
        ["192.0.2.1 (unknown place) is served."],
        [],
    ]


@pytest.mark.parametrize("rules", [5, 40])
def test_the_list_takes_the_same_queries_however_long(rules, ada, django_assert_num_queries):
    for number in range(rules):
        add_address_rule(actor=staff(), effect="deny", value=f"198.51.100.{number}")
    client = at(HERE, ada)
    client.get(RULES)

    with django_assert_num_queries(4):  # the cookie session, its user, how many, the rows
        response = client.get(RULES, {"all": ""})

    assert len(response.context["cl"].result_list) == rules


@pytest.mark.parametrize(("file", "state"), [(True, "in force"), (False, "not configured")])
def test_a_country_without_a_file_says_so(file, state, ada, geoip, settings):
    if not file:
        settings.GEOIP_DATABASE = ""
    made = rule("deny DE")
    rule("deny 198.51.100.0/24")

    listed, page = (at(HERE, ada).get(path).text for path in (f"{RULES}?kind__exact=country", page_of(made)))

    assert state in listed
    assert state in page


# --- who ---
def test_staff_see_write_and_remove_as_they_may():
    made = rule("deny SA")

    answers = {
        permission: [
            at(HERE, clerk(permission)).get(RULES).status_code,
            at(HERE, clerk(permission)).post(ADD, form(value="x")).status_code,
            at(HERE, clerk(permission)).post(page_of(made), form(value="x")).status_code,
            at(HERE, clerk(permission, "view_addressrule")).get(f"{RULES}{made.pk}/remove/").status_code,
            at(HERE, clerk(permission)).post(f"{RULES}{made.pk}/delete/", {"post": "yes"}).status_code,
        ]
        for permission in (
            "view_user",
            "view_addressrule",
            "add_addressrule",
            "change_addressrule",
            "delete_addressrule",
        )  # fmt: skip
    }

    assert answers == {
        "view_user": [403, 403, 403, 403, 403],
        "view_addressrule": [200, 403, 403, 403, 403],
        "add_addressrule": [403, 200, 403, 403, 403],
        "change_addressrule": [200, 403, 200, 403, 403],
        "delete_addressrule": [403, 403, 403, 200, 403],
    }
    assert there() == ["deny SA"]


def test_who_may_not_see_rules_is_told_of_no_verdict():
    rule("deny SA")

    response = at(HERE, clerk("view_user")).get(RULES, {"q": HERE})

    assert response.status_code == 403
    assert b"served" not in response.content


# --- the place of a session ---
def test_sessions_show_where_they_were_opened(ada, geoip):
    session = SessionFactory(address=HERE)
    client = at(HERE, ada)

    pages = [
        client.get(path).text
        for path in (
            "/admin/accounts/session/",
            f"/admin/accounts/session/{session.pk}/change/",
            f"/admin/accounts/user/{session.user.pk}/change/",
        )
    ]

    assert ["Riyadh, SA" in page for page in pages] == [True, True, True]
