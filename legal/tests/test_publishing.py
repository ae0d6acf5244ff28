"""Drafting, publishing now or on a date, taking back: what may change until when."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from accounts.models import AuditEntry, User
from accounts.tests.factories import UserFactory, staff
from common.actors import SYSTEM
from common.problems import Invalid, NotAllowed, Problem
from common.tests.threads import at_once
from legal.models import Document, Text, Version
from legal.problems import PublicationTimeTaken, VersionIncomplete, VersionLabelTaken, VersionPublished
from legal.services import draft_version, lift_requirement, publish_version, take_back
from legal.services.documents import Words

from .factories import ARABIC, ENGLISH, draft, published

pytestmark = pytest.mark.django_db

OTHER = Words(title="Terms", body="Be very kind.")


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


def in_force(at: datetime | None = None) -> list[str]:
    return [version.label for version in Version.objects.in_force(at=at or timezone.now())]


def redraft(version: Version, **more: Any) -> Version:
    given = {"kind": "terms", "label": "1", "requires_acceptance": False, "texts": {"en": OTHER}} | more
    return draft_version(actor=SYSTEM, version=version, **given)


# --- drafts ---
def test_a_draft_is_all_that_was_given_and_binds_nobody():
    version = draft("2026-11", kind="privacy", required=True, en=ENGLISH, ar=ARABIC)

    assert (version.kind, version.label, version.requires_acceptance) == ("privacy", "2026-11", True)
    assert {text.locale: (text.title, text.body) for text in version.texts.all()} == {
        "en": ("Terms of service", "Be kind to each **other**."),
        "ar": ("شروط الخدمة", "كونوا **لطفاء**."),
    }
    assert version.published_at is None
    assert in_force() == []


def test_a_draft_is_changed_as_a_whole():
    version = draft("1", en=ENGLISH, ar=ARABIC)

    redraft(version, label="1.1", kind="cookies", requires_acceptance=True)

    version = Version.objects.get()
    assert (version.kind, version.label, version.requires_acceptance) == ("cookies", "1.1", True)
    assert [(text.locale, text.title) for text in version.texts.all()] == [("en", "Terms")]


def test_a_name_is_given_once_in_a_document():
    draft("1")
    other = draft("2")
    draft("1", kind="privacy")

    with pytest.raises(VersionLabelTaken):
        draft("1")
    with pytest.raises(VersionLabelTaken):
        redraft(other, label="1")

    assert sorted(Version.objects.values_list("document", "label")) == [
        ("privacy", "1"),
        ("terms", "1"),
        ("terms", "2"),
    ]


# --- publishing ---
def test_what_is_published_now_is_in_force_and_supersedes():
    published("1", at=timezone.now() - timedelta(days=1))
    version, tomorrow = draft("2"), timezone.now() + timedelta(days=1)

    with time_machine.travel(tomorrow, tick=False):
        done = publish_version(actor=SYSTEM, version=version)

        assert done
        assert in_force() == ["2"]
        assert [each.label for each in Version.objects.superseded(at=timezone.now())] == ["1"]
    assert Version.objects.get(label="2").published_at == tomorrow


def test_what_is_published_on_a_date_is_in_force_from_then_on():
    published("1")
    date = timezone.now() + timedelta(days=3)

    published("2", at=date)

    assert in_force() == ["1"]
    assert [each.label for each in Version.objects.scheduled(at=timezone.now())] == ["2"]
    assert in_force(date - timedelta(microseconds=1)) == ["1"]
    assert in_force(date) == ["2"]


def test_each_version_says_what_it_is():
    published("1", at=timezone.now() - timedelta(days=1))
    published("2")
    published("3", at=timezone.now() + timedelta(days=1))
    draft("4")
    published("1", kind="privacy")

    states = Version.objects.with_state(at=timezone.now()).values_list("document", "label", "state")

    assert sorted(states) == [
        ("privacy", "1", "current"),
        ("terms", "1", "superseded"),
        ("terms", "2", "current"),
        ("terms", "3", "scheduled"),
        ("terms", "4", "draft"),
    ]


def test_publishing_twice_is_once():
    version = published("1")

    again = publish_version(actor=SYSTEM, version=version, at=timezone.now() + timedelta(days=1))

    assert not again
    assert Version.objects.get().published_at == version.published_at


def test_a_version_that_says_nothing_is_not_published():
    version = draft_version(actor=SYSTEM, kind="terms", label="1", requires_acceptance=False, texts={})

    with pytest.raises(VersionIncomplete):
        publish_version(actor=SYSTEM, version=version)

    assert Version.objects.get().is_draft


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=1)])
def test_nothing_is_published_in_the_past(ago):
    version = draft("1")

    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False), pytest.raises(Invalid):
        publish_version(actor=SYSTEM, version=version, at=timezone.now() - ago)

    assert Version.objects.get().is_draft


def test_two_versions_of_a_document_do_not_begin_at_the_same_time():
    date = timezone.now() + timedelta(days=1)
    published("1", at=date)
    published("1", kind="privacy", at=date)
    version = draft("2")

    with pytest.raises(PublicationTimeTaken):
        publish_version(actor=SYSTEM, version=version, at=date)

    assert Version.objects.get(label="2").is_draft


def test_the_one_published_last_is_in_force_also_where_a_clock_is_behind():
    ahead = published("1", at=timezone.now())
    with time_machine.travel(ahead.published_at - timedelta(seconds=5), tick=False):
        published("2")

    assert in_force() == ["2"]


def test_what_is_published_by_whom_is_in_the_audit_log(ada):
    version = draft("1", required=True)
    date = timezone.now() + timedelta(days=1)

    for _ in range(2):
        publish_version(actor=ada, version=version, at=date)
        take_back(actor=ada, version=version)
    publish_version(actor=ada, version=version)
    for _ in range(2):
        lift_requirement(actor=ada, version=version)

    entries = AuditEntry.objects.order_by("pk")
    assert [(entry.verb, entry.details["required"]) for entry in entries] == [
        *[("document.published", True), ("document.taken_back", True)] * 2,
        ("document.published", True),
        ("requirement.lifted", False),
    ]
    assert (entries[0].category, entries[0].actor, entries[0].subject) == ("admin", ada.pk, None)
    assert (entries[0].target_type, entries[0].target) == ("legal.version", str(version.pk))
    assert entries[0].details == {
        "kind": "terms",
        "version": "1",
        "required": True,
        "at": date.isoformat(),
    }


# --- what stays ---
@pytest.mark.parametrize("days", [-1, 1])
def test_what_has_its_date_can_not_be_redrafted(days):
    version = published("1", at=timezone.now() + timedelta(days=days))

    with pytest.raises(VersionPublished):
        redraft(version)

    assert Version.objects.get().label == "1"
    assert Text.objects.get().body == "Be kind to each **other**."


def test_until_its_date_comes_a_version_can_be_taken_back_and_changed():
    version = published("1", at=timezone.now() + timedelta(days=1))

    done = [take_back(actor=SYSTEM, version=version) for _ in range(2)]

    assert done == [True, False]
    assert redraft(version, label="1.1").label == "1.1"


def test_what_is_in_force_is_not_taken_back():
    version = published("1")

    with pytest.raises(VersionPublished):
        take_back(actor=SYSTEM, version=version)

    assert in_force() == ["1"]


def test_a_requirement_can_be_lifted_once_and_never_put_on():
    required, other = published("1", required=True), published("2", kind="privacy")
    drafted = draft("3", required=True)

    done = [lift_requirement(actor=SYSTEM, version=each) for each in (required, required, other, drafted)]

    assert done == [True, False, False, False]
    assert list(Version.objects.filter(requires_acceptance=True)) == [drafted]


# --- who may ---
WRITES = {"add_version", "change_version"}


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        (set(), set()),
        ({"add_version"}, {"add"}),
        ({"change_version"}, {"change"}),
        (WRITES, {"add", "change"}),
        ({"publish_version"}, {"publish", "take_back", "lift"}),
        ({"view_version"}, set()),
    ],
)
def test_writing_and_publishing_are_rights_of_their_own(permissions, allowed):
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    drafted = draft("1")
    ready = draft("1", kind="privacy")
    scheduled = published("1", kind="cookies", at=timezone.now() + timedelta(days=1))
    required = published("1", kind="guidelines", required=True)
    given = {"kind": "terms", "requires_acceptance": False, "texts": {"en": OTHER}}
    calls = {
        "add": lambda: draft_version(actor=clerk, label="9", **given),
        "change": lambda: draft_version(actor=clerk, label="8", version=drafted, **given),
        "publish": lambda: publish_version(actor=clerk, version=ready),
        "take_back": lambda: take_back(actor=clerk, version=scheduled),
        "lift": lambda: lift_requirement(actor=clerk, version=required),
    }

    for name, call in calls.items():
        before = list(Version.objects.order_by("pk").values())
        if name in allowed:
            call()
        else:
            with pytest.raises(NotAllowed) as refusal:
                call()
            assert refusal.value.extra["denied_by"]["role"] == "member"
        assert (list(Version.objects.order_by("pk").values()) != before) is (name in allowed)


def test_somebody_who_is_no_staff_publishes_nothing():
    version = draft("1")

    with pytest.raises(NotAllowed):
        publish_version(actor=UserFactory(), version=version)

    assert in_force() == []


# --- at any moment ---
@hypothesis(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["publish", "schedule", "take_back"]),
            st.sampled_from(["terms", "privacy"]),
            st.integers(0, 5),
        ),
        max_size=12,
    ),
    looks=st.lists(st.integers(-2, 12), min_size=1, max_size=4),
)
def test_whatever_is_published_when_at_most_one_version_of_a_kind_is_in_force(acts, looks):
    start = datetime(2027, 1, 1, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock, transaction.atomic():
        for number, (act, kind, days) in enumerate(acts):
            clock.shift(timedelta(hours=number % 2))
            version = Version.objects.filter(document=kind).order_by("?").first()
            with suppress(Problem):
                if act == "take_back" and version:
                    take_back(actor=SYSTEM, version=version)
                elif act != "take_back":
                    at = start + timedelta(days=days) if act == "schedule" else None
                    published(str(number), kind=kind, at=at, en=ENGLISH, ar=ARABIC)
        for days in looks:
            at = start + timedelta(days=days)
            kinds = list(Version.objects.in_force(at=at).values_list("document", flat=True))
            places = list(Text.objects.in_force(at=at).values_list("version__document", "locale"))
            there = set(Version.objects.published(at=at).values_list("document", flat=True))
            assert sorted(kinds) == sorted(there)
            assert len(places) == len(set(places)) == 2 * len(kinds)
        transaction.set_rollback(True)


# --- at once ---
@pytest.mark.django_db(transaction=True)
def test_a_version_published_by_many_at_once_is_published_once(ada):
    version = draft("1")

    done = at_once(6, lambda n: publish_version(actor=ada, version=version))

    assert sorted(done) == [False] * 5 + [True]
    assert in_force() == ["1"]


@pytest.mark.django_db(transaction=True)
def test_of_many_versions_published_at_once_one_is_in_force(ada):
    versions = [draft(str(number)) for number in range(6)]

    done = at_once(6, lambda n: publish_version(actor=ada, version=versions[n]))

    assert done == [True] * 6
    assert len(in_force()) == 1
    assert len(set(Version.objects.values_list("published_at", flat=True))) == 6


@pytest.mark.django_db(transaction=True)
def test_of_many_versions_set_for_one_time_at_once_one_gets_it(ada):
    versions = [draft(str(number)) for number in range(4)]
    date = timezone.now() + timedelta(days=1)

    def schedule(number: int) -> str:
        try:
            publish_version(actor=ada, version=versions[number], at=date)
        except Problem as problem:
            return problem.code
        return "done"

    assert sorted(at_once(4, schedule)) == ["done"] + ["publication_time_taken"] * 3
    assert Document.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_draft_changed_while_it_is_published_is_published_whole(ada):
    version = draft("1")

    def act(number: int) -> str:
        try:
            if number:
                redraft(version, texts={"en": OTHER, "ar": ARABIC})
            else:
                publish_version(actor=ada, version=version)
        except Problem as problem:
            return problem.code
        return "done"

    ends = at_once(2, act)

    assert ends in (["done", "done"], ["done", "version_published"])
    locales = sorted(Text.objects.values_list("locale", "title"))
    assert locales == (
        [("ar", "شروط الخدمة"), ("en", "Terms")] if ends[1] == "done" else [("en", "Terms of service")]
    )
