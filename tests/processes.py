"""Processes of the bench and the proofs: started, waited for, killed, and ended with what they started."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from .machine import family

STARTS_WITHIN = 60  # seconds
STOPS_WITHIN = 20  # seconds


class Process:
    """One process at a time of a command. `with` starts it, and stops it at the end.

    Args:
        log: the file that what it says goes to.
        answers: raises as long as the process doesn't answer.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        answers: Callable[[], object],
        cwd: Path | str = "/",
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._command, self._log, self._answers = command, log, answers
        self._cwd, self._env = cwd, env
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        if self._running is None:
            raise RuntimeError(f"{self._command!r} was never started")
        return self._running.pid

    def start(self) -> None:
        """Start it, and wait for its first answer.

        Raises:
            RuntimeError: it ended, or said nothing in time; with what it said.
        """
        with self._log.open("ab") as said:
            self._running = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env=self._env,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                self._answers()
            except Exception as error:
                if self._running.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise RuntimeError(
                        f"{self._command!r} doesn't answer:\n{self._log.read_text()}"
                    ) from error
                time.sleep(0.1)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by default in PostgreSQL's \"fast\" way, which to the others is Ctrl-C."""
        if self._running is None:
            return
        self._running.send_signal(how)
        try:
            self._running.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """`kill -9`, of it and of all that it started."""
        if self._running is None or self._running.poll() is not None:
            return
        for pid in family(self.pid):
            with suppress(ProcessLookupError):  # ended meanwhile
                os.kill(pid, signal.SIGKILL)
        self._running.wait()
