"""Our design on a stock Channels layer: a consumer a socket, a group a chat, `group_send` for every message.

An ASGI application for whatever serves ours. Its job is the insert-only peers': JWT, insert, fan-out.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from django.conf import settings

CAPACITY = 10_000  # messages that wait for a socket; of the default, 100, a layer under load loses some

settings.configure(
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [os.environ["REDIS_URL"]], "prefix": "channels-peer", "capacity": CAPACITY},
        }
    },
)

import jwt  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402
from psycopg_pool import AsyncConnectionPool  # noqa: E402

INSERT = "INSERT INTO row_of_text (id, chat_id, author_id, text, created_at) VALUES (%s, %s, %s, %s, %s)"

pool = AsyncConnectionPool(
    os.environ["DATABASE_URL"], min_size=2, max_size=10, open=False, kwargs={"autocommit": True}
)


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await pool.open()  # once: it stays open
        token = dict(self.scope["headers"])[b"authorization"].removeprefix(b"Bearer ")
        self.user = jwt.decode(token, os.environ["JWT_SECRET"], algorithms=["HS256"])["sub"]
        [self.chat] = parse_qs(self.scope["query_string"].decode())["chat"]
        await self.channel_layer.group_add(self.chat, self.channel_name)
        await self.accept()
        await self.send('{"type":"hello"}')

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = json.loads(text_data or "")
        message = {
            "id": str(uuid4()),
            "chat": self.chat,
            "author": self.user,
            "text": frame["data"]["text"],
            "created_at": datetime.now(UTC).isoformat(),
        }
        async with pool.connection() as connection:
            await connection.execute(INSERT, list(message.values()))
        await self.send(_frame({"type": "ack", "id": frame["id"], "data": message}))
        text = _frame({"type": "message.sent", "chat": self.chat, "data": message})
        await self.channel_layer.group_send(self.chat, {"type": "told", "text": text})

    async def told(self, event: dict[str, Any]) -> None:
        await self.send(event["text"])

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.chat, self.channel_name)


def _frame(members: dict[str, Any]) -> str:
    return json.dumps(members, separators=(",", ":"))


application = ProtocolTypeRouter({"websocket": ChatConsumer.as_asgi()})
