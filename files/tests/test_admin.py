"""The staff console of files: where is a scan, who uploaded what, and what its actions do."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from files.models import File, FileScan
from files.tests.factories import FileFactory, file_of

pytestmark = pytest.mark.django_db

FILES = "/admin/files/file/"


def run(client, action: str, *files: File):
    chosen = [str(file.pk) for file in files]
    return client.post(FILES, {"action": action, "_selected_action": chosen, "answered": "yes"})


def listed(response) -> list[File]:
    return list(response.context["cl"].result_list)


def test_staff_without_a_permission_see_and_do_nothing():
    file = FileFactory()
    client = console_of(clerk())

    assert client.get(FILES).status_code == 403
    assert client.get(f"{FILES}{file.pk}/change/").status_code == 403
    assert run(client, "remove", file).status_code == 403
    assert File.objects.exists()


@pytest.mark.parametrize("files", [2, 20])
def test_the_list_takes_as_many_queries_however_many_files(files, django_assert_num_queries):
    FileFactory.create_batch(files)
    client = console_of(clerk("view_file"))
    client.get(FILES)

    with django_assert_num_queries(5):  # cookie session, its user, their permissions twice, the rows
        response = client.get(FILES)

    assert len(listed(response)) == files


@pytest.mark.parametrize("by", ["id", "owner", "username", "email"])
def test_a_file_is_found_by_what_a_support_agent_knows(by):
    layla = UserFactory(username="layla")
    file = FileFactory(owner=layla)
    FileFactory()
    words = {"id": file.pk, "owner": layla.pk, "username": "Layla", "email": "layla@example.com"}[by]

    assert listed(console_of(staff()).get(FILES, {"q": str(words)})) == [file]


def test_the_page_of_a_file_says_where_its_scan_is_and_the_look_is_written_down(layla):
    file = FileFactory(owner=layla, scan="pending")
    FileScan.objects.create(
        file=file, attempts=3, error="connection refused", due_at=timezone.now() + timedelta(minutes=4)
    )
    ada = staff()

    response = console_of(ada).get(f"{FILES}{file.pk}/change/")

    assert response.status_code == 200
    assert "connection refused" in response.text
    entry = AuditEntry.objects.get(verb="file.looked_up")
    assert (entry.actor, entry.subject, entry.target) == (ada.pk, layla.pk, str(file.pk))


def test_looking_at_the_list_is_no_look_at_a_file():
    FileFactory()

    console_of(staff()).get(FILES)

    assert not AuditEntry.objects.filter(verb="file.looked_up").exists()


def test_a_file_is_quarantined_and_released(layla, client_of):
    file = file_of(layla)
    ada, content = staff(), f"/api/v1/files/{file.pk}/content"
    client = console_of(ada)

    run(client, "quarantine", file)
    file.refresh_from_db()
    assert (file.scan, client_of(layla).get(content).status_code) == ("infected", 409)

    run(client, "release", file)
    file.refresh_from_db()
    assert file.scan == "clean"
    verbs = AuditEntry.objects.filter(target=str(file.pk), category="admin").values_list("verb", flat=True)
    assert {"file.quarantined", "file.released"} <= set(verbs)


def test_without_a_scanner_nothing_is_scanned_again(layla):
    file = file_of(layla)

    run(console_of(staff()), "rescan", file)

    file.refresh_from_db()
    assert file.scan == "skipped"


def test_a_file_is_deleted_with_its_content(layla, stored, committed):
    file = file_of(layla)

    with committed():
        run(console_of(staff()), "remove", file)

    assert not File.objects.exists()
    assert stored() == []


def test_a_file_is_changed_by_nobody():
    file = FileFactory()
    client = console_of(staff())

    assert client.get(f"{FILES}add/").status_code == 403
    assert client.post(f"{FILES}{file.pk}/change/", {"name": "other"}).status_code == 403
    assert client.post(f"{FILES}{file.pk}/delete/", {"post": "yes"}).status_code == 403
