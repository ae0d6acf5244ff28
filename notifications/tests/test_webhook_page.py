"""The receivers that `docs/webhooks.md` shows do what it says."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

import pytest

from notifications.models import Attempt, Delivery, Webhook
from notifications.services import deliver_due, redeliver_event, send_test
from notifications.tests.webhooks import webhook_of

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).parent.parent.parent / "docs/webhooks.md").read_text()
PROGRAMS = {"python": [sys.executable, "-c"], "javascript": ["node", "-e"]}
has_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
LANGUAGES = [pytest.param("python"), pytest.param("javascript", marks=has_node)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def shown_receiver(language: str, *, port: int, secret: str) -> Iterator[subprocess.Popen]:
    """The program of the page, once it listens."""
    [code] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    variables = {"PATH": os.environ["PATH"], "PORT": str(port), "WEBHOOK_SECRET": secret}
    process = subprocess.Popen(
        [*PROGRAMS[language], code],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        until = monotonic() + 10
        while monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_receiver_shown_takes_what_is_ours_once(language, layla, settings):
    settings.OUTBOUND_PRIVATE = True
    port = free_port()
    webhook = webhook_of(layla, url=f"http://127.0.0.1:{port}/serai")

    with shown_receiver(language, port=port, secret=webhook.secret) as process:
        first = send_test(webhook=webhook)
        deliver_due("webhook")
        redeliver_event(event=first.event)
        send_test(webhook=webhook)
        deliver_due("webhook")
        said = [process.stdout.readline() for _ in range(2)]

    assert [line.split()[:2] for line in said] == [["1", "webhook.test"], ["2", "webhook.test"]]
    assert str(webhook.pk) in said[0]
    assert {each.state for each in Delivery.objects.all()} == {"sent"}
    assert Attempt.objects.count() == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_refuses_what_somebody_else_signed(language, layla, omar, settings):
    settings.OUTBOUND_PRIVATE = True
    port = free_port()
    webhook, other = (webhook_of(each, url=f"http://127.0.0.1:{port}/serai") for each in (layla, omar))

    with shown_receiver(language, port=port, secret=other.secret):
        send_test(webhook=webhook)
        deliver_due("webhook")

    assert Attempt.objects.get().code == "http_401"
    assert Webhook.objects.get(pk=webhook.pk).failing_since is not None
