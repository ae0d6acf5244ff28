"""Finding what was said, and where: the same on either database, by a small module for each (`backends`)."""

from .chats import find_chats
from .excerpts import Excerpt, excerpt_of
from .messages import Place, Results, Search, find_messages
from .queries import Query
from .suggestions import SOURCES, suggest

__all__ = [
    "SOURCES",
    "Excerpt",
    "Place",
    "Query",
    "Results",
    "Search",
    "excerpt_of",
    "find_chats",
    "find_messages",
    "suggest",
]
