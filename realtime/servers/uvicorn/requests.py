"""HTTP as uvicorn takes it in, with bounds: it has none on headers, on idle connections or on what is read of
a body once it is answered, and says in plain text what it refuses by itself.
"""

import asyncio
from functools import partial
from typing import Any

import structlog
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.datastructures import Headers
from websockets.http11 import Request

from common.api.answers import bare_answer
from common.middleware.bodies import declared_length

from ..manners import IDLE, LINGER, MAX_HEAD, MAX_HEADERS, is_too_long, problem_of, refusal, turnstile
from .sockets import LiveSocket

logger = structlog.get_logger(__name__)


class Lingering:
    """A transport that ends its own side first. Closed while something is unread, the connection would be
    reset, and the answer lost on its way.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self.write = transport.write
        self.is_closing = transport.is_closing

    def close(self) -> None:
        if not self.is_closing():
            self._transport.write_eof()
            self._loop.call_later(LINGER, self._transport.abort)


class LiveRequests(HttpToolsProtocol):
    """A connection, and the requests over it one after the other.

    It stops to read a body at its cap. The application refuses it, seeing its length; what still comes is
    thrown away, and the connection ends with the answer.
    """

    cycle: Any  # of the newest request, if there was one yet; uvicorn's types say otherwise
    scope: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_new = True  # nothing was read of it yet
        self._is_over = False  # what still comes is thrown away
        self._is_in_head = False
        self._is_in_lines = False  # of a head, or of what stands behind a body in chunks
        self._parts = 0  # of lines, that have begun
        self._broken_off = 0  # bytes that came of them later than their beginning, while they have no end
        self._head = 0  # bytes of whole headers
        self._fields = 0
        self._length = 0  # of the body, so far

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._heard_at = self.loop.time()
        self._clock = self.loop.call_later(IDLE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clock.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """As it is, without a second look at the head, which would have other bounds."""
        self._clock.cancel()
        self.connections.discard(self)
        named = [(name.decode("latin1"), value.decode("latin1")) for name, value in self.headers]
        protocol = LiveSocket(self.config, self.server_state, self.app_state)
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.handle_connect(
            Request(self.url.decode(), Headers(named), method=self.scope["method"], protocol="HTTP/1.1")
        )

    def data_received(self, data: bytes) -> None:
        if self._is_new:
            self._is_new = False
            if not turnstile.passes(partial(self._begin, data)):
                self.transport.pause_reading()
                return
        self._heard_at = self.loop.time()
        if self._is_over:
            return
        self._unset_keepalive_if_required()
        parts, was_in_lines = self._parts, self._is_in_lines
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._stay(data[upgrade.args[0] :])
        except HttpParserError:
            self.send_400_response("")
        if was_in_lines and self._is_in_lines and self._parts == parts:
            self._broken_off += len(data)
            if self._broken_off > MAX_HEAD and not self._is_over:
                self.send_400_response("")

    def _begin(self, data: bytes) -> None:
        """What came first, once it is this connection's turn."""
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self.data_received(data)

    def _stay(self, rest: bytes) -> None:
        """Take it for what it is without its `Upgrade`, behind which the parser left the body out."""
        kept = [(name, value) for name, value in self.headers if name not in (b"upgrade", b"http2-settings")]
        head = [self.scope["method"].encode(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in kept:
            head += [name, b": ", value, b"\r\n"]
        self.parser = HttpRequestParser(self)
        self.data_received(b"".join([*head, b"\r\n", rest]))

    def _look(self) -> None:
        """A connection over which nothing comes, though it is the client's turn, is closed."""
        is_our_turn = self.cycle and not self.cycle.response_complete and not self.cycle.more_body
        idle = 0.0 if is_our_turn or self.flow.read_paused else self.loop.time() - self._heard_at
        if idle < IDLE:
            self._clock = self.loop.call_later(IDLE - idle, self._look)
        else:
            self.transport.close()

    # --- What is parsed -------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._is_in_head = True
        self._head = self._fields = self._length = 0
        self._begin_lines()
        super().on_message_begin()

    def _begin_lines(self) -> None:
        self._is_in_lines = True
        self._parts += 1
        self._broken_off = 0

    def on_url(self, url: bytes) -> None:
        self._grow_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        self._grow_head(len(name) + len(value))
        # Behind a body nobody reads it; with `_` Django takes it for the one with a dash (CVE-2015-0219).
        if self._is_in_head and b"_" not in name:
            super().on_header(name, value)

    def _grow_head(self, length: int) -> None:
        self._head += length
        if self._head > MAX_HEAD or self._fields > MAX_HEADERS:
            raise ValueError("A head without measure.")  # in a callback of the parser: it is no request then

    def on_headers_complete(self) -> None:
        self._is_in_head = self._is_in_lines = False
        if not self.url.isascii():
            raise ValueError("An address in no known encoding.")
        if self.parser.should_upgrade() and not self._should_upgrade():
            self.scope["method"] = self.parser.get_method().decode()
            return
        super().on_headers_complete()
        if not self.parser.should_upgrade() and is_too_long(self.url, declared_length(self.scope) or 0):
            self._cut()

    def on_chunk_header(self) -> None:
        """The length of a chunk, which is none behind the last."""
        self._begin_lines()

    def on_body(self, body: bytes) -> None:
        self._is_in_lines = False
        if self._is_over or self.parser.should_upgrade():
            return
        super().on_body(body)
        self._length += len(body)
        if is_too_long(self.url, self._length):
            self._cut()  # in chunks, so that nobody knew its length before

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _cut(self) -> None:
        self._is_over = True
        self.cycle.transport = Lingering(self.transport, self.loop)
        self.cycle.keep_alive = False
        self.cycle.waiting_for_100_continue = False
        self.cycle.more_body = False
        self.cycle.message_event.set()
        self.flow.resume_reading()

    # --- What is answered -----------------------------------------------------------------------------------

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(self._answer, cycle, app))

    async def _answer(self, cycle: Any, application: Any, scope: Any, receive: Any, send: Any) -> None:
        """Have *application* answer. Where it fails, or the process ends before, that is a problem too."""
        try:
            await application(scope, receive, send)
        except (Exception, asyncio.CancelledError) as error:
            if not isinstance(error, asyncio.CancelledError):
                logger.exception("request_failed")
            if cycle.response_started:
                cycle.disconnected = True
                self.transport.abort()  # so that nobody takes it for the whole answer
            else:
                headers, content = bare_answer(problem_of(500))
                await send({"type": "http.response.start", "status": 500, "headers": headers})
                await send({"type": "http.response.body", "body": content})

    def on_response_complete(self) -> None:
        self._heard_at = self.loop.time()  # the client's turn begins
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """What came is no request."""
        self._is_over = True
        cycle = self.cycle
        if cycle and not cycle.response_complete:
            if not cycle.more_body:  # it came behind one that is whole, and is answered
                cycle.keep_alive = False
                return
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started or self.pipeline:
                self.transport.abort()
                return
        self.transport.write(refusal(400))
        Lingering(self.transport, self.loop).close()
