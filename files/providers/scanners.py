"""Who says whether a file does harm: nobody, or clamd (man page clamd(8), the command INSTREAM)."""

import socket
import struct
from contextlib import closing, suppress
from typing import BinaryIO, Final, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

CHUNK: Final = 64 * 1024  # bytes
CONNECT_WITHIN: Final = 5  # seconds
ANSWER_WITHIN: Final = 120  # seconds: an archive is unfolded and every part of it looked at
MAX_ANSWER: Final = 4096  # bytes: one line, with the name of a signature in it


class ScannerUnavailable(Exception):  # noqa: N818 (it is no fault of ours)
    """The scanner doesn't say: ask again later.

    Attributes:
        is_away: it wasn't reached at all, so it is not for this file.
    """

    def __init__(self, why: str, *, is_away: bool = False) -> None:
        super().__init__(why)
        self.is_away = is_away


class ScanRefused(Exception):  # noqa: N818
    """The scanner won't look into this file, and won't later: it is larger or deeper than it takes."""


class Scanner(Protocol):
    def scan(self, content: BinaryIO) -> str:
        """The name of what was found in *content*, read to its end; empty: nothing.

        Raises:
            ScannerUnavailable, ScanRefused
        """

    def version(self) -> str:
        """What it is and what it knows.

        Raises:
            ScannerUnavailable
        """


def is_configured() -> bool:
    return bool(settings.CLAMAV_URL)


def scanner() -> Scanner:
    """The scanner of this installation.

    Raises:
        LookupError: it has none.
        ImproperlyConfigured: `CLAMAV_URL` is neither a socket's path nor a host and port.
    """
    if not is_configured():
        raise LookupError("no scanner is configured")
    return Clamd(settings.CLAMAV_URL)


class Clamd:
    """clamd at `unix:/run/clamav/clamd.ctl` or `tcp://127.0.0.1:3310`."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._at: str | tuple[str, int]
        if parts.scheme == "unix" and parts.path:
            self._at = parts.path
        elif parts.scheme == "tcp" and parts.hostname:
            self._at = (parts.hostname, parts.port or 3310)
        else:
            raise ImproperlyConfigured(
                f"CLAMAV_URL is {address!r}: write it like unix:/run/clamav/clamd.ctl or tcp://127.0.0.1:3310."
            )

    def version(self) -> str:
        with closing(self._connect()) as connection:
            return self._ask(connection, b"zVERSION\0")

    def scan(self, content: BinaryIO) -> str:
        with closing(self._connect()) as connection:
            # It says no in the middle of a stream that is too long, and hangs up: read why, if it is there.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(b"zINSTREAM\0")
                while chunk := content.read(CHUNK):
                    connection.sendall(struct.pack("!L", len(chunk)) + chunk)
                connection.sendall(struct.pack("!L", 0))
            answer = self._ask(connection)
        said = answer.removeprefix("stream: ")
        if said == "OK":
            return ""
        if said.endswith(" FOUND"):
            found = said.removesuffix(" FOUND")
            if found.startswith("Heuristics.Limits.Exceeded"):  # with AlertExceedsMax: it has not seen all
                raise ScanRefused(found)
            return found
        if "size limit exceeded" in said:
            raise ScanRefused(said)
        raise ScannerUnavailable(said or "no answer")

    def _connect(self) -> socket.socket:
        try:
            connection = self._open()
        except OSError as error:
            raise ScannerUnavailable(str(error), is_away=True) from error
        connection.settimeout(ANSWER_WITHIN)
        return connection

    def _open(self) -> socket.socket:
        if isinstance(self._at, tuple):
            return socket.create_connection(self._at, timeout=CONNECT_WITHIN)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(CONNECT_WITHIN)
        try:
            connection.connect(self._at)
        except OSError:
            connection.close()
            raise
        return connection

    @staticmethod
    def _ask(connection: socket.socket, command: bytes = b"") -> str:
        """What it answers to *command*, up to the zero byte that ends an answer."""
        answer = b""
        try:
            if command:
                connection.sendall(command)
            while not answer.endswith(b"\0") and len(answer) < MAX_ANSWER:
                if not (more := connection.recv(MAX_ANSWER)):
                    break
                answer += more
        except OSError as error:
            raise ScannerUnavailable(str(error)) from error
        return answer.rstrip(b"\0").decode(errors="replace").strip()
