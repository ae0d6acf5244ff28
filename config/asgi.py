"""The ASGI application: HTTP by Django, sockets by Channels."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

http = get_asgi_application()  # first: it loads the apps that the imports below need

from django.conf import settings  # noqa: E402

from common.fast import FastRoutes  # noqa: E402
from common.middleware.bodies import BoundedBodies  # noqa: E402
from config.embedded import start_worker  # noqa: E402
from config.sockets import Polls, Sockets  # noqa: E402
from messaging import routing as messaging_routing  # noqa: E402
from messaging.api.fast import ROUTES  # noqa: E402
from realtime import routing as live_routing  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": Polls(
            [*live_routing.polled, *messaging_routing.polled],
            FastRoutes(ROUTES if settings.FAST_ROUTES else [], BoundedBodies(http)),
        ),
        "websocket": Sockets([*live_routing.urlpatterns, *messaging_routing.urlpatterns]),
    }
)

if settings.EMBEDDED_WORKER:
    start_worker()
