"""Reading what was mailed, as `/dev/outbox` shows it."""

import re
from typing import Any

from rest_framework.test import APIClient


def mails_to(address: str) -> list[dict[str, Any]]:
    """Mails to *address*, newest first."""
    found = APIClient().get("/dev/outbox", headers={"Accept": "application/json"})
    return [mail for mail in found.json()["results"] if mail["to"] == address]


def token_in(mail: dict[str, Any]) -> str:
    """The token of the link in a verification mail."""
    return re.search(r"http://testserver/api/v1/auth/verify-email/(\S+)", mail["text"])[1]


def code_in(mail: dict[str, Any]) -> str:
    """The six digits of a mail."""
    return re.search(r": (\d{6})$", mail["text"], re.MULTILINE)[1]


def reset_token_in(mail: dict[str, Any]) -> str:
    """The token of the link to a new password."""
    return re.search(r"http://testserver/reset-password/(\S+)", mail["text"])[1]


def other_than(code: str) -> str:
    """Six digits that are wrong."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def unlock_token_in(mail: dict[str, Any]) -> str:
    """The token of the link past the delay that strangers caused."""
    return re.search(r"http://testserver/let-me-in/(\S+)", mail["text"])[1]


def disowning_token_in(mail: dict[str, Any]) -> str:
    """The token of the link that ends a session which wasn't its owner's."""
    return re.search(r"http://testserver/not-me/(\S+)", mail["text"])[1]
