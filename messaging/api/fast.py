"""The two operations that chats live on, in front of Django (common/fast)."""

import re
from typing import Final
from uuid import UUID

from accounts.admission import admitted
from common.api.answers import encode
from common.api.parsers import decode
from common.fast import Answer, FastRequest, FastRoute
from common.problems import Malformed

from .plain import plain, send_plain
from .views import ChatMessagesView
from .views.messages import location_of

MESSAGES: Final = re.compile(r"chats/(?P<chat>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})/messages")


async def send(request: FastRequest) -> Answer | None:
    """A text and a client id; whatever else is said goes to Django."""
    try:
        said = plain(decode(request.body))
    except Malformed:
        return None
    if said is None or not await admitted(request):
        return None
    message = await send_plain(actor=request.user, chat=UUID(request.values["chat"]), said=said)
    if message is None:
        return None
    return Answer(body=encode(message), headers={"Location": location_of(message["id"])})


ROUTES: Final = [
    FastRoute(method="POST", pattern=MESSAGES, view=ChatMessagesView, status=201, answer=send),
]
