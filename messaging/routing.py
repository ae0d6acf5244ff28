"""Where sockets of one chat connect, and the paths that older clients use."""

from django.urls import re_path

from realtime.consumers import LiveConsumer

ID = r"(?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"

one_chat = LiveConsumer.as_asgi(topic_kind="chat")

urlpatterns = [
    re_path(r"^api/messages/ws/?$", LiveConsumer.as_asgi()),
    re_path(rf"^ws/chats/{ID}/?$", one_chat),
    re_path(rf"^api/chat/{ID}/ws/?$", one_chat),
]
