"""Fixtures for every app."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.db import connection, transaction
from rest_framework.test import APIClient
from structlog.stdlib import ProcessorFormatter

from accounts.models import User
from accounts.tests.factories import SessionFactory, UserFactory
from accounts.tokens import make_access
from common import gathering as gatherers
from common import geo
from common.fast import FastRoutes
from common.gate import Gate, gate
from common.relay import bell as outbox_bell
from common.relay.consumers import consumers
from common.relay.services import drain
from common.tests.geofiles import write_geo_file
from config.celery import app as celery_app
from legal.duties import board
from messaging.api.fast import ROUTES, pages, sends
from messaging.models import Chat
from messaging.tests.factories import group_of
from tests.asgi import AsgiClient, ThisThread
from tests.inline import Inline

ClientOf = Callable[[User], APIClient]
Lines = Callable[[], list[dict[str, Any]]]


def pytest_configure() -> None:
    celery_app.conf.task_always_eager = True  # a queued task runs where it was queued, after the commit


@pytest.fixture(autouse=True)
def _quick_passwords(request: pytest.FixtureRequest, settings: Any) -> None:
    """Hashing slowly on purpose is for production, and for the tests that are about it."""
    if "real_passwords" not in request.keywords:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _gate_left_alone(settings: Any) -> None:
    """Its look for changed rules is a query at any moment: for tests that are about it, not for counting."""
    settings.ADDRESS_RULES_SWEEP = float("inf")


@pytest.fixture
def watched_gate(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """The gate of this process, new, and looking for changed rules whenever it is asked."""
    settings.ADDRESS_RULES_SWEEP = -1
    for name, value in vars(Gate()).items():
        monkeypatch.setattr(gate, name, value)
    return gate


@pytest.fixture
def geoip(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GeoIP file that knows `PLACES`."""
    path = tmp_path / "places.mmdb"
    write_geo_file(path)
    settings.GEOIP_DATABASE = str(path)
    monkeypatch.setattr(geo, "file", geo.GeoFile())
    return path


@pytest.fixture(autouse=True)
def _nothing_to_accept(settings: Any) -> None:
    """As the process found a moment ago: who publishes nothing pays for no look at what is required."""
    settings.TERMS_LOOK = 3600
    board.know([])


@pytest.fixture(autouse=True, scope="session")
def _tests_may_forget() -> Iterator[None]:
    """After a test that commits every table is emptied: SQLite by DELETE, which the audit log refuses."""
    operations: Any = type(connection.ops)
    flush = operations.sql_flush

    def flush_unguarded(self: Any, *args: Any, **more: Any) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = dict(cursor.fetchall())
        dropped = [f"DROP TRIGGER {name}" for name in triggers]
        return [*dropped, *flush(self, *args, **more), *triggers.values()]

    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "sqlite":
            patch.setattr(operations, "sql_flush", flush_unguarded)
        yield


@pytest.fixture
def client() -> APIClient:
    """A stranger's client."""
    return APIClient()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_doors") and "client_of" in metafunc.fixturenames:
        metafunc.parametrize("fast_routes", ["off", "on"], indirect=True, ids="fast_routes={}".format)


@pytest.fixture(scope="session")
def manners(django_db_setup: None, django_db_blocker: Any) -> dict[Any, Any]:
    """What the fast routes learn of Django's answers, learned once."""
    application = FastRoutes(ROUTES, get_asgi_application())
    with django_db_blocker.unblock(), transaction.atomic():
        session = SessionFactory()
        client = AsgiClient(application)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_access(session)}")
        url = f"/api/v1/chats/{group_of(session.user).pk}/messages"
        assert client.post(url, {"text": "Salam"}).status_code == 201
        assert client.get(url).status_code == 200
        transaction.set_rollback(True)
    assert len(application._manners) == len(ROUTES)
    return application._manners


@pytest.fixture
def fast(manners: dict[Any, Any], monkeypatch: pytest.MonkeyPatch) -> FastRoutes:
    """The fast routes in front of Django, at work in the thread and the transaction of the test."""
    monkeypatch.setattr(gatherers, "close_old_connections", lambda: None)  # as `connections_kept`
    for module, name in ((sends, "_sends"), (pages, "_reads")):
        gatherer = getattr(module, name).__wrapped__()
        gatherer.close()
        gatherer._threads = ThisThread()
        monkeypatch.setattr(module, name, lambda gatherer=gatherer: gatherer)
    application = FastRoutes(ROUTES, get_asgi_application())
    application._manners = dict(manners)
    return application


@pytest.fixture
def fast_routes(request: pytest.FixtureRequest) -> FastRoutes | None:
    """Through which door the test's clients come: with the mark `both_doors` once through each."""
    return request.getfixturevalue("fast") if getattr(request, "param", "off") == "on" else None


@pytest.fixture
def client_of(fast_routes: FastRoutes | None) -> ClientOf:
    """Makes the client of a person who is signed in, each time in a session of its own."""

    def make(user: User) -> APIClient:
        client = AsgiClient(fast_routes) if fast_routes else APIClient()
        client.session_row = SessionFactory(user=user)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_access(client.session_row)}")
        return client

    return make


@pytest.fixture
def log_lines() -> Iterator[Lines]:
    """What this test logs, line by line, as the product's own handler writes it."""
    root, text = logging.getLogger(), StringIO()
    [ours] = [each for each in root.handlers if isinstance(each.formatter, ProcessorFormatter)]
    handler, level = logging.StreamHandler(text), root.level
    handler.setFormatter(ours.formatter)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in text.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _outbox_bell_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consumers look when the test says so: not in the middle of what it counts."""
    monkeypatch.setattr(outbox_bell, "strike", lambda: None)
    monkeypatch.setattr(outbox_bell, "EVERY", 0.0)  # nothing is left to strike when the test has ended
    monkeypatch.setattr("notifications.registries.bells", [])
    monkeypatch.setattr("notifications.services.delivering.bells", [])


@pytest.fixture(autouse=True)
def _deliveries_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order in which they are due, as the test expects them."""
    monkeypatch.setattr("notifications.services.delivering.ThreadPoolExecutor", lambda *_: Inline())


@pytest.fixture
def relayed() -> Callable[[], int]:
    """Takes what is in the log to its consumers: `relayed()`."""
    return lambda: sum(drain(consumer=name) for name in consumers)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """`with committed():` runs what waits for the commit, which a test's own transaction never reaches."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def layla() -> User:
    return UserFactory(username="layla")


@pytest.fixture
def omar() -> User:
    return UserFactory(username="omar")


@pytest.fixture
def mina() -> User:
    return UserFactory(username="mina")


@pytest.fixture
def group(layla: User, omar: User) -> Chat:
    """Layla owns it, Omar is a member; nothing was said yet."""
    return group_of(layla, omar)
