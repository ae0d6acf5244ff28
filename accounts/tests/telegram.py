"""What Telegram's client hands a Mini App, made here from Telegram's description and nothing of ours."""

import hmac
import json
import time
from typing import Any
from urllib.parse import quote, urlencode

BOT_TOKEN = "123456:AAtest-only-token-of-nobody"


def init_data(*, telegram: int = 500, token: str = BOT_TOKEN, at: float | None = None, **more: Any) -> str:
    """A signed query string.

    Args:
        telegram: the id of the person there.
        more: fields beside, or instead of, those that a keyboard button's Mini App gets.
    """
    person = {
        "id": telegram,
        "first_name": "Layla",
        "last_name": "Haddad+Co",
        "username": "layla_h",
        "language_code": "ar",
    }
    fields = {
        "query_id": "AAHdF6IQAAAAAN0XohDhrOrc",
        "user": json.dumps(person, separators=(",", ":")),
        "auth_date": str(int(time.time() if at is None else at)),
        "signature": "not-ours-to-check",
    } | more
    return signed(fields, token)


def signed(fields: dict[str, str], token: str = BOT_TOKEN) -> str:
    check = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    key = hmac.digest(b"WebAppData", token.encode(), "sha256")
    return urlencode(fields | {"hash": hmac.digest(key, check.encode(), "sha256").hex()}, quote_via=quote)
