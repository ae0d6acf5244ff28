"""What there is of somebody's files, who sees one, and that one goes."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models import Q

from accounts.models import AuditEntry
from common.models import LooseFile
from common.problems import NotAllowed
from files.models import File
from files.services import delete_file
from files.tests.factories import FileFactory, file_of
from messaging.tests.logs import stream_of

pytestmark = pytest.mark.django_db

FILES = "/api/v1/files"


def test_my_files_are_listed_newest_first(layla, omar, client_of):
    older, newer = FileFactory(owner=layla), FileFactory(owner=layla)
    FileFactory(owner=omar)

    response = client_of(layla).get(FILES)

    assert [each["id"] for each in response.json()["results"]] == [str(newer.pk), str(older.pk)]


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_takes_one_query(count, layla, client_of, django_assert_num_queries):
    FileFactory.create_batch(count, owner=layla)
    client = client_of(layla)
    client.get(FILES)

    with django_assert_num_queries(2):  # the session, the files
        response = client.get(FILES)

    assert len(response.json()["results"]) == count


@pytest.mark.parametrize("query", ["kind=image", "scan=pending", "purpose=receipt"])
def test_the_list_is_narrowed(query, layla, client_of):
    wanted = FileFactory(owner=layla, **dict([query.split("=")]))
    FileFactory(owner=layla)

    response = client_of(layla).get(f"{FILES}?{query}")

    assert [each["id"] for each in response.json()["results"]] == [str(wanted.pk)]


def test_a_file_is_there_for_who_uploaded_it_and_for_nobody_else(layla, omar, client_of):
    file = file_of(layla)

    assert client_of(layla).get(f"{FILES}/{file.pk}").json()["id"] == str(file.pk)
    assert client_of(omar).get(f"{FILES}/{file.pk}").status_code == 404
    assert client_of(omar).delete(f"{FILES}/{file.pk}").status_code == 404
    assert File.objects.exists()


def test_deleting_takes_the_content_with_it(layla, client_of, committed, stored):
    file = file_of(layla)
    file.pictures, file.thumbnails = "pictures/00/00", [160]
    file.save()
    storages["private"].save(file.thumbnail(160), ContentFile(b"a picture"))
    assert len(stored()) == 2

    with committed():
        response = client_of(layla).delete(f"{FILES}/{file.pk}")

    assert response.status_code == 204
    assert not File.objects.exists()
    assert stored() == []
    assert not LooseFile.objects.exists()
    assert stream_of(layla)[-1][1:] == ("file.deleted", {"file": str(file.pk)})
    entry = AuditEntry.objects.get(verb="file.deleted")
    assert (entry.actor, entry.category, entry.target) == (layla.pk, "user", str(file.pk))


def test_deleting_twice_is_not_found(layla, client_of):
    file = file_of(layla)
    client = client_of(layla)

    assert client.delete(f"{FILES}/{file.pk}").status_code == 204
    assert client.delete(f"{FILES}/{file.pk}").status_code == 404


def test_who_may_only_read_it_may_not_delete_it(layla, omar, client_of, monkeypatch):
    file = file_of(layla)
    monkeypatch.setattr("files.services.reading.readers", [lambda user: Q(pk=file.pk)])

    response = client_of(omar).delete(f"{FILES}/{file.pk}")

    assert response.status_code == 403
    assert response.json()["denied_by"] == {"action": "file.delete", "role": "member"}
    assert File.objects.exists()


def test_staff_delete_where_their_permission_lets_them(layla, omar):
    file = file_of(layla)
    with pytest.raises(NotAllowed):
        delete_file(actor=omar, file=file)
    omar.is_staff = omar.is_superuser = True
    omar.save()

    delete_file(actor=omar, file=file)

    assert AuditEntry.objects.get(verb="file.deleted").category == "admin"
