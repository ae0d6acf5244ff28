"""The staff console of documents, acceptances and consents."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry as Note
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from legal.models import Acceptance, Consent, Text, Version
from legal.services import change_consents
from legal.services.documents import Words

from .factories import ARABIC, ENGLISH, draft, published

pytestmark = pytest.mark.django_db

VERSIONS = "/admin/legal/version/"
ACCEPTANCES = "/admin/legal/acceptance/"
CONSENTS = "/admin/legal/consent/"


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


@pytest.fixture
def console(ada: User) -> Client:
    return console_of(ada)


def run(client: Client, action: str, *versions: Version, **more: str) -> Any:
    """Choose an action for rows of the list, and say yes."""
    chosen = [str(version.pk) for version in versions]
    return client.post(VERSIONS, {"action": action, "_selected_action": chosen, "answered": "yes"} | more)


def listed(response: Any) -> list[Any]:
    return list(response.context["cl"].result_list)


def form(**more: str) -> dict[str, str]:
    words = {"title_en": "Terms of service", "body_en": "Be **kind**.", "title_ar": "", "body_ar": ""}
    return {"kind": "terms", "label": "1", **words} | more


# --- the door ---
@pytest.mark.parametrize("page", [VERSIONS, ACCEPTANCES, CONSENTS])
def test_whoever_is_not_staff_is_sent_to_sign_in(page):
    response = console_of(UserFactory()).get(page)

    assert response.status_code == 302
    assert response.headers["Location"] == f"/admin/login/?next={page}"


def test_staff_without_a_permission_see_and_do_nothing():
    version = draft()
    client = console_of(clerk())
    one = f"{VERSIONS}{version.pk}"

    responses = [
        *(client.get(page) for page in (VERSIONS, ACCEPTANCES, CONSENTS, f"{VERSIONS}add/")),
        *(client.get(f"{one}/{page}/") for page in ("change", "preview", "changes", "next")),
        client.post(f"{one}/publish/", {"answered": "yes"}),
        client.post(f"{VERSIONS}add/", form(label="2")),
    ]

    assert [response.status_code for response in responses] == [403] * 10
    assert Version.objects.get().is_draft


def test_who_writes_does_not_publish(ada):
    client = console_of(clerk("view_version", "add_version", "change_version"))
    version = draft()

    run(client, "publish", version)
    refused = client.post(f"{VERSIONS}{version.pk}/publish/", {"answered": "yes"})
    added = client.post(f"{VERSIONS}add/", form(label="2"))

    assert (refused.status_code, added.status_code) == (403, 302)
    assert Version.objects.draft().count() == 2


# --- drafts ---
def test_a_draft_is_written_in_every_language(console, ada):
    response = console.post(
        f"{VERSIONS}add/",
        form(requires_acceptance="on", title_ar="شروط", body_ar="كونوا لطفاء."),
    )

    assert response.status_code == 302
    version = Version.objects.get()
    assert (version.kind, version.label, version.requires_acceptance) == ("terms", "1", True)
    assert version.is_draft
    assert sorted(version.texts.values_list("locale", "title", "body")) == [
        ("ar", "شروط", "كونوا لطفاء."),
        ("en", "Terms of service", "Be **kind**."),
    ]
    note = Note.objects.get()
    assert (note.user, note.object_id, note.is_addition()) == (ada, str(version.pk), True)


def test_a_draft_is_changed_and_a_language_taken_away(console):
    version = draft(en=ENGLISH, ar=ARABIC)
    page = f"{VERSIONS}{version.pk}/change/"

    shown = console.get(page).context["adminform"].form.initial
    response = console.post(page, form(label="1.1", kind="cookies", body_en="Be very kind."))

    assert (shown["kind"], shown["title_ar"], shown["body_en"]) == (
        "terms",
        "شروط الخدمة",
        "Be kind to each **other**.",
    )
    assert response.status_code == 302
    version = Version.objects.get()
    assert (version.kind, version.label) == ("cookies", "1.1")
    assert [(text.locale, text.body) for text in version.texts.all()] == [("en", "Be very kind.")]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"label": ""}, "label"),
        ({"label": "two words"}, "label"),
        ({"label": "taken"}, "label"),
        ({"kind": "nothing"}, "kind"),
        ({"title_ar": "شروط"}, "body_ar"),
        ({"body_en": ""}, "body_en"),
        ({"title_en": ""}, "title_en"),
        ({"title_en": "x" * 201}, "title_en"),
        ({"body_en": "x" * 200_001}, "body_en"),
    ],
)
def test_a_draft_that_is_not_right_is_not_kept(wrong, field, console):
    draft("taken")

    response = console.post(f"{VERSIONS}add/", form(**wrong))

    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors
    assert Version.objects.count() == 1


def test_a_new_version_begins_with_the_words_of_another(console):
    version = published("1", kind="privacy", en=ENGLISH, ar=ARABIC)

    response = console.get(f"{VERSIONS}{version.pk}/next/", follow=True)

    initial = response.context["adminform"].form.initial
    assert response.redirect_chain == [(f"{VERSIONS}add/?from={version.pk}", 302)]
    assert (initial["kind"], initial["title_ar"]) == ("privacy", "شروط الخدمة")
    assert "label" not in initial
    assert Version.objects.count() == 1


@pytest.mark.parametrize("days", [-1, 1])
def test_what_has_its_date_is_shown_and_takes_no_changes(days, console):
    version = published(at=timezone.now() + timedelta(days=days))
    page = f"{VERSIONS}{version.pk}/change/"

    shown = console.get(page)
    refused = console.post(page, form(label="9"))

    assert shown.status_code == 200
    assert b"title_en" not in shown.content
    assert refused.status_code == 403
    assert Version.objects.get().label == "1"


def test_a_draft_that_is_published_while_somebody_writes_is_left_alone(console, monkeypatch):
    version = published()
    before = Version.objects.values().get()
    # As the page saw it a moment ago.
    monkeypatch.setattr("legal.admin.versions.VersionAdmin.has_change_permission", lambda *_: True)

    response = console.post(f"{VERSIONS}{version.pk}/change/", form(label="9"), follow=True)

    assert "What is published never changes." in response.content.decode()
    assert Version.objects.values().get() == before


# --- publishing ---
def test_publishing_asks_first(console):
    version = draft()

    for response in (
        console.get(f"{VERSIONS}{version.pk}/publish/"),
        console.post(VERSIONS, {"action": "publish", "_selected_action": [str(version.pk)]}),
    ):
        assert response.status_code == 200
        assert "it can&#x27;t be changed" in response.content.decode()
    assert Version.objects.get().is_draft


def test_a_version_is_published_now(console, ada):
    version = draft()

    response = console.post(f"{VERSIONS}{version.pk}/publish/", {"answered": "yes", "at": ""})

    assert response.status_code == 302
    assert Version.objects.in_force(at=timezone.now()).get() == version
    assert [(note.user, note.change_message) for note in Note.objects.all()] == [(ada, "Publish")]


def test_a_version_is_published_on_a_date_and_taken_back(console):
    version = draft()

    console.post(f"{VERSIONS}{version.pk}/publish/", {"answered": "yes", "at": "2031-01-01T00:00"})
    scheduled = Version.objects.get().published_at
    run(console, "take_back", version)

    assert scheduled == datetime(2031, 1, 1, tzinfo=UTC)
    assert Version.objects.get().is_draft


@pytest.mark.parametrize("at", ["2020-01-01T00:00", "tomorrow"])
def test_a_time_that_is_none_or_over_publishes_nothing(at, console):
    version = draft()

    console.post(f"{VERSIONS}{version.pk}/publish/", {"answered": "yes", "at": at})

    assert Version.objects.get().is_draft


def test_a_requirement_is_lifted(console):
    version = published(required=True)

    run(console, "lift_requirement", version)

    assert not Version.objects.get().requires_acceptance


def test_nothing_is_deleted_here(console):
    version = draft()

    assert console.post(f"{VERSIONS}{version.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Version.objects.exists()


# --- looking ---
@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("", ["<h1>Terms of service</h1>", "<strong>other</strong>", 'lang="en" dir="ltr"']),
        ("?locale=ar", ["<h1>شروط الخدمة</h1>", 'lang="ar" dir="rtl"']),
    ],
)
def test_a_draft_is_seen_as_people_will_see_it(query, there, console):
    version = draft(en=ENGLISH, ar=ARABIC)

    response = console.get(f"{VERSIONS}{version.pk}/preview/{query}")

    html = response.content.decode()
    assert response.status_code == 200
    assert [each for each in there if each not in html] == []
    assert f"{VERSIONS}{version.pk}/change/" in html


def test_a_draft_without_words_has_nothing_to_see(console):
    console.post(f"{VERSIONS}add/", form(title_en="", body_en=""))
    version = Version.objects.get()

    pages = [
        console.get(f"{VERSIONS}{version.pk}/{page}/").content.decode() for page in ("preview", "changes")
    ]

    assert ["There is nothing to read yet." in page for page in pages] == [True, True]


def test_what_changes_is_marked_and_nothing_runs(console):
    published("1", en=Words(title="Terms", body="You pay 5 %.\n\nBye."))
    version = draft("2", en=Words(title="Terms", body="You pay <b>7</b> %.\n\nBye."), ar=ARABIC)

    html = console.get(f"{VERSIONS}{version.pk}/changes/").content.decode()

    assert ">5</del>" in html
    assert ">&lt;b&gt;7&lt;/b&gt;</ins>" in html
    assert "كونوا **لطفاء**.</ins>" in html
    assert "Terms of service 1 → Terms of service 2" in html


def test_a_version_is_compared_with_the_one_before_it(console):
    first = published("1", at=timezone.now() - timedelta(days=2))
    second = published("2", at=timezone.now() - timedelta(days=1), en=Words(title="Terms", body="Be kinder."))
    third = published("3", en=Words(title="Terms", body="Be kinder."))
    drafted = draft("4")
    other = draft("1", kind="privacy")

    before = {
        version: console.get(f"{VERSIONS}{version.pk}/changes/").context["before"]
        for version in (first, second, third, drafted, other)
    }

    assert before == {first: None, second: first, third: second, drafted: third, other: None}


@pytest.mark.parametrize("page", ["preview", "changes"])
def test_there_is_no_page_of_what_is_not_there(page, console):
    assert console.get(f"{VERSIONS}0198c5b2-7d44-7000-8000-000000000000/{page}/").status_code == 404


# --- lists ---
def accepted(*versions: Version, count: int = 1) -> None:
    for user in UserFactory.create_batch(count):
        for version in versions:
            Acceptance.objects.create(user=user, version=version, address="203.0.113.7", locale="en")


@pytest.mark.parametrize("versions", [1, 20])
def test_the_list_of_versions_takes_the_same_queries_however_long(
    versions, console, django_assert_num_queries
):
    for number in range(versions):
        accepted(published(str(number), at=timezone.now() - timedelta(days=30 - number)))
    console.get(VERSIONS)

    with django_assert_num_queries(6):  # cookie session, its user, how many, the rows, texts, kinds
        response = console.get(VERSIONS)

    assert len(listed(response)) == versions


def test_the_list_says_how_it_stands_and_how_many_have_accepted(console):
    accepted(published("1", at=timezone.now() - timedelta(days=1)), count=3)
    accepted(published("2", en=ENGLISH, ar=ARABIC), count=2)
    draft("3")

    rows = listed(console.get(VERSIONS))

    assert {row.label: (row.state, row.acceptance_count) for row in rows} == {
        "3": ("draft", 0),
        "2": ("current", 2),
        "1": ("superseded", 3),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "draft"}, ["3"]),
        ({"state": "scheduled"}, ["4"]),
        ({"state": "current"}, ["2", "p"]),
        ({"state": "superseded"}, ["1"]),
        ({"document__kind__exact": "privacy"}, ["p"]),
        ({"requires_acceptance__exact": "1"}, ["p"]),
        ({"q": "Terms of"}, ["1", "2", "3", "4"]),
        ({"q": "Datenschutz"}, ["p"]),
        ({"q": "3"}, ["3"]),
    ],
)
def test_versions_are_found(query, found, console):
    published("1", at=timezone.now() - timedelta(days=1))
    published("2")
    draft("3")
    published("4", at=timezone.now() + timedelta(days=1))
    published("p", kind="privacy", required=True, en=Words(title="Datenschutz", body="Ja."))

    assert sorted(row.label for row in listed(console.get(VERSIONS, query))) == found


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize("page", [ACCEPTANCES, CONSENTS])
def test_the_lists_of_records_take_the_same_queries_however_long(
    page, rows, console, django_assert_num_queries
):
    version = published()
    accepted(version, count=rows)
    for user in UserFactory.create_batch(rows):
        change_consents(user=user, changes={"marketing": True})
    console.get(page)

    with django_assert_num_queries(3):  # cookie session, its user, the rows
        response = console.get(page)

    assert len(listed(response)) == rows


def test_acceptances_are_found_by_person_address_id_and_what_is_in_force(console):
    old, new = published("1", at=timezone.now() - timedelta(days=1)), published("2")
    layla = UserFactory(username="layla")
    mine = Acceptance.objects.create(user=layla, version=new, address="203.0.113.7", locale="ar")
    Acceptance.objects.create(user=UserFactory(username="omar"), version=old, address="198.51.100.1")

    queries = [
        {"q": "layla"},
        {"q": "203.0.113"},
        {"q": str(layla.pk)},
        {"q": str(mine.pk)},
        {"current": "terms"},
        {"locale": "ar"},
        {"version": str(new.pk)},
    ]

    assert [listed(console.get(ACCEPTANCES, query)) for query in queries] == [[mine]] * 7
    assert listed(console.get(ACCEPTANCES, {"current": "privacy"})) == []


def test_consents_are_found_by_person_purpose_and_state(console):
    layla = UserFactory(username="layla")
    change_consents(user=layla, changes={"marketing": True})
    change_consents(user=layla, changes={"marketing": False})
    change_consents(user=UserFactory(), changes={"analytics": True})
    given, withdrawn = Consent.objects.filter(user=layla).order_by("number")

    found = [
        listed(console.get(CONSENTS, query))
        for query in (
            {"q": "layla"},
            {"purpose": "marketing", "given__exact": "0"},
            {"purpose": "marketing", "given__exact": "1"},
        )
    ]

    assert found == [[withdrawn, given], [withdrawn], [given]]


@pytest.mark.parametrize("page", [ACCEPTANCES, CONSENTS])
def test_records_are_read_and_never_changed(page, console):
    accepted(published())
    change_consents(user=UserFactory(), changes={"marketing": True})
    row = (Acceptance if page == ACCEPTANCES else Consent).objects.get()

    shown = console.get(f"{page}{row.pk}/change/")
    refused = [
        console.post(f"{page}{row.pk}/change/", {"address": "192.0.2.1"}),
        console.post(f"{page}{row.pk}/delete/", {"post": "yes"}),
        console.get(f"{page}add/"),
    ]

    assert shown.status_code == 200
    assert row.user.username in shown.content.decode()
    assert [response.status_code for response in refused] == [403, 403, 403]
    row.refresh_from_db()
    assert row.address != "192.0.2.1"


def test_words_of_what_is_published_are_shown_with_a_link_to_read_them(console):
    version = published(en=ENGLISH, ar=ARABIC)

    html = console.get(f"{VERSIONS}{version.pk}/change/").content.decode()

    assert f"{VERSIONS}{version.pk}/preview/?locale=ar" in html
    assert Text.objects.filter(version=version).count() == 2
