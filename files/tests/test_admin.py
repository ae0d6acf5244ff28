"""The staff console of files: where a scan is, and what may be done about it."""

import pytest

from accounts.models import AuditEntry, User
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from files.models import File, FileScan, Upload
from files.problems import FileNotQuarantined
from files.services import begin_upload
from files.tests.contents import TEXT
from files.tests.factories import FileFactory, file_of
from files.tests.programs import SIGNATURE

pytestmark = pytest.mark.django_db

FILES, UPLOADS = "/admin/files/file/", "/admin/files/upload/"


@pytest.fixture
def ada() -> User:
    return staff(username="ada")


@pytest.fixture
def infected(layla) -> File:
    file = file_of(layla, TEXT, "tickets.txt")
    File.objects.filter(pk=file.pk).update(scan="infected")
    FileScan.objects.create(file=file, attempts=3, finding=SIGNATURE)
    return file


def run(client, action, *files):
    """Choose an action for files of the list, and say yes."""
    chosen = [str(file.pk) for file in files]
    return client.post(FILES, {"action": action, "_selected_action": chosen, "answered": "yes"})


def listed(response) -> list:
    return list(response.context["cl"].result_list)


@pytest.mark.parametrize("page", [FILES, UPLOADS])
def test_whoever_is_not_staff_is_sent_to_sign_in(page):
    assert console_of(UserFactory()).get(page).status_code == 302


@pytest.mark.parametrize("page", [FILES, UPLOADS])
def test_staff_without_a_permission_see_nothing(page):
    assert console_of(clerk()).get(page).status_code == 403


def test_staff_who_may_only_look_do_nothing(infected):
    client = console_of(clerk("view_file"))

    run(client, "release", infected)

    infected.refresh_from_db()
    assert client.get(FILES).status_code == 200
    assert infected.scan == "infected"


def test_it_is_told_where_a_scan_is_and_what_was_found(ada, infected):
    page = console_of(ada).get(f"{FILES}{infected.pk}/change/").content.decode()

    assert SIGNATURE in page
    assert "tickets.txt" in page
    assert TEXT.decode() not in page


@pytest.mark.parametrize("words", ["id", "owner", "layla", "tickets"])
def test_a_file_is_found_by_what_is_known_of_it(words, ada, layla, infected):
    FileFactory()
    asked = {"id": infected.pk, "owner": layla.pk}.get(words, words)

    assert listed(console_of(ada).get(FILES, {"q": asked})) == [infected]


def test_infected_ones_are_a_list(ada, infected):
    FileFactory()

    assert listed(console_of(ada).get(FILES, {"scan__exact": "infected"})) == [infected]


@pytest.mark.parametrize("files", [1, 20])
def test_the_list_takes_as_many_queries_however_many_files(files, ada, django_assert_max_num_queries):
    FileFactory.create_batch(files)
    client = console_of(ada)

    with django_assert_max_num_queries(8):
        assert len(listed(client.get(FILES))) == files


def test_a_find_by_mistake_is_taken_out_of_quarantine(ada, infected):
    run(console_of(ada), "release", infected)

    infected.refresh_from_db()
    assert infected.scan == "clean"
    verbs = AuditEntry.objects.order_by("pk").values_list("verb", flat=True)
    assert set(verbs) == {"file.released", "console.acted"}


def test_what_can_not_be_done_is_said(ada, infected):
    FileScan.objects.update(purged_at="2026-01-01T00:00:00Z")
    client = console_of(ada)

    run(client, "release", infected)

    infected.refresh_from_db()
    assert infected.scan == "infected"
    assert str(FileNotQuarantined.title) in client.get(FILES).content.decode()


def test_a_file_is_deleted_with_its_content(ada, infected, stored, committed):
    with committed():
        run(console_of(ada), "remove", infected)

    assert (File.objects.count(), stored()) == (0, [])


def test_without_a_scanner_nobody_looks_again(ada, infected):
    run(console_of(ada), "rescan", infected)

    infected.refresh_from_db()
    assert infected.scan == "infected"


def test_an_upload_is_found_and_told(ada, layla):
    upload = begin_upload(owner=layla, size=10, name="tickets.pdf")
    begin_upload(owner=UserFactory(), size=10)
    client = console_of(ada)

    assert listed(client.get(UPLOADS, {"q": "layla"})) == [upload]
    assert listed(client.get(UPLOADS, {"q": str(upload.pk)})) == [upload]
    assert "tickets.pdf" in client.get(f"{UPLOADS}{upload.pk}/change/").content.decode()
    assert Upload.objects.count() == 2
