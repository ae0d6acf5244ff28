"""Telegram Mini Apps: what Telegram's client hands a web page, signed with the bot's token.

Source: Telegram, "Web Apps for Bots", "Validating data received via the Mini App".
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.cache import cache

from accounts.problems import ProviderNotConfigured, TelegramDataInvalid

AHEAD: Final = timedelta(seconds=60)  # that Telegram's clock may be before ours
_KEY: Final = b"WebAppData"


@dataclass(frozen=True, kw_only=True)
class TelegramUser:
    id: str
    name: str
    username: str
    language: str


def read_init_data(text: str, *, at: datetime) -> TelegramUser:
    """Whoever opened the Mini App, once: what was used signs nobody in again.

    Args:
        text: the query string that Telegram made, as it is.

    Raises:
        ProviderNotConfigured: there is no `TELEGRAM_BOT_TOKEN`.
        TelegramDataInvalid: not signed for our bot, too old, from the future, used before, or of nobody.
    """
    if not settings.TELEGRAM_BOT_TOKEN:
        raise ProviderNotConfigured(provider="telegram")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=64)
    except ValueError:
        raise TelegramDataInvalid from None
    given = dict(pairs)
    sent = given.pop("hash", "")
    if len(given) + 1 != len(pairs):  # a name twice: which one was signed?
        raise TelegramDataInvalid
    signed = "\n".join(f"{name}={given[name]}" for name in sorted(given, key=lambda name: name.encode()))
    secret = hmac.new(_KEY, settings.TELEGRAM_BOT_TOKEN.encode(), hashlib.sha256).digest()
    expected = hmac.new(secret, signed.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), sent.encode()):
        raise TelegramDataInvalid
    lifetime: timedelta = settings.TELEGRAM_INIT_DATA_LIFETIME
    try:
        age = at.timestamp() - int(given["auth_date"])
        person = json.loads(given["user"])
        user = TelegramUser(
            id=str(int(person["id"])),
            name=" ".join(filter(None, [person.get("first_name"), person.get("last_name")]))[:80],
            username=str(person.get("username") or ""),
            language=str(person.get("language_code") or ""),
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        raise TelegramDataInvalid from None
    if not -AHEAD.total_seconds() <= age <= lifetime.total_seconds():
        raise TelegramDataInvalid
    seconds = int((lifetime + AHEAD).total_seconds())
    if not cache.add(f"telegram:{expected}", 1, timeout=seconds):
        raise TelegramDataInvalid
    return user
