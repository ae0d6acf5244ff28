"""`POST chats/{chat}/messages`."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from accounts.admission import admit
from common.api.answers import encode
from common.api.parsers import decode
from common.fast import Answer, FastRequest
from common.gathering import Gatherer
from common.problems import Malformed
from messaging import services
from messaging.api.plain import Plain, as_said, plain, send_of
from messaging.api.views.messages import location_of
from messaging.services.sending.gathering import MOST, WRITERS


class Said(NamedTuple):
    request: FastRequest
    said: Plain


async def send(request: FastRequest) -> Answer | None:
    """A text and a client id; whatever else is said goes to Django."""
    try:
        said = plain(decode(request.body))
    except Malformed:
        return None
    if said is None:
        return None
    found = await _sends().put(Said(request, said))
    if isinstance(found, Exception):
        raise found
    return found


def send_each(batch: Sequence[Said]) -> list[Answer | Exception | None]:
    """All that are admitted in one call of the service, the others are left to Django."""
    admitted = [each for each, may in zip(batch, admit([each.request for each in batch]), strict=True) if may]
    sends = [send_of(request.user, UUID(request.values["chat"]), said) for request, said in admitted]
    answers = {
        id(each): _answer(sent) for each, sent in zip(admitted, services.send_messages(sends), strict=True)
    }
    return [answers.get(id(each)) for each in batch]


def _answer(sent: services.Sent) -> Answer | Exception | None:
    try:
        message = as_said(sent)
    except Exception as error:  # noqa: BLE001 (raised where the request is waited for)
        return error
    if message is None:
        return None
    return Answer(body=encode(message), headers={"Location": location_of(message["id"])})


@cache
def _sends() -> Gatherer[Said, Answer | Exception | None]:
    """Those of this process."""
    return Gatherer(send_each, name="post", threads=WRITERS[connection.vendor], most=MOST)
