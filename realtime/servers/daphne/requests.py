"""HTTP as Daphne takes it in, with bounds: Twisted would write any body to disk whole, and Daphne then put
it whole into memory, before the application is asked for the first time.

Twisted's own bounds hold beside, the same as in `manners.py`: of a head, and of an idle connection.
"""

from functools import partial
from typing import Any

from daphne.http_protocol import WebRequest
from twisted.web.http import HTTPChannel

from common.api.answers import bare_answer

from ..manners import LINGER, is_too_long, problem_of, refusal, turnstile


class LiveRequest(WebRequest):
    """A request whose refusal by the server itself is a problem like any other.

    Forms are left to the application: twisted would read each whole on the loop once more, refuse by itself
    what it takes for none, and nobody looks at what it made of it.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named, parsePOSTFormSubmission=False)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        headers, content = bare_answer(problem_of(status), status=status)
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": content})


class LiveChannel(HTTPChannel):
    """A connection that stops to read a body at its cap. The application refuses it, seeing its length;
    what still comes is thrown away, and the connection ends with the answer.
    """

    transport: Any
    _path: Any  # bytes, with the query; twisted's types say otherwise
    _is_cut = False
    _is_new = True  # nothing was read of it yet

    def connectionMade(self) -> None:  # noqa: N802 (twisted's name)
        self.requestFactory = LiveRequest  # daphne's factory has set its own
        super().connectionMade()

    def dataReceived(self, data: bytes) -> Any:  # noqa: N802
        if self._is_new:
            self._is_new = False
            if not turnstile.passes(partial(self._begin, data)):
                self.transport.pauseProducing()
                return None
        return None if self._is_cut else super().dataReceived(data)

    def _begin(self, data: bytes) -> None:
        """What came first, once it is this connection's turn."""
        if self.transport.connected:
            self.transport.resumeProducing()
            self.dataReceived(data)

    def allHeadersReceived(self) -> None:  # noqa: N802
        # Daphne believes whoever says so where the application begins, and paths would mean something else.
        self.requests[-1].requestHeaders.removeHeader(b"Daphne-Root-Path")
        if is_too_long(self._path, self.length or 0):
            self.requests[-1].requestHeaders.removeHeader(b"Expect")  # no `100 Continue` for it
            self.length = 0  # goes on at once
            super().allHeadersReceived()
            self._cut()
        else:
            super().allHeadersReceived()

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._is_cut:
            return
        super().rawDataReceived(data)
        # Chunked, so that nobody knew its length before.
        if self._transferDecoder is not None and is_too_long(self._path, self.requests[-1].content.tell()):
            self._cut()
            self.allContentReceived()

    def loseConnection(self) -> Any:  # noqa: N802
        if not self._is_cut:
            return super().loseConnection()
        # Closed while something is unread, the connection would be reset, and the answer lost on its way.
        self._networkProducer.unregisterProducer()
        self.transport.loseWriteConnection()
        self.callLater(LINGER, self.transport.abortConnection)
        return None

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        self._respondToBadRequestAndDisconnect()

    def _cut(self) -> None:
        self._is_cut = True
        self.persistent = False
        self.requests[-1].responseHeaders.setRawHeaders(b"Connection", [b"close"])

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802
        self.transport.write(refusal(400))
        self._is_cut = True
        self.clearLineBuffer()  # of what is read already, too
        self.loseConnection()
