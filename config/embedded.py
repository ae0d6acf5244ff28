"""The task worker and its clock inside this process: nothing to install, one thing to stop."""

import os
import threading
import warnings
from typing import Any

from celery.apps.worker import Worker
from celery.beat import EmbeddedService

from .celery import app

_running: dict[int, "QuietWorker"] = {}  # by process id: a fork starts its own


class QuietWorker(Worker):
    """A worker in a thread: signals, title and banner belong to the process around it."""

    def install_platform_tweaks(self, worker: Any) -> None:
        """Signal handlers are for main threads."""

    def emit_banner(self) -> None:
        """`manage.py serve` prints its own."""


def start_worker() -> None:
    """Start worker and beat in daemon threads; once a process."""
    if os.getpid() in _running:
        return
    # The worker is no process of its own: it has the rights that the server was given.
    warnings.filterwarnings("ignore", message="You're running the worker with superuser", append=True)
    worker = _running[os.getpid()] = QuietWorker(
        app=app,
        pool="threads",
        concurrency=2,
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
        redirect_stdouts=False,
        loglevel="WARNING",
    )
    threading.Thread(target=worker.start, name="celery-worker", daemon=True).start()
    EmbeddedService(app, thread=True, max_interval=5).start()  # type: ignore[union-attr]


def stop_worker() -> None:
    """End the worker, if this process has one: what runs is finished, what waits is for the next start.

    Its clock goes first, since a task that falls due in between would find nobody to run it.
    """
    if (worker := _running.pop(os.getpid(), None)) is None:
        return
    worker.timer.stop()  # type: ignore[union-attr]
    worker.stop()
