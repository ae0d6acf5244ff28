"""Where sockets connect."""

from typing import Any

from django.urls import re_path

from .consumers import LiveConsumer

every_topic: Any = LiveConsumer.as_asgi()  # `re_path` is typed for views alone

urlpatterns = [re_path(r"^ws/?$", every_topic)]
