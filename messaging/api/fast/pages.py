"""`GET chats/{chat}/messages`: the newest messages of a chat. Without PostgreSQL it is left to Django."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection
from orjson import Fragment

from accounts.admission import admit
from accounts.models import User
from common.api.answers import encode
from common.fast import Answer, FastRequest
from common.gathering import Gatherer
from messaging.api.history import LIMIT, Page, page_body
from messaging.api.serializers import MessageForReaderSerializer, status_of
from messaging.models import Message, shows_reading

from .newest import Asked, Named, Newest, newest_of

QUERY: Final = re.compile(r"(?:limit=([1-9][0-9]?|1[0-9][0-9]|200))?")
MOST: Final = 32  # requests in a batch
THREADS: Final = 2
KEPT: Final = 20_000  # messages, as they are shown: some 15 MB


class Reading(NamedTuple):
    request: FastRequest
    limit: int


async def read(request: FastRequest) -> Answer | None:
    """The newest ones; from any other place on the chat is read by Django."""
    asked = QUERY.fullmatch(request.query)
    if asked is None or connection.vendor != "postgresql":
        return None
    return await _reads().put(Reading(request, int(asked[1] or LIMIT)))


def read_each(batch: Sequence[Reading]) -> list[Answer | None]:
    """The pages of all that are admitted and in the chat, the others are left to Django."""
    admitted = [each for each, may in zip(batch, admit([each.request for each in batch]), strict=True) if may]
    if not admitted:
        return [None] * len(batch)
    asked = [
        Asked(UUID(request.values["chat"]), request.user.pk, shows_reading(request.user))
        for request, _ in admitted
    ]
    found = newest_of(asked, limit=max(each.limit for each in admitted) + 1)  # is there one more?
    shown.show(named for newest in found if newest for named in newest.messages)
    answers = {
        id(each): _answer(each, newest) for each, newest in zip(admitted, found, strict=True) if newest
    }
    return [answers.get(id(each)) for each in batch]


def _answer(asked: Reading, newest: Newest) -> Answer | None:
    named = newest.messages[: asked.limit][::-1]
    theirs = _shown_to(asked.request.user, (each.id for each in named if not each.is_plain))
    results: list[Fragment] = []
    for each in named:
        message = shown.of(each) if each.is_plain else theirs.get(each.id)
        if message is None:
            return None  # it went meanwhile
        status = status_of(newest.marks, seq=each.seq, is_mine=each.is_mine)
        results.append(Fragment(message + STATUS[status]))
    page = Page(
        messages=[],
        first=named[0].seq if named else 1,
        last=named[-1].seq if named else 0,
        has_before=len(newest.messages) > len(named),
        has_after=False,
    )
    return Answer(body=encode(page_body(page, results, asked.request)))


# --- Messages as they are shown, but for their `status`, which stands last ----------------------------------

STATUS: Final = {status: b',"status":"%b"}' % status.encode() for status in ("sent", "delivered", "read")}


class Shown:
    """Plain messages as they are shown to everybody, by their version."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def of(self, named: Named) -> bytes | None:
        return self._kept.get(named.version)

    def show(self, named: Iterable[Named]) -> None:
        """Make those that are not here, at once."""
        unknown = {each.id: each for each in named if each.is_plain and each.version not in self._kept}
        for message in Message.objects.shown().filter(pk__in=unknown) if unknown else ():
            message.my_reactions = []
            if _is_plain(message):
                self._keep(unknown[str(message.pk)], _without_status(message, None))

    def _keep(self, named: Named, text: bytes) -> None:
        self._kept[named.version] = text
        while len(self._kept) > KEPT:
            self._kept.pop(next(iter(self._kept)), None)  # the first that came


shown: Final = Shown()


def _is_plain(message: Message) -> bool:
    """Whether it is still what `NEWEST` took it for."""
    more = message.reply_to_id or message.forwarded_at or message.shown_reactions or message.shown_files
    return not more


def _shown_to(reader: User, ids: Iterable[str]) -> dict[str, bytes]:
    wanted = list(ids)
    if not wanted:
        return {}
    messages = Message.objects.shown_to(reader.pk).filter(pk__in=wanted)
    return {str(message.pk): _without_status(message, reader) for message in messages}


def _without_status(message: Message, reader: User | None) -> bytes:
    data = MessageForReaderSerializer.show(message, reader=reader)
    del data["status"]
    return encode(data)[:-1]


@cache
def _reads() -> Gatherer[Reading, Answer | None]:
    """Those of this process."""
    return Gatherer(read_each, name="page", threads=THREADS, most=MOST)
