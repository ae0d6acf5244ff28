"""Files in a bucket: a real S3 API serves it, and gives content out itself for a minute."""

import httpx
import pytest
from django.core.files.storage import storages

from common.models import LooseFile
from common.tests.pictures import picture
from files.models import File
from files.services import delete_file
from files.tests import contents
from files.tests.factories import file_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bucket(s3, settings) -> None:
    settings.S3_BUCKET = "of this test"  # that there is one; its name stands in `STORAGES`


def test_the_content_is_fetched_from_the_bucket_as_a_download(layla, client_of):
    file = file_of(layla, contents.TEXT, "رحلة.txt")

    response = client_of(layla).get(f"/api/v1/files/{file.pk}/content")

    assert response.status_code == 302
    assert response.headers["Cache-Control"] == "no-store"
    fetched = httpx.get(response.headers["Location"], headers={"Range": "bytes=0-8"})
    assert (fetched.status_code, fetched.content) == (206, b"Passports")
    assert fetched.headers["Content-Type"] == "text/plain"
    assert fetched.headers["Content-Disposition"].startswith("attachment;")


def test_nobody_fetches_it_without_our_address(layla, client_of):
    file = file_of(layla)
    address = client_of(layla).get(f"/api/v1/files/{file.pk}/content").headers["Location"]

    assert "Expires=60" in address
    assert f"private/{file.stored}" in address


def test_pictures_are_there_too_and_all_of_it_goes(layla, client_of, committed):
    with committed():
        file = file_of(layla, picture("PNG", (400, 300)), "a.png")
    file.refresh_from_db()
    assert file.thumbnails == [160, 320, 1280]
    shown = client_of(layla).get(f"/api/v1/files/{file.pk}/thumbnail?size=160")
    assert httpx.get(shown.headers["Location"]).headers["Content-Type"] == "image/webp"

    with committed():
        delete_file(actor=layla, file=file)

    assert not File.objects.exists()
    assert not LooseFile.objects.exists()
    assert [storages["private"].exists(name) for name in file.every_stored] == [False] * 4
