"""People on sockets: what they say is acknowledged and heard; who comes back is given exactly the rest."""

import json
import random
import time
from typing import Any, Final
from uuid import uuid4

import gevent
import websocket
from gevent.event import AsyncResult
from locust import constant_throughput, events, task

from bench.locust.people import Person, told

ANSWERED_WITHIN: Final = 10  # seconds
AWAY: Final = 0.5  # seconds

said: Final[dict[str, float]] = {}  # when, by client_id


class Listener(Person):
    wait_time = constant_throughput(1)

    def on_start(self) -> None:
        super().on_start()
        self.epoch, self.waiting = "", dict[str, AsyncResult]()
        self.connect()

    def on_stop(self) -> None:
        self.leave()

    def connect(self) -> None:
        """Open a socket, and be given what happened since the positions that are known."""
        started = time.perf_counter()
        self.renew()
        url = f"{(self.host or '').replace('http', 'ws', 1)}/ws"
        self.socket = websocket.create_connection(
            url, header=self.headers, timeout=ANSWERED_WITHIN, skip_utf8_validation=True
        )
        hello = json.loads(self.socket.recv())
        self.epoch = self.epoch or hello["epoch"]
        self.socket.settimeout(None)
        self.ears = gevent.spawn(self.listen, self.socket)
        self.note("connect", started)
        resumed = self.command("resume", epoch=self.epoch, chats=dict(self.chats))
        for chat, mark in (resumed or {}).get("chats", {}).items():
            if self.chats[chat] < mark["seq"]:
                self.fail("resume", f"heard up to {self.chats[chat]} of {mark['seq']}")

    def leave(self) -> None:
        self.ears.kill()
        self.socket.close(timeout=1)

    @task(10)
    def say(self) -> None:
        client_id = str(uuid4())
        said[client_id] = time.perf_counter()
        told["said"] += 1
        data = {"chat": random.choice(list(self.chats)), "client_id": client_id, "text": "We leave at dawn."}
        if self.command("message.send", data=data):
            told["sent"] += 1

    @task(1)
    def come_back(self) -> None:
        """Be away for a moment, in which others go on talking."""
        self.leave()
        gevent.sleep(AWAY)
        self.connect()

    def command(self, type_: str, **members: Any) -> Any:
        """The answer, timed; None if there is none in time, or a refusal."""
        id_ = str(uuid4())
        answer = self.waiting[id_] = AsyncResult()
        started = time.perf_counter()
        try:
            self.socket.send(json.dumps({"type": type_, "id": id_, **members}))
            frame = answer.get(timeout=ANSWERED_WITHIN)
        except (gevent.Timeout, OSError, websocket.WebSocketException) as error:
            self.fail(type_, f"no answer: {error!r}")
            return None
        finally:
            self.waiting.pop(id_, None)
        if frame["type"] == "error":
            self.fail(type_, frame["error"]["code"])
            return None
        self.note(type_, started)
        return frame

    def listen(self, socket: websocket.WebSocket) -> None:
        while True:
            try:
                frame = json.loads(socket.recv())
            except (OSError, ValueError, websocket.WebSocketException) as error:
                self.fail("socket", f"ended: {error!r}")
                return
            if "seq" in frame:
                self.hear(frame)
            elif frame["type"] == "reset":
                self.fail("resume", "reset")
            elif answer := self.waiting.get(frame.get("id")):
                answer.set(frame)

    def hear(self, frame: dict[str, Any]) -> None:
        """Take in an event, whose position has to be the next one of its chat."""
        chat, seq = frame["chat"], frame["seq"]
        if seq != self.chats[chat] + 1:
            self.fail("position", f"{seq} after {self.chats[chat]}")
        self.chats[chat] = seq
        told["heard"] += 1
        if frame["type"] == "message.sent" and (started := said.get(frame["data"]["client_id"])):
            self.note("delivery", started)

    def note(self, name: str, started: float) -> None:
        took = 1000 * (time.perf_counter() - started)
        events.request.fire(request_type="WS", name=name, response_time=took, response_length=0)

    def fail(self, name: str, what: str) -> None:
        events.request.fire(
            request_type="WS", name=name, response_time=0, response_length=0, exception=RuntimeError(what)
        )
