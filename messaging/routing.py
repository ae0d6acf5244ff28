"""Where sockets of one chat connect, and the paths that older clients use."""

from typing import Any

from django.urls import re_path

from realtime.consumers import LiveConsumer
from realtime.routing import every_topic
from realtime.socketio.doors import both

ID = r"(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"

one_chat: Any = LiveConsumer.as_asgi(topic_kind="chat")

polled = [  # by Socket.IO, and those over HTTP, too
    re_path(r"^api/messages/ws/?$", both(every_topic)),
    re_path(rf"^api/chat/{ID}/ws/?$", both(one_chat)),
]
urlpatterns = [re_path(rf"^ws/chats/{ID}/?$", one_chat), *polled]
