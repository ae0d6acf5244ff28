"""The two operations that chats live on, in front of Django (common/fast)."""

import re
from typing import Final

from common.fast import FastRoute
from messaging.api.views import ChatMessagesView

from .pages import read
from .sends import send

MESSAGES: Final = re.compile(r"chats/(?P<chat>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})/messages")

ROUTES: Final = [
    FastRoute(method="POST", pattern=MESSAGES, view=ChatMessagesView, status=201, answer=send),
    FastRoute(method="GET", pattern=MESSAGES, view=ChatMessagesView, status=200, answer=read),
]
