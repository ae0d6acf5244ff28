"""The WebSocket: sockets in, frames out (api.md §3)."""

import asyncio
from inspect import iscoroutinefunction
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import structlog
from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import timezone

from common.addresses import address_of_scope
from common.api.exceptions import as_problem
from common.api.parsers import decode
from common.events import topic_of_user
from common.ids import uuid7
from common.problems import Malformed, ServerFault, TemporarilyUnavailable

from . import metrics, registry
from .frames import MAX_FRAME, PROTOCOL, Close, frame
from .hub import Hub, hub
from .limits import FrameCount
from .pipes import pipe_of
from .problems import UnknownCommand
from .registry import Shown
from .resume import resume, shape
from .sizes import SIZES
from .sockets import Socket
from .threads import commanding, reading

logger = structlog.get_logger(__name__)

AUTHENTICATE_WITHIN: Final = 10.0  # seconds for a first frame `auth`
RESUME_WITHIN: Final = 0.5  # seconds for a fresh socket to ask for what it missed, before live frames start


class LiveConsumer(AsyncWebsocketConsumer):
    """Everything the person may see, or with `topic_kind` and an id in the path, one topic of that kind."""

    def __init__(self, *, topic_kind: str | None = None) -> None:
        super().__init__()
        self.topic_kind = topic_kind
        self.socket: Socket | None = None
        self.hub: Hub | None = None
        self._clock: asyncio.Task[None] | asyncio.TimerHandle | None = None
        self._frames = FrameCount()
        self._is_over = False  # closed, though frames of the client may still come in

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """As Channels does it, but with no channel to hear beside the client, so with no task for each wait:
        the hub has the process's one channel."""
        self.scope, self.base_send = scope, send
        try:
            while True:
                await self.dispatch(await receive())
                await asyncio.sleep(0)  # others have their turn, however much this client has said
        except StopConsumer:
            pass
        finally:  # also when the server cancels us: nothing of a gone socket stays in the hub
            self._stop_clock()
            if self.socket and self.hub:
                self.socket.forget()
                self.hub.remove(self.socket)

    async def dispatch(self, message: Any) -> None:
        """As it is, without Channels' look at the loop's database connections: there are none here."""
        await getattr(self, get_handler_name(message))(message)

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        if code is not None:
            metrics.closed(code)
        await super().close(None if code is None else int(code), reason)  # servers want a very int

    # --- Connecting -----------------------------------------------------------------------------------------

    async def connect(self) -> None:
        if not origin_is_welcome(self.scope):
            await self.close()  # before accepting: the browser of another site sees 403
            return
        offered = self.scope.get("subprotocols", [])
        await self.accept(PROTOCOL if PROTOCOL in offered else None)
        token, ticket = credentials(self.scope)
        if token or ticket:
            await self._enter(token, ticket)
        else:
            self._clock = asyncio.create_task(self._close_in(AUTHENTICATE_WITHIN))

    async def _close_in(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._end(Close.NOT_AUTHENTICATED)

    async def _end(self, code: Close) -> None:
        self._is_over = True
        if self.socket:
            self.socket.close(code)
        else:
            await self.close(code)

    def _stop_clock(self) -> None:
        if self._clock:
            self._clock.cancel()

    async def _enter(self, token: str | None, ticket: str | None = None) -> None:
        """Let them in who show this, or say why not."""
        try:
            await self._come_in(token, ticket)
        except Exception as error:
            if not isinstance(as_problem(error), TemporarilyUnavailable):
                raise
            await self._end(Close.TRY_AGAIN)

    async def _come_in(self, token: str | None, ticket: str | None) -> None:
        """Subscribe the caller to what they may hear, say `hello`, then let frames flow."""
        looked_at, home = asyncio.get_running_loop().time(), await hub()
        entry = await home.entrants.entry_of(Shown(token=token, ticket=ticket))
        if isinstance(entry, Close):
            await self._end(entry)
            return
        caller, positions, only = entry.caller, entry.positions, self._only()
        if only and only not in positions:
            await self._end(Close.NOT_ALLOWED)
            return
        own = topic_of_user(caller.user.pk)
        if only:
            positions = {own: positions[own], only: positions[only]}
        self.hub = home
        self.socket = Socket(
            caller=caller,
            send=self.send,
            close=self.close,
            pipe=pipe_of(self.scope),
            only=only,
            address=address_of_scope(self.scope),
        )
        await self.hub.add(self.socket, positions, silent=[own] if only else [])
        if not self.hub.hears_since(looked_at, positions):
            # What moved between the look and the subscription is found by a second look.
            for topic, newest in (await home.entrants.positions_of(caller.user.pk)).items():
                self.hub.moved(topic, newest)
        self.socket.push(
            frame(
                "hello",
                session=caller.session,
                user_seq=positions[own],
                epoch=entry.epoch,
                heartbeat=round(settings.SOCKET_HEARTBEAT * 1000),
                limits=SIZES,
                time=timezone.now(),
            )
        )
        self._clock = asyncio.get_running_loop().call_later(RESUME_WITHIN, self._release)

    def _release(self) -> None:
        if self.socket and self.hub and self.socket.is_held:
            self.hub.release(self.socket)

    def _only(self) -> str | None:
        if self.topic_kind is None:
            return None
        return f"{self.topic_kind}:{self.scope['url_route']['kwargs']['id']}"

    # --- Frames ---------------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._is_over or (self.socket and self.socket.is_closing) or (self.hub and self.hub.is_closing):
            return  # who was told to go asks the next process
        metrics.frames.received += 1
        if not self._frames.allows_one_more():
            await self._end(Close.TOO_MANY)
        elif (given := parse(text_data)) is None:
            await self._end(Close.BAD_FRAME)
        elif self.socket is None or self.hub is None:
            await self._authenticate(given)
        else:
            with self.hub.answering():
                await self._answer(self.socket, given)

    async def _authenticate(self, given: dict[str, Any]) -> None:
        self._stop_clock()  # in time, however long the look at the session takes
        token = given.get("token")
        if given["type"] != "auth" or not isinstance(token, str):
            await self._end(Close.NOT_AUTHENTICATED)
            return
        await self._enter(token)

    async def _answer(self, socket: Socket, given: dict[str, Any]) -> None:
        type_, id_, request_id = given["type"], given.get("id"), uuid7().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)  # until the next one: the task is ours
        try:
            match type_:
                case "ping":
                    socket.push(frame("pong", id=id_, time=timezone.now()))
                case "auth":
                    await self._renew(socket, given)
                case "resume":
                    await self._resume(socket, given)
                case _:
                    data = await self._run(socket, type_, given.get("data", {}))
                    socket.push(frame("ack", id=id_, data=data))
        except Exception as error:
            problem = as_problem(error)
            if problem is None:
                logger.exception("command_failed", command=type_)
                problem = ServerFault()
            socket.push(frame("error", id=id_, error=problem.body() | {"request_id": request_id}))
        finally:
            self._release()

    async def _run(self, socket: Socket, type_: str, data: Any) -> dict[str, Any]:
        command = registry.commands.get(type_)
        if command is None:
            raise UnknownCommand(known=sorted([*registry.commands, "auth", "ping", "resume"]))
        if socket.only and isinstance(data, dict):
            kind, _, id_ = socket.only.partition(":")
            data = {kind: id_} | data
        registry.connection_in_use.set(socket.id)
        run: Any = command if iscoroutinefunction(command) else commanding(command)
        answer: dict[str, Any] = await run(socket.caller.user, data)
        return answer

    async def _resume(self, socket: Socket, given: dict[str, Any]) -> None:
        asked = shape().run_validation(given)
        self._stop_clock()  # it would release the socket in the middle of the replay
        socket.hold()
        await resume(socket, await hub(), asked)

    async def _renew(self, socket: Socket, given: dict[str, Any]) -> None:
        """`auth` again on an open socket: the same person with a fresh token, or the end."""
        shown = Shown(token=str(given.get("token", "")))
        [caller] = await reading(registry.authenticator().callers)([shown])
        if caller is None or caller.user.pk != socket.caller.user.pk:
            socket.close(Close.NOT_AUTHENTICATED)
            return
        socket.caller = caller
        socket.push(frame("ack", id=given.get("id"), data={"session": caller.session}))


def parse(text: str | None) -> dict[str, Any] | None:
    """A client's frame: a JSON object with a `type`; None if *text* is anything else."""
    if text is None or len(text) > MAX_FRAME:
        return None
    try:
        given = decode(text)
    except Malformed:
        return None
    return given if isinstance(given, dict) and isinstance(given.get("type"), str) else None


def credentials(scope: Any) -> tuple[str | None, str | None]:
    """The token or the ticket that the request itself carries, if any."""
    headers = dict(scope["headers"])
    scheme, _, token = headers.get(b"authorization", b"").decode("latin1").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip(), None
    for offered in scope.get("subprotocols", []):
        if offered.startswith("bearer."):
            return offered.removeprefix("bearer."), None
    ticket = parse_qs(scope.get("query_string", b"").decode("latin1")).get("ticket")
    return None, ticket[0] if ticket else None


def origin_is_welcome(scope: Any) -> bool:
    """No `Origin` (a native client), our own host, or one in the CORS list."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin1")
    if not origin or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    return urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin1")
