"""The staff console of uploads."""

import pytest

from accounts.tests.consoles import clerk, console_of
from accounts.tests.factories import UserFactory, staff
from files.models import Upload
from files.services import begin_upload

pytestmark = pytest.mark.django_db

UPLOADS = "/admin/files/upload/"


def listed(response) -> list[Upload]:
    return list(response.context["cl"].result_list)


def test_whoever_is_not_staff_is_sent_to_sign_in():
    assert console_of(UserFactory()).get(UPLOADS).status_code == 302


def test_staff_without_a_permission_see_nothing():
    assert console_of(clerk()).get(UPLOADS).status_code == 403


@pytest.mark.parametrize("words", ["id", "owner", "layla"])
def test_an_upload_is_found_and_told(words, layla):
    upload = begin_upload(owner=layla, size=10, name="tickets.pdf")
    begin_upload(owner=UserFactory(), size=10)
    client = console_of(staff())
    asked = {"id": upload.pk, "owner": layla.pk}.get(words, words)

    assert listed(client.get(UPLOADS, {"q": asked})) == [upload]
    assert "tickets.pdf" in client.get(f"{UPLOADS}{upload.pk}/change/").content.decode()


@pytest.mark.parametrize("uploads", [1, 15])
def test_the_list_takes_as_many_queries_however_many_uploads(uploads, layla, django_assert_max_num_queries):
    for _ in range(uploads):
        begin_upload(owner=layla, size=10)
    client = console_of(staff())

    with django_assert_max_num_queries(8):
        assert len(listed(client.get(UPLOADS))) == uploads
