"""What somebody may mean who has typed this much."""

import re
from itertools import chain, islice, zip_longest
from typing import Final

from django.db.models import F

from accounts.models import User
from messaging.models import Chat, Message
from messaging.registries import Source, Suggestion, sources

from .backends import backend
from .chats import find_chats
from .queries import Query
from .words import words

MOST: Final = 10
RECENT: Final = 100  # of the reader's own messages, whose words are suggested
_WORDS: Final = re.compile(r"\w{3,}")


def suggest(*, reader: User, text: str) -> list[Suggestion]:
    """At most `MOST`: the best of each source, then the second of each, and so on."""
    each = [source(reader, text, MOST) for source in sources.values()]
    in_turn = chain.from_iterable(zip_longest(*each))
    return list(islice((found for found in in_turn if found is not None), MOST))


def people(reader: User, text: str, most: int) -> list[Suggestion]:
    if len(text) < 2:
        return []
    found = User.objects.found_by(reader, text).order_by(F("place"))[:most]
    return [
        Suggestion(type="person", id=person.pk, text=person.display_name, detail=f"@{person.username}")
        for person in found
    ]


def chats(reader: User, text: str, most: int) -> list[Suggestion]:
    """Those with a title; a private chat is its other person."""
    titled = Chat.objects.visible_to(reader).exclude(title="")
    found = find_chats(titled, reader=reader, query=Query.parse(text))
    names = found.order_by("-last_activity_at", "-pk").values_list("pk", "title")[:most]
    return [Suggestion(type="chat", id=pk, text=title) for pk, title in names]


def own_words(reader: User, text: str, most: int) -> list[Suggestion]:
    """Words of the reader's own last messages that begin like the last one typed."""
    if not (typed := words(text).split()):
        return []
    mine = Message.objects.filter(author=reader, deleted_at=None).not_hidden_from(reader.pk)
    here = backend().within(mine, Chat.objects.visible_to(reader))
    said = here.order_by("-pk").values_list("text", flat=True)[:RECENT]
    found: dict[str, str] = {}
    for word in chain.from_iterable(map(_WORDS.findall, said)):
        spelt = words(word)
        if spelt.startswith(f" {typed[-1]}") and spelt != f" {typed[-1]} ":
            found.setdefault(spelt, word)
    return [Suggestion(type="word", text=word) for word in islice(found.values(), most)]


SOURCES: Final[dict[str, Source]] = {"people": people, "chats": chats, "words": own_words}
