"""Processes of the bench: started, waited for, and ended with what they started."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STARTS_WITHIN = 60  # seconds
STOPS_WITHIN = 20  # seconds


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    answers: Callable[[], object],
    cwd: Path | str = "/",
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process from its first answer to the end of the block.

    Args:
        log: the file that what it says goes to.
        answers: raises as long as the process doesn't answer.

    Raises:
        RuntimeError: it ended, or said nothing in time; with what it said.
    """
    with log.open("ab") as said:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_for(process, answers, log)
        yield process
    finally:
        _stop(process)


def _wait_for(process: subprocess.Popen[bytes], answers: Callable[[], object], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            answers()
        except Exception as error:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{process.args!r} doesn't answer:\n{log.read_text()}") from error
            time.sleep(0.1)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # PostgreSQL's "fast"; what Ctrl-C is to the others
    try:
        process.wait(STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
