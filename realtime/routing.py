"""Where sockets connect."""

from typing import Any

from django.urls import re_path

from .consumers import LiveConsumer
from .socketio.doors import EngineIo

every_topic: Any = LiveConsumer.as_asgi()  # `re_path` is typed for views alone
every_topic_by_socketio: Any = EngineIo(every_topic)

polled = [re_path(r"^socket\.io/?$", every_topic_by_socketio)]  # these over HTTP, too
urlpatterns = [re_path(r"^ws/?$", every_topic), *polled]
