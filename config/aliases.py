"""Old paths, one table: what older clients call, and what answers.

The alias tests and the migration guide are made from it.
"""

from datetime import date
from typing import Final
from uuid import UUID

from common.aliases import Alias, AliasTable
from messaging.models import Message

SINCE: Final = date(2026, 11, 21)
SUNSET: Final = date(2027, 12, 31)


def is_message(values: dict[str, str]) -> bool:
    """Whether the id in the path is a message's: ids are unique over chats and messages."""
    try:
        return Message.objects.filter(pk=UUID(values["chat"])).exists()
    except ValueError:
        return False


def old(pattern: str, canonical: str, note: str = "", **more: object) -> Alias:
    return Alias(pattern, canonical, SINCE, SUNSET, note, **more)  # type: ignore[arg-type]


ALIASES: Final = [
    old("auth/signup", "auth/register"),
    old("auth/refresh-token", "auth/refresh"),
    old("auth/me", "users/me"),
    old("auth/profile", "users/me"),
    old("miniapp/auth/telegram", "auth/telegram"),
    old("miniapp/sync-user", "users/me/telegram"),
    old("upload/image", "files/images"),
    old("upload/images", "files/images/batch"),
    old("upload/{id}", "files/{id}"),
    old("chat/{chat}/upload", "chats/{chat}/files"),
    old("chats/{chat}/upload", "chats/{chat}/files"),
    old("settings/email-notifications", "notifications/preferences"),
    old("account/notification-settings", "notifications/preferences"),
    old("user", "users/me"),
    old("user/{rest...}", "users/me/{rest}"),
    old("account", "users/me"),
    old("account/{rest...}", "users/me/{rest}"),
    old(
        "messages",
        "chats",
        "On the versioned base `messages` is the message resource.",
        only_unversioned=True,
    ),
    old(
        "messages/{chat}",
        "chats/{chat}",
        "A message's id goes to the message resource.",
        only_unversioned=True,
        unless=is_message,
    ),
    old("messages/{chat}/{rest...}", "chats/{chat}/{rest}", only_unversioned=True, unless=is_message),
]

TABLE: Final = AliasTable(
    aliases=ALIASES,
    platform=frozenset({"health", "schema", "asyncapi", "docs", "redoc"}),
    token_paths=frozenset(
        {"auth/register", "auth/login", "auth/mfa/challenge", "auth/refresh", "auth/telegram"}
    ),
)
