"""Real HTTP servers that are called, on this machine."""

import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread


@dataclass(frozen=True)
class Call:
    path: str
    headers: dict[str, str]  # by their names in lower case
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    """
    Attributes:
        drip: seconds between the bytes of the body.
    """

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip: float = 0


class Receiver:
    """Answers as `reply` says, and keeps what it was sent. Several calls at once, as they come."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.calls: list[Call] = []
        self.reply: Callable[[Call], Reply] = lambda call: Reply()
        self.over = Event()

    def answers(self, *statuses: int, **more: object) -> None:
        """With these, one after the other, and then with the last of them for ever."""
        left = list(statuses)
        self.reply = lambda call: Reply(status=left.pop(0) if len(left) > 1 else left[0], **more)


class Server(ThreadingHTTPServer):
    """Says nothing of callers who are gone in the middle of their call."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def receiver(*, port: int = 0, certificate: Path | None = None) -> Iterator[Receiver]:
    """A server at some free port, or the one given, until the end of the block.

    Args:
        certificate: PEM of a certificate and its key, to speak TLS.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:  # whoever called died in the middle of it
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.path, headers, body)
            here.calls.append(call)
            reply = here.reply(call)
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != 204:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self._write(reply)
            except OSError:  # the caller had enough
                self.close_connection = True

        def _write(self, reply: Reply) -> None:
            if not reply.drip:
                self.wfile.write(reply.body)
                return
            for byte in reply.body:
                if here.over.wait(reply.drip):
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if certificate else "http"
    here = Receiver(f"{scheme}://127.0.0.1:{server.server_address[1]}/hooks")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        here.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
