"""A server that really runs: `manage.py serve` in a process of its own, for tests and proofs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import httpx

ROOT = Path(__file__).resolve().parent.parent
KEPT = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_",
    "TMPDIR",
    "COVERAGE_",
)  # of our own environment, by their start

SERVERS = ("daphne", "uvicorn")  # what serves: whatever is true of one is true of the other

# The server with other numbers than production's, for tests that can't wait for those.
WITH_MANNERS = """
import sys
import django
from django.core.management import execute_from_command_line
django.setup()
from realtime.servers import manners
vars(manners).update({numbers!r})
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LiveServer:
    """One server process at a time, over one data folder. `with` starts it, and kills it at the end.

    Args:
        data: its `DATA_DIR`; what it prints is kept there, in a file for each port.
        manners: numbers of `realtime.servers.manners`, in place of production's.
        words: more of them for `manage.py serve`.
        environment: variables beside an otherwise bare environment, which is that of the embedded default.
    """

    def __init__(
        self,
        data: Path,
        *,
        manners: dict[str, float] | None = None,
        port: int | None = None,
        words: Sequence[str] = (),
        **environment: str,
    ) -> None:
        self.data = data
        self.port = port or free_port()
        self.manners = manners
        self.words = words
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def _log(self) -> Path:
        return self.data / f"server-{self.port}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    def start(self, *, within: float = 180) -> float:
        """Start it and wait until it says that it is ready.

        Returns:
            The seconds that took.
        """
        started = time.monotonic()
        self.spawn()
        while not self._is_ready():
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"The server ended while starting:\n{self.log}")
            if time.monotonic() - started > within:
                self.kill()  # nobody enters, so nobody leaves: it would outlive the tests
                raise TimeoutError(f"The server was not ready after {within} s:\n{self.log}")
            time.sleep(0.05)
        return time.monotonic() - started

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start it without waiting."""
        command = ["manage.py"]
        if self.manners:
            command = ["-c", WITH_MANNERS.format(numbers=self.manners)]
        self.data.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 (our own code)
                [sys.executable, *command, "serve", "--host", "127.0.0.1", *self.words],
                cwd=ROOT,
                env=self.whole_environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                # Tests in the background of a shell are deaf to Ctrl-C, and so would the server be.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        return self.process

    def manage(self, *words: str) -> str:
        """What `manage.py` says to these words, in a process of its own beside the server."""
        command = [sys.executable, "manage.py", *words]
        ran = subprocess.run(  # noqa: S603 (our own code)
            command, cwd=ROOT, env=self.whole_environment(), capture_output=True, text=True, check=True
        )
        return ran.stdout

    def whole_environment(self) -> dict[str, str]:
        """What it runs in; a worker beside it needs the same."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
        ours = {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(self.data),
            "PORT": str(self.port),
            "SERVER": os.environ.get("SERVER", "daphne"),
            "LIMIT_GENERAL": "off",
            "LIMIT_USER": "off",
            "LIMIT_AUTH": "off",
            "LIMIT_AUTH_ADDRESS": "off",
            "LIMIT_SOCKET": "off",
            "LOG_LEVEL": "WARNING",
        }
        return kept | ours | self.environment

    def stop(self, how: signal.Signals, *, within: float = 10) -> tuple[int, float]:
        """Ask it to end.

        Returns:
            Its exit code, and the seconds that took.
        """
        assert self.process
        started = time.monotonic()
        self.process.send_signal(how)
        return self.process.wait(within), time.monotonic() - started

    def kill(self) -> None:
        """End it between two instructions, as a power cut would."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def memory(self) -> int:
        """The bytes that it holds in memory now."""
        assert self.process
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise LookupError("VmRSS")

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/health/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False
