"""A WebSocket as uvicorn has it, with our ping, our close codes, and a bounded inbox."""

import asyncio
from collections.abc import Generator
from http import HTTPStatus
from typing import Any

import structlog
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.frames import CloseCode
from websockets.http11 import Response
from websockets.protocol import Protocol, State
from websockets.server import ServerProtocol

from common.api.answers import bare_answer

from ... import metrics
from ...frames import Close
from ...pipes import EXTENSION
from .. import manners
from ..manners import Inbox, problem_of

logger = structlog.get_logger(__name__)


class Handshake(ServerProtocol):
    """The protocol of a connection. Refused before it opened, it says so in the words of every refusal."""

    def parse(self) -> Generator[None]:
        """Frames alone: `LiveRequests` has read the request."""
        yield from Protocol.parse(self)

    def reject(self, status: Any, text: str) -> Response:
        status = HTTPStatus(status)
        headers, content = bare_answer(problem_of(status), status=status)
        told = Headers([(name.decode(), value.decode()) for name, value in headers])
        told["Server"] = manners.NAME
        told["Connection"] = "close"
        return Response(status.value, status.phrase, told, content)


class LiveSocket(WebSocketsSansIOProtocol):
    """A connection that closes with our code when its client is dead, whether or not the client reads.

    It is its own `Pipe`.
    """

    scope: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = Handshake(max_size=self.config.ws_max_size, logger=self.logger)
        self.inbox = Inbox(pause=self._pause_reading, resume=self._resume_reading)
        self.queue: Any = self.inbox
        self.is_gone = False
        self._heard_at = 0.0
        self._pinged_at = 0.0  # by `manners.listening`

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        super().connection_lost(exc)

    # --- From the client ------------------------------------------------------------------------------------

    def _pause_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        super().data_received(data)

    def handle_ping(self) -> None:
        pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set():  # else it would wait here, one of any number that nobody reads
            self.transport.write(pong)

    def send_receive_event_to_app(self) -> None:
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:  # what comes behind our close is for nobody
            return
        if self.curr_msg_data_type == "bytes":
            self.inbox.put_nowait({"type": "websocket.receive", "bytes": data})
            return
        try:
            self.inbox.put_nowait({"type": "websocket.receive", "text": data.decode()})
        except UnicodeDecodeError:
            self.end_with(CloseCode.INVALID_DATA)

    def handle_parser_exception(self) -> None:
        """What came is no frame, or too large. The rest is read and thrown away, for our code to arrive."""
        if not self.close_sent and self.conn.close_sent:
            metrics.closed(self.conn.close_sent.code)
            self._say_close(self.conn.close_sent.code)
            self.transport.write_eof()  # the client's own close would not be understood any more

    # --- To the client --------------------------------------------------------------------------------------

    async def send(self, message: Any) -> None:
        """As it is, but that a close waits for nobody, and nothing is wrong about words behind it."""
        if message["type"] == "websocket.close" and self.handshake_complete:
            self.close_with(message.get("code") or CloseCode.NORMAL_CLOSURE)
            return
        await self.writable.wait()
        if not (self.disconnected or self.close_sent or self.transport.is_closing()):
            await super().send(message)

    @property
    def is_open(self) -> bool:
        return (
            self.handshake_complete
            and not self.close_sent
            and self.writable.is_set()
            and not self.transport.is_closing()
        )

    def write(self, frames: bytes) -> None:
        self.transport.write(frames)

    def pause_writing(self) -> None:
        if not self.close_sent:  # nobody waits any more
            super().pause_writing()

    def close_with(self, code: int) -> None:
        """Close behind what is on its way."""
        if not self.close_sent and self.conn.state is State.OPEN:
            self.conn.send_close(int(code))
            self._say_close(int(code))

    def end_with(self, code: int) -> None:
        """The same, where it isn't the application that wants it."""
        if not self.close_sent and self.conn.state is State.OPEN:
            metrics.closed(code)
            self.close_with(code)

    def send_away(self) -> None:
        if self.handshake_complete:
            self.end_with(Close.GOING_AWAY)

    def _say_close(self, code: int) -> None:
        self.close_sent = True
        self.stop_keepalive()
        self.writable.set()
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": code})
        # Read on, to throw away: what stays unread resets the connection, and our code is lost on its way.
        self._resume_reading()
        self.close_timer = self.loop.call_later(manners.CLOSE_WITHIN, self.transport.abort)

    # --- Its life -------------------------------------------------------------------------------------------

    def send_keepalive_ping(self) -> None:
        """Later, if the client has said something meanwhile."""
        rest = manners.PING_EVERY - (self.loop.time() - self._heard_at)
        if rest > 0:
            self.ping_timer = self.loop.call_later(rest, self.send_keepalive_ping)
        else:
            self._pinged_at = manners.listening.seconds
            super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        self.pong_timer = None
        if self.inbox.is_full or self._heard_at > self.ping_sent_at:  # its pong may be in what we don't read
            self.schedule_ping()
        elif owed := manners.listening.owed(self._pinged_at):
            self.pong_timer = self.loop.call_later(owed, self.keepalive_timeout)
        else:
            self.end_with(Close.NO_PONG)

    async def run_asgi(self) -> None:
        self.scope["extensions"] = {EXTENSION: self}
        try:
            await self.app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # the process ends
            self.send_500_response()
        except Exception:
            logger.exception("socket_failed")
            self.send_500_response()
            self.end_with(CloseCode.INTERNAL_ERROR)
        if self.close_timer is None:
            self.transport.close()
