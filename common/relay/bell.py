"""The bell of the outbox: after a commit, soon, and once for many."""

import threading
from time import monotonic
from typing import Final

import structlog

from common.events import Told
from common.queueing import queue_once

from .consumers import consumers
from .tasks import drain

logger = structlog.get_logger(__name__)

EVERY: Final = 0.2  # seconds between two strokes of one process: a task costs more than an entry


class Bell:
    """Strikes at once, and after that once for all that rang meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._struck_at = -EVERY
        self._later: threading.Timer | None = None

    def ring(self, told: list[Told]) -> None:
        """Something was told after its commit. It may be lost: the clock's run finds what it was about."""
        if all(each.seq is None for each in told):
            return
        with self._lock:
            if self._later is not None:
                return
            wait = self._struck_at + EVERY - monotonic()
            if wait > 0:
                self._later = threading.Timer(wait, self._strike_later)
                self._later.daemon = True
                self._later.start()
                return
            self._struck_at = monotonic()
        strike()

    def _strike_later(self) -> None:
        with self._lock:
            self._later = None
            self._struck_at = monotonic()
        strike()


def strike() -> None:
    """Have the consumers look."""
    try:
        for consumer in consumers:
            queue_once(drain, consumer)
    except Exception:  # no broker: the change is made all the same, and the clock's run finds it
        logger.warning("relay_bell_failed", exc_info=True)


bell: Final = Bell()
