"""Where sockets connect."""

from django.urls import re_path

from .consumers import LiveConsumer

urlpatterns = [re_path(r"^ws/?$", LiveConsumer.as_asgi())]
