"""A file in which clamd, the real one, finds a virus: nobody in the chat gets it, and everybody is told."""

import pytest

from files.models import File
from files.tasks import scan_file
from files.tests.conftest import clamd, folder, stored  # noqa: F401 (fixtures)
from files.tests.contents import TEXT
from files.tests.factories import file_of
from files.tests.programs import EICAR
from messaging.services import send_message
from messaging.tests.logs import log_of, types

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("content", "scan", "statuses"), [(TEXT, "clean", [409, 200]), (EICAR, "infected", [409, 409])]
)
def test_nobody_gets_a_file_before_it_was_looked_into(
    content,
    scan,
    statuses,
    group,
    layla,
    omar,
    client_of,
    settings,
    clamd,  # noqa: F811
    committed,
):
    settings.CLAMAV_URL = clamd.address
    file = file_of(layla, content)
    message, _ = send_message(actor=layla, chat=group, files=[file.pk])
    reader, told = client_of(omar), []

    for look in (lambda: None, lambda: scan_file(str(file.pk))):
        with committed():
            look()
        response = reader.get(f"/api/v1/files/{file.pk}/content")
        told.append(response.status_code)
        b"".join(response)  # to its end, where the file is closed

    [shown] = reader.get(f"/api/v1/chats/{group.pk}/messages").json()["results"]
    assert told == statuses
    assert (shown["files"][0]["scan"], File.objects.get().scan) == (scan, scan)
    assert bool(shown["files"][0]["url"]) is (scan == "clean")
    assert types(log_of(group)) == [(message.seq, "message.sent"), (message.seq + 1, "message.updated")]
