"""The ASGI application: HTTP by Django, sockets by Channels."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

http = get_asgi_application()  # first: it loads the apps that the imports below need

from django.conf import settings  # noqa: E402

from common.middleware.bodies import BoundedBodies  # noqa: E402
from config.embedded import start_worker  # noqa: E402
from config.sockets import Sockets  # noqa: E402
from messaging.routing import urlpatterns as messaging_sockets  # noqa: E402
from realtime.routing import urlpatterns as live_sockets  # noqa: E402

application = ProtocolTypeRouter(
    {"http": BoundedBodies(http), "websocket": Sockets([*live_sockets, *messaging_sockets])}
)

if settings.EMBEDDED_WORKER:
    start_worker()
